package keisei.cli;

/** Whether the Vector API, an incubator module, was named when the JVM was started. The CPU device needs it. */
final class VectorModule {
    static final String NAME = "jdk.incubator.vector";
    static final String ADVICE =
            "the module " + NAME + " is missing: start with ./keisei, or pass --add-modules " + NAME + " to java";

    private VectorModule() {}

    static boolean isPresent() {
        return ModuleLayer.boot().findModule(NAME).isPresent();
    }
}
