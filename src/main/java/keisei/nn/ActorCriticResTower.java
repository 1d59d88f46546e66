package keisei.nn;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import keisei.device.ConvolutionShape;
import keisei.device.Device;
import keisei.device.Slice;
import keisei.random.RandomStream;
import keisei.tensor.NormalizationMode;
import keisei.tensor.Tape;
import keisei.tensor.TapeMemory;
import keisei.tensor.Tensor;

/**
 * The residual tower: stem (3x3 convolution, BN, ReLU); blocks; a policy head to A logits; a value head to one
 * unbounded number. All convolutions and linear layers have a bias. Input planes are padded to a multiple of 8
 * channels; the padding of planes must be 0, then the stem's padded weights keep gradient 0 and value 0.
 *
 * <p>Inference folds batch norms into the convolutions and keeps two or three images; training passes record tapes
 * that share one {@link TapeMemory}. Make the pass of the largest batch first: smaller ones then cost nothing.
 */
public final class ActorCriticResTower implements ActorCritic {
    private final ModelSpec spec;
    private final Device device;
    private final ParameterStore store;
    private final NormalizationMode mode = new NormalizationMode();
    private final List<AutoCloseable> owned = new ArrayList<>();
    private final List<ResidualBlock> blocks = new ArrayList<>();
    private final NormalizedConvolution stem;
    private final OutputHead policy;
    private final OutputHead value;
    private final TapeMemory memory;
    private final Map<Integer, TowerPass> passes = new TreeMap<>();
    private Normalization normalization = Normalization.RUNNING;
    private final List<InferenceMemory> inference = new ArrayList<>();
    private final boolean spatialPolicy;

    /**
     * Builds and initialises a tower.
     *
     * @param random draws the first parameters
     * @throws keisei.device.DeviceMemoryException when the device has too little memory; nothing stays allocated
     */
    public ActorCriticResTower(ModelSpec spec, Device device, RandomStream random) {
        this(spec, device, random, false);
    }

    /**
     * Builds a tower whose policy head is a convolution with weights shared by all squares, for action spaces with the
     * same number of actions for each square; otherwise as the constructor.
     *
     * @throws IllegalArgumentException when the action space is not such a one
     */
    public static ActorCriticResTower withSpatialPolicy(ModelSpec spec, Device device, RandomStream random) {
        return new ActorCriticResTower(spec, device, random, true);
    }

    private ActorCriticResTower(ModelSpec spec, Device device, RandomStream random, boolean spatialPolicy) {
        this.spec = spec;
        this.device = device;
        this.memory = new TapeMemory(device);
        this.spatialPolicy = spatialPolicy;
        ConvolutionShape stemShape = shape(spec, spec.paddedChannels());
        ConvolutionShape blockShape = shape(spec, spec.towerWidth());
        boolean complete = false;
        try {
            store = own(declare(spec, spatialPolicy).build(device));
            stem = own(new NormalizedConvolution(device, store, "stem.conv", "stem.bn", stemShape, mode));
            for (int i = 0; i < spec.towerDepth(); i++) {
                blocks.add(own(new ResidualBlock(device, store, "blocks." + i, blockShape, spec.seHidden(), mode)));
            }
            policy = own(
                    spatialPolicy
                            ? new SpatialPolicyHead(device, store, "policy", spec, mode)
                            : new TowerHead(device, store, "policy", spec, spec.actions(), mode));
            value = own(new TowerHead(device, store, "value", spec, 1, mode));
            TowerInitialization.initialize(store, random);
            complete = true;
        } finally {
            if (!complete) {
                closeOwned();
            }
        }
    }

    private static ConvolutionShape shape(ModelSpec spec, int inChannels) {
        return new ConvolutionShape(spec.boardSize(), spec.boardSize(), inChannels, spec.towerWidth(), 3);
    }

    /** Names and shapes of all parameters and statistics, in the order of a PyTorch state dict. */
    static ParameterStore.Builder declare(ModelSpec spec, boolean spatialPolicy) {
        ParameterStore.Builder builder = new ParameterStore.Builder();
        NormalizedConvolution.declare(
                builder, "stem.conv", "stem.bn", spec.inputChannels(), shape(spec, spec.paddedChannels()));
        for (int i = 0; i < spec.towerDepth(); i++) {
            ResidualBlock.declare(builder, "blocks." + i, shape(spec, spec.towerWidth()), spec.seHidden());
        }
        if (spatialPolicy) {
            SpatialPolicyHead.declare(builder, "policy", spec);
        } else {
            TowerHead.declare(builder, "policy", spec, spec.actions());
        }
        TowerHead.declare(builder, "value", spec, 1);
        return builder;
    }

