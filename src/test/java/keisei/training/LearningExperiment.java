package keisei.training;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The learning experiment of docs/learning.md: the quick preset as it is, with the sign of GAE flipped, and without the
 * observation's rotation, several seeds each. A program, not a test: it takes five minutes a run on two cores.
 * Arguments: the variants (real, sign, rotation), then seeds, then any overrides (training.total_timesteps=300000).
 */
final class LearningExperiment {
    private static final Map<String, LearningRule> VARIANTS = new LinkedHashMap<>();

    static {
        VARIANTS.put("real", LearningRule.STANDARD);
        VARIANTS.put("sign", LearningRuns.FLIPPED_SIGN);
        VARIANTS.put("rotation", LearningRuns.NO_ROTATION);
    }

    private LearningExperiment() {}

    public static void main(String[] arguments) throws Exception {
        String[] overrides = Arrays.copyOfRange(arguments, 2, arguments.length);
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        for (String variant : arguments[0].split(",", -1)) {
            LearningRule rule = VARIANTS.get(variant);
            if (rule == null) {
                throw new IllegalArgumentException("variant " + variant + "; allowed: " + VARIANTS.keySet());
            }
            for (String seed : arguments[1].split(",", -1)) {
                Path directory = Files.createTempDirectory("keisei-learning");
                long start = System.nanoTime();
                TrainingSummary summary = LearningRuns.train(
                        LearningRuns.config(directory, Long.parseLong(seed), overrides),
                        rule,
                        new PrintWriter(java.io.Writer.nullWriter()));
                out.printf(
                        Locale.ROOT,
                        "### %s, seed %s, %.0f s%n%n%s%n",
                        variant,
                        seed,
                        (System.nanoTime() - start) / 1e9,
                        summary.format());
            }
        }
    }
}
