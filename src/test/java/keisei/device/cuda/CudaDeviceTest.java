package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import keisei.device.ConvolutionShape;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import keisei.device.RecordedWork;
import keisei.device.Slice;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The device's shell on the software device: memory, copies, recordings, kernels on disk. */
class CudaDeviceTest {
    @TempDir
    private Path cache;

    private CudaDevice device;
    private boolean closedByTest;

    @BeforeEach
    void open() {
        device = CudaDevice.open(SoftwareCuda.libraries(), options());
    }

    private CudaOptions options() {
        return CudaOptions.defaults().withCache(cache);
    }

    @AfterEach
    void close() {
        if (!closedByTest) {
            device.close();
        }
    }

    private static void write(Device device, Slice slice, float... values) {
        device.write(slice, MemorySegment.ofArray(values));
    }

    private static float[] read(Device device, Slice slice) {
        float[] values = new float[slice.length()];
        device.read(slice, MemorySegment.ofArray(values));
        return values;
    }

    @Test
    void saysWhatItIs() {
        assertThat(device.name()).isEqualTo("cuda:0");
        assertThat(device.description()).contains("compute capability 9.0").endsWith("float32");
        assertThat(device.realType()).isEqualTo(DType.F32);
        assertThat(device.activationType()).isEqualTo(DType.F32);
    }

    @Test
    void memoryIsZeroedAndCopiesOfAnyLengthComeBack() {
        for (int length : new int[] {0, 1, 1000, 1_700_003}) {
            try (DeviceBuffer buffer = device.allocate(DType.F32, length, "copies")) {
                assertThat(read(device, buffer.all())).containsOnly(new float[length]);
                float[] values = new float[length];
                for (int i = 0; i < length; i++) {
                    values[i] = i * 0.5f;
                }
                write(device, buffer.all(), values);
                assertThat(read(device, buffer.all())).isEqualTo(values);
            }
        }
    }

    @Test
    void theSourceOfAWriteMayChangeAtOnce() {
        try (DeviceBuffer buffer = device.allocate(DType.F32, 4, "copies")) {
            float[] values = {1, 2, 3, 4};
            write(device, buffer.all(), values);
            values[0] = 9;
            assertThat(read(device, buffer.all())).containsExactly(1, 2, 3, 4);
        }
    }

    @Test
    void memoryIsBookedByOwner() {
        long before = device.memory().totalBytes();
        DeviceBuffer parameters = device.allocate(DType.F32, 100, "parameters");
        DeviceBuffer rollout = device.allocate(DType.F16, 50, "rollout");

        assertThat(device.memory().bytesByOwner())
                .containsEntry("parameters", 400L)
                .containsEntry("rollout", 100L);
        assertThat(device.memory().totalBytes()).isEqualTo(before + 500);

        parameters.close();
        rollout.close();
        assertThat(device.memory().totalBytes()).isEqualTo(before);
    }

    @Test
    void theAccountSumsToWhatTheDriverReports() {
        long free = device.runtime().context().memory().freeBytes();
        long booked = device.memory().totalBytes();
        try (DeviceBuffer buffer = device.allocate(DType.F32, 1 << 20, "parameters");
                DeviceBuffer weights = device.allocate(DType.F32, 64 * 9 * 8, "weights");
                DeviceBuffer images = device.allocate(DType.F32, 81 * 72, "images")) {
            ConvolutionShape shape = new ConvolutionShape(9, 9, 8, 64, 3);
            try (PreparedWeights prepared = device.convolution().prepare(shape, weights.all())) {
                device.convolution()
                        .forward(
                                prepared,
                                1,
                                images.all().range(0, 81 * 8),
                                Epilogue.NONE,
                                images.all().range(81 * 8, 81 * 64));
            }
            device.elementwise().fill(buffer.all(), 1);
            long used = free - device.runtime().context().memory().freeBytes();
            assertThat(device.memory().totalBytes() - booked).isCloseTo(used, Offset.offset(4096L));
        }
    }

    @Test
    void misuseOfMemoryNamesTheOwner() {
        DeviceBuffer buffer = device.allocate(DType.F32, 8, "gradients");
        Slice slice = buffer.all();
        buffer.close();

        assertThatThrownBy(buffer::close)
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessage("buffer 'gradients' (8 F32) was closed twice");
        assertThatThrownBy(() -> device.elementwise().fill(slice, 1))
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessage("buffer 'gradients' (8 F32) was used after it was closed");
        assertThatThrownBy(() -> read(device, slice))
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessageContaining("'gradients'");
    }

    @Test
    void aLeakIsReportedAndReturned() {
        DeviceBuffer unused = device.allocate(DType.I32, 3, "row order");
        closedByTest = true;

        assertThatThrownBy(device::close)
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessage("device 'cuda:0' was closed with 1 open buffers: 'row order' (3 I32, 12 bytes)");
        assertThat(unused.isClosed()).isTrue();
    }

