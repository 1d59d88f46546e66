package keisei.golden;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import keisei.device.DType;
import keisei.device.Device;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One case of the golden data: its inputs, its constants, and comparisons with its truth. It remembers what was
 * compared, so that a test can end with {@link #assertEveryResultWasCompared()}.
 */
public final class GoldenCase {
    private static final JsonNode MANIFEST = readManifest();
    private static final double F64_TOLERANCE = 1e-9;
    /** In half precision, of a tensor's largest magnitude. */
    private static final double HALF_TOLERANCE = 2e-2;
    /** How much worse than libtorch's own float32 a float32 engine may be. */
    private static final double F32_FACTOR = 8;

    private static final String TRUTH = ".f64.npy";

    private final String name;
    private final Rule rule;
    /** Float32 error of libtorch, by result ("out.y", "grad.x"). */
    private final Map<String, Double> float32Errors = new TreeMap<>();

    private final Set<String> compared = new TreeSet<>();

    /** Results at inputs that are rounded to half precision, in float64. */
    private final Map<String, double[]> roundedTruth;

    /**
     * Opens a case.
     *
     * @param name the directory
     * @param device the engine under test: decides the tolerance
     */
    public GoldenCase(String name, Device device) {
        this(name, Rule.of(name, device));
    }

    GoldenCase(String name, Rule rule) {
        this(name, rule, new TreeMap<>());
    }

    /** @param roundedTruth with {@link Rule#ROUNDED} filled by what is compared, with {@link Rule#HALF} read */
    GoldenCase(String name, Rule rule, Map<String, double[]> roundedTruth) {
        this.name = name;
        this.rule = rule;
        this.roundedTruth = roundedTruth;
        for (JsonNode file : MANIFEST.get("files")) {
            String path = file.get("file").asString();
            if (path.startsWith(name + "/") && path.endsWith(TRUTH)) {
                float32Errors.put(
                        path.substring(name.length() + 1, path.length() - TRUTH.length()),
                        file.get("torch_f32_rel_l2_err").asDouble());
            }
        }
        if (float32Errors.isEmpty()) {
            throw new IllegalArgumentException("there is no case '%s': %s".formatted(name, names()));
        }
    }

    private static JsonNode readManifest() {
        try (InputStream stream = GoldenCase.class.getResourceAsStream("/golden/manifest.json")) {
            if (stream == null) {
                throw new IllegalStateException("there is no resource /golden/manifest.json");
            }
            return JsonMapper.builder().build().readTree(stream.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All cases. */
    public static Set<String> names() {
        Set<String> names = new TreeSet<>();
        for (JsonNode entry : MANIFEST.get("cases")) {
            names.add(entry.get("case").asString());
        }
        return names;
    }

    /** A constant of the case's function: by name, or by position as "0", "1". */
    public double constant(String key) {
        for (JsonNode entry : MANIFEST.get("cases")) {
            if (entry.get("case").asString().equals(name)) {
                JsonNode constants = entry.get("constants");
                JsonNode value = constants.isArray() ? constants.get(Integer.parseInt(key)) : constants.get(key);
                if (value != null) {
                    return value.asDouble();
                }
            }
        }
        throw new IllegalArgumentException("case '%s' has no constant '%s'".formatted(name, key));
    }

    /** An input. */
    public Npy input(String input) {
        Npy array = Npy.resource("/golden/%s/in.%s.npy".formatted(name, input));
        return rule == Rule.HALF || rule == Rule.ROUNDED ? rounded(array) : array;
    }

    private static Npy rounded(Npy array) {
        double[] values = Arrays.stream(array.values())
                .map(value -> Float.float16ToFloat(Float.floatToFloat16((float) value)))
                .toArray();
        return new Npy(array.shape(), values);
    }

    /** Whether the case has such a result. */
    public boolean hasResult(String result) {
        return float32Errors.containsKey(result);
    }

    /** The truth of a result ("out.y", "grad.x"), without counting it as compared. */
    public Npy truth(String result) {
        if (!hasResult(result)) {
            throw new IllegalArgumentException(
                    "case '%s' has no result '%s': %s".formatted(name, result, float32Errors.keySet()));
        }
        Npy exact = Npy.resource("/golden/" + name + "/" + result + TRUTH);
        double[] rounded = rule == Rule.HALF ? roundedTruth.get(result) : null;
        return rounded == null ? exact : new Npy(exact.shape(), rounded);
    }

    /** Asserts that {@code actual}, in the order of the file, is the truth within the device's tolerance. */
    public void compare(String result, double... actual) {
        compareMultiple(result, 1, actual);
    }

    /** As {@link #compare} with {@code factor} times the truth: for sums of several gradients, or scaled ones. */
    public void compareMultiple(String result, double factor, double... actual) {
        if (rule == Rule.ROUNDED) {
            keep(result, actual);
            return;
        }
        double[] expected = truth(result).values().clone();
        for (int i = 0; i < expected.length; i++) {
            expected[i] *= factor;
        }
        assertThat(actual).as("%s %s: length", name, result).hasSameSizeAs(expected);
        if (isHalf()) {
            compareToLargest(result, actual, expected);
        } else {
            assertThat(distance(actual, expected))
                    .as("%s %s: relative L2 distance to float64", name, result)
                    .isLessThanOrEqualTo(tolerance(result));
        }
        compared.add(result);
    }

    /** Asserts that {@code actual} is within a relative L2 distance of the truth. */
    void compareDistance(String result, double tolerance, double... actual) {
        if (rule == Rule.ROUNDED) {
            keep(result, actual);
            return;
        }
        assertThat(distance(actual, truth(result).values()))
                .as("%s %s: relative L2 distance", name, result)
                .isLessThanOrEqualTo(tolerance);
        compared.add(result);
    }

    private void keep(String result, double... actual) {
        roundedTruth.put(result, actual.clone());
        compared.add(result);
    }

    private void compareToLargest(String result, double[] actual, double[] expected) {
        double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        for (int i = 0; i < expected.length; i++) {
            if (isIllConditioned(result, i)) {
                continue;
            }
            if (!(Math.abs(actual[i] - expected[i]) <= HALF_TOLERANCE * largest)) {
                throw new AssertionError("%s %s, element %d: %s, truth %s; allowed distance %s of the largest, %s"
                        .formatted(name, result, i, actual[i], expected[i], HALF_TOLERANCE, largest));
            }
        }
    }

    /** Channel 4 of bn_train has a mean a thousand times its deviation: half precision cannot hold its inputs. */
    private boolean isIllConditioned(String result, int index) {
        if (!name.equals("bn_train")) {
            return false;
        }
        int[] shape = truth(result).shape();
        int channels = shape.length > 1 ? shape[1] : shape[0];
        int spatial = shape.length > 2 ? shape[2] * shape[3] : 1;
        return index / spatial % channels == 4;
    }

    /** Whether the case is that of half precision, with its tolerance, or its truth is being made. */
    boolean isHalf() {
        return rule == Rule.HALF || rule == Rule.ROUNDED;
    }

    /** Says that results with other prefixes are not part of the case on this device. */
    void leaveOutAllBut(String... prefixes) {
        for (String result : float32Errors.keySet()) {
            if (Arrays.stream(prefixes).noneMatch(result::startsWith)) {
                compared.add(result);
            }
        }
    }

    /** Asserts that no element of {@code actual} is further than {@code tolerance} from the truth. */
    public void compareAbsolute(String result, double tolerance, double... actual) {
        if (rule == Rule.ROUNDED) {
            keep(result, actual);
            return;
        }
        double[] expected = truth(result).values();
        assertThat(actual).as("%s %s: length", name, result).hasSameSizeAs(expected);
        double worst = 0;
        for (int i = 0; i < expected.length; i++) {
            double difference = Math.abs(actual[i] - expected[i]);
            worst = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(worst, difference);
        }
        assertThat(worst).as("%s %s: largest distance to float64", name, result).isLessThanOrEqualTo(tolerance);
        compared.add(result);
    }

    /** Relative L2 distance allowed for a result. */
    public double tolerance(String result) {
        Double error = float32Errors.get(result);
        if (error == null) {
            throw new IllegalArgumentException("case '%s' has no result '%s'".formatted(name, result));
        }
        return rule == Rule.FLOAT64 ? F64_TOLERANCE : Math.max(F32_FACTOR * error, rule.floor);
    }

    /**
     * {@code |actual - expected| / |expected|} in L2; absolute where the expected norm is 0. Infinite elements have to
     * be equal: otherwise, and where a NaN is found, the distance is infinite.
     */
    static double distance(double[] actual, double[] expected) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            if (Double.isInfinite(expected[i]) && actual[i] == expected[i]) {
                continue;
            }
            if (!Double.isFinite(actual[i]) || !Double.isFinite(expected[i])) {
                return Double.POSITIVE_INFINITY;
            }
            difference += (actual[i] - expected[i]) * (actual[i] - expected[i]);
            norm += expected[i] * expected[i];
        }
        return Math.sqrt(norm == 0 ? difference : difference / norm);
    }

    /** Asserts that no result of the case was left out. */
    public void assertEveryResultWasCompared() {
        assertThat(compared).as("compared results of %s", name).isEqualTo(float32Errors.keySet());
    }

    /** How close is close enough. */
    enum Rule {
        FLOAT64(0),
        /** Nothing is compared: float64 at rounded inputs becomes the truth of {@link #HALF}. */
        ROUNDED(0),
        /** Winograd convolutions on the CPU in float32. */
        FLOAT32_CPU(2e-6),
        /** Sums in an order of a GPU's own. */
        FLOAT32_GPU(2e-5),
        HALF(0);

        /** Least relative L2 distance that is allowed in float32. */
        private final double floor;

        Rule(double floor) {
            this.floor = floor;
        }

        /** What is computed in float32 by design keeps float32's rule on a device of half precision. */
        static Rule of(String name, Device device) {
            if (device.realType() == DType.F64) {
                return FLOAT64;
            }
            boolean alwaysFloat32 = name.startsWith("masked_") || name.startsWith("adam") || name.startsWith("clip_");
            if (device.activationType() == DType.F16 && !alwaysFloat32) {
                return HALF;
            }
            return device.name().startsWith("cuda") ? FLOAT32_GPU : FLOAT32_CPU;
        }
    }
}
