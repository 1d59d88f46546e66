package keisei.training;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import keisei.config.AppConfig;
import keisei.device.Device;
import keisei.device.cpu.CpuDevice;
import keisei.device.cuda.CudaDevice;
import keisei.device.cuda.CudaException;
import keisei.device.cuda.CudaLibraries;
import keisei.device.cuda.CudaOptions;
import org.jspecify.annotations.Nullable;

/** Where a run computes, and why there. */
public final class DeviceChoice {
    private static final String CUDA = "cuda";

    private final AppConfig config;
    private final String reason;
    private final @Nullable CudaLibraries libraries;
    private final int index;

    private DeviceChoice(AppConfig config, String reason, @Nullable CudaLibraries libraries, int index) {
        this.config = config;
        this.reason = reason;
        this.libraries = libraries;
        this.index = index;
    }

    /** Follows {@code env.device}. @throws TrainingException when the wanted device cannot be had */
    public static DeviceChoice of(AppConfig config) {
        String wanted = config.env().device();
        if (wanted.equals("cpu")) {
            return new DeviceChoice(config, "CPU, as configured", null, 0);
        }
        CudaLibraries libraries = libraries();
        int index = wanted.startsWith(CUDA + ":") ? Integer.parseInt(wanted.substring(CUDA.length() + 1)) : 0;
        Optional<String> obstacle = libraries.obstacle(index);
        if (obstacle.isEmpty()) {
            String reason = wanted.startsWith(CUDA) ? ", as configured" : " (auto: a GPU and its libraries were found)";
            return new DeviceChoice(config, CUDA + ":" + index + reason, libraries, index);
        }
        if (wanted.startsWith(CUDA)) {
            throw unusable(wanted, obstacle.get(), null);
        }
        return new DeviceChoice(config, "CPU (auto: " + obstacle.get() + ")", null, 0);
    }

    private static CudaLibraries libraries() {
        return CudaLibraries.find(List.of(), System.getenv());
    }

    /** Whether {@code auto} means a GPU on this machine. */
    static boolean autoIsGpu() {
        return libraries().obstacle().isEmpty();
    }

    private static TrainingException unusable(String wanted, String why, @Nullable Throwable cause) {
        return new TrainingException(
                "env.device is %s, which cannot be used: %s; use auto or cpu".formatted(wanted, why), cause);
    }

    /** Why it computes there. */
    String reason() {
        return reason;
    }

    /** Opens the device. @param threads of the CPU device */
    public Device open(int threads) {
        if (libraries == null) {
            return new CpuDevice(threads);
        }
        CudaOptions options = CudaOptions.defaults()
                .withIndex(index)
                .withPrecision(
                        config.training().mixedPrecision() ? CudaOptions.Precision.F16 : CudaOptions.Precision.F32)
                .withConvPath(
                        CudaOptions.ConvPath.valueOf(config.env().convPath().toUpperCase(Locale.ROOT)))
                .withGraphs(config.env().cudaGraphs())
                .withDeterministic(config.env().deterministic())
                .withTf32(config.env().tf32())
                .withMemoryAdvice(DeviceChoice::memoryAdvice);
        try {
            return CudaDevice.open(libraries, options);
        } catch (CudaException e) {
            throw unusable(config.env().device(), String.valueOf(e.getMessage()), e);
        }
    }

    /** The option that makes an owner of device memory smaller. */
    static String memoryAdvice(String owner) {
        if (owner.startsWith("rollout")) {
            return "lower env.num_games or training.steps_per_epoch";
        }
        if (owner.startsWith("activations") || owner.startsWith("workspaces") || owner.startsWith("minibatch")) {
            return "lower training.minibatch_size, training.tower_width or env.num_games";
        }
        return "lower training.tower_width or training.tower_depth";
    }
}
