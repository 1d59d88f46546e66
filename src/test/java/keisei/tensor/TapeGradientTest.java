package keisei.tensor;

import static keisei.golden.Workbench.read;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.util.ArrayList;
import java.util.List;
import keisei.device.ConvolutionShape;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import keisei.device.reference.ReferenceDevice;
import keisei.golden.Workbench;
import keisei.random.RandomStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every differentiable operation against central differences of a random linear functional of its output. */
class TapeGradientTest {
    private final ReferenceDevice device = new ReferenceDevice();
    private final Workbench bench = new Workbench(device);
    private final RandomStream random = new RandomStream(5, 1);
    private final List<Tensor> parameters = new ArrayList<>();
    private final List<PreparedWeights> prepared = new ArrayList<>();

    @AfterEach
    void closeWithoutLeaks() {
        prepared.forEach(PreparedWeights::close);
        bench.close();
        device.close();
    }

    private double[] numbers(int count) {
        double[] values = new double[count];
        for (int i = 0; i < count; i++) {
            values[i] = 2 * random.nextDouble() - 1;
        }
        return values;
    }

    private Tensor parameter(Integer... shape) {
        int count = 1;
        for (int size : shape) {
            count *= size;
        }
        Tensor tensor = bench.parameter(numbers(count), shape);
        parameters.add(tensor);
        return tensor;
    }

    private PreparedWeights keep(PreparedWeights weights) {
        prepared.add(weights);
        return weights;
    }

