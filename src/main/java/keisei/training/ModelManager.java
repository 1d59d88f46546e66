package keisei.training;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import keisei.checkpoint.CheckpointData;
import keisei.checkpoint.CheckpointManifest;
import keisei.checkpoint.CheckpointStore;
import keisei.checkpoint.ModelState;
import keisei.checkpoint.OptimizerState;
import keisei.config.AppConfig;
import keisei.device.DType;
import keisei.device.Device;
import keisei.nn.ActorCritic;
import keisei.nn.ModelRegistry;
import keisei.nn.ModelSpec;
import keisei.nn.PolicyInitialization;
import keisei.optim.AdamOptimizer;
import keisei.ppo.PpoAgent;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The model's life: creation, capture and restoring of the whole training state, checkpoints on disk. Owns the model.
 * Everything but {@link #saveBoundary} belongs to the training thread.
 */
public final class ModelManager implements AutoCloseable {
    private static final String FINAL_MODEL = "final_model";

    private final AppConfig config;
    private final SessionManager session;
    private final EnvManager env;
    private final CheckpointStore store;
    private final ActorCritic model;
    private volatile @Nullable CheckpointData boundary;
    private long savedTimestep = -1;

    /** @throws TrainingException when the model cannot be made; the message has the context */
    public ModelManager(
            AppConfig config,
            ModelRegistry registry,
            SessionManager session,
            EnvManager env,
            Device device,
            RandomStreams streams) {
        this.config = config;
        this.session = session;
        this.env = env;
        this.store = new CheckpointStore(session.runDirectory());
        ModelSpec spec = specOf(config, env);
        try {
            model = registry.create(spec, device, streams.initialization());
            PolicyInitialization.rescale(model, config.training().policyInitScale());
        } catch (IllegalArgumentException | IllegalStateException e) {
            throw new TrainingException("cannot create model %s: %s".formatted(spec, e.getMessage()), e);
        }
    }

    /** Says why a wish for half precision is not followed. */
    void logPrecision() {
        if (config.training().mixedPrecision() && model.device().activationType() != DType.F16) {
            session.announce("training.mixed_precision is true, but device "
                    + model.device().name() + " computes in float32 only: going on in float32");
        }
    }

    /** What the configuration asks for. @throws TrainingException when it is out of range */
    static ModelSpec specOf(AppConfig config, EnvManager env) {
        try {
            return new ModelSpec(
                    config.training().modelType(),
                    env.features().planes(),
                    env.variant().size(),
                    env.actions().totalActions(),
                    config.training().towerDepth(),
                    config.training().towerWidth(),
                    config.training().seRatio());
        } catch (IllegalArgumentException e) {
            throw new TrainingException("training: " + e.getMessage(), e);
        }
    }

    /** The model. */
    public ActorCritic model() {
        return model;
    }

    /** Facts about the model by name, for logs. */
    public Map<String, Object> modelInfo() {
        Map<String, Object> info = new LinkedHashMap<>();
        ModelSpec spec = model.spec();
        info.put("model_type", spec.modelType());
        info.put("input_features", env.features().name());
        info.put("num_planes", spec.inputChannels());
        info.put("obs_shape", "%d x %d x %d".formatted(spec.inputChannels(), spec.boardSize(), spec.boardSize()));
        info.put("num_actions", spec.actions());
        info.put("tower_depth", spec.towerDepth());
        info.put("tower_width", spec.towerWidth());
        info.put("se_ratio", String.valueOf(spec.seRatio()));
        info.put(
                "parameters",
                model.parameters().parameters().values().stream()
                        .mapToLong(entry -> entry.logicalCount())
                        .sum());
        info.put("use_mixed_precision", model.device().activationType() == DType.F16);
        info.put("device", model.device().description());
        return info;
    }

    /** Copies the whole training state at an update boundary; what {@link #saveBoundary} will write. */
    void captureBoundary(PpoAgent agent, MetricsManager metrics, RandomStreams streams) {
        AdamOptimizer optimizer = agent.optimizer();
        CheckpointManifest manifest = new CheckpointManifest(
                Version.PROGRAM,
                metrics.globalTimestep(),
                model.spec(),
                env.features().name(),
                config.env().actionSpace(),
                optimizer.appliedSteps(),
                config.toTree(),
                metrics.counters(),
                scheduleState(agent),
                metrics.windows(),
                streams.states(),
                env.saveGames());
        boundary = new CheckpointData(
                manifest,
                ModelState.capture(model.parameters()),
                OptimizerState.capture(optimizer, model.parameters()));
    }

    private static JsonNode scheduleState(PpoAgent agent) {
        ObjectNode state = JsonNodeFactory.instance.objectNode().put("gradient_steps", agent.gradientSteps());
        if (agent.optimizer().lossScale() != null) {
            AdamOptimizer.LossScale scale = agent.optimizer().lossScaleState();
            state.put("loss_scale", scale.scale()).put("loss_scale_good_steps", scale.goodSteps());
        }
        return state;
    }

    /**
     * Restores everything that {@link #captureBoundary} copied.
     *
     * @throws TrainingException when the checkpoint does not fit this run; names what differs
     */
    void restore(CheckpointData data, PpoAgent agent, MetricsManager metrics, RandomStreams streams) {
        CheckpointManifest manifest = data.manifest();
        if (!manifest.model().equals(model.spec())
                || !manifest.featureSet().equals(env.features().name())
                || !manifest.actionSpace().equals(config.env().actionSpace())) {
            throw new TrainingException(
                    "the checkpoint is of model %s with features %s and actions %s; the configuration asks for %s, %s, %s"
                            .formatted(
                                    manifest.model(),
                                    manifest.featureSet(),
                                    manifest.actionSpace(),
                                    model.spec(),
                                    env.features().name(),
                                    config.env().actionSpace()));
        }
        try {
            ModelState.restore(data.model(), model);
            OptimizerState.restore(data.optimizer(), manifest.optimizerStep(), agent.optimizer(), model.parameters());
            agent.restoreGradientSteps(
                    manifest.schedule().path("gradient_steps").asLong(0));
            JsonNode lossScale = manifest.schedule().path("loss_scale");
            if (lossScale.isNumber()) {
                agent.optimizer()
                        .restoreLossScale(new AdamOptimizer.LossScale(
                                lossScale.asDouble(),
                                manifest.schedule()
                                        .path("loss_scale_good_steps")
                                        .asLong(0)));
            }
            metrics.restore(manifest.counters(), manifest.metrics());
            streams.restore(manifest.randomStates());
            env.restoreGames(manifest.games());
        } catch (IllegalArgumentException e) {
            throw new TrainingException("the checkpoint does not fit: " + e.getMessage(), e);
        }
        model.parametersChanged();
        savedTimestep = manifest.timestep();
        boundary = data;
    }

    /**
     * Writes the state of the last update boundary, unless it is on disk already or nothing was learned yet. A failure
     * is logged and training goes on. Thread-safe: the shutdown hook calls it when an update takes too long to wait for.
     */
    synchronized void saveBoundary(String kind) {
        CheckpointData data = boundary;
        if (data == null || data.manifest().timestep() <= 0 || data.manifest().timestep() == savedTimestep) {
            return;
        }
        try {
            Path path = store.write(data);
            savedTimestep = data.manifest().timestep();
            session.announce("%s checkpoint: %s".formatted(kind, path));
        } catch (IOException e) {
            session.warn("cannot write the %s checkpoint: %s".formatted(kind, e.getMessage()));
        }
    }

    /** Writes the finished model by itself, weights only, as {@code final_model/checkpoint_ts<N>}. */
    void saveFinalModel() {
        CheckpointData data = boundary;
        if (data == null || data.manifest().timestep() <= 0) {
            return;
        }
        try {
            Path path = new CheckpointStore(session.runDirectory().resolve(FINAL_MODEL))
                    .write(new CheckpointData(data.manifest(), data.model(), Map.of()));
            session.announce("final model: " + path);
        } catch (IOException e) {
            session.warn("cannot write the final model: " + e.getMessage());
        }
    }

    /** Moves damaged checkpoints out of the way of new ones of the same timestep; nothing is deleted. */
    void setAside(Iterable<CheckpointStore.Damaged> damaged) {
        for (CheckpointStore.Damaged each : damaged) {
            session.warn("checkpoint %s is damaged: %s".formatted(each.path(), each.reason()));
            try {
                Path target = free(each.path());
                Files.move(each.path(), target);
                session.announce("kept as " + target);
            } catch (IOException e) {
                session.warn("cannot move it aside: " + e.getMessage());
            }
        }
    }

    private static Path free(Path damaged) {
        for (int i = 1; ; i++) {
            Path candidate = damaged.resolveSibling("damaged_%d_%s".formatted(i, damaged.getFileName()));
            if (!Files.exists(candidate)) {
                return candidate;
            }
        }
    }

    @Override
    public void close() {
        model.close();
    }
}
