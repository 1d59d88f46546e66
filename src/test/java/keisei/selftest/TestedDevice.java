package keisei.selftest;

import java.util.List;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.cpu.CpuDevice;
import keisei.device.cuda.CudaDevice;
import keisei.device.cuda.CudaLibraries;
import keisei.device.cuda.CudaOptions;

/**
 * The device that a self-test was asked for, told by a system property. Without it, as in an ordinary test run, tests
 * choose their devices themselves and need no GPU.
 */
public final class TestedDevice {
    static final String PROPERTY = "keisei.selftest.device";

    private static final String CPU = "cpu";
    private static final String CUDA = "cuda";

    private TestedDevice() {}

    private static String name() {
        return System.getProperty(PROPERTY, "");
    }

    /** Whether tests are asked to run on one device of this machine only. */
    public static boolean isChosen() {
        return !name().isEmpty();
    }

    /** Whether that device is a GPU. */
    public static boolean isCuda() {
        return name().startsWith(CUDA);
    }

    /** Checks a name as users write it: {@code cpu}, {@code cuda} or {@code cuda:N}. */
    static boolean isName(String text) {
        return text.equals(CPU) || text.matches(CUDA + "(:\\d{1,3})?");
    }

    /** The libraries of this machine. */
    public static CudaLibraries libraries() {
        return CudaLibraries.find(List.of(), System.getenv());
    }

    /** Options with the number of the GPU. */
    public static CudaOptions options() {
        int colon = name().indexOf(':');
        return CudaOptions.defaults().withIndex(colon < 0 ? 0 : Integer.parseInt(name().substring(colon + 1)));
    }

    /** Opens the device. @param activations F32, or F16 on a GPU */
    public static Device open(DType activations) {
        if (!isCuda()) {
            return new CpuDevice(2);
        }
        CudaOptions.Precision precision =
                activations == DType.F16 ? CudaOptions.Precision.F16 : CudaOptions.Precision.F32;
        return CudaDevice.open(libraries(), options().withPrecision(precision));
    }
}
