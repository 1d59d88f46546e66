package keisei.device.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * The vector width that all kernels of this package share: the widest that the processor prefers, at most 512 bits.
 * The system property {@code keisei.cpu.vectorBits} (128, 256 or 512) chooses another one, for comparisons.
 */
final class Lanes {
    /** The species of every float vector here. */
    static final VectorSpecies<Float> SPECIES = choose();

    /** Floats in a vector. */
    static final int COUNT = SPECIES.length();

    /** Columns of a packed matrix panel: two vectors, so that a broadcast operand serves two multiplications. */
    static final int PANEL = 2 * COUNT;

    private Lanes() {}

    private static VectorSpecies<Float> choose() {
        int bits = Integer.getInteger("keisei.cpu.vectorBits", FloatVector.SPECIES_PREFERRED.vectorBitSize());
        return bits >= 512 ? FloatVector.SPECIES_512 : bits >= 256 ? FloatVector.SPECIES_256 : FloatVector.SPECIES_128;
    }

    /** The smallest multiple of {@code unit} that is at least {@code n}. */
    static int roundUp(int n, int unit) {
        return (n + unit - 1) / unit * unit;
    }

    /** The array itself, or a longer one when it is too short; the contents are scratch. */
    static float[] grown(float[] array, int length) {
        return array.length >= length ? array : new float[length];
    }
}
