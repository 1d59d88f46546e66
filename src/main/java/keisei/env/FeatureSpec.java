package keisei.env;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import keisei.device.PlaneProgram;
import keisei.device.PlaneProgram.Plane;
import keisei.shogi.PieceType;
import keisei.shogi.Variant;

/**
 * A named choice of feature planes, and the program that makes them from packed positions ({@link PackedLayout}).
 *
 * <p>{@code core46}, seen by the side to move:
 *
 * <pre>
 *  0-13  own P L N S G B R K +P +L +N +S +B +R, 1 on their squares
 * 14-27  the opponent's
 * 28-34  own hand P L N S G B R: everywhere count / how many of that kind exist
 * 35-41  the opponent's hand
 * 42     1 everywhere when Black is to move
 * 43     everywhere min(1, ply / maxPlies); 0 where games have no ply limit
 * 44, 45 reserved, 0
 * </pre>
 *
 * Optional planes follow in a fixed order, without gaps, whatever the order in which they are named:
 * {@code check} (1 everywhere when the mover is in check), {@code repetition} (everywhere occurrences / 4, the present
 * one included: 0.25 for a new position, 1 for the fourth), {@code prom_zone} (1 on the mover's promotion zone),
 * {@code last2ply} (1 on the target squares of the last two moves), {@code hand_onehot} (1 on square 0 when the mover
 * holds any piece). Names: {@code core46}, {@code core46+check+last2ply} and so on, {@code core46+all}; and
 * {@code dummyfeats}, {@code testfeats}, {@code resumefeats}, which mean {@code core46}.
 *
 * @param name canonical name: optional planes in their fixed order
 * @param variant the game
 * @param planes how many planes
 * @param planeNames a short name for each plane
 * @param program makes the planes; its channels are the planes rounded up to a multiple of 8
 */
public record FeatureSpec(String name, Variant variant, int planes, List<String> planeNames, PlaneProgram program) {
    private static final String CORE = "core46";
    private static final List<String> ALIASES = List.of("dummyfeats", "testfeats", "resumefeats");
    private static final int REPETITIONS_OF_A_DRAW = 4;

    /** Copies the list. */
    public FeatureSpec {
        planeNames = List.copyOf(planeNames);
    }

    /** Optional planes in their fixed order. */
    public enum OptionalPlane {
        CHECK,
        REPETITION,
        PROM_ZONE,
        LAST2PLY,
        HAND_ONEHOT;

        /** Name after the plus sign. */
        public String id() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * The planes of this name.
     *
     * @param maxPlies ply limit of the games, by which plane 43 divides; 0 where there is none
     * @throws IllegalArgumentException when the name is unknown; the message lists what is allowed
     */
    public static FeatureSpec of(String name, Variant variant, int maxPlies) {
        if (maxPlies < 0) {
            throw new IllegalArgumentException("maxPlies %d is negative".formatted(maxPlies));
        }
        Set<OptionalPlane> optional = parse(name);
        List<String> names = new ArrayList<>();
        List<Plane> planes = new ArrayList<>();
        PackedLayout layout = PackedLayout.of(variant);
        addCore(layout, maxPlies, names, planes);
        StringBuilder canonical = new StringBuilder(ALIASES.contains(name) ? name : CORE);
        for (OptionalPlane plane : optional) {
            canonical.append('+').append(plane.id());
            names.add(plane.id());
            planes.add(program(plane, layout));
        }
        int channels = (planes.size() + 7) / 8 * 8;
        var program = new PlaneProgram(variant.size(), variant.size(), layout.recordBytes(), channels, planes);
        return new FeatureSpec(canonical.toString(), variant, planes.size(), names, program);
    }

    /** Number of planes of a name without building them. @throws IllegalArgumentException when it is unknown */
    public static int planeCount(String name) {
        return 46 + parse(name).size();
    }

    /** Channels of the image: {@link #planes} rounded up to a multiple of 8. */
    public int channels() {
        return program.channels();
    }

    /** Distance between packed positions in bytes. */
    public int recordBytes() {
        return program.recordBytes();
    }

    private static Set<OptionalPlane> parse(String name) {
        Set<OptionalPlane> planes = EnumSet.noneOf(OptionalPlane.class);
        if (ALIASES.contains(name)) {
            return planes;
        }
        String[] parts = name.split("\\+", -1);
        if (!parts[0].equals(CORE)) {
            throw unknown(name, parts[0]);
        }
        if (parts.length == 2 && parts[1].equals("all")) {
            return EnumSet.allOf(OptionalPlane.class);
        }
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i];
            OptionalPlane plane = Stream.of(OptionalPlane.values())
                    .filter(candidate -> candidate.id().equals(part))
                    .findFirst()
                    .orElseThrow(() -> unknown(name, part));
            if (!planes.add(plane)) {
                throw new IllegalArgumentException("features '%s' name '%s' twice".formatted(name, part));
            }
        }
        return planes;
    }

    private static IllegalArgumentException unknown(String name, String part) {
        String optional =
                Stream.of(OptionalPlane.values()).map(OptionalPlane::id).collect(Collectors.joining(", "));
        return new IllegalArgumentException(
                "features '%s': '%s' is unknown; allowed: core46, core46+all, core46 followed by any of +%s, and %s"
                        .formatted(name, part, optional.replace(", ", ", +"), String.join(", ", ALIASES)));
    }

    private static void addCore(PackedLayout layout, int maxPlies, List<String> names, List<Plane> planes) {
        Variant variant = layout.variant();
        for (String side : List.of("own ", "opponent ")) {
            int firstCode = side.equals("own ") ? PackedLayout.OWN_PIECE : PackedLayout.OPPONENT_PIECE;
            for (PieceType type : PieceType.values()) {
                names.add(side + (type.isPromoted() ? "+" : "") + type.letter());
                planes.add(variant.has(type) ? new Plane.BoardCode(firstCode + type.ordinal()) : new Plane.Zero());
            }
        }
        for (String side : List.of("own hand ", "opponent hand ")) {
            int offset = side.equals("own hand ") ? layout.ownHand() : layout.opponentHand();
            for (int type = 0; type < PieceType.HAND_TYPES; type++) {
                int limit = variant.handLimit(type);
                names.add(side + PieceType.of(type).letter());
                planes.add(limit == 0 ? new Plane.Zero() : new Plane.Constant(offset + type, 1, 1.0 / limit, 1));
            }
        }
        names.add("black to move");
        planes.add(new Plane.Constant(layout.blackToMove(), 1, 1, 1));
        names.add("ply");
        planes.add(maxPlies == 0 ? new Plane.Zero() : new Plane.Constant(layout.ply(), 2, 1.0 / maxPlies, 1));
        names.add("reserved");
        names.add("reserved");
        planes.add(new Plane.Zero());
        planes.add(new Plane.Zero());
    }

    private static Plane program(OptionalPlane plane, PackedLayout layout) {
        return switch (plane) {
            case CHECK -> new Plane.Constant(layout.inCheck(), 1, 1, 1);
            case REPETITION -> new Plane.Constant(layout.repetition(), 1, 1.0 / REPETITIONS_OF_A_DRAW, 1);
            case PROM_ZONE -> new Plane.TopRows(layout.variant().promotionRows());
            case LAST2PLY -> new Plane.Squares(layout.lastSquares(), 2);
            case HAND_ONEHOT -> new Plane.CornerIfAny(layout.ownHand(), PieceType.HAND_TYPES);
        };
    }
}
