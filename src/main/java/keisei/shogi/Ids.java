package keisei.shogi;

import java.util.Arrays;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Names of enum constants in configuration. */
final class Ids {
    private Ids() {}

    static <E> E find(String field, String id, E[] values, Function<E, String> name) {
        for (E value : values) {
            if (name.apply(value).equals(id)) {
                return value;
            }
        }
        throw new IllegalArgumentException(field + " is \"" + id + "\", allowed are "
                + Arrays.stream(values).map(name).collect(Collectors.joining(", ")));
    }
}
