package keisei.config;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A configuration text as a tree that knows its lines. */
sealed interface ConfigNode {
    /** Line the node begins on, from 1. */
    int line();

    /** Keys with their values, in their order. */
    record Section(int line, Map<String, ConfigNode> entries) implements ConfigNode {}

    /** A list; no key has one, but it must be told apart in messages. */
    record Items(int line, List<ConfigNode> items) implements ConfigNode {}

    /** A text, number (Long, BigInteger or Double), Boolean, or null. */
    record Scalar(int line, @Nullable Object value) implements ConfigNode {}
}
