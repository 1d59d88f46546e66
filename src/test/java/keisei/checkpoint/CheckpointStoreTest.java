package keisei.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import keisei.nn.ModelSpec;
import keisei.random.RandomStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class CheckpointStoreTest {
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    Path directory = Path.of("");

    private CheckpointStore store = new CheckpointStore(directory);

    @BeforeEach
    void openStore() {
        store = new CheckpointStore(directory);
    }

    @Test
    void everythingComesBackAsItWasSaved() throws IOException {
        CheckpointData saved = data(1234);

        Path path = store.write(saved);

        assertThat(path).isEqualTo(directory.resolve("checkpoint_ts1234"));
        CheckpointData read = store.read(path);
        assertThat(read.manifest()).isEqualTo(saved.manifest());
        assertThat(read.model()).isEqualTo(saved.model());
        assertThat(read.optimizer()).isEqualTo(saved.optimizer());
    }

    @Test
    void aRandomStreamContinuesWhereItStopped() throws IOException {
        RandomStream stream = new RandomStream(7, 3);
        stream.nextLong();
        CheckpointData saved = data(5, Map.of("sampling", boxed(stream.state())));

        List<Long> state =
                store.read(store.write(saved)).manifest().randomStates().getOrDefault("sampling", List.of());

        RandomStream restored = new RandomStream(0, 0);
        restored.restore(state.stream().mapToLong(Long::longValue).toArray());
        assertThat(restored.nextLong()).isEqualTo(stream.nextLong());
    }

    @Test
    void anInferenceCheckpointHasNoOptimizerFile() throws IOException {
        CheckpointData saved = new CheckpointData(data(3).manifest(), data(3).model(), Map.of());

        Path path = store.write(saved);

        assertThat(path.resolve("optimizer.safetensors")).doesNotExist();
        assertThat(store.read(path).optimizer()).isEmpty();
    }

    @Test
    void aCheckpointThatIsThereIsNotRewritten() throws IOException {
        Path path = store.write(data(10));
        FileTime before = FileTime.fromMillis(1_000_000);
        Files.setLastModifiedTime(path.resolve("model.safetensors"), before);

        assertThat(store.write(data(10))).isEqualTo(path);

        assertThat(Files.getLastModifiedTime(path.resolve("model.safetensors"))).isEqualTo(before);
    }

    @Test
    void checkpointsAreListedByTimestepAndOtherThingsIgnored() throws IOException {
        store.write(data(900));
        store.write(data(1000));
        store.write(data(20));
        Files.createDirectory(directory.resolve("checkpoint_ts07"));
        Files.createDirectory(directory.resolve("checkpoint_ts5.bak"));
        Files.createFile(directory.resolve("checkpoint_ts6"));
        Files.createSymbolicLink(directory.resolve("checkpoint_ts9999"), directory.resolve("checkpoint_ts20"));

        assertThat(store.list()).extracting(CheckpointStore.Found::timestep).containsExactly(20L, 900L, 1000L);
        assertThat(new CheckpointStore(directory.resolve("none")).list()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors", "optimizer.safetensors", "manifest.json", "manifest.json.sha256"})
    void aMissingFileIsNamed(String name) throws IOException {
        store.write(data(1));
        Files.delete(store.write(data(2)).resolve(name));

        assertFallsBackTo1(name, "expected a regular file, found none");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors", "optimizer.safetensors", "manifest.json"})
    void aFlippedBitIsFoundInEveryFile(String name) throws IOException {
        store.write(data(1));
        Path file = store.write(data(2)).resolve(name);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 5] ^= 1;
        Files.write(file, bytes);

        assertFallsBackTo1(name, "expected SHA-256 ", "the file was changed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"model.safetensors", "optimizer.safetensors"})
    void aTruncatedFileIsFound(String name) throws IOException {
        store.write(data(1));
        Path file = store.write(data(2)).resolve(name);
        long bytes = Files.size(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(bytes - 1);
        }

        assertFallsBackTo1(name, "expected " + bytes + " bytes, found " + (bytes - 1));
    }

    @Test
    void badJsonIsFound() throws IOException {
        store.write(data(1));
        Path path = store.write(data(2));
        replaceManifest(path, "{\"formatVersion\": 1,");

        assertFallsBackTo1("manifest.json", "not valid JSON");
    }

    @Test
    void aFieldOfTheWrongTypeIsNamed() throws IOException {
        Path path = store.write(data(2));
        editManifest(path, root -> root.put("optimizerStep", "many"));
        assertThatThrownBy(() -> store.read(path))
                .hasMessageContaining("optimizerStep: expected an integer from 0 on, found \"many\"");
        editManifest(path, root -> root.remove("optimizerStep"));
        assertThatThrownBy(() -> store.read(path)).hasMessageContaining("expected a field 'optimizerStep', found none");
    }

    @Test
    void aNewerVersionIsRefused() throws IOException {
        store.write(data(1));
        editManifest(store.write(data(2)), root -> root.put("formatVersion", 99));

        assertFallsBackTo1("manifest.json", "expected format version 1 to 1, found 99", "newer Keisei");
    }

    @Test
    void anOlderVersionIsMigratedStepByStep() throws IOException {
        Path path = store.write(data(2));
        CheckpointMigration rename = old -> {
            old.manifest().set("counters", JSON.createObjectNode().put("migrated", true));
            return old;
        };
        CheckpointReader reader = new CheckpointReader(3, Map.of(1, old -> old, 2, rename));

        assertThat(reader.read(path).manifest().counters().get("migrated").booleanValue())
                .isTrue();
        assertThatThrownBy(() -> new CheckpointReader(3, Map.of(1, old -> old)).read(path))
                .hasMessageContaining("no migration from version 2");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../outside", "/etc/passwd", "sub/file", "..", ""})
    void namesThatLeadOutsideAreRefused(String name) throws IOException {
        Path path = store.write(data(2));
        editManifest(
                path,
                root -> ((ObjectNode) root.get("files"))
                        .putObject(name)
                        .put("sizeBytes", 1)
                        .put("sha256", "0"));

        assertThatThrownBy(() -> store.read(path))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("expected plain file names");
    }

    @Test
    void symbolicLinksAreRefused() throws IOException {
        Path path = store.write(data(2));
        Path moved = Files.move(path.resolve("model.safetensors"), directory.resolve("elsewhere"));
        Files.createSymbolicLink(path.resolve("model.safetensors"), moved);

        assertThatThrownBy(() -> store.read(path)).hasMessageContaining("found a symbolic link");
    }

    @Test
    void aTensorFileThatTheManifestDoesNotVouchForIsRefused() throws IOException {
        Path path = store.write(data(2));
        editManifest(path, root -> ((ObjectNode) root.get("files")).remove("model.safetensors"));

        assertThatThrownBy(() -> store.read(path)).hasMessageContaining("expected an entry for model.safetensors");
    }

    @Test
    void aKillAtAnyStepLeavesTheCheckpointBeforeAndTheNextWriteCleansUp() throws IOException {
        store.write(data(1));
        List<String> steps = new ArrayList<>();
        new CheckpointStore(directory.resolve("dry"), new CheckpointReader(), steps::add).write(data(2));
        assertThat(steps).hasSizeGreaterThan(12);

        for (int kill = 0; kill < steps.size(); kill++) {
            int[] count = {kill};
            CheckpointStore dying = new CheckpointStore(directory, new CheckpointReader(), step -> {
                if (count[0]-- == 0) {
                    throw new Killed();
                }
            });
            assertThatThrownBy(() -> dying.write(data(2))).isInstanceOf(Killed.class);

            boolean renamed =
                    steps.get(kill).startsWith("force " + directory.getFileName()) || kill == steps.size() - 1;
            CheckpointStore.Latest latest = store.latestValid();
            assertThat(latest.skipped())
                    .as("killed before: %s", steps.get(kill))
                    .isEmpty();
            assertThat(latest.loaded().orElseThrow().data().manifest().timestep())
                    .isEqualTo(renamed ? 2 : 1);
        }

        // The last kill came after the name was given; one more write must leave nothing temporary.
        store.write(data(3));
        try (Stream<Path> children = Files.list(directory)) {
            assertThat(children.map(child -> child.getFileName().toString()))
                    .containsExactlyInAnyOrder("checkpoint_ts1", "checkpoint_ts2", "checkpoint_ts3", "dry");
        }
    }

    @Test
    void aFailedWriteLeavesNothing() throws IOException {
        CheckpointStore failing = new CheckpointStore(directory, new CheckpointReader(), step -> {
            if (step.startsWith("force manifest")) {
                throw new IOException("no space left on device");
            }
        });

        assertThatThrownBy(() -> failing.write(data(2)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("no space");

        try (Stream<Path> children = Files.list(directory)) {
            assertThat(children).isEmpty();
        }
        assertThat(store.latestValid().loaded()).isEmpty();
    }

    @Test
    void severalDamagedCheckpointsAreReportedNewestFirst() throws IOException {
        store.write(data(1));
        Files.delete(store.write(data(2)).resolve("model.safetensors"));
        Files.delete(store.write(data(3)).resolve("manifest.json"));

        CheckpointStore.Latest latest = store.latestValid();

        assertThat(latest.loaded().orElseThrow().path()).isEqualTo(directory.resolve("checkpoint_ts1"));
        assertThat(latest.skipped())
                .extracting(CheckpointStore.Damaged::path)
                .containsExactly(directory.resolve("checkpoint_ts3"), directory.resolve("checkpoint_ts2"));
    }

    /** Stands for a killed process: nothing is tidied up. */
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1L;
    }

    private void assertFallsBackTo1(String file, String... reasons) throws IOException {
        CheckpointStore.Latest latest = store.latestValid();
        assertThat(latest.skipped()).hasSize(1);
        assertThat(latest.skipped().getFirst().reason())
                .contains(directory.resolve("checkpoint_ts2").resolve(file).toString())
                .contains(reasons);
        assertThat(latest.loaded().orElseThrow().data().manifest().timestep()).isEqualTo(1);
    }

    private static void editManifest(Path checkpoint, Consumer<ObjectNode> edit) throws IOException {
        ObjectNode root = (ObjectNode) JSON.readTree(Files.readAllBytes(checkpoint.resolve("manifest.json")));
        edit.accept(root);
        replaceManifest(checkpoint, JSON.writeValueAsString(root));
    }

    /** Replaces the manifest and its digest, as someone would who means harm. */
    private static void replaceManifest(Path checkpoint, String json) throws IOException {
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        Files.write(checkpoint.resolve("manifest.json"), bytes);
        Files.writeString(checkpoint.resolve("manifest.json.sha256"), Digests.of(bytes) + "  manifest.json\n");
    }

    private static List<Long> boxed(long[] state) {
        return Arrays.stream(state).boxed().toList();
    }

    static CheckpointData data(long timestep) {
        return data(timestep, Map.of("sampling", List.of(1L, -1L, Long.MIN_VALUE, Long.MAX_VALUE)));
    }

    private static CheckpointData data(long timestep, Map<String, List<Long>> randomStates) {
        CheckpointManifest manifest = new CheckpointManifest(
                "keisei test",
                timestep,
                new ModelSpec("resnet", 46, 9, 13527, 9, 256, 0.25),
                "core46",
                "flat13527",
                77,
                JSON.createObjectNode().put("learningRate", 3e-4).put("name", "\u5c06\u68cb"),
                JSON.createObjectNode().put("blackWins", 3),
                JSON.nullNode(),
                JSON.createArrayNode().add(0.5).add(1.5),
                randomStates,
                List.of(new GameRecord("startpos", List.of("7g7f", "3c3d", "P*5e")), new GameRecord("x", List.of())));
        Map<String, TensorData> model = Map.of(
                "stem.weight", new TensorData(List.of(2, 1, 1, 1), new float[] {1, Float.NaN}),
                "stem.bias", new TensorData(List.of(2), new float[] {-0f, timestep}));
        Map<String, TensorData> optimizer =
                Map.of("exp_avg.stem.bias", new TensorData(List.of(2), new float[] {1e-40f, 2}));
        return new CheckpointData(manifest, model, optimizer);
    }

    @Test
    void digestsAreThoseOfSha256() {
        assertThat(Digests.of("abc".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
