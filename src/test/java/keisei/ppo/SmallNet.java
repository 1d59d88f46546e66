package keisei.ppo;

import java.util.ArrayList;
import java.util.List;
import keisei.device.Activation;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.PreparedWeights;
import keisei.device.Slice;
import keisei.nn.ActorCritic;
import keisei.nn.ModelSpec;
import keisei.nn.Normalization;
import keisei.nn.ParameterStore;
import keisei.nn.TrainingPass;
import keisei.random.RandomStream;

/**
 * The smallest network with everything PPO meets: batch norm of the input planes, a hidden linear layer with ReLU, a
 * policy and a value head. So the tests of this package need no tower.
 */
final class SmallNet implements ActorCritic {
    private static final int HIDDEN = 16;
    private static final double EPSILON = 1e-5;

    private final ModelSpec spec;
    private final Device device;
    private final ParameterStore store;
    private final int channels;
    private final int inputs;
    private final DeviceBuffer invStd;
    private final DeviceBuffer batchMean;
    private final DeviceBuffer batchVariance;
    private final PreparedWeights hiddenWeights;
    private final PreparedWeights policyWeights;
    private final PreparedWeights valueWeights;
    private final List<Pass> passes = new ArrayList<>();
    private Normalization normalization = Normalization.RUNNING;

    SmallNet(Device device, int planes, int boardSize, int actions, long seed) {
        this.spec = new ModelSpec("small", planes, boardSize, actions, 1, HIDDEN, null);
        this.device = device;
        this.channels = spec.paddedChannels();
        this.inputs = spec.spatial() * channels;
        store = new ParameterStore.Builder()
                .parameter("bn.weight", channels)
                .parameter("bn.bias", channels)
                .parameter("hidden.weight", HIDDEN, inputs)
                .parameter("hidden.bias", HIDDEN)
                .parameter("policy.weight", actions, HIDDEN)
                .parameter("policy.bias", actions)
                .parameter("value.weight", 1, HIDDEN)
                .parameter("value.bias", 1)
                .buffer("bn.running_mean", channels)
                .buffer("bn.running_var", channels)
                .build(device);
        invStd = device.allocate(device.realType(), channels, "small net");
        batchMean = device.allocate(device.realType(), channels, "small net");
        batchVariance = device.allocate(device.realType(), channels, "small net");
        device.elementwise().fill(store.value("bn.weight"), 1);
        device.elementwise().fill(store.value("bn.running_var"), 1);
        RandomStream random = new RandomStream(seed, 0);
        initialize("hidden.weight", inputs, random);
        initialize("policy.weight", HIDDEN, random);
        initialize("value.weight", HIDDEN, random);
        hiddenWeights = device.linear().prepare(inputs, HIDDEN, store.value("hidden.weight"));
        policyWeights = device.linear().prepare(HIDDEN, actions, store.value("policy.weight"));
        valueWeights = device.linear().prepare(HIDDEN, 1, store.value("value.weight"));
    }

