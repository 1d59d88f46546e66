package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The software cuDNN's backend graph interface: fused epilogues are right, and misuse is refused. */
class SoftwareDnnGraphTest {
    private static final int NOT_INITIALIZED = 1001;
    private static final int BAD_PARAM = 2000;
    private static final int MISALIGNED_POINTER = 2003;
    private static final int NOT_FINALIZED = 2004;
    private static final int SHAPE_MISMATCH = 2008;
    private static final int ATTRIBUTE_TYPE = 2010;
    private static final int NOT_SUPPORTED = 3000;

    private static final int POINTWISE = 0;
    private static final int CONVOLUTION = 1;
    private static final int ENGINE_CONFIG = 3;
    private static final int HEURISTIC = 4;
    private static final int PLAN = 5;
    private static final int FORWARD = 10;
    private static final int POINTWISE_OPERATION = 13;
    private static final int GRAPH = 15;
    private static final int PACK = 16;
    private static final int TENSOR = 17;

    private static final int TYPE_HANDLE = 0;
    private static final int TYPE_DATA_TYPE = 1;
    private static final int TYPE_BOOLEAN = 2;
    private static final int TYPE_INT64 = 3;
    private static final int TYPE_FLOAT = 4;
    private static final int TYPE_POINTER = 6;
    private static final int TYPE_CONVOLUTION_MODE = 7;
    private static final int TYPE_HEURISTIC_MODE = 8;
    private static final int TYPE_POINTWISE_MODE = 14;
    private static final int TYPE_DESCRIPTOR = 15;

    private static final int ADD = 0;
    private static final int RELU = 100;

    private static final int N = 2;
    private static final int CHANNELS = 4;
    private static final int OUTPUTS = 8;
    private static final int SIZE = 5;

    private final NativeFunctions dnn = NativeFunctions.of(SoftwareCuda.folder().resolve("libcudnn.so.9"));
    private final List<MemorySegment> descriptors = new ArrayList<>();
    private SoftwareDriver cuda;
    private MemorySegment handle;

    @BeforeEach
    void open() {
        cuda = new SoftwareDriver("faults");
        MemorySegment holder = cuda.arena.allocate(ValueLayout.ADDRESS);
        assertThat(dnn.call("cudnnCreate", holder)).isZero();
        handle = holder.get(ValueLayout.ADDRESS, 0);
    }

    @AfterEach
    void close() {
        descriptors.forEach(d -> dnn.call("cudnnBackendDestroyDescriptor", d));
        dnn.call("cudnnDestroy", handle);
        cuda.close();
    }

    private MemorySegment create(int type) {
        MemorySegment holder = cuda.arena.allocate(ValueLayout.ADDRESS);
        assertThat(dnn.call("cudnnBackendCreateDescriptor", type, holder)).isZero();
        descriptors.add(holder.get(ValueLayout.ADDRESS, 0));
        return descriptors.getLast();
    }

    private int trySet(MemorySegment descriptor, int name, int type, long count, MemorySegment values) {
        return dnn.call("cudnnBackendSetAttribute", descriptor, name, type, count, values);
    }

    private void set(MemorySegment descriptor, int name, long... values) {
        assertThat(trySet(
                        descriptor,
                        name,
                        TYPE_INT64,
                        values.length,
                        cuda.arena.allocateFrom(ValueLayout.JAVA_LONG, values)))
                .isZero();
    }

    private void set(MemorySegment descriptor, int name, int type, int value) {
        assertThat(trySet(descriptor, name, type, 1, cuda.arena.allocateFrom(ValueLayout.JAVA_INT, value)))
                .isZero();
    }

    private void setReal(MemorySegment descriptor, int name, float value) {
        assertThat(trySet(descriptor, name, TYPE_FLOAT, 1, cuda.arena.allocateFrom(ValueLayout.JAVA_FLOAT, value)))
                .isZero();
    }

    private void set(MemorySegment descriptor, int name, int type, MemorySegment... values) {
        assertThat(trySet(descriptor, name, type, values.length, pointers(values)))
                .isZero();
    }

    private MemorySegment pointers(MemorySegment... values) {
        MemorySegment array = cuda.arena.allocate(ValueLayout.ADDRESS, values.length);
        for (int i = 0; i < values.length; i++) {
            array.setAtIndex(ValueLayout.ADDRESS, i, values[i]);
        }
        return array;
    }

