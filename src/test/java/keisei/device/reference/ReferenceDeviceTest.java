package keisei.device.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import keisei.device.DType;
import keisei.device.DeviceBuffer;
import keisei.device.DeviceMemoryException;
import org.junit.jupiter.api.Test;

class ReferenceDeviceTest {
    private final ReferenceDevice device = new ReferenceDevice();

    @Test
    void memoryIsZeroedAndBookedToItsOwner() {
        DeviceBuffer buffer = device.allocate(DType.F64, 3, "parameters");
        double[] host = {1, 2, 3};

        device.read(buffer.all(), MemorySegment.ofArray(host));

        assertThat(host).containsOnly(0);
        assertThat(device.memory().bytesByOwner()).containsEntry("parameters", 24L);
        buffer.close();
        assertThat(device.memory().totalBytes()).isZero();
        device.close();
    }

    @Test
    void elementsOfEachTypeComeBackAsTheyWereWritten() {
        try (DeviceBuffer reals = device.allocate(DType.F64, 2, "reals");
                DeviceBuffer integers = device.allocate(DType.I32, 2, "integers");
                DeviceBuffer flags = device.allocate(DType.U8, 2, "flags")) {
            double[] real = new double[2];
            int[] integer = new int[2];
            byte[] flag = new byte[2];

            device.write(reals.all(), MemorySegment.ofArray(new double[] {-0.1, Double.NEGATIVE_INFINITY}));
            device.write(integers.all(), MemorySegment.ofArray(new int[] {Integer.MIN_VALUE, Integer.MAX_VALUE}));
            device.write(flags.all(), MemorySegment.ofArray(new byte[] {-1, 7}));
            device.read(reals.all(), MemorySegment.ofArray(real));
            device.read(integers.all(), MemorySegment.ofArray(integer));
            device.read(flags.all(), MemorySegment.ofArray(flag));

            assertThat(real).containsExactly(-0.1, Double.NEGATIVE_INFINITY);
            assertThat(integer).containsExactly(Integer.MIN_VALUE, Integer.MAX_VALUE);
            assertThat(flag).containsExactly((byte) -1, (byte) 7);
        }
    }

    @Test
    void useAfterCloseAndDoubleCloseNameTheOwner() {
        DeviceBuffer buffer = device.allocate(DType.F64, 2, "moments");
        buffer.close();

        assertThatThrownBy(() -> device.elementwise().fill(buffer.all(), 1))
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessageContaining("'moments'");
        assertThatThrownBy(buffer::close)
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessageContaining("'moments'");
    }

    @Test
    void closingWithOpenBuffersListsOwnersAndSizes() {
        device.allocate(DType.F64, 2, "moments");
        device.allocate(DType.U8, 5, "flags");

        assertThatThrownBy(device::close)
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessageContaining("'moments' 16 bytes")
                .hasMessageContaining("'flags' 5 bytes");
    }

    @Test
    void operandsThatAreTooSmallOrForeignOrOfAnotherTypeAreRefused() {
        ReferenceDevice other = new ReferenceDevice();
        DeviceBuffer small = device.allocate(DType.F64, 5, "small");
        DeviceBuffer integers = device.allocate(DType.I32, 6, "integers");
        DeviceBuffer foreign = other.allocate(DType.F64, 6, "foreign");
        DeviceBuffer fits = device.allocate(DType.F64, 6, "fits");

        assertThatThrownBy(() -> device.elementwise().flattenChannelMajor(1, 3, 2, small.all(), fits.all()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("5 elements, the shape needs 6");
        assertThatThrownBy(() -> device.elementwise().flattenChannelMajor(1, 3, 2, integers.all(), fits.all()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("I32");
        assertThatThrownBy(() -> device.elementwise().flattenChannelMajor(1, 3, 2, foreign.all(), fits.all()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'foreign'");
    }
}
