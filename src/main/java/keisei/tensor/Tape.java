package keisei.tensor;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import keisei.device.Activation;
import keisei.device.ConvolutionShape;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import org.jspecify.annotations.Nullable;

/**
 * A sequence of operations that is recorded once and then run as often as one likes, forward and backward, without
 * allocating anything. Record operations, name the tensors whose gradients the caller will supply with {@link #seed},
 * then {@link #finish()}. A tensor may be used by several operations; their gradients add up. Gradients of parameters
 * accumulate until the caller clears them; all others are made anew by each {@link #backward()}.
 *
 * <p>Owns nothing: memory is the {@link TapeMemory}'s and the parameters' owner's. Not thread-safe.
 */
public final class Tape {
    private final Device device;
    private final TapeMemory memory;
    private final List<Operation> operations = new ArrayList<>();
    private final List<Tensor> activations = new ArrayList<>();
    private final List<Tensor> outputs = new ArrayList<>();
    private final List<Tensor> workspaces = new ArrayList<>();
    private final List<Tensor> seeds = new ArrayList<>();
    private final Set<Tensor> leaves = new HashSet<>();
    private boolean finished;
    private Operation[] forwardSteps = {};
    private Operation @Nullable [] backwardSteps;
    private Slice[] zeroed = {};

    /** An empty tape. */
    public Tape(TapeMemory memory) {
        this.memory = memory;
        this.device = memory.device();
    }

    Device device() {
        return device;
    }

    /** A leaf that the caller fills and that gets no gradient. */
    public Tensor input(Integer... shape) {
        return leaf(false, shape);
    }

    /** A leaf that the caller fills and that gets a gradient. */
    public Tensor variable(Integer... shape) {
        return leaf(true, shape);
    }

    /** A {@link #variable} of the device's real type: logits that no layer of this tape makes. */
    public Tensor realVariable(Integer... shape) {
        Tensor tensor = newOutput(true, List.of(shape));
        leaves.add(tensor);
        return tensor;
    }

    private Tensor leaf(boolean needsGradient, Integer... shape) {
        Tensor tensor = newActivation(needsGradient, List.of(shape));
        leaves.add(tensor);
        return tensor;
    }

    /**
     * {@code y[N, H, W, K] = conv(x[N, H, W, C]) + bias}.
     *
     * @param prepared made from {@code weight} for {@code shape}; the caller's
     * @param weight {@code [K, R, S, C]}
     * @param bias {@code [K]}
     */
    public Tensor convolution(
            Tensor x, ConvolutionShape shape, PreparedWeights prepared, Tensor weight, @Nullable Tensor bias) {
        expect("convolution", x, x.size(0), shape.height(), shape.width(), shape.inChannels());
        Tensor y = newActivation(true, List.of(x.size(0), shape.height(), shape.width(), shape.outChannels()));
        return record(new ConvolutionOperation(device, shape, prepared, x, weight, bias, y), y);
    }

    /** {@code y[N, out] = x[N, in] W^T + b}, of the device's real type; weights {@code [out, in]}. */
    public Tensor linear(Tensor x, PreparedWeights prepared, Tensor weight, @Nullable Tensor bias) {
        expect("linear layer", x, x.size(0), weight.size(1));
        Tensor y = newOutput(true, List.of(x.size(0), weight.size(0)));
        return record(new LinearOperation(device, prepared, x, weight, bias, y), y);
    }

    /**
     * {@code y = f(gamma * (x - mean) * invStd + beta + residual)} over the last axis as channels, f = ReLU or
     * identity.
     *
     * @param statistics which mean and deviation: looked up at each run
     * @throws IllegalArgumentException when {@code residual} is {@code x} itself
     */
    public Tensor batchNorm(
            Tensor x,
            Tensor gamma,
            Tensor beta,
            RunningStatistics statistics,
            @Nullable Tensor residual,
            boolean relu) {
        expectGradient("batch norm", x);
        expectResidual("batch norm", x, residual);
        int channels = x.shape().getLast();
        Tensor mean = newWorkspace(channels);
        Tensor variance = newWorkspace(channels);
        Tensor invStd = newWorkspace(channels);
        Tensor y = newActivation(true, x.shape());
        return record(
                new BatchNormOperation(device, statistics, x, gamma, beta, residual, relu, mean, variance, invStd, y),
                y);
    }

    /**
     * Squeeze-and-excitation of {@code x[N, H, W, C]}, then residual and ReLU.
     *
     * @param w1 {@code [H, C]}
     * @param b1 {@code [H]}
     * @param w2 {@code [C, H]}
     * @param b2 {@code [C]}
     * @throws IllegalArgumentException when {@code residual} is {@code x} itself
     */
    public Tensor squeezeExcite(
            Tensor x, Tensor w1, Tensor b1, Tensor w2, Tensor b2, @Nullable Tensor residual, boolean relu) {
        expectGradient("squeeze-and-excitation", x);
        expectResidual("squeeze-and-excitation", x, residual);
        int batch = x.size(0);
        Tensor pooled = newWorkspace(batch * w1.size(1));
        Tensor hidden = newWorkspace(batch * w1.size(0));
        Tensor gate = newWorkspace(batch * w1.size(1));
        Tensor y = newActivation(true, x.shape());
        return record(
                new SqueezeExciteOperation(device, x, w1, b1, w2, b2, residual, relu, pooled, hidden, gate, y), y);
    }

