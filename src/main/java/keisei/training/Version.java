package keisei.training;

import org.jspecify.annotations.Nullable;

/** What wrote a checkpoint. */
final class Version {
    /** Program and version, the version from the jar. */
    static final String PROGRAM =
            "Keisei " + orDevelopment(Version.class.getPackage().getImplementationVersion());

    private Version() {}

    private static String orDevelopment(@Nullable String version) {
        return version == null ? "development" : version;
    }
}
