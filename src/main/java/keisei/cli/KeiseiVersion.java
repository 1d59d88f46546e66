package keisei.cli;

import picocli.CommandLine.IVersionProvider;

/** The version in the jar's manifest. */
final class KeiseiVersion implements IVersionProvider {
    /** The version; "development" when classes do not come from the jar. */
    static String text() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    @Override
    public String[] getVersion() {
        return new String[] {
            "keisei " + text(),
            "Java " + Runtime.version() + ", " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
        };
    }
}
