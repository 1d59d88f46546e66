package keisei.shogi;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import keisei.shogi.notation.Usi;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** Reference files: the sample among the test resources, or the whole files in {@code keisei.reference.dir}. */
final class ReferenceData {
    private static final ObjectMapper JSON = new ObjectMapper();

    private ReferenceData() {}

    static List<String> sample(String file) {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(
                Objects.requireNonNull(ReferenceData.class.getResourceAsStream("/shogi/" + file), file),
                StandardCharsets.UTF_8))) {
            return reader.lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Skips the calling test when the folder is not given. */
    static List<String> whole(String file) {
        String folder = System.getProperty("keisei.reference.dir", "");
        assumeTrue(!folder.isEmpty(), "the system property keisei.reference.dir is not set");
        try {
            return Files.readAllLines(Path.of(folder, file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode json(String line) {
        return JSON.readTree(line);
    }

    /** The first digits of SHA-256 over the sorted moves. */
    static String hash(Variant variant, int[] moves, int count, int digits) {
        String text = Arrays.stream(moves, 0, count)
                .mapToObj(move -> Usi.format(variant, move))
                .sorted()
                .collect(Collectors.joining(" "));
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.US_ASCII));
            return HexFormat.of().formatHex(digest).substring(0, digits);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
