package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** NVIDIA's run-time compiler for CUDA C++ (libnvrtc), called directly: JCuda's binding needs the CUDA 12 library. */
final class Nvrtc {
    private final NativeCalls calls;

    Nvrtc(NativeCalls calls) {
        this.calls = calls;
    }

    /** Version as {@code 12.6}. */
    String version() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment major = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment minor = arena.allocate(ValueLayout.JAVA_INT);
            check("nvrtcVersion", calls.call("nvrtcVersion", major, minor));
            return major.get(ValueLayout.JAVA_INT, 0) + "." + minor.get(ValueLayout.JAVA_INT, 0);
        }
    }

    /**
     * What to compile for a GPU: its own machine code where this NVRTC knows the GPU, else the newest PTX below it,
     * which the driver compiles. The suffix {@code a} opens the instructions that only this generation has.
     *
     * @param capability 90 for compute capability 9.0
     */
    String architecture(int capability) {
        TreeSet<Integer> known = supported();
        if (known.isEmpty() || known.contains(capability)) {
            return "sm_" + capability + (capability == 90 ? "a" : "");
        }
        Integer below = known.lower(capability);
        if (below == null) {
            throw new CudaException("NVRTC %s compiles for compute capability %.1f at least, and this GPU has %.1f"
                    .formatted(version(), known.first() / 10.0, capability / 10.0));
        }
        return "compute_" + below;
    }

    private TreeSet<Integer> supported() {
        TreeSet<Integer> known = new TreeSet<>();
        if (calls.has("nvrtcGetNumSupportedArchs") && calls.has("nvrtcGetSupportedArchs")) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
                check("nvrtcGetNumSupportedArchs", calls.call("nvrtcGetNumSupportedArchs", count));
                MemorySegment all =
                        arena.allocate(ValueLayout.JAVA_INT, Math.max(1, count.get(ValueLayout.JAVA_INT, 0)));
                check("nvrtcGetSupportedArchs", calls.call("nvrtcGetSupportedArchs", all));
                Arrays.stream(all.toArray(ValueLayout.JAVA_INT)).forEach(known::add);
            }
        }
        return known;
    }

    /**
     * Compiles one file.
     *
     * @param headers texts by the names that {@code #include} uses
     * @return a cubin, or PTX when the options name a {@code compute_} architecture
     * @throws CudaException with the compiler's messages
     */
    byte[] compile(String name, String source, Map<String, String> headers, List<String> options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment handle = arena.allocate(ValueLayout.ADDRESS);
            List<String> names = List.copyOf(headers.keySet());
            MemorySegment texts =
                    strings(arena, names.stream().map(headers::get).toList());
            check(
                    "nvrtcCreateProgram",
                    calls.call(
                            "nvrtcCreateProgram",
                            handle,
                            arena.allocateFrom(source),
                            arena.allocateFrom(name),
                            names.size(),
                            texts,
                            strings(arena, names)));
            try {
                MemorySegment program = handle.get(ValueLayout.ADDRESS, 0);
                int result = calls.call("nvrtcCompileProgram", program, options.size(), strings(arena, options));
                if (result != 0) {
                    throw new CudaException("%s does not compile with NVRTC %s %s: %s%n%s"
                            .formatted(
                                    name,
                                    version(),
                                    options,
                                    errorText(result),
                                    text(arena, program, "nvrtcGetProgramLogSize", "nvrtcGetProgramLog")));
                }
                boolean ptx = options.stream().anyMatch(option -> option.contains("compute_"));
                return ptx
                        ? bytes(arena, program, "nvrtcGetPTXSize", "nvrtcGetPTX")
                        : bytes(arena, program, "nvrtcGetCUBINSize", "nvrtcGetCUBIN");
            } finally {
                check("nvrtcDestroyProgram", calls.call("nvrtcDestroyProgram", handle));
            }
        }
    }

    private static MemorySegment strings(Arena arena, List<String> texts) {
        MemorySegment addresses = arena.allocate(ValueLayout.ADDRESS, Math.max(1, texts.size()));
        for (int i = 0; i < texts.size(); i++) {
            addresses.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(texts.get(i)));
        }
        return addresses;
    }

    private byte[] bytes(Arena arena, MemorySegment program, String sizeFunction, String function) {
        MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
        check(sizeFunction, calls.call(sizeFunction, program, size));
        MemorySegment content = arena.allocate(Math.max(1, size.get(ValueLayout.JAVA_LONG, 0)));
        check(function, calls.call(function, program, content));
        return content.asSlice(0, size.get(ValueLayout.JAVA_LONG, 0)).toArray(ValueLayout.JAVA_BYTE);
    }

    private String text(Arena arena, MemorySegment program, String sizeFunction, String function) {
        byte[] content = bytes(arena, program, sizeFunction, function);
        int end = content.length;
        while (end > 0 && content[end - 1] == 0) {
            end--;
        }
        return new String(content, 0, end, java.nio.charset.StandardCharsets.UTF_8).strip();
    }

    private void check(String function, int result) {
        if (result != 0) {
            throw new CudaException("%s failed: %s".formatted(function, errorText(result)));
        }
    }

    private String errorText(int result) {
        return "%s (%d)".formatted(calls.callText("nvrtcGetErrorString", result), result);
    }
}
