package keisei.evaluation;

import java.lang.foreign.MemorySegment;
import keisei.device.Device;
import keisei.device.Slice;
import keisei.env.ActionSpace;
import keisei.env.FeatureSpec;
import keisei.nn.ActorCritic;
import keisei.nn.ModelSpec;
import keisei.nn.Normalization;
import keisei.nn.ParameterStore;
import keisei.nn.TrainingPass;
import keisei.shogi.Move;

/**
 * A policy made by hand that sees nothing but feature planes and likes every action whose target square shows an
 * opponent's piece: it captures whenever it can, if planes, masks and actions agree about where things are.
 */
final class CapturingPolicy implements ActorCritic {
    private static final int FIRST_OPPONENT_PLANE = 14;
    private static final int OPPONENT_PLANES = 14;
    private static final float LIKED = 20;

    private final Device device;
    private final FeatureSpec features;
    private final ActionSpace actions;
    private int forwards;

    CapturingPolicy(Device device, FeatureSpec features, ActionSpace actions) {
        this.device = device;
        this.features = features;
        this.actions = actions;
    }

    int forwards() {
        return forwards;
    }

    @Override
    public ModelSpec spec() {
        return new ModelSpec(
                "capturing", features.planes(), features.variant().size(), actions.totalActions(), 1, 1, null);
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public void forward(int batch, Slice planes, Slice logits, Slice value) {
        forwards++;
        int squares = features.variant().squares();
        int channels = features.channels();
        float[] image = new float[batch * squares * channels];
        device.read(planes, MemorySegment.ofArray(image));
        float[] out = new float[batch * actions.totalActions()];
        for (int row = 0; row < batch; row++) {
            for (int action = 0; action < actions.totalActions(); action++) {
                int square = row * squares + Move.to(actions.decode(action));
                for (int plane = 0; plane < OPPONENT_PLANES; plane++) {
                    out[row * actions.totalActions() + action] +=
                            LIKED * image[square * channels + FIRST_OPPONENT_PLANE + plane];
                }
            }
        }
        device.write(logits, MemorySegment.ofArray(out));
    }

    @Override
    public void reserve(int batch) {
        // Nothing is kept between calls.
    }

    @Override
    public ParameterStore parameters() {
        throw new UnsupportedOperationException("made by hand");
    }

    @Override
    public TrainingPass trainingPass(int batch) {
        throw new UnsupportedOperationException("made by hand");
    }

    @Override
    public void setNormalization(Normalization mode) {
        throw new UnsupportedOperationException("made by hand");
    }

    @Override
    public void observeStatistics(int batch, Slice planes, double momentum) {
        throw new UnsupportedOperationException("made by hand");
    }

    @Override
    public void refresh() {
        // Whatever is stale is remade on next use.
    }

    @Override
    public void parametersChanged() {
        throw new UnsupportedOperationException("made by hand");
    }

    @Override
    public void close() {
        // Owns nothing.
    }
}
