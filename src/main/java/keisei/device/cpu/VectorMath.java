package keisei.device.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** Functions of whole arrays. */
final class VectorMath {
    private static final VectorSpecies<Float> S = Lanes.SPECIES;
    private static final int L = Lanes.COUNT;
    private static final float LOG2_E = 1.44269504f;

    /** ln 2 in two parts: the first has few bits, so that its products with small integers are exact. */
    private static final float LN2_HIGH = 0.693359375f;

    private static final float LN2_LOW = (float) (Math.log(2) - 0.693359375);

    /** 1.5 * 2^23: adding it leaves an integer in the low bits of a float's significand. */
    private static final float ROUND = 12582912f;

    private static final float SMALLEST = -87.3f;
    private static final float LARGEST = 88f;

    private VectorMath() {}

    /**
     * {@code x[i] = exp(x[i])} for i below {@code n} rounded up to whole vectors, which the array must hold. Relative
     * error about 1e-7; exp(0) is 1 exactly, arguments below -87.3 give 0, above 88 exp(88), NaN stays NaN.
     *
     * <p>exp(x) = 2^m exp(r) with |r| at most ln(2)/2, where the Taylor polynomial of degree 7 errs by 6e-9.
     */
    static void exp(float[] x, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector argument = FloatVector.fromArray(S, x, i);
            FloatVector a = argument.max(SMALLEST).min(LARGEST);
            FloatVector shifted = a.fma(FloatVector.broadcast(S, LOG2_E), FloatVector.broadcast(S, ROUND));
            FloatVector m = shifted.sub(ROUND);
            FloatVector r = m.fma(FloatVector.broadcast(S, -LN2_HIGH), a);
            r = m.fma(FloatVector.broadcast(S, -LN2_LOW), r);
            FloatVector p = FloatVector.broadcast(S, 1f / 5040);
            p = p.fma(r, FloatVector.broadcast(S, 1f / 720));
            p = p.fma(r, FloatVector.broadcast(S, 1f / 120));
            p = p.fma(r, FloatVector.broadcast(S, 1f / 24));
            p = p.fma(r, FloatVector.broadcast(S, 1f / 6));
            p = p.fma(r, FloatVector.broadcast(S, 0.5f));
            p = p.fma(r, FloatVector.broadcast(S, 1f));
            p = p.fma(r, FloatVector.broadcast(S, 1f));
            IntVector exponent = shifted.reinterpretAsInts().add(127).lanewise(VectorOperators.LSHL, 23);
            p.mul(exponent.reinterpretAsFloats())
                    .blend(0f, argument.compare(VectorOperators.LT, SMALLEST))
                    .intoArray(x, i);
        }
    }

    /** {@code x[i] = 1 / (1 + exp(-x[i]))}, over the same range as {@link #exp}. */
    static void sigmoid(float[] x, int n) {
        for (int i = 0; i < n; i += L) {
            FloatVector.fromArray(S, x, i).neg().intoArray(x, i);
        }
        exp(x, n);
        for (int i = 0; i < n; i += L) {
            FloatVector.broadcast(S, 1f)
                    .div(FloatVector.fromArray(S, x, i).add(1f))
                    .intoArray(x, i);
        }
    }
}
