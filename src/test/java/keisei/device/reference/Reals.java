package keisei.device.reference;

/**
 * The numbers of one operand, counted from its own start.
 *
 * @param half whether what is stored is rounded to half precision
 */
record Reals(double[] data, int offset, int length, boolean half) {
    static double rounded(double value) {
        return Float.float16ToFloat(Float.floatToFloat16((float) value));
    }

    double get(int index) {
        return data[offset + index];
    }

    void set(int index, double value) {
        data[offset + index] = half ? rounded(value) : value;
    }

    void add(int index, double value) {
        set(index, get(index) + value);
    }

    /** Overwrites, or adds when {@code accumulate}. */
    void put(int index, double value, boolean accumulate) {
        set(index, accumulate ? get(index) + value : value);
    }
}
