package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.reflect.AccessFlag;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import jcuda.jcudnn.JCudnn;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * JCudnn's Java part is of another release than its native part: every native method that our classes reach must be
 * a symbol of the native libraries. What we call is read from our byte code.
 */
class NativeSymbolsTest {
    private static final int SECTION_DYNAMIC_SYMBOLS = 11;
    private static final int SYMBOL_BYTES = 24;

    private static final Map<String, String> LIBRARIES = Map.of(
            "jcuda/driver/", "JCudaDriver",
            "jcuda/jcublas/", "JCublas2",
            "jcuda/jcudnn/", "JCudnn");

    private final Map<String, ClassModel> classes = new HashMap<>();

    private record Method(String owner, String name, String descriptor) {}

    @Test
    void everyNativeMethodThatWeCallIsInTheNativeLibraries() throws Exception {
        Set<Method> called = new HashSet<>();
        Path root = Path.of(CudaDevice.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .toURI());
        try (Stream<Path> files = Files.list(root.resolve("keisei/device/cuda"))) {
            for (Path file :
                    files.filter(path -> path.toString().endsWith(".class")).toList()) {
                called.addAll(callsOf(ClassFile.of().parse(file)));
            }
        }

        Set<Method> natives = natives(called);

        assertThat(natives)
                .extracting(Method::name)
                .contains("cuLaunchKernelNative", "cublasGemmEx_newNative", "cudnnConvolutionForwardNative");
        assertThat(missing(natives)).isEmpty();
    }

    /** A function of cuDNN 8 that is in the Java part alone. */
    @SuppressWarnings("unused")
    private static int planted() {
        return JCudnn.cudnnOpsInferVersionCheck();
    }

    @Test
    void aCallOfWhatTheNativeLibraryLacksIsFound() throws IOException {
        ClassModel own = model(NativeSymbolsTest.class.getName().replace('.', '/'));

        Set<Method> natives = natives(callsOf(own));

        assertThat(missing(natives)).containsExactly("Java_jcuda_jcudnn_JCudnn_cudnnOpsInferVersionCheckNative");
    }

    /** Static methods of JCuda's binding classes that a class calls. */
    private static Set<Method> callsOf(ClassModel model) {
        Set<Method> calls = new HashSet<>();
        model.methods().forEach(method -> calls.addAll(callsOf(method)));
        return calls;
    }

    private static Set<Method> callsOf(MethodModel method) {
        Set<Method> calls = new HashSet<>();
        method.code()
                .ifPresent(code -> code.forEach(element -> {
                    if (element instanceof InvokeInstruction call
                            && library(call.owner().asInternalName()) != null) {
                        calls.add(new Method(
                                call.owner().asInternalName(),
                                call.name().stringValue(),
                                call.type().stringValue()));
                    }
                }));
        return calls;
    }

    private static @Nullable String library(String owner) {
        return LIBRARIES.entrySet().stream()
                .filter(entry -> owner.startsWith(entry.getKey()))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    /** Native methods that these methods are or lead to inside of JCuda. */
    private Set<Method> natives(Set<Method> called) throws IOException {
        Set<Method> natives = new HashSet<>();
        Set<Method> seen = new HashSet<>(called);
        Deque<Method> open = new ArrayDeque<>(called);
        while (!open.isEmpty()) {
            Method method = open.pop();
            MethodModel code = model(method.owner()).methods().stream()
                    .filter(candidate -> candidate.methodName().equalsString(method.name())
                            && candidate.methodType().equalsString(method.descriptor()))
                    .findFirst()
                    .orElse(null);
            if (code == null) {
                continue; // inherited from java.lang.Object
            }
            if (code.flags().has(AccessFlag.NATIVE)) {
                natives.add(method);
            }
            callsOf(code).stream().filter(seen::add).forEach(open::push);
        }
        return natives;
    }

    private ClassModel model(String internalName) throws IOException {
        ClassModel known = classes.get(internalName);
        if (known == null) {
            String file = "/" + internalName + ".class";
            try (InputStream stream = Objects.requireNonNull(NativeSymbolsTest.class.getResourceAsStream(file), file)) {
                known = ClassFile.of().parse(stream.readAllBytes());
            }
            classes.put(internalName, known);
        }
        return known;
    }

    /** Symbols of native methods that their libraries lack. */
    private static Set<String> missing(Set<Method> natives) {
        Map<String, Set<String>> symbols = new HashMap<>();
        Set<String> missing = new TreeSet<>();
        for (Method method : natives) {
            Set<String> there = symbols.computeIfAbsent(
                    Objects.requireNonNull(library(method.owner())),
                    library -> functions(JCudaNatives.content(library)));
            String symbol = "Java_" + mangled(method.owner()) + "_" + mangled(method.name());
            String arguments =
                    method.descriptor().substring(1, method.descriptor().indexOf(')'));
            if (!there.contains(symbol) && !there.contains(symbol + "__" + mangled(arguments))) {
                missing.add(symbol);
            }
        }
        return missing;
    }

    /** JNI specification, "Resolving Native Method Names". */
    private static String mangled(String name) {
        return name.replace("_", "_1").replace("/", "_").replace(";", "_2").replace("[", "_3");
    }

    /** Names in the dynamic symbol table of a 64-bit shared object. */
    private static Set<String> functions(byte[] content) {
        ByteBuffer file = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        int headers = (int) file.getLong(40);
        int size = file.getShort(58);
        Set<String> names = new HashSet<>();
        for (int i = 0; i < file.getShort(60); i++) {
            int header = headers + i * size;
            if (file.getInt(header + 4) == SECTION_DYNAMIC_SYMBOLS) {
                int strings = (int) file.getLong(headers + file.getInt(header + 40) * size + 24);
                int start = (int) file.getLong(header + 24);
                for (int at = start; at < start + file.getLong(header + 32); at += SYMBOL_BYTES) {
                    boolean defined = file.getShort(at + 6) != 0;
                    if (defined) {
                        names.add(text(file, strings + file.getInt(at)));
                    }
                }
            }
        }
        return names;
    }

    private static String text(ByteBuffer file, int from) {
        int end = from;
        while (file.get(end) != 0) {
            end++;
        }
        return new String(file.array(), from, end - from, StandardCharsets.US_ASCII);
    }
}
