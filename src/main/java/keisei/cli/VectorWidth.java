package keisei.cli;

import jdk.incubator.vector.FloatVector;

/** The one class of the doctor that uses the Vector API; load it only when {@link VectorModule#isPresent}. */
final class VectorWidth {
    private VectorWidth() {}

    /** Preferred width of a vector in bits. */
    static int bits() {
        return FloatVector.SPECIES_PREFERRED.vectorBitSize();
    }
}