    private void check(Tape tape, List<Tensor> leaves, Tensor... outputs) {
        for (Tensor output : outputs) {
            tape.seed(output);
        }
        tape.finish().prepareBackward();
        for (Tensor leaf : leaves) {
            HostTransfer.write(leaf.value(), numbers(leaf.count()));
        }
        double[][] weights = new double[outputs.length][];
        for (int i = 0; i < outputs.length; i++) {
            weights[i] = numbers(outputs[i].count());
        }
        prepared.forEach(PreparedWeights::invalidate);
        tape.forward();
        for (int i = 0; i < outputs.length; i++) {
            HostTransfer.write(outputs[i].gradient(), weights[i]);
        }
        tape.backward();
        List<Tensor> all = new ArrayList<>(leaves);
        all.addAll(parameters);
        for (Tensor tensor : all) {
            FiniteDifferences.check("tensor " + tensor.shape(), tensor.value(), read(tensor.gradient()), 1, () -> {
                prepared.forEach(PreparedWeights::invalidate);
                tape.forward();
                double loss = 0;
                for (int i = 0; i < outputs.length; i++) {
                    double[] values = read(outputs[i].value());
                    for (int j = 0; j < values.length; j++) {
                        loss += weights[i][j] * (Double.isInfinite(values[j]) ? 0 : values[j]);
                    }
                }
                return loss;
            });
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void convolution(int kernel) {
        ConvolutionShape shape = new ConvolutionShape(3, 4, 2, 3, kernel);
        Tape tape = bench.tape();
        Tensor x = tape.variable(2, 3, 4, 2);
        Tensor weight = parameter(3, kernel, kernel, 2);
        PreparedWeights weights = keep(device.convolution().prepare(shape, weight.value()));
        check(tape, List.of(x), tape.convolution(x, shape, weights, weight, parameter(3)));
    }

    @Test
    void linear() {
        Tape tape = bench.tape();
        Tensor x = tape.variable(3, 5);
        Tensor weight = parameter(4, 5);
        PreparedWeights weights = keep(device.linear().prepare(5, 4, weight.value()));
        check(tape, List.of(x), tape.linear(x, weights, weight, parameter(4)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void batchNormWithResidualAndRelu(boolean batchStatistics) {
        NormalizationMode mode = new NormalizationMode();
        if (batchStatistics) {
            mode.useBatch(0);
        }
        RunningStatistics running = new RunningStatistics(bench.reals(0.1, -0.2), bench.reals(0.7, 1.5), 1e-5, mode);
        Tape tape = bench.tape();
        Tensor x = tape.variable(2, 3, 3, 2);
        Tensor residual = tape.variable(2, 3, 3, 2);
        check(tape, List.of(x, residual), tape.batchNorm(x, parameter(2), parameter(2), running, residual, true));
    }

    @Test
    void squeezeExciteWithResidualAndRelu() {
        Tape tape = bench.tape();
        Tensor x = tape.variable(2, 3, 3, 4);
        Tensor residual = tape.variable(2, 3, 3, 4);
        check(
                tape,
                List.of(x, residual),
                tape.squeezeExcite(x, parameter(3, 4), parameter(3), parameter(4, 3), parameter(4), residual, true));
    }

    @Test
    void activationsSumsAndFlattenOfTensorsUsedMoreThanOnce() {
        Tape tape = bench.tape();
        Tensor x = tape.variable(2, 2, 3, 2);
        Tensor twice = tape.add(tape.tanh(x), tape.relu(x));
        Tensor doubled = tape.add(twice, twice);
        check(tape, List.of(x), tape.flattenChannelMajor(tape.add(doubled, tape.sigmoid(x))));
    }

    @Test
    void aSeededTensorThatIsUsedFurtherAddsBothGradients() {
        Tape tape = bench.tape();
        Tensor x = tape.variable(2, 3);
        Tensor middle = tape.tanh(x);
        check(tape, List.of(x), middle, tape.sigmoid(middle));
    }

    @Test
    void maskedLogSoftmax() {
        Tape tape = bench.tape();
        Tensor logits = tape.variable(3, 5);
        Slice mask = bench.ints(0b10110, 0b00100, 0);
        check(tape, List.of(logits), tape.maskedLogSoftmax(logits, mask));
    }

    @Test
    void evaluationOfActionsAlsoWhereNothingIsLegal() {
        Tape tape = bench.tape();
        Tensor logits = tape.variable(3, 5);
        Tape.Evaluation evaluation = tape.evaluateActions(logits, bench.ints(0b10110, 0b00100, 0), bench.ints(4, 2, 3));
        check(tape, List.of(logits), evaluation.logProbability(), evaluation.entropy());
        assertThat(read(evaluation.logProbability().value())[2]).isZero();
        assertThat(read(evaluation.entropy().value())[2]).isZero();
    }

    @Test
    void gradientsOfActivationsShareMemoryAlongAChain() {
        Tape tape = bench.tape();
        Tensor x = tape.variable(1, 1000);
        Tensor y = x;
        for (int i = 0; i < 20; i++) {
            y = tape.tanh(y);
        }
        tape.seed(y);
        tape.finish().prepareBackward();

        long image = 1008L * Double.BYTES;
        assertThat(device.memory().bytesByOwner().get("activations")).isEqualTo(21 * image);
        assertThat(device.memory().bytesByOwner().get("activation gradients")).isLessThanOrEqualTo(5 * image);
    }

    @Test
    void misuseIsRefusedWithAReason() {
        Tape tape = bench.tape();
        Tensor x = tape.variable(2, 3, 3, 2);
        Tensor input = tape.input(2, 3, 3, 2);
        RunningStatistics running =
                new RunningStatistics(bench.reals(0, 0), bench.reals(1, 1), 1e-5, new NormalizationMode());

        assertThatIllegalArgumentException()
                .isThrownBy(() -> tape.batchNorm(x, parameter(2), parameter(2), running, x, true))
                .withMessageContaining("another tensor");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tape.batchNorm(input, parameter(2), parameter(2), running, null, true))
                .withMessageContaining("variable");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> tape.add(x, tape.input(2, 3)))
                .withMessageContaining("[2, 3]");
        assertThatIllegalArgumentException().isThrownBy(() -> tape.seed(input));
        assertThatIllegalStateException().isThrownBy(x::value).withMessageContaining("finished");
        assertThatIllegalStateException().isThrownBy(tape::forward);
        assertThatIllegalStateException().isThrownBy(tape::backward);
        tape.finish();
        assertThatIllegalStateException().isThrownBy(() -> tape.relu(x));
    }
}
