package keisei.shogi;

/** Counts the legal moves of a position without writing them. */
final class MoveCounter {
    private MoveCounter() {}

    static int count(Position p, boolean any) {
        int n = MoveGenerator.generate(p, p.limits.scratch);
        return any && n > 0 ? 1 : n;
    }
}