    private <T extends AutoCloseable> T own(T resource) {
        owned.add(resource);
        return resource;
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
        memoryFor(batch);
    }

    private InferenceMemory memoryFor(int batch) {
        checkBatch(batch);
        for (InferenceMemory known : inference) {
            if (known.batch() >= batch) {
                return known;
            }
        }
        InferenceMemory larger = new InferenceMemory(device, spec, batch, TowerHead.CHANNELS, spatialPolicy);
        inference.add(larger);
        return larger;
    }

    private static void checkBatch(int batch) {
        if (batch < 1) {
            throw new IllegalArgumentException("batch " + batch + " must be at least 1");
        }
    }

    @Override
    public void forward(int batch, Slice planes, Slice logits, Slice values) {
        InferenceMemory scratch = memoryFor(batch);
        stem.infer(batch, planes, true, scratch.trunk());
        for (int i = 0; i < blocks.size(); i++) {
            blocks.get(i).infer(batch, scratch);
        }
        policy.infer(batch, scratch, logits);
        value.infer(batch, scratch, values);
    }

    @Override
    public TrainingPass trainingPass(int batch) {
        return pass(batch);
    }

    private TowerPass pass(int batch) {
        checkBatch(batch);
        TowerPass known = passes.get(batch);
        if (known != null) {
            return known;
        }
        Tape tape = new Tape(memory);
        Tensor planes = tape.input(batch, spec.boardSize(), spec.boardSize(), spec.paddedChannels());
        Tensor trunk = stem.record(tape, planes, null, true);
        for (ResidualBlock block : blocks) {
            trunk = block.record(tape, trunk);
        }
        Tensor logits = policy.record(tape, trunk);
        Tensor values = value.record(tape, trunk);
        tape.seed(logits);
        tape.seed(values);
        TowerPass made = new TowerPass(batch, tape.finish(), planes, logits, values, this::afterForward);
        passes.put(batch, made);
        return made;
    }

    /** A forward with batch statistics has moved the running ones. */
    private void afterForward() {
        if (mode.batchStatistics()) {
            statisticsChanged();
        }
    }

    @Override
    public void setNormalization(Normalization normalization) {
        this.normalization = normalization;
        switch (normalization) {
            case RUNNING -> mode.useRunning();
            case BATCH -> mode.useBatch(BatchNorm.MOMENTUM);
        }
    }

    @Override
    public void observeStatistics(int batch, Slice planes, double momentum) {
        TowerPass pass = pass(batch);
        Slice input = pass.planes();
        if (planes.buffer() != input.buffer() || planes.offset() != input.offset()) {
            device.elementwise().copy(planes.range(0, input.length()), input);
        }
        try {
            mode.useBatch(momentum);
            pass.forward();
        } finally {
            setNormalization(normalization);
        }
    }

    private void statisticsChanged() {
        stem.statisticsChanged();
        for (int i = 0; i < blocks.size(); i++) {
            blocks.get(i).statisticsChanged();
        }
        policy.statisticsChanged();
        value.statisticsChanged();
    }

    @Override
    public void parametersChanged() {
        stem.parametersChanged();
        for (int i = 0; i < blocks.size(); i++) {
            blocks.get(i).parametersChanged();
        }
        policy.parametersChanged();
        value.parametersChanged();
    }

    @Override
    public void refresh() {
        stem.refresh();
        for (int i = 0; i < blocks.size(); i++) {
            blocks.get(i).refresh();
        }
        policy.refresh();
        value.refresh();
    }

    @Override
    public void close() {
        memory.close();
        passes.clear();
        inference.forEach(InferenceMemory::close);
        inference.clear();
        closeOwned();
    }

    private void closeOwned() {
        for (AutoCloseable resource : owned.reversed()) {
            try {
                resource.close();
            } catch (RuntimeException failure) {
                throw failure;
            } catch (Exception failure) {
                throw new IllegalStateException("a part of the model did not close", failure);
            }
        }
    }
}
