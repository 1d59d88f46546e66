package keisei.shogi;

/**
 * How often each position key has occurred in a game, and first when: an open-addressing table that is cleared by
 * counting generations and grows when half full.
 */
final class KeyHistory {
    private long[] keys = new long[1024];

    /** Generation in the upper 32 bits (0 is never one), number of occurrences in the next 8, first ply in the rest. */
    private long[] entries = new long[1024];

    private long generation = 1;
    private int distinct;
    private int plies;
    private long current;

    void clear() {
        generation++;
        distinct = 0;
        plies = 0;
    }

    /** Adds the key of the next ply. */
    void add(long key) {
        if (distinct * 2 >= keys.length) {
            grow();
        }
        int i = find(key);
        if (entries[i] >>> 32 == generation) {
            entries[i] += 1L << 24;
        } else {
            keys[i] = key;
            entries[i] = generation << 32 | 1L << 24 | plies;
            distinct++;
        }
        current = entries[i];
        plies++;
    }

    /** Occurrences of the key added last. */
    int count() {
        return (int) (current >>> 24) & 0xFF;
    }

    /** Ply at which the key added last was first added. */
    int first() {
        return (int) current & 0xFFFFFF;
    }

    private int find(long key) {
        int mask = keys.length - 1;
        int i = (int) key & mask;
        while (entries[i] >>> 32 == generation && keys[i] != key) {
            i = i + 1 & mask;
        }
        return i;
    }

    private void grow() {
        long[] oldKeys = keys;
        long[] oldEntries = entries;
        keys = new long[oldKeys.length * 2];
        entries = new long[oldKeys.length * 2];
        for (int i = 0; i < oldKeys.length; i++) {
            if (oldEntries[i] >>> 32 == generation) {
                int slot = find(oldKeys[i]);
                keys[slot] = oldKeys[i];
                entries[slot] = oldEntries[i];
            }
        }
    }
}
