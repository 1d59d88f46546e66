package keisei.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import keisei.device.ConvolutionShape;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;
import keisei.device.Epilogue;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.junit.jupiter.api.Test;

class CpuDeviceTest {
    @Test
    void descriptionNamesThreadsAndVectorWidth() {
        try (Device device = new CpuDevice(2)) {
            assertThat(device.name()).isEqualTo("cpu");
            assertThat(device.realType()).isEqualTo(DType.F32);
            assertThat(device.description()).matches(".+, 2 threads, (128|256|512)-bit vectors");
        }
    }

    @Test
    void aDeviceWithoutThreadsIsRefused() {
        assertThatThrownBy(() -> new CpuDevice(0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("threads is 0 and must be between 1 and 1024");
    }

    @Test
    void memoryStartsAtZeroAndIsAccountedByOwner() {
        try (Device device = new CpuDevice(1)) {
            try (DeviceBuffer a = device.allocate(DType.F32, 10, "a");
                    DeviceBuffer b = device.allocate(DType.U8, 3, "b")) {
                float[] host = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
                device.read(a.all(), MemorySegment.ofArray(host));
                assertThat(host).containsOnly(0f);
                assertThat(device.memory().bytesByOwner()).isEqualTo(Map.of("a", 40L, "b", 3L));
                assertThat(b.length()).isEqualTo(3);
            }
            assertThat(device.memory().totalBytes()).isZero();
            assertThat(device.memory().peakBytes()).isEqualTo(43);
        }
    }

    @Test
    void aClosedBufferIsRefusedByName() {
        try (Device device = new CpuDevice(1)) {
            DeviceBuffer buffer = device.allocate(DType.F32, 8, "gradients");
            Slice slice = buffer.all();
            buffer.close();
            assertThat(buffer.isClosed()).isTrue();
            assertThatThrownBy(() -> device.elementwise().fill(slice, 1))
                    .isInstanceOf(DeviceMemoryException.class)
                    .hasMessage("buffer 'gradients' (8 F32) was used after it was closed");
            assertThatThrownBy(() -> device.read(slice, MemorySegment.ofArray(new float[8])))
                    .isInstanceOf(DeviceMemoryException.class)
                    .hasMessage("buffer 'gradients' (8 F32) was used after it was closed");
            assertThatThrownBy(buffer::close)
                    .isInstanceOf(DeviceMemoryException.class)
                    .hasMessage("buffer 'gradients' (8 F32) was closed twice");
        }
    }

    @Test
    void leaksAreListedWhenTheDeviceCloses() {
        Device device = new CpuDevice(2);
        DeviceBuffer leak = device.allocate(DType.I32, 6, "rollout");
        DeviceBuffer other = device.allocate(DType.F32, 2, "parameters");
        assertThatThrownBy(device::close)
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessage("device 'cpu' was closed with 2 open buffers: 'parameters' (2 F32, 8 bytes), "
                        + "'rollout' (6 I32, 24 bytes)");
        leak.close();
        other.close();
        assertThatThrownBy(() -> device.allocate(DType.F32, 1, "late"))
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessage("device 'cpu' is closed; 'late' asked it for memory");
    }

    @Test
    void memoryThatDoesNotExistIsRefusedWithWhatIsHeld() {
        try (Device device = new CpuDevice(1);
                DeviceBuffer held = device.allocate(DType.U8, 5, "held")) {
            assertThat(held.dtype()).isEqualTo(DType.U8);
            assertThatThrownBy(() -> device.allocate(DType.F32, Integer.MAX_VALUE, "too much"))
                    .isInstanceOf(DeviceMemoryException.class)
                    .hasMessage("no memory for 'too much': 8589934588 bytes asked for, 5 bytes held by {held=5}, "
                            + "at most " + Runtime.getRuntime().maxMemory() + " bytes of Java heap (-Xmx)");
            assertThatThrownBy(() -> device.allocate(DType.F32, -1, "negative"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("memory for 'negative': length is -1 and must not be negative");
            assertThatThrownBy(() -> device.allocate(DType.F16, 1, "half"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("memory for 'half': the CPU device holds F32, I32 and U8, not F16");
        }
    }

    @Test
    void preparedWeightsAreOwnedAndClosedOnce() {
        try (Device device = new CpuDevice(1);
                DeviceBuffer memory = device.allocate(DType.F32, 9 * 81, "net")) {
            ConvolutionShape shape = new ConvolutionShape(9, 9, 1, 1, 3);
            Slice board = memory.all().range(0, 81);
            Slice out = memory.all().range(81, 81);
            PreparedWeights prepared =
                    device.convolution().prepare(shape, memory.all().range(162, 9));
            device.convolution().forward(prepared, 1, board, Epilogue.NONE, out);
            assertThat(device.memory().bytesByOwner()).containsKey("net (prepared)");
            prepared.close();
            assertThat(device.memory().bytesByOwner()).doesNotContainKey("net (prepared)");
            assertThatThrownBy(() -> device.convolution().forward(prepared, 1, board, Epilogue.NONE, out))
                    .isInstanceOf(DeviceMemoryException.class)
                    .hasMessage("prepared weights of 'net' were used after they were closed");
            assertThatThrownBy(prepared::close)
                    .isInstanceOf(DeviceMemoryException.class)
                    .hasMessage("prepared weights of 'net' were closed twice");
        }
    }

    @Test
    void operandsOfTheWrongSizeTypeOrDeviceAreRefused() {
        try (Device device = new CpuDevice(1);
                Device other = new CpuDevice(1);
                DeviceBuffer small = device.allocate(DType.F32, 3, "small");
                DeviceBuffer ints = device.allocate(DType.I32, 4, "ints");
                DeviceBuffer foreign = other.allocate(DType.F32, 4, "foreign");
                PreparedWeights prepared = device.linear().prepare(1, 3, small.all())) {
            assertThatThrownBy(() -> device.linear().forward(prepared, 4, small.all(), null, small.all()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("x: 3 elements of buffer 'small', and 4 are needed");
            assertThatThrownBy(() -> device.elementwise().scale(ints.all(), 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("x: buffer 'ints' holds I32, and F32 is needed");
            assertThatThrownBy(() -> device.elementwise().scale(foreign.all(), 2))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("x: buffer 'foreign' belongs to device 'cpu', not to this 'cpu'");
            assertThatThrownBy(() -> device.elementwise().add(small.all(), ints.all(), small.all()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("a has 3 elements and b has 4: they must be equal");
            assertThatThrownBy(() -> device.write(small.all(), MemorySegment.ofArray(new byte[11])))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("source: 11 bytes of host memory for buffer 'small', and 12 are needed");
            assertThatThrownBy(() -> device.convolution().forward(prepared, 1, small.all(), Epilogue.NONE, small.all()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("weights: they were not prepared by the convolutions of device 'cpu'");
        }
    }

    @Test
    void rowsOutsideTheSourceAreRefused() {
        try (Device device = new CpuDevice(1);
                DeviceBuffer source = device.allocate(DType.F32, 6, "source");
                DeviceBuffer index = device.allocate(DType.I32, 2, "index");
                DeviceBuffer destination = device.allocate(DType.F32, 6, "destination")) {
            device.write(index.all(), MemorySegment.ofArray(new int[] {1, 2}));
            assertThatThrownBy(() -> device.rollout().gatherRows(2, 3, source.all(), index.all(), destination.all()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("index[1] is 2; source 'source' has rows 0 to 1");
        }
    }
}
