package keisei.nn;

import java.util.function.Supplier;

/** Building objects out of parts that own device memory: when a later part fails, the earlier ones are closed. */
final class Construction {
    private Construction() {}

    static <T> T orClose(Supplier<T> make, AutoCloseable earlier) {
        try {
            return make.get();
        } catch (RuntimeException failure) {
            try {
                earlier.close();
            } catch (Exception second) {
                failure.addSuppressed(second);
            }
            throw failure;
        }
    }
}
