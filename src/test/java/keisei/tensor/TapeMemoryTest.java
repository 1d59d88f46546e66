package keisei.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Objects;
import keisei.device.Device;
import keisei.device.DeviceMemoryException;
import keisei.device.reference.ReferenceDevice;
import org.junit.jupiter.api.Test;

/** Passes whose activations are more elements than one buffer can have. */
class TapeMemoryTest {
    private static final int COUNT = 16;
    private static final int LAYERS = 7;

    private record Result(double[] value, double[] gradient, long bytes) {}

    @Test
    void activationsInSeveralBuffersGiveTheSame() {
        Result whole = tanhs(Integer.MAX_VALUE);
        // Three images to a buffer: eight images lie in three of them.
        Result parts = tanhs(3 * COUNT + 1);

        assertThat(parts.value).containsExactly(whole.value);
        assertThat(parts.gradient).containsExactly(whole.gradient);
        assertThat(parts.bytes).isEqualTo(whole.bytes);
    }

    @Test
    void anImageThatNoBufferHoldsIsAnErrorThatNamesTheOption() {
        assertThatThrownBy(() -> tanhs(COUNT - 1))
                .isInstanceOf(DeviceMemoryException.class)
                .hasMessageContaining("need 16 elements, at most 15 are possible: lower minibatch_size");
    }

    private static Result tanhs(int mostElements) {
        try (Device device = new ReferenceDevice();
                TapeMemory memory = new TapeMemory(device, mostElements)) {
            Tape tape = new Tape(memory);
            Tensor x = tape.variable(1, COUNT);
            Tensor y = x;
            for (int layer = 0; layer < LAYERS; layer++) {
                y = tape.tanh(y);
            }
            tape.seed(y);
            tape.finish().prepareBackward();
            double[] numbers = new double[COUNT];
            for (int i = 0; i < COUNT; i++) {
                numbers[i] = i / 8.0 - 1;
            }
            HostTransfer.write(x.value(), numbers);
            tape.forward();
            HostTransfer.write(y.gradient(), numbers);
            tape.backward();
            return new Result(
                    HostTransfer.readDoubles(y.value()),
                    HostTransfer.readDoubles(x.gradient()),
                    Objects.requireNonNull(device.memory().bytesByOwner().get("activations")));
        }
    }
}
