package keisei.device.cuda;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;

/**
 * Makes a shared object need another library than the one it was linked with: JCuda's cuBLAS binding names
 * {@code libcublas.so.12}, and works with version 13, whose functions it uses have the same signatures. Two things
 * name the library: a NEEDED entry of the dynamic section, and the version need with its hash. Both names have the
 * same length, so they are written over (ELF specification, "Dynamic Section"; LSB, "Symbol Versioning").
 */
final class ElfRetarget {
    private static final int MAGIC = 0x464c457f;
    private static final byte CLASS_64 = 2;
    private static final byte LITTLE_ENDIAN = 1;
    private static final int SEGMENT_LOAD = 1;
    private static final int SEGMENT_DYNAMIC = 2;
    private static final long TAG_END = 0;
    private static final long TAG_NEEDED = 1;
    private static final long TAG_STRINGS = 5;
    private static final long TAG_VERSION_NEEDS = 0x6ffffffeL;
    private static final long TAG_VERSION_NEED_COUNT = 0x6fffffffL;
    private static final int DYNAMIC_ENTRY_BYTES = 16;

    private final ByteBuffer file;
    private final String from;
    private final String to;
    private final Set<Integer> names = new TreeSet<>();

    private ElfRetarget(byte[] content, String from, String to) {
        this.file = ByteBuffer.wrap(content.clone()).order(ByteOrder.LITTLE_ENDIAN);
        this.from = from;
        this.to = to;
    }

    /**
     * A copy of a shared object (64 bits, little-endian) that needs {@code to} instead of {@code from}.
     *
     * @throws IllegalArgumentException when it is no such file or does not need {@code from}
     */
    static byte[] retarget(byte[] content, String from, String to) {
        if (from.length() != to.length()) {
            throw new IllegalArgumentException("%s and %s differ in length".formatted(from, to));
        }
        ElfRetarget elf = new ElfRetarget(content, from, to);
        elf.run();
        return elf.file.array();
    }

    private void run() {
        if (file.limit() < 64 || file.getInt(0) != MAGIC || file.get(4) != CLASS_64 || file.get(5) != LITTLE_ENDIAN) {
            throw new IllegalArgumentException("not a 64-bit little-endian shared object");
        }
        int dynamic = segmentOffset(SEGMENT_DYNAMIC);
        int strings = Math.toIntExact(fileOffset(dynamicValue(dynamic, TAG_STRINGS)));
        boolean needed = markNeeded(dynamic, strings);
        boolean versioned = retargetVersions(dynamic, strings);
        if (!needed || !versioned) {
            throw new IllegalArgumentException("the shared object does not need " + from);
        }
        for (int name : names) {
            file.put(name, to.getBytes(StandardCharsets.US_ASCII));
        }
    }

    private boolean markNeeded(int dynamic, int strings) {
        boolean found = false;
        for (int entry = dynamic; file.getLong(entry) != TAG_END; entry += DYNAMIC_ENTRY_BYTES) {
            if (file.getLong(entry) == TAG_NEEDED) {
                found |= mark(strings + Math.toIntExact(file.getLong(entry + 8)));
            }
        }
        return found;
    }

    private boolean retargetVersions(int dynamic, int strings) {
        boolean found = false;
        int need = Math.toIntExact(fileOffset(dynamicValue(dynamic, TAG_VERSION_NEEDS)));
        long count = dynamicValue(dynamic, TAG_VERSION_NEED_COUNT);
        for (long i = 0; i < count; i++) {
            int versions = Short.toUnsignedInt(file.getShort(need + 2));
            mark(strings + file.getInt(need + 4));
            int version = need + file.getInt(need + 8);
            for (int k = 0; k < versions; k++) {
                if (mark(strings + file.getInt(version + 8))) {
                    file.putInt(version, hash(to));
                    found = true;
                }
                version += file.getInt(version + 12);
            }
            need += file.getInt(need + 12);
        }
        return found;
    }

    /** Remembers a name that is to be written over. */
    private boolean mark(int at) {
        byte[] wanted = (from + "\0").getBytes(StandardCharsets.US_ASCII);
        byte[] name = new byte[wanted.length];
        file.get(at, name, 0, Math.min(name.length, file.limit() - at));
        boolean equal = Arrays.equals(name, wanted);
        if (equal) {
            names.add(at);
        }
        return equal;
    }

    private long dynamicValue(int dynamic, long tag) {
        for (int entry = dynamic; file.getLong(entry) != TAG_END; entry += DYNAMIC_ENTRY_BYTES) {
            if (file.getLong(entry) == tag) {
                return file.getLong(entry + 8);
            }
        }
        throw new IllegalArgumentException("the shared object has no dynamic entry 0x%x".formatted(tag));
    }

    private int programHeader(int index) {
        return Math.toIntExact(file.getLong(32)) + index * Short.toUnsignedInt(file.getShort(54));
    }

    private int programHeaders() {
        return Short.toUnsignedInt(file.getShort(56));
    }

    private int segmentOffset(int type) {
        for (int i = 0; i < programHeaders(); i++) {
            if (file.getInt(programHeader(i)) == type) {
                return Math.toIntExact(file.getLong(programHeader(i) + 8));
            }
        }
        throw new IllegalArgumentException("the shared object has no segment of type " + type);
    }

    /** Where in the file an address of the loaded image lies. */
    private long fileOffset(long address) {
        for (int i = 0; i < programHeaders(); i++) {
            int header = programHeader(i);
            long start = file.getLong(header + 16);
            if (file.getInt(header) == SEGMENT_LOAD
                    && address >= start
                    && address < start + file.getLong(header + 32)) {
                return address - start + file.getLong(header + 8);
            }
        }
        throw new IllegalArgumentException("address 0x%x lies in no segment".formatted(address));
    }

    /** The hash of symbol names that ELF defines. */
    static int hash(String name) {
        int hash = 0;
        for (byte letter : name.getBytes(StandardCharsets.US_ASCII)) {
            hash = (hash << 4) + (letter & 0xff);
            int high = hash & 0xf0000000;
            if (high != 0) {
                hash ^= high >>> 24;
            }
            hash &= ~high;
        }
        return hash;
    }
}
