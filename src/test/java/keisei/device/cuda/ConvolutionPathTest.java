package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import keisei.device.ConvolutionShape;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which functions of cuDNN and cuBLAS compute a convolution with its epilogue. */
class ConvolutionPathTest {
    private static final int CHANNELS = 32;

    @TempDir
    private Path cache;

    private Map<String, Long> calls(CudaOptions.ConvPath path, int kernel) {
        CudaOptions options = CudaOptions.defaults()
                .withCache(cache)
                .withConvPath(path)
                .withPrecision(CudaOptions.Precision.F16)
                .withDeterministic(true);
        ConvolutionShape shape = new ConvolutionShape(9, 9, CHANNELS, CHANNELS, kernel);
        int size = 81 * CHANNELS;
        try (Device device = CudaDevice.open(SoftwareCuda.libraries(), options);
                DeviceBuffer images = device.allocate(DType.F16, 3 * size, "images");
                DeviceBuffer channels = device.allocate(DType.F32, 2 * CHANNELS, "channels");
                DeviceBuffer weights = device.allocate(DType.F32, shape.weightCount(), "weights");
                PreparedWeights prepared = device.convolution().prepare(shape, weights.all())) {
            Epilogue epilogue = new Epilogue(
                    channels.all().range(0, CHANNELS),
                    channels.all().range(CHANNELS, CHANNELS),
                    images.all().range(0, size),
                    true);
            Runnable forward = () -> device.convolution()
                    .forward(
                            prepared,
                            1,
                            images.all().range(size, size),
                            epilogue,
                            images.all().range(2 * size, size));
            forward.run();
            device.synchronize();
            SoftwareCuda.reset();
            forward.run();
            device.synchronize();
            assertThat(SoftwareCuda.faults()).isEmpty();
            return SoftwareCuda.calls();
        }
    }

    @Test
    void aGraphComputesConvolutionAndEpilogueAtOnce() {
        assertThat(calls(CudaOptions.ConvPath.GRAPH, 3))
                .containsEntry("cudnnBackendExecute", 1L)
                .doesNotContainKeys("cudnnConvolutionForward", "cuLaunchKernel");
    }

    @Test
    void theLegacyPathHasTheEpilogueInAKernelOfOurs() {
        assertThat(calls(CudaOptions.ConvPath.LEGACY, 3))
                .containsEntry("cudnnConvolutionForward", 1L)
                .containsEntry("cuLaunchKernel", 1L)
                .doesNotContainKey("cudnnBackendExecute");
    }

    @Test
    void aPointwiseConvolutionIsAMatrixProduct() {
        assertThat(calls(CudaOptions.ConvPath.AUTO, 1))
                .containsEntry("cublasGemmEx", 1L)
                .doesNotContainKeys("cudnnConvolutionForward", "cudnnBackendExecute");
    }
}
