package keisei.golden;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

/** One case of the manifest: its arrays and how exact libtorch's float32 was. */
final class GoldenCase {
    private static final JsonNode MANIFEST = manifest();

    private final String name;
    private final Map<String, JsonNode> files = new LinkedHashMap<>();

    GoldenCase(String name) {
        this.name = name;
        for (JsonNode file : MANIFEST.get("files")) {
            if (file.get("case").asString().equals(name)) {
                String path = file.get("file").asString();
                files.put(path.substring(path.indexOf('/') + 1), file);
            }
        }
        if (files.isEmpty()) {
            throw new IllegalArgumentException("the manifest has no case " + name);
        }
    }

    private static JsonNode manifest() {
        try (InputStream in = GoldenCase.class.getResourceAsStream("/golden/manifest.json")) {
            if (in == null) {
                throw new IllegalStateException("no golden data among the test resources");
            }
            return new ObjectMapper().readTree(in.readAllBytes());
        } catch (IOException failure) {
            throw new IllegalStateException("cannot read the golden manifest", failure);
        }
    }

    /** Names of all cases in the manifest. */
    static List<String> allNames() {
        List<String> names = new ArrayList<>();
        MANIFEST.get("cases").forEach(entry -> names.add(entry.get("case").asString()));
        return names;
    }

    String name() {
        return name;
    }

    boolean has(String file) {
        return files.containsKey(file);
    }

    /** Files whose names begin so, in the manifest's order. */
    Iterable<String> files(String prefix) {
        return files.keySet().stream().filter(file -> file.startsWith(prefix)).toList();
    }

    Npy input(String input) {
        return read("in." + input + ".npy");
    }

    Npy read(String file) {
        if (!has(file)) {
            throw new IllegalArgumentException("case " + name + " has no " + file);
        }
        return Npy.read("/golden/" + name + "/" + file);
    }

    /** Relative L2 error of libtorch's float32 run. */
    double torchError(String file) {
        JsonNode entry = files.get(file);
        if (entry == null || !entry.has("torch_f32_rel_l2_err")) {
            throw new IllegalArgumentException("case " + name + " states no error for " + file);
        }
        return entry.get("torch_f32_rel_l2_err").asDouble();
    }
}
