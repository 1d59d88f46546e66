package keisei.device.reference;

/** The numbers of one operand, counted from its own start. */
record Reals(double[] data, int offset, int length) {
    double get(int index) {
        return data[offset + index];
    }

    void set(int index, double value) {
        data[offset + index] = value;
    }

    void add(int index, double value) {
        data[offset + index] += value;
    }

    /** Overwrites, or adds when {@code accumulate}. */
    void put(int index, double value, boolean accumulate) {
        data[offset + index] = accumulate ? data[offset + index] + value : value;
    }
}