    @Test
    void anotherDevicesMemoryIsRefused() {
        try (Device other = CudaDevice.open(SoftwareCuda.libraries(), options());
                DeviceBuffer buffer = other.allocate(DType.F32, 4, "other")) {
            assertThatThrownBy(() -> device.elementwise().fill(buffer.all(), 1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("buffer 'other' belongs to device 'cuda:0'");
        }
    }

    @Test
    void recordedWorkDoesTheSameOnEveryRun() {
        for (boolean graphs : new boolean[] {true, false}) {
            try (Device own =
                            CudaDevice.open(SoftwareCuda.libraries(), options().withGraphs(graphs));
                    DeviceBuffer sum = own.allocate(DType.F32, 3, "sum");
                    DeviceBuffer step = own.allocate(DType.F32, 3, "step");
                    RecordedWork work =
                            own.record("add", () -> own.elementwise().accumulate(step.all(), sum.all()))) {
                float[] steps = {1, 10, 100, 1000};
                for (float value : steps) {
                    write(own, step.all(), value, 2 * value, 0);
                    work.run();
                }
                assertThat(read(own, sum.all())).containsExactly(1111, 2222, 0);
            }
        }
    }

    @Test
    void nothingIsAllocatedCopiedOrClosedWhileRecording() {
        try (DeviceBuffer buffer = device.allocate(DType.F32, 3, "sum")) {
            assertRefusedWhileRecording(
                    () -> device.allocate(DType.F32, 1, "late"),
                    "'late' asked for memory while work was being recorded, which must have it before");
            assertRefusedWhileRecording(buffer::close, "'sum' was closed while work was being recorded");
            assertRefusedWhileRecording(
                    () -> read(device, buffer.all()),
                    "host memory was copied while work was being recorded, which cannot be replayed");
            assertRefusedWhileRecording(device::synchronize, "work that is being recorded cannot be waited for");
            // The device goes on after a recording that failed.
            write(device, buffer.all(), 1, 2, 3);
            assertThat(read(device, buffer.all())).containsExactly(1, 2, 3);
        }
    }

    private void assertRefusedWhileRecording(Runnable work, String message) {
        boolean[] first = {true};
        try (RecordedWork recorded = device.record("late", () -> {
            if (!first[0]) {
                work.run();
            }
        })) {
            recorded.run();
            first[0] = false;
            assertThatThrownBy(recorded::run).hasMessage(message);
        }
    }

    @Test
    void aWorkspaceThatGrowsKeepsWhatARecordingUses() {
        try (DeviceBuffer x = device.allocate(DType.F32, 4000, "x");
                DeviceBuffer small = device.allocate(DType.F32, 4, "small sums");
                DeviceBuffer large = device.allocate(DType.F32, 1000, "large sums")) {
            device.elementwise().fill(x.all(), 1);
            CudaTransforms transforms = device.runtime().transforms();
            long from = device.runtime().operands().address("x", x.all());
            long smallSums = device.runtime().operands().address("small", small.all());
            long largeSums = device.runtime().operands().address("large", large.all());
            try (RecordedWork work =
                    device.record("sums", () -> transforms.addColumnSums(DType.F32, 1000, 4, from, smallSums))) {
                work.run();
                work.run();
                transforms.addColumnSums(DType.F32, 4, 1000, from, largeSums);
                work.run();
            }
            assertThat(read(device, small.all())).containsOnly(3000);
            assertThat(read(device, large.all())).containsOnly(4);
        }
    }

    @Test
    void aDamagedKernelOnDiskIsCompiledAgain() throws IOException {
        fillOnce();
        List<Path> kernels = kernelsOnDisk();
        assertThat(kernels).hasSize(1);
        byte[] whole = Files.readAllBytes(kernels.getFirst());

        for (byte[] damaged : List.of(new byte[0], Arrays.copyOf(whole, whole.length / 2), changed(whole))) {
            Files.write(kernels.getFirst(), damaged);
            device.close();
            open();
            fillOnce();
            assertThat(Files.readAllBytes(kernels.getFirst())).isEqualTo(whole);
        }
        assertThat(kernelsOnDisk()).isEqualTo(kernels);
    }

    private static byte[] changed(byte[] content) {
        byte[] copy = content.clone();
        copy[copy.length / 2] ^= 1;
        return copy;
    }

    private void fillOnce() {
        try (DeviceBuffer buffer = device.allocate(DType.F32, 2, "filled")) {
            device.elementwise().fill(buffer.all(), 5);
            assertThat(read(device, buffer.all())).containsExactly(5, 5);
        }
    }

    private List<Path> kernelsOnDisk() throws IOException {
        try (Stream<Path> files = Files.list(cache.resolve("kernels"))) {
            return files.sorted().toList();
        }
    }

    @Test
    void aDamagedNativeLibraryOnDiskIsReplaced() throws IOException {
        JCudaNatives natives = new JCudaNatives(cache);
        byte[] content = JCudaNatives.content("JCudaDriver");
        Path file = natives.extract("JCudaDriver", content);

        Files.write(file, Arrays.copyOf(content, 1000));
        assertThat(natives.extract("JCudaDriver", content)).isEqualTo(file).hasBinaryContent(content);
        Files.write(file, changed(content));
        assertThat(natives.extract("JCudaDriver", content)).isEqualTo(file).hasBinaryContent(content);
    }

    @Test
    void aGpuThatIsNotThereIsRefused() {
        assertThatThrownBy(() ->
                        CudaDevice.open(SoftwareCuda.libraries(), options().withIndex(3)))
                .isInstanceOf(CudaException.class)
                .hasMessage("cuda:3 is not there: the driver shows one GPU, cuda:0");
    }

    @Test
    void memoryThatDoesNotFitIsAMessageWithHoldersAndAdvice() {
        try (Device own = CudaDevice.open(
                        SoftwareCuda.libraries(),
                        options().withMemoryAdvice(owner -> "lower the size of the " + owner));
                DeviceBuffer unused = own.allocate(DType.F32, 1 << 20, "parameters")) {
            assertThatThrownBy(() -> own.allocate(DType.F32, Integer.MAX_VALUE, "activations"))
                    .isInstanceOf(DeviceMemoryException.class)
                    .hasMessageMatching("no memory on cuda:0 for 'activations': 8192\\.0 MiB asked for, "
                            + "\\d+\\.\\d MiB of \\d+\\.\\d MiB free; held here: .*'parameters' 4\\.0 MiB.*; "
                            + "lower the size of the activations");
        }
    }
}
