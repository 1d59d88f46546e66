package keisei.env;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.stream.Stream;
import keisei.shogi.Variant;

/**
 * The action spaces by name.
 *
 * <ul>
 *   <li>{@code flat}: for every ordered pair of squares, row-major, the plain and the promoting move, then every drop;
 *       13,527 on 9x9 (81*80*2 + 81*7), 1,325 on 5x5.
 *   <li>{@code spatial}: per square (8 directions x distance, x 2 for promotion, knight jumps, drops), the numbering of
 *       AlphaZero-like policies; 11,259 on 9x9 (81*139), 1,725 on 5x5. Some indices leave the board and have no move.
 *   <li>{@code compact}: exactly the moves that a mover can ever have, in the order of {@code flat}; 3,781 on 9x9, 540
 *       on 5x5.
 * </ul>
 */
public final class ActionSpaces {
    private static final Map<String, Function<Variant, ActionSpace>> BUILDERS = Map.of(
            "flat", ActionSpaceTables::flat,
            "spatial", ActionSpaceTables::spatial,
            "compact", ActionSpaceTables::compact);
    private static final Map<String, ActionSpace> BUILT = new ConcurrentHashMap<>();

    private ActionSpaces() {}

    /** Allowed names, in order of size on 9x9, the largest first. */
    public static List<String> names() {
        return List.of("flat", "spatial", "compact");
    }

    /** @throws IllegalArgumentException when there is no such space; the message lists the allowed names */
    public static ActionSpace byName(String name, Variant variant) {
        Function<Variant, ActionSpace> builder = BUILDERS.get(name);
        if (builder == null) {
            throw new IllegalArgumentException(
                    "action space '%s' is unknown; allowed: %s".formatted(name, String.join(", ", names())));
        }
        return BUILT.computeIfAbsent(name + '/' + variant.id(), key -> builder.apply(variant));
    }

    /**
     * The space that has this many actions, as configuration may say {@code num_actions_total}.
     *
     * @throws IllegalArgumentException when none has; the message lists name and size of each
     */
    public static ActionSpace byTotalActions(int totalActions, Variant variant) {
        return all(variant)
                .filter(space -> space.totalActions() == totalActions)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no action space of %s has %d actions; there are %s"
                        .formatted(variant.id(), totalActions, sizes(variant))));
    }

    private static Stream<ActionSpace> all(Variant variant) {
        return names().stream().map(name -> byName(name, variant));
    }

    private static List<String> sizes(Variant variant) {
        return all(variant)
                .map(space -> space.name() + " " + space.totalActions())
                .toList();
    }
}