    private void initialize(String name, int fanIn, RandomStream random) {
        Slice slice = store.value(name);
        double[] values = new double[slice.length()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (random.nextFloat() * 2 - 1) / Math.sqrt(fanIn);
        }
        Host.write(slice, values);
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public ParameterStore parameters() {
        return store;
    }

    @Override
    public void reserve(int batch) {
        pass(batch);
    }

    @Override
    public void forward(int batch, Slice planes, Slice logits, Slice value) {
        Pass pass = pass(batch);
        device.elementwise().copy(planes, pass.planes);
        pass.forward(false);
        device.elementwise().copy(pass.logits, logits);
        device.elementwise().copy(pass.value, value);
    }

    @Override
    public TrainingPass trainingPass(int batch) {
        return pass(batch);
    }

    @Override
    public void setNormalization(Normalization mode) {
        normalization = mode;
    }

    @Override
    public void observeStatistics(int batch, Slice planes, double momentum) {
        int rows = batch * spec.spatial();
        device.normalization().statistics(rows, channels, planes, batchMean.all(), batchVariance.all());
        device.normalization()
                .updateRunning(
                        rows,
                        momentum,
                        batchMean.all(),
                        batchVariance.all(),
                        store.value("bn.running_mean"),
                        store.value("bn.running_var"));
    }

    @Override
    public void refresh() {
        // Whatever is stale is remade on next use.
    }

    @Override
    public void parametersChanged() {
        hiddenWeights.invalidate();
        policyWeights.invalidate();
        valueWeights.invalidate();
    }

    @Override
    public void close() {
        passes.forEach(Pass::close);
        hiddenWeights.close();
        policyWeights.close();
        valueWeights.close();
        invStd.close();
        batchMean.close();
        batchVariance.close();
        store.close();
    }

    private Pass pass(int batch) {
        for (Pass pass : passes) {
            if (pass.batch == batch) {
                return pass;
            }
        }
        Pass made = new Pass(batch);
        passes.add(made);
        return made;
    }

    private final class Pass implements TrainingPass {
        private final int batch;
        private final DeviceAllocations memory = new DeviceAllocations(device, "small net");
        private final Slice planes;
        private final Slice normalized;
        private final Slice hidden;
        private final Slice logits;
        private final Slice value;
        private final Slice dNormalized;
        private final Slice dPlanes;
        private final Slice dHidden;
        private final Slice dLogits;
        private final Slice dValue;

        Pass(int batch) {
            this.batch = batch;
            planes = reals(inputs);
            normalized = reals(inputs);
            hidden = reals(HIDDEN);
            logits = reals(spec.actions());
            value = reals(1);
            dNormalized = reals(inputs);
            dPlanes = reals(inputs);
            dHidden = reals(HIDDEN);
            dLogits = reals(spec.actions());
            dValue = reals(1);
        }

        private Slice reals(int each) {
            return memory.allocate(device.realType(), batch, each, "activations")
                    .all();
        }

        @Override
        public int batch() {
            return batch;
        }

        @Override
        public Slice planes() {
            return planes;
        }

        @Override
        public Slice logits() {
            return logits;
        }

        @Override
        public Slice value() {
            return value;
        }

        @Override
        public Slice dLogits() {
            return dLogits;
        }

        @Override
        public Slice dValue() {
            return dValue;
        }

        @Override
        public void forward() {
            forward(normalization == Normalization.BATCH);
        }

        private void forward(boolean batchStatistics) {
            int rows = batch * spec.spatial();
            var kernels = device.normalization();
            if (batchStatistics) {
                observeStatistics(batch, planes, 0.1);
            }
            Slice mean = batchStatistics ? batchMean.all() : store.value("bn.running_mean");
            Slice variance = batchStatistics ? batchVariance.all() : store.value("bn.running_var");
            kernels.inverseDeviation(variance, EPSILON, invStd.all());
            kernels.forward(
                    rows,
                    channels,
                    planes,
                    mean,
                    invStd.all(),
                    store.value("bn.weight"),
                    store.value("bn.bias"),
                    null,
                    false,
                    normalized);
            device.linear().forward(hiddenWeights, batch, normalized, store.value("hidden.bias"), hidden);
            device.elementwise().activate(Activation.RELU, hidden, hidden);
            device.linear().forward(policyWeights, batch, hidden, store.value("policy.bias"), logits);
            device.linear().forward(valueWeights, batch, hidden, store.value("value.bias"), value);
        }

        @Override
        public void backward() {
            boolean batchStatistics = normalization == Normalization.BATCH;
            var linear = device.linear();
            linear.backwardData(policyWeights, batch, dLogits, dHidden, false);
            linear.backwardData(valueWeights, batch, dValue, dHidden, true);
            linear.backwardWeights(
                    HIDDEN,
                    spec.actions(),
                    batch,
                    hidden,
                    dLogits,
                    store.gradient("policy.weight"),
                    store.gradient("policy.bias"));
            linear.backwardWeights(
                    HIDDEN, 1, batch, hidden, dValue, store.gradient("value.weight"), store.gradient("value.bias"));
            device.elementwise().activateBackward(Activation.RELU, hidden, dHidden, dHidden, false);
            linear.backwardWeights(
                    inputs,
                    HIDDEN,
                    batch,
                    normalized,
                    dHidden,
                    store.gradient("hidden.weight"),
                    store.gradient("hidden.bias"));
            linear.backwardData(hiddenWeights, batch, dHidden, dNormalized, false);
            device.normalization()
                    .backward(
                            batch * spec.spatial(),
                            channels,
                            batchStatistics,
                            planes,
                            normalized,
                            dNormalized,
                            batchStatistics ? batchMean.all() : store.value("bn.running_mean"),
                            invStd.all(),
                            store.value("bn.weight"),
                            false,
                            dPlanes,
                            false,
                            store.gradient("bn.weight"),
                            store.gradient("bn.bias"),
                            null,
                            false);
        }

        private void close() {
            memory.close();
        }
    }
}