    /** {@code x} in the device's real type: {@code x} itself where activations have it already. */
    public Tensor toReal(Tensor x) {
        if (x.isReal() || !splitsTypes()) {
            return x;
        }
        Tensor y = newOutput(x.needsGradient(), x.shape());
        return record(new ConversionOperation(device, x, y), y);
    }

    /** {@code max(x, 0)}. */
    public Tensor relu(Tensor x) {
        return activation(Activation.RELU, x);
    }

    /** {@code 1 / (1 + exp(-x))}. */
    public Tensor sigmoid(Tensor x) {
        return activation(Activation.SIGMOID, x);
    }

    /** Hyperbolic tangent. */
    public Tensor tanh(Tensor x) {
        return activation(Activation.TANH, x);
    }

    private Tensor activation(Activation f, Tensor x) {
        Tensor y = newLike(x, x.needsGradient());
        return record(new ActivationOperation(device, f, x, y), y);
    }

    /** {@code a + b}, of one shape; they may be the same tensor. */
    public Tensor add(Tensor a, Tensor b) {
        if (!a.shape().equals(b.shape())) {
            throw new IllegalArgumentException("add: shapes %s and %s differ".formatted(a.shape(), b.shape()));
        }
        if (splitsTypes() && a.isReal() != b.isReal()) {
            throw new IllegalArgumentException(
                    "add: one operand of shape %s is an activation, the other an output".formatted(a.shape()));
        }
        Tensor y = newLike(a, a.needsGradient() || b.needsGradient());
        return record(new AddOperation(device, a, b, y), y);
    }

    /** {@code [N, H, W, C]} to {@code [N, C * H * W]}, channels outermost: PyTorch's flatten of an NCHW image. */
    public Tensor flattenChannelMajor(Tensor x) {
        if (x.shape().size() != 4) {
            throw new IllegalArgumentException("flatten: shape %s is not [N, H, W, C]".formatted(x.shape()));
        }
        Tensor y = newActivation(x.needsGradient(), List.of(x.size(0), x.count() / x.size(0)));
        return record(new FlattenOperation(device, x, y), y);
    }

    /**
     * Log-probabilities {@code [N, A]} over legal actions, negative infinity elsewhere.
     *
     * @param mask I32 words as in {@link keisei.device.PolicyKernels}; read at each run
     */
    public Tensor maskedLogSoftmax(Tensor logits, Slice mask) {
        expectGradient("masked log-softmax", logits);
        Tensor y = newOutput(true, logits.shape());
        return record(new LogSoftmaxOperation(device, logits, mask, y), y);
    }

    /**
     * Log-probability of given actions, and entropy.
     *
     * @param mask I32 words as in {@link keisei.device.PolicyKernels}; read at each run
     * @param action {@code [N]} I32; read at each run
     */
    public Evaluation evaluateActions(Tensor logits, Slice mask, Slice action) {
        expectGradient("evaluation of actions", logits);
        Tensor logProbability = newOutput(true, List.of(logits.size(0)));
        Tensor entropy = newOutput(true, List.of(logits.size(0)));
        record(new EvaluationOperation(device, logits, mask, action, logProbability, entropy), logProbability);
        return new Evaluation(logProbability, entropy);
    }

    /**
     * Result of {@link #evaluateActions}.
     *
     * @param logProbability {@code [N]}
     * @param entropy {@code [N]}
     */
    public record Evaluation(Tensor logProbability, Tensor entropy) {}

    /** Says that the caller writes the gradient of this tensor before each {@link #backward()}. */
    public void seed(Tensor tensor) {
        checkOpen();
        if (!tensor.needsGradient() || tensor.isParameter()) {
            throw new IllegalArgumentException("tensor %s takes no gradient from outside".formatted(tensor.shape()));
        }
        seeds.add(tensor);
    }

    /** Ends the recording and gives the values their memory. Returns this. */
    public Tape finish() {
        checkOpen();
        finished = true;
        bindInParts(activations);
        if (!outputs.isEmpty()) {
            bind(outputs, memory.outputs(length(outputs)));
        }
        if (!workspaces.isEmpty()) {
            bind(workspaces, memory.workspaces(length(workspaces)));
        }
        forwardSteps = operations.toArray(Operation[]::new);
        return this;
    }

