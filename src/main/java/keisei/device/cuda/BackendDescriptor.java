package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import jcuda.jcudnn.JCudnn;
import jcuda.jcudnn.cudnnBackendAttributeType;
import jcuda.jcudnn.cudnnBackendDescriptor;

/** A descriptor of cuDNN's backend interface: attributes are set, then it is finalised and cannot change any more. */
final class BackendDescriptor extends cudnnBackendDescriptor implements AutoCloseable {
    private final int kind;

    /** @param kind of {@link jcuda.jcudnn.cudnnBackendDescriptorType} */
    BackendDescriptor(int kind) {
        this.kind = kind;
        check(JCudnn.cudnnBackendCreateDescriptor(kind, this), "cudnnBackendCreateDescriptor", 0);
    }

    private void check(int status, String call, int attribute) {
        if (status != 0) {
            Cudnn.check(status, call, "descriptor type %d, attribute %d".formatted(kind, attribute));
        }
    }

    private long address() {
        return getNativePointer();
    }

    private BackendDescriptor set(int attribute, int type, int count, MemorySegment values) {
        int status = JCudnn.cudnnBackendSetAttribute(this, attribute, type, count, NativePointer.of(values));
        check(status, "cudnnBackendSetAttribute", attribute);
        return this;
    }

    /** 64-bit integers. */
    BackendDescriptor integers(int attribute, long... values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_LONG, values);
            return set(attribute, cudnnBackendAttributeType.CUDNN_TYPE_INT64, values.length, copy);
        }
    }

    /** A value of an enumeration of this type. */
    BackendDescriptor choice(int attribute, int type, int value) {
        try (Arena arena = Arena.ofConfined()) {
            return set(attribute, type, 1, arena.allocateFrom(ValueLayout.JAVA_INT, value));
        }
    }

    /** A float. */
    BackendDescriptor real(int attribute, float value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_FLOAT, value);
            return set(attribute, cudnnBackendAttributeType.CUDNN_TYPE_FLOAT, 1, copy);
        }
    }

    /** A truth value, which is one byte. */
    BackendDescriptor flag(int attribute, boolean value) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) (value ? 1 : 0));
            return set(attribute, cudnnBackendAttributeType.CUDNN_TYPE_BOOLEAN, 1, copy);
        }
    }

    /** Addresses of the device. */
    BackendDescriptor pointers(int attribute, long... addresses) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_LONG, addresses);
            return set(attribute, cudnnBackendAttributeType.CUDNN_TYPE_VOID_PTR, addresses.length, copy);
        }
    }

    /** The library's handle. */
    BackendDescriptor handle(int attribute, Cudnn cudnn) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocateFrom(
                    ValueLayout.JAVA_LONG, cudnn.handleAddress().address());
            return set(attribute, cudnnBackendAttributeType.CUDNN_TYPE_HANDLE, 1, copy);
        }
    }

    /** Other descriptors, finalised before. */
    BackendDescriptor descriptors(int attribute, List<BackendDescriptor> others) {
        try (Arena arena = Arena.ofConfined()) {
            long[] addresses =
                    others.stream().mapToLong(BackendDescriptor::address).toArray();
            MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_LONG, addresses);
            int type = cudnnBackendAttributeType.CUDNN_TYPE_BACKEND_DESCRIPTOR;
            return set(attribute, type, addresses.length, copy);
        }
    }

    /** Finalises. */
    BackendDescriptor finish() {
        int status = finishIfSupported();
        check(status, "cudnnBackendFinalize", 0);
        return this;
    }

    /** Finalises; 0, or the status that says why this cannot be had. */
    int finishIfSupported() {
        return JCudnn.cudnnBackendFinalize(this);
    }

    /** Lets cuDNN fill in descriptors; returns how many it did. */
    int fill(int attribute, List<BackendDescriptor> others) {
        try (Arena arena = Arena.ofConfined()) {
            long[] addresses =
                    others.stream().mapToLong(BackendDescriptor::address).toArray();
            return get(
                    attribute,
                    cudnnBackendAttributeType.CUDNN_TYPE_BACKEND_DESCRIPTOR,
                    addresses.length,
                    arena.allocateFrom(ValueLayout.JAVA_LONG, addresses));
        }
    }

    /** A 64-bit integer. */
    long integer(int attribute) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(ValueLayout.JAVA_LONG);
            get(attribute, cudnnBackendAttributeType.CUDNN_TYPE_INT64, 1, value);
            return value.get(ValueLayout.JAVA_LONG, 0);
        }
    }

    /** Values of an enumeration, at most {@code most}. */
    int[] choices(int attribute, int type, int most) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(ValueLayout.JAVA_INT, most);
            int count = Math.min(most, get(attribute, type, most, values));
            return values.asSlice(0, (long) count * Integer.BYTES).toArray(ValueLayout.JAVA_INT);
        }
    }

    private int get(int attribute, int type, int most, MemorySegment values) {
        long[] count = {0};
        int status = JCudnn.cudnnBackendGetAttribute(this, attribute, type, most, count, NativePointer.of(values));
        check(status, "cudnnBackendGetAttribute", attribute);
        return Math.toIntExact(count[0]);
    }

    @Override
    public void close() {
        check(JCudnn.cudnnBackendDestroyDescriptor(this), "cudnnBackendDestroyDescriptor", 0);
    }
}
