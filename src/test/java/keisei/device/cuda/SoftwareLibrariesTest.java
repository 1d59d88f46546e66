package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The software cuBLAS, cuDNN and NVRTC compute what they should, and refuse what does not fit. */
class SoftwareLibrariesTest {
    private static final int EXECUTION_FAILED = 13;
    private static final int FLOAT = 0;
    private static final int HALF = 2;
    private static final int COMPUTE_FLOAT = 68;
    private static final int BAD_PARAM = 2000;
    private static final int DNN_EXECUTION_FAILED = 5000;

    private final NativeFunctions blas =
            NativeFunctions.of(SoftwareCuda.folder().resolve("libcublas.so.12"));
    private final NativeFunctions dnn = NativeFunctions.of(SoftwareCuda.folder().resolve("libcudnn.so.9"));
    private final Random random = new Random(1);
    private SoftwareDriver cuda;

    @BeforeEach
    void open() {
        cuda = new SoftwareDriver("faults");
    }

    @AfterEach
    void close() {
        cuda.close();
    }

    private MemorySegment create(NativeFunctions library, String function) {
        MemorySegment handle = cuda.arena.allocate(ValueLayout.ADDRESS);
        assertThat(library.call(function, handle)).as(function).isZero();
        return handle.get(ValueLayout.ADDRESS, 0);
    }