    /**
     * Gives the gradients their memory; done by the first {@link #backward()} unless the caller needs a gradient's
     * slice before. Later calls do nothing.
     *
     * @throws IllegalStateException before {@link #finish()}
     */
    public void prepareBackward() {
        if (!finished) {
            throw new IllegalStateException("the tape is still being recorded");
        }
        if (backwardSteps != null) {
            return;
        }
        GradientPlan plan = new GradientPlan(operations, seeds, leaves, splitsTypes());
        DeviceBuffer buffer = memory.gradients(Math.max(1, plan.length()));
        for (Map.Entry<Tensor, Long> placed : new HashMap<>(plan.offsets()).entrySet()) {
            Tensor tensor = placed.getKey();
            tensor.bindGradient(TapeMemory.slice(buffer, placed.getValue(), tensor.count()));
        }
        if (plan.outputLength() > 0) {
            DeviceBuffer outputBuffer = memory.outputGradients(plan.outputLength());
            plan.outputOffsets()
                    .forEach((tensor, offset) ->
                            tensor.bindGradient(TapeMemory.slice(outputBuffer, offset, tensor.count())));
        }
        zeroed = plan.zeroed().stream().map(Tensor::gradient).toArray(Slice[]::new);
        backwardSteps = plan.steps().toArray(Operation[]::new);
    }

    /** Computes all values from leaves and parameters. @throws IllegalStateException before {@link #finish()} */
    public void forward() {
        if (!finished) {
            throw new IllegalStateException("the tape is still being recorded");
        }
        for (Operation step : forwardSteps) {
            step.forward();
        }
    }

    /** From the seeded gradients to all others, with the values of the last {@link #forward()}. */
    public void backward() {
        prepareBackward();
        Operation[] steps = backwardSteps;
        if (steps == null) {
            return;
        }
        for (Slice gradient : zeroed) {
            device.elementwise().fill(gradient, 0);
        }
        for (Operation step : steps) {
            step.backward();
        }
    }

    private Tensor record(Operation operation, Tensor output) {
        operations.add(operation);
        return output;
    }

    private Tensor newActivation(boolean needsGradient, List<Integer> shape) {
        checkOpen();
        Tensor tensor = Tensor.activation(needsGradient, shape);
        activations.add(tensor);
        return tensor;
    }

    /** Whether activations and outputs are of different types and so lie in memory of their own. */
    private boolean splitsTypes() {
        return device.activationType() != device.realType();
    }

    private Tensor newOutput(boolean needsGradient, List<Integer> shape) {
        if (!splitsTypes()) {
            return newActivation(needsGradient, shape);
        }
        checkOpen();
        Tensor tensor = Tensor.real(needsGradient, shape);
        outputs.add(tensor);
        return tensor;
    }

    private Tensor newLike(Tensor x, boolean needsGradient) {
        return x.isReal() ? newOutput(needsGradient, x.shape()) : newActivation(needsGradient, x.shape());
    }

    private Tensor newWorkspace(int count) {
        Tensor tensor = Tensor.real(false, List.of(count));
        workspaces.add(tensor);
        return tensor;
    }

    /** As many tensors to a buffer as it can hold. */
    private void bindInParts(List<Tensor> tensors) {
        int part = 0;
        int from = 0;
        long elements = 0;
        for (int i = 0; i < tensors.size(); i++) {
            long size = GradientPlan.align(tensors.get(i).count());
            if (i > from && elements + size > memory.mostElements()) {
                bind(tensors.subList(from, i), memory.activations(part++, elements));
                from = i;
                elements = 0;
            }
            elements += size;
        }
        bind(tensors.subList(from, tensors.size()), memory.activations(part, elements));
    }

    private static long length(List<Tensor> tensors) {
        return tensors.stream()
                .mapToLong(tensor -> GradientPlan.align(tensor.count()))
                .sum();
    }

    private static void bind(List<Tensor> tensors, DeviceBuffer buffer) {
        long offset = 0;
        for (Tensor tensor : tensors) {
            tensor.bindValue(TapeMemory.slice(buffer, offset, tensor.count()));
            offset += GradientPlan.align(tensor.count());
        }
    }

    private void checkOpen() {
        if (finished) {
            throw new IllegalStateException("the tape is finished: nothing more can be recorded");
        }
    }

    private static void expect(String what, Tensor x, Integer... shape) {
        if (!x.shape().equals(List.of(shape))) {
            throw new IllegalArgumentException(
                    "%s: the input has shape %s, it must be %s".formatted(what, x.shape(), List.of(shape)));
        }
    }

    private static void expectGradient(String what, Tensor x) {
        if (!x.needsGradient()) {
            throw new IllegalArgumentException(what + ": the input must be a variable or depend on a parameter");
        }
    }

    private static void expectResidual(String what, Tensor x, @Nullable Tensor residual) {
        if (residual == null) {
            return;
        }
        if (residual == x || !residual.needsGradient() || !residual.shape().equals(x.shape())) {
            throw new IllegalArgumentException(
                    "%s: the residual (shape %s) must be another tensor of shape %s that needs a gradient"
                            .formatted(what, residual.shape(), x.shape()));
        }
    }
}
