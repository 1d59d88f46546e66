package keisei.bench;

import java.io.PrintWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import keisei.config.AppConfig;
import keisei.config.ConfigLoader;
import keisei.config.ConfigSource;
import keisei.device.Device;
import keisei.device.cuda.CudaDevice;
import keisei.device.cuda.DevicePeaks;
import keisei.device.cuda.ProfileEntry;
import keisei.ppo.ExperienceBuffer;
import keisei.ppo.PpoAgent;
import keisei.training.StepManager;
import keisei.training.Trainer;

/**
 * The device time of one iteration of a configuration, a rollout and its update, by kernel: the first iteration warms
 * up, the second is measured as it runs in training, the third is taken apart with events.
 */
public final class UpdateProfile {
    private static final String ROW = "%7s %10s %8s %9s  %15s %7s  %s%n";

    private final String device;
    private final String run;
    private final DevicePeaks peaks;
    private final Part rollout;
    private final Part update;

    /**
     * @param plainSeconds as in training
     * @param entries taken apart
     */
    private record Part(String name, double plainSeconds, List<ProfileEntry> entries) {
        double millis() {
            return entries.stream().mapToDouble(ProfileEntry::millis).sum();
        }

        int calls() {
            return entries.stream().mapToInt(ProfileEntry::calls).sum();
        }
    }

    private UpdateProfile(String device, String run, DevicePeaks peaks, Part rollout, Part update) {
        this.device = device;
        this.run = run;
        this.peaks = peaks;
        this.rollout = rollout;
        this.update = update;
    }

    /**
     * Runs three iterations.
     *
     * @param source configuration to start from
     * @param overrides {@code key=value}, as on the command line
     * @throws IllegalArgumentException when the configured device is not a GPU
     */
    public static UpdateProfile measure(ConfigSource source, List<String> overrides) {
        try (TemporaryDirectory directory = new TemporaryDirectory()) {
            List<String> settings = new ArrayList<>(overrides);
            settings.addAll(List.of(
                    "training.checkpoint_interval_timesteps=0",
                    "evaluation.enable_periodic_evaluation=false",
                    "evaluation.final_table=false",
                    "evaluation.learning_criterion=false",
                    "display.live=never",
                    "logging.log_level=warn",
                    "logging.model_dir=" + directory.path()));
            AppConfig config =
                    ConfigLoader.load(Optional.of(source), settings, List.of()).config();
            requireCuda(config.env().device());
            try (Trainer trainer = new Trainer(config, Optional.empty(), new PrintWriter(Writer.nullWriter()))) {
                return measure(config, trainer);
            }
        }
    }

    private static void requireCuda(String device) {
        if (device.equals("cpu")) {
            throw new IllegalArgumentException(
                    "a profile needs a CUDA device, and env.device is cpu; use --device cuda or cuda:N");
        }
    }

    private static UpdateProfile measure(AppConfig config, Trainer trainer) {
        PpoAgent agent = trainer.setupManager().agent();
        Device device = agent.model().device();
        if (!(device instanceof CudaDevice cuda)) {
            throw new IllegalArgumentException(
                    "a profile needs a CUDA device, and this machine has none that can be used: keisei doctor says why");
        }
        ExperienceBuffer buffer = trainer.setupManager().buffer();
        Runnable rollout = () -> rollout(trainer.stepManager(), buffer);
        Runnable update = () -> agent.update(buffer);
        rollout.run();
        update.run();
        double rolloutSeconds = seconds(device, rollout);
        double updateSeconds = seconds(device, update);
        List<ProfileEntry> inRollout = cuda.profile(rollout);
        List<ProfileEntry> inUpdate = cuda.profile(update);
        int minibatch = Math.min(config.training().minibatchSize(), buffer.rows());
        int passes = Math.ceilDiv(buffer.rows(), minibatch);
        return new UpdateProfile(
                "%s, %s".formatted(device.name(), device.description()),
                "%s, %d games x %d moves, %d epochs, minibatches of %d"
                        .formatted(
                                agent.model().spec(),
                                buffer.games(),
                                buffer.capacitySteps(),
                                config.training().ppoEpochs(),
                                minibatch),
                cuda.measurePeaks(),
                new Part("rollout of %d moves a game".formatted(buffer.capacitySteps()), rolloutSeconds, inRollout),
                new Part(
                        "update of %d gradient steps"
                                .formatted(config.training().ppoEpochs() * passes),
                        updateSeconds,
                        inUpdate));
    }

    private static void rollout(StepManager steps, ExperienceBuffer buffer) {
        buffer.clear();
        while (!buffer.isFull()) {
            steps.executeStep();
        }
        steps.finishRollout();
    }

    private static double seconds(Device device, Runnable work) {
        device.synchronize();
        long start = System.nanoTime();
        work.run();
        device.synchronize();
        return (System.nanoTime() - start) / 1e9;
    }

    /** The table. */
    public String format() {
        StringBuilder text = new StringBuilder();
        text.append(device).append('\n').append(run).append('\n');
        text.append(String.format(
                Locale.ROOT,
                "peaks measured here: %.1f TFLOP/s (float16 product of %d x %d matrices), %.1f GB/s (copy of %d MiB,"
                        + " read and written)%n",
                peaks.flopsPerSecond() / 1e12,
                peaks.product(),
                peaks.product(),
                peaks.bytesPerSecond() / 1e9,
                peaks.copyBytes() >> 20));
        append(text, rollout);
        append(text, update);
        text.append(
                        "\nTimes lie between events around each launch: a launch that the processor sends late counts the wait.")
                .append("\nGB/s: the bytes of the operands, each read or written once; workspaces are not counted.\n");
        return text.toString();
    }

    private void append(StringBuilder text, Part part) {
        text.append(String.format(
                Locale.ROOT,
                "%n%s: %.1f ms on the device in %d launches; as in training %.1f ms in all%n",
                part.name(),
                part.millis(),
                part.calls(),
                1e3 * part.plainSeconds()));
        text.append(
                String.format(ROW, "share", "total ms", "calls", "us each", "achieved", "of peak", "kernel or call"));
        for (ProfileEntry entry : part.entries()) {
            text.append(row(entry, part.millis()));
        }
    }

    private String row(ProfileEntry entry, double totalMillis) {
        double seconds = entry.millis() / 1e3;
        String achieved = "";
        String share = "";
        if (entry.flops() > 0) {
            double rate = entry.flops() / seconds;
            achieved = rate < 1e12
                    ? String.format(Locale.ROOT, "%.1f GFLOP/s", rate / 1e9)
                    : String.format(Locale.ROOT, "%.1f TFLOP/s", rate / 1e12);
            share = percent(entry.flops() / seconds / peaks.flopsPerSecond());
        } else if (entry.bytes() > 0) {
            achieved = String.format(Locale.ROOT, "%.1f GB/s", entry.bytes() / seconds / 1e9);
            share = percent(entry.bytes() / seconds / peaks.bytesPerSecond());
        }
        return String.format(
                ROW,
                percent(entry.millis() / totalMillis),
                String.format(Locale.ROOT, "%.3f", entry.millis()),
                entry.calls(),
                String.format(Locale.ROOT, "%.1f", 1e3 * entry.millis() / entry.calls()),
                achieved,
                share,
                entry.name());
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }
}
