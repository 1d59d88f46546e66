package keisei.device.cuda;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Functions of a native library that JCuda lacks or binds wrongly, called by name. For calls that are made now and
 * then: each boxes its arguments.
 */
final class NativeCalls {
    private final String library;
    private final SymbolLookup symbols;
    private final Map<String, MethodHandle> handles = new ConcurrentHashMap<>();

    /** @param library for messages: name and path */
    NativeCalls(String library, SymbolLookup symbols) {
        this.library = library;
        this.symbols = symbols;
    }

    /** Whether the library has a function. */
    boolean has(String function) {
        return symbols.find(function).isPresent();
    }

    /**
     * Calls a function that returns a C {@code int}. Arguments are {@link Integer}, {@link Long}, {@link Float} or
     * {@link MemorySegment} (a pointer), as the C prototype says.
     */
    int call(String function, Object... arguments) {
        return (int) invoke(function, ValueLayout.JAVA_INT, arguments);
    }

    /** Calls a function that returns a {@code size_t}. */
    long callLong(String function, Object... arguments) {
        return (long) invoke(function, ValueLayout.JAVA_LONG, arguments);
    }

    /** Calls a function that returns a C string with static lifetime. */
    @SuppressWarnings("restricted")
    String callText(String function, Object... arguments) {
        MemorySegment text = (MemorySegment) invoke(function, ValueLayout.ADDRESS, arguments);
        return text.address() == 0 ? "" : text.reinterpret(Long.MAX_VALUE).getString(0);
    }

    private Object invoke(String function, MemoryLayout result, Object... arguments) {
        MethodHandle handle = handles.computeIfAbsent(function, name -> link(name, result, arguments));
        try {
            return handle.invokeWithArguments(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(function + " could not be called", e);
        }
    }

    @SuppressWarnings("restricted")
    private MethodHandle link(String function, MemoryLayout result, Object... arguments) {
        MemoryLayout[] layouts = new MemoryLayout[arguments.length];
        for (int i = 0; i < layouts.length; i++) {
            layouts[i] = layout(function, arguments[i]);
        }
        MemorySegment symbol = symbols.find(function)
                .orElseThrow(() -> new CudaException("%s has no function %s".formatted(library, function)));
        return Linker.nativeLinker().downcallHandle(symbol, FunctionDescriptor.of(result, layouts));
    }

    private static MemoryLayout layout(String function, Object argument) {
        return switch (argument) {
            case Integer unused -> ValueLayout.JAVA_INT;
            case Long unused -> ValueLayout.JAVA_LONG;
            case Float unused -> ValueLayout.JAVA_FLOAT;
            case MemorySegment unused -> ValueLayout.ADDRESS;
            default ->
                throw new IllegalArgumentException("%s: an argument of %s cannot be passed to native code"
                        .formatted(function, argument.getClass()));
        };
    }
}