    private MemorySegment finish(MemorySegment descriptor) {
        assertThat(dnn.call("cudnnBackendFinalize", descriptor)).isZero();
        return descriptor;
    }

    /** NHWC, float. */
    private MemorySegment tensor(long id, boolean virtual, long n, long c, long h, long w) {
        MemorySegment tensor = create(TENSOR);
        set(tensor, 901, TYPE_DATA_TYPE, 0);
        set(tensor, 902, n, c, h, w);
        set(tensor, 903, c * h * w, 1L, c * w, c);
        set(tensor, 906, id);
        set(tensor, 900, 16L);
        assertThat(trySet(tensor, 907, TYPE_BOOLEAN, 1, cuda.arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte)
                        (virtual ? 1 : 0))))
                .isZero();
        return finish(tensor);
    }

    private MemorySegment convolution() {
        MemorySegment convolution = create(CONVOLUTION);
        set(convolution, 106, 2L);
        set(convolution, 100, TYPE_DATA_TYPE, 0);
        set(convolution, 101, TYPE_CONVOLUTION_MODE, 1);
        for (int name = 102; name <= 105; name++) {
            set(convolution, name, 1L, 1L);
        }
        return finish(convolution);
    }

    private MemorySegment forward(MemorySegment x, MemorySegment w, MemorySegment y) {
        MemorySegment operation = create(FORWARD);
        setReal(operation, 700, 1);
        setReal(operation, 701, 0);
        set(operation, 702, TYPE_DESCRIPTOR, convolution());
        set(operation, 703, TYPE_DESCRIPTOR, w);
        set(operation, 704, TYPE_DESCRIPTOR, x);
        set(operation, 705, TYPE_DESCRIPTOR, y);
        return operation;
    }

    private MemorySegment pointwise(int mode, MemorySegment y, MemorySegment... inputs) {
        MemorySegment pointwise = create(POINTWISE);
        set(pointwise, 0, TYPE_POINTWISE_MODE, mode);
        set(pointwise, 1, TYPE_DATA_TYPE, 0);
        MemorySegment operation = create(POINTWISE_OPERATION);
        set(operation, 750, TYPE_DESCRIPTOR, finish(pointwise));
        for (int i = 0; i < inputs.length; i++) {
            set(operation, 751 + i, TYPE_DESCRIPTOR, inputs[i]);
        }
        set(operation, 753, TYPE_DESCRIPTOR, y);
        return operation;
    }

    private MemorySegment graph(MemorySegment... operations) {
        MemorySegment graph = create(GRAPH);
        set(graph, 800, TYPE_HANDLE, handle);
        set(graph, 801, TYPE_DESCRIPTOR, operations);
        return graph;
    }

    /** The plan of the heuristics' first choice. */
    private MemorySegment plan(MemorySegment graph) {
        MemorySegment heuristic = create(HEURISTIC);
        set(heuristic, 201, TYPE_DESCRIPTOR, finish(graph));
        set(heuristic, 200, TYPE_HEURISTIC_MODE, 0);
        finish(heuristic);
        MemorySegment config = create(ENGINE_CONFIG);
        MemorySegment count = cuda.arena.allocate(ValueLayout.JAVA_LONG);
        assertThat(dnn.call("cudnnBackendGetAttribute", heuristic, 202, TYPE_DESCRIPTOR, 1L, count, pointers(config)))
                .isZero();
        assertThat(count.get(ValueLayout.JAVA_LONG, 0)).isGreaterThanOrEqualTo(2);
        MemorySegment plan = create(PLAN);
        set(plan, 400, TYPE_HANDLE, handle);
        set(plan, 401, TYPE_DESCRIPTOR, config);
        return finish(plan);
    }

    private long workspaceBytes(MemorySegment plan) {
        MemorySegment bytes = cuda.arena.allocate(ValueLayout.JAVA_LONG);
        assertThat(dnn.call("cudnnBackendGetAttribute", plan, 402, TYPE_INT64, 1L, MemorySegment.NULL, bytes))
                .isZero();
        return bytes.get(ValueLayout.JAVA_LONG, 0);
    }

    private int execute(MemorySegment plan, long workspace, long[] ids, long... addresses) {
        MemorySegment pack = create(PACK);
        set(pack, 1000, ids);
        MemorySegment array = cuda.arena.allocateFrom(ValueLayout.JAVA_LONG, addresses);
        assertThat(trySet(pack, 1001, TYPE_POINTER, ids.length, array)).isZero();
        set(pack, 1003, TYPE_POINTER, MemorySegment.ofAddress(workspace));
        return dnn.call("cudnnBackendExecute", handle, plan, finish(pack));
    }

    private static float[] values(long seed, int length) {
        Random random = new Random(seed);
        float[] values = new float[length];
        for (int i = 0; i < length; i++) {
            values[i] = random.nextFloat() - 0.5f;
        }
        return values;
    }

    private MemorySegment fusedPlan() {
        MemorySegment x = tensor(1, false, N, CHANNELS, SIZE, SIZE);
        MemorySegment w = tensor(2, false, OUTPUTS, CHANNELS, 3, 3);
        MemorySegment sum = tensor(3, true, N, OUTPUTS, SIZE, SIZE);
        MemorySegment bias = tensor(4, false, 1, OUTPUTS, 1, 1);
        MemorySegment biased = tensor(5, true, N, OUTPUTS, SIZE, SIZE);
        MemorySegment residual = tensor(6, false, N, OUTPUTS, SIZE, SIZE);
        MemorySegment added = tensor(7, true, N, OUTPUTS, SIZE, SIZE);
        MemorySegment y = tensor(8, false, N, OUTPUTS, SIZE, SIZE);
        // In another order than they run in.
        return plan(graph(
                finish(pointwise(RELU, y, added)),
                finish(forward(x, w, sum)),
                finish(pointwise(ADD, added, biased, residual)),
                finish(pointwise(ADD, biased, sum, bias))));
    }

    @Test
    void convolutionWithBiasResidualAndRelu() {
        float[] x = values(1, N * SIZE * SIZE * CHANNELS);
        float[] w = values(2, OUTPUTS * 9 * CHANNELS);
        float[] bias = values(3, OUTPUTS);
        float[] residual = values(4, N * SIZE * SIZE * OUTPUTS);
        MemorySegment plan = fusedPlan();
        long y = cuda.allocate(4L * residual.length);
        long[] ids = {1, 2, 4, 6, 8};
        long workspace = cuda.allocate(workspaceBytes(plan));
        assertThat(execute(
                        plan,
                        workspace,
                        ids,
                        cuda.upload(x),
                        cuda.upload(w),
                        cuda.upload(bias),
                        cuda.upload(residual),
                        y))
                .isZero();
        float[] result = cuda.download(y, residual.length);
        for (int i = 0; i < result.length; i++) {
            int k = i % OUTPUTS;
            int column = i / OUTPUTS % SIZE;
            int row = i / OUTPUTS / SIZE % SIZE;
            int image = i / OUTPUTS / SIZE / SIZE;
            double sum = bias[k] + residual[i];
            for (int tap = 0; tap < 9; tap++) {
                int h = row + tap / 3 - 1;
                int v = column + tap % 3 - 1;
                for (int c = 0; h >= 0 && h < SIZE && v >= 0 && v < SIZE && c < CHANNELS; c++) {
                    sum += (double) x[((image * SIZE + h) * SIZE + v) * CHANNELS + c] * w[(k * 9 + tap) * CHANNELS + c];
                }
            }
            assertThat((double) result[i]).isCloseTo(Math.max(0, sum), within(1e-5));
        }
        cuda.expectNoFault();
    }

    @Test
    void packsThatDoNotFit() {
        MemorySegment plan = fusedPlan();
        long x = cuda.allocate(4L * N * SIZE * SIZE * CHANNELS);
        long w = cuda.allocate(4L * OUTPUTS * 9 * CHANNELS);
        long bias = cuda.allocate(4L * OUTPUTS);
        long y = cuda.allocate(4L * N * SIZE * SIZE * OUTPUTS);
        long workspace = cuda.allocate(workspaceBytes(plan));
        long[] ids = {1, 2, 4, 6, 8};
        assertThat(execute(plan, workspace, new long[] {1, 2, 4, 8}, x, w, bias, y))
                .isEqualTo(BAD_PARAM);
        cuda.expectFault("no pointer for tensor 6");
        assertThat(execute(plan, workspace, ids, x, w, bias + 4, y, y)).isEqualTo(MISALIGNED_POINTER);
        cuda.expectFault("is not a multiple of 16");
        assertThat(execute(plan, workspace, ids, x, w, bias + 16, y, y)).isEqualTo(5000);
        cuda.expectFault("pointwise b", "out of range");
        assertThat(execute(plan, workspace + 64, ids, x, w, bias, y, y)).isEqualTo(5000);
        cuda.expectFault("workspace", "out of range");
        cuda.free(x);
        assertThat(execute(plan, workspace, ids, x, w, bias, y, y)).isEqualTo(5000);
        cuda.expectFault("use after free");
    }

    @Test
    void attributesThatDoNotFit() {
        MemorySegment tensor = create(TENSOR);
        MemorySegment four = cuda.arena.allocateFrom(ValueLayout.JAVA_LONG, 1, 8, 9, 9);
        assertThat(trySet(tensor, 902, TYPE_FLOAT, 4, four)).isEqualTo(ATTRIBUTE_TYPE);
        assertThat(trySet(tensor, 906, TYPE_INT64, 2, four)).isEqualTo(BAD_PARAM);
        assertThat(trySet(tensor, 700, TYPE_FLOAT, 1, four)).isEqualTo(BAD_PARAM);
        assertThat(dnn.call("cudnnBackendFinalize", tensor))
                .as("attributes are missing")
                .isEqualTo(BAD_PARAM);
        MemorySegment x = tensor(1, false, N, CHANNELS, SIZE, SIZE);
        assertThat(trySet(x, 906, TYPE_INT64, 1, four)).as("final").isEqualTo(NOT_INITIALIZED);
        MemorySegment operation = create(FORWARD);
        assertThat(trySet(operation, 704, TYPE_DESCRIPTOR, 1, pointers(tensor))).isEqualTo(NOT_FINALIZED);
        assertThat(trySet(operation, 702, TYPE_DESCRIPTOR, 1, pointers(x)))
                .as("no convolution")
                .isEqualTo(BAD_PARAM);
        assertThat(SoftwareCuda.faults()).hasSize(7);
    }

    @ParameterizedTest
    @ValueSource(strings = {"same id", "virtual input", "shapes", "channels", "result not virtual", "no relu operand"})
    void graphsThatDoNotFit(String what) {
        int channels = what.equals("channels") ? 3 : CHANNELS;
        MemorySegment x = tensor(1, what.equals("virtual input"), N, channels, SIZE, SIZE);
        MemorySegment w = tensor(what.equals("same id") ? 1 : 2, false, OUTPUTS, channels, 3, 3);
        MemorySegment sum =
                tensor(3, !what.equals("result not virtual"), N, OUTPUTS, SIZE, what.equals("shapes") ? 4 : SIZE);
        MemorySegment y = tensor(4, false, N, OUTPUTS, SIZE, SIZE);
        MemorySegment convolution = forward(x, w, sum);
        if (what.equals("shapes")) {
            assertThat(dnn.call("cudnnBackendFinalize", convolution)).isEqualTo(SHAPE_MISMATCH);
            return;
        }
        finish(convolution);
        if (what.equals("no relu operand")) {
            assertThat(dnn.call("cudnnBackendFinalize", pointwise(RELU, y, sum, sum)))
                    .isEqualTo(BAD_PARAM);
            return;
        }
        MemorySegment graph = graph(convolution, finish(pointwise(RELU, y, sum)));
        int status = dnn.call("cudnnBackendFinalize", graph);
        if (what.equals("same id") || what.equals("virtual input")) {
            assertThat(status).isEqualTo(BAD_PARAM);
            return;
        }
        assertThat(status).isZero();
        MemorySegment heuristic = create(HEURISTIC);
        set(heuristic, 201, TYPE_DESCRIPTOR, graph);
        set(heuristic, 200, TYPE_HEURISTIC_MODE, 0);
        assertThat(dnn.call("cudnnBackendFinalize", heuristic)).isEqualTo(NOT_SUPPORTED);
    }
}
