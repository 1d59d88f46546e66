package keisei.device;

import static keisei.device.Conformance.cases;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Masked policies and the PPO loss. */
interface PolicyConformance extends Conformance {
    /**
     * A mask with its legal actions.
     *
     * @param words as the kernels want them
     * @param chosen one legal action a row, 0 where there is none
     */
    record Mask(int[] words, int[] chosen) {
        /** Row 0 has no legal action, row 1 one, row 2 all; the others are random. */
        static Mask random(int batch, int actions, double density, Random random) {
            int perRow = (actions + 31) / 32;
            int[] words = new int[batch * perRow];
            int[] chosen = new int[batch];
            for (int row = 0; row < batch; row++) {
                int only = random.nextInt(actions);
                int seen = 0;
                for (int a = 0; a < actions; a++) {
                    boolean legal = switch (row) {
                        case 0 -> false;
                        case 1 -> a == only;
                        case 2 -> true;
                        default -> a == only || random.nextDouble() < density;
                    };
                    if (legal) {
                        words[row * perRow + a / 32] |= 1 << (a % 32);
                        seen++;
                        if (random.nextInt(seen) == 0) {
                            chosen[row] = a;
                        }
                    }
                }
            }
            return new Mask(words, chosen);
        }
    }

    private void policiesAgree(int batch, int actions, double density, double spread, long seed) {
        Mask legal = Mask.random(batch, actions, density, new Random(seed));
        String what = "policy, batch %d, %d actions, spread %s".formatted(batch, actions, spread);
        agrees(what, tolerance(), seed, trial -> {
            PolicyKernels kernels = trial.device().policy();
            int size = batch * actions;
            Slice logits = trial.normal("logits", size, 0, spread);
            Slice mask = trial.ints("mask", legal.words());
            Slice chosen = trial.ints("chosen", legal.chosen());
            Slice out = trial.output("log softmax", size);
            kernels.logSoftmax(batch, actions, logits, mask, out);
            Slice dOut = trial.normal("dOut", size);
            kernels.logSoftmaxBackward(batch, actions, out, mask, dOut, trial.output("dLogits", size), false);
            kernels.logSoftmaxBackward(batch, actions, out, mask, dOut, trial.output("dLogits sum", size), true);
            Slice uniforms = trial.real("uniforms", uniforms(batch, seed));
            Slice sampled = trial.compared("sampled", trial.ints("sampled", new int[batch]));
            kernels.sample(batch, actions, logits, mask, uniforms, sampled, trial.output("sampled logp", batch));
            Slice best = trial.compared("best", trial.ints("best", new int[batch]));
            kernels.greedy(batch, actions, logits, mask, best, trial.output("best logp", batch));
            Slice logp = trial.output("logp", batch);
            kernels.evaluate(batch, actions, logits, mask, chosen, logp, trial.output("entropy", batch));
            Slice dLogp = trial.normal("dLogp", batch);
            Slice dEntropy = trial.normal("dEntropy", batch);
            kernels.evaluateBackward(
                    batch, actions, logits, mask, chosen, dLogp, dEntropy, trial.output("d", size), false);
            kernels.evaluateBackward(
                    batch, actions, logits, mask, chosen, dLogp, dEntropy, trial.output("d sum", size), true);
        });
    }

    private static double[] uniforms(int batch, long seed) {
        Random random = new Random(seed);
        double[] values = new double[batch];
        for (int i = 0; i < batch; i++) {
            values[i] = i == 3 ? 0 : i == 4 ? Math.nextDown(1f) : random.nextFloat();
        }
        return values;
    }

    @Test
    default void policiesOfRandomShapesAgreeWithFloat64() {
        cases(
                12,
                60,
                random -> policiesAgree(
                        1 + random.nextInt(20),
                        1 + random.nextInt(300),
                        random.nextDouble(),
                        0.1 + 4 * random.nextDouble(),
                        random.nextInt(1000)));
    }

    @Test
    default void policiesOverTheRealActionSpacesAgreeWithFloat64() {
        policiesAgree(7, 3781, 0.02, 2, 1);
        policiesAgree(6, 13527, 0.006, 2, 2);
        policiesAgree(6, 32, 0.5, 2, 3);
    }

    @Test
    default void extremeLogitsAgreeWithFloat64() {
        agrees("extreme logits", tolerance(), 1, trial -> {
            Slice logits = trial.real("logits", 500, 1, 2, 3, 60, -60, 0, 0, 400, -400, 800, 799, 5, 5, 5, 4);
            Slice mask = trial.ints("mask", 0b1110, 0b0011, 0b1111, 0b0111);
            PolicyKernels kernels = trial.device().policy();
            kernels.logSoftmax(4, 4, logits, mask, trial.output("log softmax", 16));
            Slice best = trial.compared("best", trial.ints("best", 9, 9, 9, 9));
            kernels.greedy(4, 4, logits, mask, best, trial.output("best logp", 4));
            Slice entropy = trial.output("entropy", 4);
            kernels.evaluate(4, 4, logits, mask, best, trial.output("logp", 4), entropy);
        });
    }

    @Test
    default void thePpoLossAgreesWithFloat64() {
        cases(16, 70, random -> {
            int batch = 1 + random.nextInt(40);
            int actions = 8 + random.nextInt(200);
            boolean clipValue = random.nextBoolean();
            Mask legal = Mask.random(batch, actions, 10.0 / actions, random);
            PpoLossSettings settings =
                    new PpoLossSettings(0.2, 0.5, random.nextBoolean() ? 0.01 : 0, clipValue, random.nextInt(4) > 0);
            String what = "PPO loss, batch %d, %d actions, %s".formatted(batch, actions, settings);
            agrees(
                    what,
                    tolerance(),
                    actions,
                    trial -> trial.device()
                            .ppoLoss()
                            .lossAndGradient(
                                    batch,
                                    actions,
                                    settings,
                                    trial.normal("logits", batch * actions, 0, 0.5),
                                    trial.ints("mask", legal.words()),
                                    trial.ints("action", legal.chosen()),
                                    trial.normal("old logp", batch, -2.4, 0.4),
                                    trial.normal("advantage", batch),
                                    trial.normal("value", batch, 0, 0.3),
                                    trial.normal("old value", batch, 0, 0.3),
                                    trial.normal("returns", batch, 0, 0.3),
                                    trial.real("loss scale", 1024),
                                    trial.output("dLogits", batch * actions),
                                    trial.output("dValue", batch),
                                    trial.output("metrics", PpoLossKernels.METRICS)));
        });
    }

    @Test
    default void theValueLossAgreesWhereBothBranchesAreEqual() {
        agrees(
                "equal branches",
                tolerance(),
                1,
                trial -> trial.device()
                        .ppoLoss()
                        .lossAndGradient(
                                4,
                                2,
                                new PpoLossSettings(0.25, 1, 0, true),
                                trial.real("logits", 0, 0, 0, 0, 0, 0, 0, 0),
                                trial.ints("mask", 3, 3, 3, 3),
                                trial.ints("action", 0, 0, 1, 1),
                                trial.real("old logp", (float) Math.log(0.5), -1, -2, 0),
                                trial.real("advantage", 1, -1, 0, 2),
                                trial.real("value", 0.5, 1, 0.125, -1),
                                trial.real("old value", 0.5, 0, 0.25, 0),
                                trial.real("returns", 0, 0, 0, 0),
                                null,
                                trial.output("dLogits", 8),
                                trial.output("dValue", 4),
                                trial.output("metrics", PpoLossKernels.METRICS)));
    }
}
