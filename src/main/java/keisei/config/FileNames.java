package keisei.config;

/** What a name inside a run directory may look like: nothing that leads out of it. */
final class FileNames {
    static final String PATTERN = "[A-Za-z0-9_][A-Za-z0-9._-]{0,99}";
    static final String MEANING = "1 to 100 letters, digits, '.', '_' or '-', the first not '.' or '-'";

    private FileNames() {}
}
