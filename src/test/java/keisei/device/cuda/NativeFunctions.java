package keisei.device.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Calls functions of a native library by name, for tests: the parameter types are those of the arguments
 * ({@code int}, {@code long}, {@code float}, {@code double}, {@link MemorySegment}).
 */
final class NativeFunctions {
    private static final Map<Path, NativeFunctions> LOADED = new ConcurrentHashMap<>();

    private final SymbolLookup symbols;
    private final Map<String, MethodHandle> handles = new ConcurrentHashMap<>();

    private NativeFunctions(Path library) {
        symbols = SymbolLookup.libraryLookup(library, Arena.global());
    }

    /** The library, which is loaded once. */
    static NativeFunctions of(Path library) {
        return LOADED.computeIfAbsent(library, NativeFunctions::new);
    }

    /** Calls a function that gives an {@code int}. */
    int call(String function, Object... arguments) {
        return (int) Objects.requireNonNull(invoke(function, ValueLayout.JAVA_INT, arguments));
    }

    /** Calls a function that gives nothing. */
    void run(String function, Object... arguments) {
        invoke(function, null, arguments);
    }

    private @Nullable Object invoke(String function, @Nullable MemoryLayout result, Object... arguments) {
        MemoryLayout[] layouts =
                Arrays.stream(arguments).map(NativeFunctions::layout).toArray(MemoryLayout[]::new);
        MethodHandle handle = handles.computeIfAbsent(
                function + Arrays.toString(layouts),
                _ -> Linker.nativeLinker()
                        .downcallHandle(
                                symbols.findOrThrow(function),
                                result == null
                                        ? FunctionDescriptor.ofVoid(layouts)
                                        : FunctionDescriptor.of(result, layouts)));
        try {
            return handle.invokeWithArguments(arguments);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(function, e);
        }
    }

    private static MemoryLayout layout(Object argument) {
        return switch (argument) {
            case Integer _ -> ValueLayout.JAVA_INT;
            case Long _ -> ValueLayout.JAVA_LONG;
            case Float _ -> ValueLayout.JAVA_FLOAT;
            case Double _ -> ValueLayout.JAVA_DOUBLE;
            case MemorySegment _ -> ValueLayout.ADDRESS;
            default -> throw new IllegalArgumentException("no native type for " + argument.getClass());
        };
    }
}