    private float[] values(int length, int type) {
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            float value = random.nextFloat() - 0.5f;
            values[i] = type == HALF ? Float.float16ToFloat(Float.floatToFloat16(value)) : value;
        }
        return values;
    }

    private long upload(float[] values, int type) {
        if (type == FLOAT) {
            return cuda.upload(values);
        }
        MemorySegment host = cuda.arena.allocate(ValueLayout.JAVA_SHORT, values.length);
        for (int i = 0; i < values.length; i++) {
            host.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(values[i]));
        }
        long address = cuda.allocate(2L * values.length);
        cuda.check("cuMemcpyHtoD_v2", address, host, 2L * values.length);
        return address;
    }

    private float[] download(long address, int length, int type) {
        if (type == FLOAT) {
            return cuda.download(address, length);
        }
        MemorySegment host = cuda.arena.allocate(ValueLayout.JAVA_SHORT, length);
        cuda.check("cuMemcpyDtoH_v2", host, address, 2L * length);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = Float.float16ToFloat(host.getAtIndex(ValueLayout.JAVA_SHORT, i));
        }
        return values;
    }

    private MemorySegment scalar(float value) {
        return cuda.arena.allocateFrom(ValueLayout.JAVA_FLOAT, value);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0, 0", "1, 0, 0, 0", "0, 1, 2, 0", "1, 1, 2, 2", "1, 0, 2, 2"})
    void matrixProducts(int transposeA, int transposeB, int type, int resultType) {
        int m = 37;
        int n = 21;
        int k = 300;
        float[] a = values(m * k, type);
        float[] b = values(k * n, type);
        float[] c = values(m * n, resultType);
        long deviceC = upload(c, resultType);
        MemorySegment handle = create(blas, "cublasCreate_v2");
        assertThat(blas.call(
                        "cublasGemmEx",
                        handle,
                        transposeA,
                        transposeB,
                        m,
                        n,
                        k,
                        scalar(2f),
                        MemorySegment.ofAddress(upload(a, type)),
                        type,
                        transposeA == 0 ? m : k,
                        MemorySegment.ofAddress(upload(b, type)),
                        type,
                        transposeB == 0 ? k : n,
                        scalar(0.5f),
                        MemorySegment.ofAddress(deviceC),
                        resultType,
                        m,
                        COMPUTE_FLOAT,
                        -1))
                .isZero();
        float[] result = download(deviceC, m * n, resultType);
        for (int j = 0; j < n; j++) {
            for (int i = 0; i < m; i++) {
                double sum = 0;
                for (int q = 0; q < k; q++) {
                    sum += (double) a[transposeA == 0 ? q * m + i : i * k + q]
                            * b[transposeB == 0 ? j * k + q : q * n + j];
                }
                double expected = 2 * sum + 0.5 * c[j * m + i];
                assertThat((double) result[j * m + i]).isCloseTo(expected, within(resultType == HALF ? 1e-2 : 2e-5));
            }
        }
        assertThat(blas.call("cublasDestroy_v2", handle)).isZero();
        cuda.expectNoFault();
    }

    @ParameterizedTest
    @CsvSource({"0, A", "1, B", "2, C"})
    void matricesOutOfRange(int shortened, String name) {
        int[] lengths = {6 * 5, 5 * 4, 6 * 4};
        lengths[shortened]--;
        long[] addresses = new long[3];
        for (int i = 0; i < 3; i++) {
            addresses[i] = upload(values(lengths[i], FLOAT), FLOAT);
        }
        MemorySegment handle = create(blas, "cublasCreate_v2");
        assertThat(blas.call(
                        "cublasGemmEx",
                        handle,
                        0,
                        0,
                        6,
                        4,
                        5,
                        scalar(1f),
                        MemorySegment.ofAddress(addresses[0]),
                        FLOAT,
                        6,
                        MemorySegment.ofAddress(addresses[1]),
                        FLOAT,
                        5,
                        scalar(0f),
                        MemorySegment.ofAddress(addresses[2]),
                        FLOAT,
                        6,
                        COMPUTE_FLOAT,
                        -1))
                .isEqualTo(EXECUTION_FAILED);
        cuda.expectFault("cublasGemm(m=6, n=4, k=5): " + name, "out of range");
        assertThat(blas.call("cublasDestroy_v2", handle)).isZero();
    }

    /** Descriptors of one convolution in cuDNN's legacy interface: 3x3, padding 1. */
    private record Descriptors(
            MemorySegment handle, MemorySegment x, MemorySegment w, MemorySegment y, MemorySegment c) {}

    private Descriptors describe(int format, int type, int n, int channels, int outputs, int size) {
        Descriptors d = new Descriptors(
                create(dnn, "cudnnCreate"),
                create(dnn, "cudnnCreateTensorDescriptor"),
                create(dnn, "cudnnCreateFilterDescriptor"),
                create(dnn, "cudnnCreateTensorDescriptor"),
                create(dnn, "cudnnCreateConvolutionDescriptor"));
        assertThat(dnn.call("cudnnSetTensor4dDescriptor", d.x, format, type, n, channels, size, size))
                .isZero();
        assertThat(dnn.call("cudnnSetFilter4dDescriptor", d.w, type, format, outputs, channels, 3, 3))
                .isZero();
        assertThat(dnn.call("cudnnSetTensor4dDescriptor", d.y, format, type, n, outputs, size, size))
                .isZero();
        assertThat(dnn.call("cudnnSetConvolution2dDescriptor", d.c, 1, 1, 1, 1, 1, 1, 1, FLOAT))
                .isZero();
        return d;
    }

    private void destroy(Descriptors d) {
        assertThat(dnn.call("cudnnDestroyConvolutionDescriptor", d.c)).isZero();
        assertThat(dnn.call("cudnnDestroyTensorDescriptor", d.y)).isZero();
        assertThat(dnn.call("cudnnDestroyFilterDescriptor", d.w)).isZero();
        assertThat(dnn.call("cudnnDestroyTensorDescriptor", d.x)).isZero();
        assertThat(dnn.call("cudnnDestroy", d.handle)).isZero();
    }

    private static int index(int format, int a, int b, int h, int w, int channels, int height, int width) {
        return format == 0
                ? ((a * channels + b) * height + h) * width + w
                : ((a * height + h) * width + w) * channels + b;
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "1, 2"})
    void convolutions(int format, int type) {
        int n = 2;
        int channels = 5;
        int outputs = 7;
        int size = 6;
        Descriptors d = describe(format, type, n, channels, outputs, size);
        float[] x = values(n * channels * size * size, type);
        float[] w = values(outputs * channels * 9, type);
        float[] y = values(n * outputs * size * size, type);
        double[] expectedY = new double[y.length];
        double[] expectedX = new double[x.length];
        double[] expectedW = new double[w.length];
        for (int i = 0; i < n * outputs * size * size; i++) {
            int image = i / (outputs * size * size);
            int k = i / (size * size) % outputs;
            int h = i / size % size;
            int v = i % size;
            int atY = index(format, image, k, h, v, outputs, size, size);
            for (int tap = 0; tap < 9; tap++) {
                int row = h + tap / 3 - 1;
                int column = v + tap % 3 - 1;
                if (row < 0 || row >= size || column < 0 || column >= size) {
                    continue;
                }
                for (int c = 0; c < channels; c++) {
                    int atX = index(format, image, c, row, column, channels, size, size);
                    int atW = index(format, k, c, tap / 3, tap % 3, channels, 3, 3);
                    expectedY[atY] += (double) x[atX] * w[atW];
                    expectedX[atX] += (double) y[atY] * w[atW];
                    expectedW[atW] += (double) y[atY] * x[atX];
                }
            }
        }
        MemorySegment deviceX = MemorySegment.ofAddress(upload(x, type));
        MemorySegment deviceW = MemorySegment.ofAddress(upload(w, type));
        MemorySegment deviceY = MemorySegment.ofAddress(upload(y, type));
        MemorySegment dx = MemorySegment.ofAddress(upload(x, type));
        MemorySegment dw = MemorySegment.ofAddress(upload(w, type));
        MemorySegment out = MemorySegment.ofAddress(upload(y, type));
        long workspace = cuda.allocate(1 << 20);
        MemorySegment space = MemorySegment.ofAddress(workspace);
        MemorySegment one = scalar(1f);
        MemorySegment half = scalar(0.5f);
        assertThat(dnn.call(
                        "cudnnConvolutionForward",
                        d.handle,
                        one,
                        d.x,
                        deviceX,
                        d.w,
                        deviceW,
                        d.c,
                        1,
                        space,
                        1L << 20,
                        half,
                        d.y,
                        out))
                .isZero();
        assertThat(dnn.call(
                        "cudnnConvolutionBackwardData",
                        d.handle,
                        one,
                        d.w,
                        deviceW,
                        d.y,
                        deviceY,
                        d.c,
                        1,
                        space,
                        1L << 20,
                        half,
                        d.x,
                        dx))
                .isZero();
        assertThat(dnn.call(
                        "cudnnConvolutionBackwardFilter",
                        d.handle,
                        one,
                        d.x,
                        deviceX,
                        d.y,
                        deviceY,
                        d.c,
                        1,
                        space,
                        1L << 20,
                        half,
                        d.w,
                        dw))
                .isZero();
        double tolerance = type == HALF ? 2e-2 : 2e-5;
        expect(download(out.address(), y.length, type), expectedY, y, tolerance);
        expect(download(dx.address(), x.length, type), expectedX, x, tolerance);
        expect(download(dw.address(), w.length, type), expectedW, w, tolerance);
        destroy(d);
        cuda.expectNoFault();
    }

    private static void expect(float[] actual, double[] sums, float[] old, double tolerance) {
        for (int i = 0; i < actual.length; i++) {
            assertThat((double) actual[i]).isCloseTo(sums[i] + 0.5 * old[i], within(tolerance));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "w", "y", "workspace"})
    void tensorsOutOfRange(String name) {
        Descriptors d = describe(1, FLOAT, 2, 4, 8, 5);
        MemorySegment bytes = cuda.arena.allocate(ValueLayout.JAVA_LONG);
        assertThat(dnn.call("cudnnGetConvolutionForwardWorkspaceSize", d.handle, d.x, d.w, d.c, d.y, 1, bytes))
                .isZero();
        long needed = bytes.get(ValueLayout.JAVA_LONG, 0);
        long x = cuda.allocate(2 * 4 * 25 * 4 - (name.equals("x") ? 4 : 0));
        long w = cuda.allocate(8 * 4 * 9 * 4 - (name.equals("w") ? 4 : 0));
        long y = cuda.allocate(2 * 8 * 25 * 4 - (name.equals("y") ? 4 : 0));
        long workspace = cuda.allocate(needed - (name.equals("workspace") ? 1 : 0));
        MemorySegment space = MemorySegment.ofAddress(workspace);
        assertThat(dnn.call(
                        "cudnnConvolutionForward",
                        d.handle,
                        scalar(1f),
                        d.x,
                        MemorySegment.ofAddress(x),
                        d.w,
                        MemorySegment.ofAddress(w),
                        d.c,
                        1,
                        space,
                        needed,
                        scalar(0f),
                        d.y,
                        MemorySegment.ofAddress(y)))
                .isEqualTo(DNN_EXECUTION_FAILED);
        cuda.expectFault("cudnnConvolutionForward: " + name, "out of range");
        assertThat(dnn.call(
                        "cudnnConvolutionForward",
                        d.handle,
                        scalar(1f),
                        d.x,
                        MemorySegment.ofAddress(x),
                        d.w,
                        MemorySegment.ofAddress(w),
                        d.c,
                        1,
                        space,
                        needed - 1,
                        scalar(0f),
                        d.y,
                        MemorySegment.ofAddress(y)))
                .isEqualTo(BAD_PARAM);
        cuda.expectFault("bytes of workspace");
        destroy(d);
    }

    @Test
    void freedDescriptor() {
        Descriptors d = describe(1, FLOAT, 1, 4, 8, 5);
        destroy(d);
        assertThat(dnn.call("cudnnSetTensor4dDescriptor", d.x, 1, FLOAT, 1, 1, 1, 1))
                .isEqualTo(BAD_PARAM);
        cuda.expectFault("is not a live cuDNN tensor descriptor");
    }

    @Test
    void runtimeCompiler() throws Exception {
        NativeFunctions nvrtc = NativeFunctions.of(SoftwareCuda.folder().resolve("libnvrtc.so.12"));
        String source = Files.readString(SoftwareCuda.folder().resolve("faults.cu"));
        assertThat(compile(nvrtc, source, "faults.cu", "--gpu-architecture=sm_90a"))
                .isZero();
        assertThat(compile(nvrtc, source + " ", "faults.cu", "--gpu-architecture=sm_90a"))
                .as("another source")
                .isEqualTo(6);
        assertThat(compile(nvrtc, source, "faults.cu", "--gpu-architecture=compute_90"))
                .as("no cubin")
                .isEqualTo(5);
        assertThat(compile(nvrtc, source, "unknown.cu", "--gpu-architecture=sm_90"))
                .isEqualTo(6);
    }

    private int compile(NativeFunctions nvrtc, String source, String name, String option) {
        MemorySegment program = cuda.arena.allocate(ValueLayout.ADDRESS);
        MemorySegment none = MemorySegment.NULL;
        assertThat(nvrtc.call(
                        "nvrtcCreateProgram",
                        program,
                        cuda.arena.allocateFrom(source),
                        cuda.arena.allocateFrom(name),
                        0,
                        none,
                        none))
                .isZero();
        MemorySegment options = cuda.arena.allocateFrom(ValueLayout.ADDRESS, cuda.arena.allocateFrom(option));
        MemorySegment handle = program.get(ValueLayout.ADDRESS, 0);
        int status = nvrtc.call("nvrtcCompileProgram", handle, 1, options);
        MemorySegment bytes = cuda.arena.allocate(ValueLayout.JAVA_LONG);
        if (status == 0) {
            assertThat(nvrtc.call("nvrtcGetCUBINSize", handle, bytes)).isZero();
            MemorySegment cubin = cuda.arena.allocate(bytes.get(ValueLayout.JAVA_LONG, 0));
            assertThat(nvrtc.call("nvrtcGetCUBIN", handle, cubin)).isZero();
            MemorySegment module = cuda.create("cuModuleLoadData", cubin);
            assertThat(cuda.create("cuModuleGetFunction", module, cuda.arena.allocateFrom("axpy"))
                            .address())
                    .isNotZero();
            cuda.check("cuModuleUnload", module);
        } else {
            assertThat(nvrtc.call("nvrtcGetProgramLogSize", handle, bytes)).isZero();
            assertThat(bytes.get(ValueLayout.JAVA_LONG, 0)).as("a log").isGreaterThan(20);
        }
        assertThat(nvrtc.call("nvrtcDestroyProgram", program)).isZero();
        return status;
    }
}
