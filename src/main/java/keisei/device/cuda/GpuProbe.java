package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Asks the CUDA driver library which GPUs there are. Signatures are those of the CUDA Driver API: cuInit,
 * cuDriverGetVersion, cuDeviceGetCount, cuDeviceGet, cuDeviceGetName, cuDeviceTotalMem_v2; each returns a CUresult, 0
 * for success.
 */
public final class GpuProbe {
    static final String DRIVER_LIBRARY = "libcuda.so.1";
    private static final int NAME_BYTES = 256;

    private final NativeCalls library;
    private final Arena arena;

    private GpuProbe(NativeCalls library, Arena arena) {
        this.library = library;
        this.arena = arena;
    }

    /** What was found. */
    public sealed interface Result {}

    /**
     * At least one GPU.
     *
     * @param driverVersion newest CUDA version that the driver supports, such as 13.0
     */
    public record Found(String driverVersion, List<Gpu> gpus) implements Result {
        /** The number before the point of {@link #driverVersion}. */
        int cudaMajor() {
            return Integer.parseInt(driverVersion.substring(0, driverVersion.indexOf('.')));
        }
    }

    /** A GPU as the driver names it. */
    public record Gpu(String name, long memoryBytes) {}

    /** No GPU can be used, and why. */
    public record Unusable(String reason) implements Result {}

    /** A call of the driver that did not succeed, or a function that the library lacks. */
    private static final class Failed extends Exception {
        private static final long serialVersionUID = 1L;

        Failed(String message) {
            super(message);
        }
    }

    /** Asks the driver of this machine. */
    public static Result probe() {
        return probe(DRIVER_LIBRARY);
    }

    /** Asks a library of this name. */
    @SuppressWarnings("restricted")
    public static Result probe(String libraryName) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup library;
            try {
                // The driver stays loaded: it is not made to be unloaded, and will be used if it has a GPU.
                library = SymbolLookup.libraryLookup(libraryName, Arena.global());
            } catch (IllegalArgumentException e) {
                return new Unusable(libraryName
                        + " (the NVIDIA driver's library) cannot be loaded: install NVIDIA's driver, or name the folder of "
                        + DRIVER_LIBRARY + " in KEISEI_CUDA_PATH (" + e.getMessage() + ")");
            }
            return new GpuProbe(new NativeCalls(libraryName, library), arena).ask();
        } catch (Failed e) {
            return new Unusable(String.valueOf(e.getMessage()));
        }
    }

    private Result ask() throws Failed {
        call("cuInit", 0);
        int version = readInt("cuDriverGetVersion");
        int count = readInt("cuDeviceGetCount");
        if (count == 0) {
            return new Unusable("the driver reports no device");
        }
        List<Gpu> gpus = new ArrayList<>();
        for (int ordinal = 0; ordinal < count; ordinal++) {
            MemorySegment handle = arena.allocate(ValueLayout.JAVA_INT);
            call("cuDeviceGet", handle, ordinal);
            int device = handle.get(ValueLayout.JAVA_INT, 0);
            MemorySegment name = arena.allocate(NAME_BYTES);
            call("cuDeviceGetName", name, NAME_BYTES, device);
            MemorySegment bytes = arena.allocate(ValueLayout.JAVA_LONG);
            call("cuDeviceTotalMem_v2", bytes, device);
            gpus.add(new Gpu(name.getString(0, StandardCharsets.UTF_8), bytes.get(ValueLayout.JAVA_LONG, 0)));
        }
        return new Found(version / 1000 + "." + version % 1000 / 10, List.copyOf(gpus));
    }

    private int readInt(String function) throws Failed {
        MemorySegment value = arena.allocate(ValueLayout.JAVA_INT);
        call(function, value);
        return value.get(ValueLayout.JAVA_INT, 0);
    }

    private void call(String function, Object... arguments) throws Failed {
        if (!library.has(function)) {
            throw new Failed("the driver library has no " + function);
        }
        int result = library.call(function, arguments);
        if (result != 0) {
            throw new Failed(function + " failed with CUresult " + result + meaning(result));
        }
    }

    /** The results that a machine without a usable GPU gives. */
    private static String meaning(int result) {
        return switch (result) {
            case 3 -> " (not initialized)";
            case 34 -> " (stub library instead of a driver)";
            case 35 -> " (driver too old)";
            case 100 -> " (no CUDA device)";
            case 101 -> " (invalid device)";
            case 802 -> " (system not ready)";
            case 803 -> " (driver and library versions do not match)";
            case 804 -> " (device not supported by forward compatibility)";
            case 999 -> " (unknown driver error)";
            default -> "";
        };
    }
}
