package keisei.nn;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import keisei.device.DType;
import keisei.device.Device;
import keisei.device.DeviceBuffer;
import keisei.device.Slice;
import keisei.device.cpu.CpuDevice;
import keisei.device.cuda.CudaOptions;
import keisei.device.cuda.SoftwareCuda;
import keisei.env.ActionSpace;
import keisei.env.ActionSpaces;
import keisei.env.FeatureSpec;
import keisei.env.ObservationView;
import keisei.env.ObservationWriter;
import keisei.random.RandomStream;
import keisei.shogi.Game;
import keisei.shogi.GameRules;
import keisei.shogi.Variant;
import keisei.tensor.HostTransfer;
import org.junit.jupiter.api.Test;

/**
 * Half precision gives what float32 gives, as closely as KataGo asks of its half precision: over many positions the 99th
 * percentile of the difference of values is at most 0.02, that of the best move's probability 0.025.
 */
class HalfPrecisionTest {
    private static final int POSITIONS = 1000;
    private static final Variant VARIANT = Variant.MINISHOGI;
    private static final int MOST_PLIES = 200;

    private final FeatureSpec features = FeatureSpec.of("core46", VARIANT, MOST_PLIES);
    private final ActionSpace actions = ActionSpaces.byName("compact", VARIANT);
    private final ObservationWriter writer = new ObservationWriter(VARIANT, actions, ObservationView.RELATIVE);
    private final byte[] packed = new byte[POSITIONS * writer.recordBytes()];
    private final int[] masks = new int[POSITIONS * writer.maskWords()];

    private record Outputs(double[] values, double[] logProbabilities) {}

    @Test
    void valuesAndTheBestMovesProbabilityAgreeWithFloat32() {
        playRandomGames();
        Outputs full;
        try (Device cpu = new CpuDevice(2)) {
            full = outputs(cpu);
        }
        Outputs half;
        try (Device cuda = SoftwareCuda.open(options -> options.withPrecision(CudaOptions.Precision.F16))) {
            half = outputs(cuda);
        }

        double[] values = new double[POSITIONS];
        double[] probabilities = new double[POSITIONS];
        int count = actions.totalActions();
        for (int i = 0; i < POSITIONS; i++) {
            values[i] = Math.abs(full.values[i] - half.values[i]);
            int best = i * count;
            for (int a = i * count; a < (i + 1) * count; a++) {
                best = full.logProbabilities[a] > full.logProbabilities[best] ? a : best;
            }
            probabilities[i] = Math.abs(Math.exp(full.logProbabilities[best]) - Math.exp(half.logProbabilities[best]));
        }
        assertThat(percentile99(values)).as("value").isLessThanOrEqualTo(0.02).isPositive();
        assertThat(percentile99(probabilities))
                .as("best move's probability")
                .isLessThanOrEqualTo(0.025)
                .isPositive();
    }

    private static double percentile99(double[] differences) {
        double[] sorted = differences.clone();
        Arrays.sort(sorted);
        return sorted[POSITIONS * 99 / 100];
    }

    private void playRandomGames() {
        RandomStream random = new RandomStream(8, 0);
        GameRules rules = GameRules.standard(VARIANT, MOST_PLIES);
        Game game = new Game(VARIANT, rules);
        MemorySegment records = MemorySegment.ofArray(packed);
        MemorySegment words = MemorySegment.ofArray(masks);
        for (int i = 0; i < POSITIONS; i++) {
            writer.write(game, i, records, words);
            game.play(game.legalMove(random.nextInt(game.legalMoveCount())));
            if (game.outcome().isOver()) {
                game.reset();
            }
        }
    }

    /** A trained network is more decided than a new one: the policy's first weights are scaled up to be so, too. */
    private Outputs outputs(Device device) {
        ModelSpec spec =
                new ModelSpec("resnet", features.planes(), VARIANT.size(), actions.totalActions(), 2, 16, 0.25);
        int planes = POSITIONS * spec.spatial() * spec.paddedChannels();
        try (ActorCriticResTower model = new ActorCriticResTower(spec, device, new RandomStream(9, 0));
                DeviceBuffer records = device.allocate(DType.U8, packed.length, "positions");
                DeviceBuffer words = device.allocate(DType.I32, masks.length, "masks");
                DeviceBuffer images = device.allocate(device.activationType(), planes, "planes");
                DeviceBuffer outputs =
                        device.allocate(device.realType(), 2 * POSITIONS * spec.actions() + POSITIONS, "outputs")) {
            PolicyInitialization.rescale(model, 8);
            device.write(records.all(), MemorySegment.ofArray(packed));
            device.write(words.all(), MemorySegment.ofArray(masks));
            device.rollout().expandPlanes(POSITIONS, features.program(), records.all(), images.all());
            Slice logits = outputs.all().range(0, POSITIONS * spec.actions());
            Slice logProbabilities = outputs.all().range(logits.length(), logits.length());
            Slice values = outputs.all().range(2 * logits.length(), POSITIONS);
            model.observeStatistics(POSITIONS, images.all(), 1);
            model.parametersChanged();
            model.forward(POSITIONS, images.all(), logits, values);
            device.policy().logSoftmax(POSITIONS, spec.actions(), logits, words.all(), logProbabilities);
            return new Outputs(HostTransfer.readDoubles(values), HostTransfer.readDoubles(logProbabilities));
        }
    }
}
