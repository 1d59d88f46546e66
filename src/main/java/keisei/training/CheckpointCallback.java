package keisei.training;

/** Saves a checkpoint whenever a multiple of the interval was crossed. */
final class CheckpointCallback implements Callback {
    private final ModelManager models;
    private final IntervalTrigger trigger;

    CheckpointCallback(ModelManager models, long intervalTimesteps, long startTimestep) {
        this.models = models;
        this.trigger = new IntervalTrigger(intervalTimesteps, startTimestep);
    }

    @Override
    public String name() {
        return "checkpoint";
    }

    @Override
    public void afterUpdate(TrainingProgress progress) {
        if (trigger.crossed(progress.timestep())) {
            models.saveBoundary("periodic");
        }
    }
}
