package keisei.device;

/** Element types of device memory. All are little-endian where they leave the device. */
public enum DType {
    /** IEEE 754 binary64; the reference device computes in it. */
    F64(8),
    /** IEEE 754 binary32; master weights, statistics and losses on every production device. */
    F32(4),
    /** IEEE 754 binary16; activations of mixed-precision devices. */
    F16(2),
    /** Signed 32-bit integers: indices, actions, and legal-move masks as words of 32 bits. */
    I32(4),
    /** Unsigned bytes: packed positions, flags. */
    U8(1);

    private final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /** Size of one element in bytes. */
    public int bytes() {
        return bytes;
    }

    /** Whether elements are floating-point numbers. */
    public boolean isReal() {
        return this == F64 || this == F32 || this == F16;
    }
}
