package keisei.device.cuda;

import java.util.List;

/** NVIDIA's libraries that Keisei uses. */
@SuppressWarnings("ImmutableEnumChecker") // the lists are List.of
enum LibraryKind {
    CUBLAS("cuBLAS", "libcublas.so.", List.of(13, 12), true, "nvidia-cublas-cu12", "libcublas-12-6"),
    CUBLAS_LT("cuBLASLt", "libcublasLt.so.", List.of(13, 12), false, "nvidia-cublas-cu12", "libcublas-12-6"),
    CUDNN("cuDNN", "libcudnn.so.", List.of(9), true, "nvidia-cudnn-cu12", "libcudnn9-cuda-12"),
    NVRTC("NVRTC", "libnvrtc.so.", List.of(13, 12), true, "nvidia-cuda-nvrtc-cu12", "cuda-nvrtc-12-6");

    private final String title;
    private final String prefix;
    private final List<Integer> versions;
    private final boolean needed;
    private final String wheel;
    private final String systemPackage;

    LibraryKind(
            String title, String prefix, List<Integer> versions, boolean needed, String wheel, String systemPackage) {
        this.title = title;
        this.prefix = prefix;
        this.versions = versions;
        this.needed = needed;
        this.wheel = wheel;
        this.systemPackage = systemPackage;
    }

    /** Its name in texts. */
    String title() {
        return title;
    }

    /** Major versions that work, newest first. */
    List<Integer> versions() {
        return versions;
    }

    /** The file of a major version. */
    String fileName(int version) {
        return prefix + version;
    }

    /** Whether nothing works without it. */
    boolean isNeeded() {
        return needed;
    }

    /** What is missing and how to get it; {@code cuda} is the driver's major version. */
    String advice(int cuda) {
        List<String> files = versions.stream().map(this::fileName).toList();
        String version = cuda >= 13 ? "13" : "12";
        String pip = version.equals("13") && this != CUDNN
                ? wheel.replace("-cu12", "")
                : wheel.replace("cu12", "cu" + version);
        String debian = systemPackage.replace("12-6", version + "-0").replace("cuda-12", "cuda-" + version);
        if (version.equals("12")) {
            debian = systemPackage;
        }
        return "%s (%s) was not found; get it with \"pip install %s\" or as NVIDIA's package %s, or build with \"./mvnw -Pcuda package\", or name its folder in KEISEI_CUDA_PATH"
                .formatted(title, String.join(" or ", files), pip, debian);
    }
}
