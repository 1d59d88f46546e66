package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import keisei.device.DType;
import keisei.device.DeviceBuffer;
import keisei.device.RecordedWork;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Profiles and peaks on the software device. */
class CudaProfileTest {
    @TempDir
    private Path cache;

    private CudaDevice device;

    @BeforeEach
    void open() {
        device =
                CudaDevice.open(SoftwareCuda.libraries(), CudaOptions.defaults().withCache(cache));
    }

    @AfterEach
    void close() {
        device.close();
    }

    private float first(DeviceBuffer buffer) {
        float[] values = new float[buffer.length()];
        device.read(buffer.all(), MemorySegment.ofArray(values));
        return values[0];
    }

    private static ProfileEntry entry(List<ProfileEntry> entries, String name) {
        return entries.stream()
                .filter(each -> each.name().startsWith(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not in " + entries));
    }

    @Test
    void launchesAreCountedWithTheBytesOfTheirOperands() {
        try (DeviceBuffer a = device.allocate(DType.F32, 1000, "profile");
                DeviceBuffer b = device.allocate(DType.F32, 1000, "profile")) {
            List<ProfileEntry> entries = device.profile(() -> {
                device.elementwise().fill(a.all(), 2);
                device.elementwise().accumulate(a.all(), b.all());
                device.elementwise().accumulate(a.all().range(0, 10), b.all().range(0, 10));
            });

            assertThat(entries).hasSize(2);
            ProfileEntry fill = entry(entries, "fill_f32");
            assertThat(fill.calls()).isEqualTo(1);
            assertThat(fill.bytes()).isEqualTo(4000);
            ProfileEntry add = entry(entries, "add_f32");
            assertThat(add.calls()).isEqualTo(2);
            assertThat(add.bytes()).isEqualTo(3 * 4000 + 3 * 40);
            assertThat(add.millis()).isPositive();
        }
    }

    @Test
    void productsAreCountedWithTheirFlops() {
        try (CudaBuffer a = device.allocate(DType.F32, 12, "profile");
                CudaBuffer b = device.allocate(DType.F32, 20, "profile");
                CudaBuffer c = device.allocate(DType.F32, 15, "profile")) {
            List<ProfileEntry> entries = device.profile(() -> device.runtime()
                    .cublas()
                    .product(3, 5, 4, DType.F32, a.address(), false, b.address(), true, false, DType.F32, c.address()));

            ProfileEntry product = entry(entries, "cublasGemmEx");
            assertThat(product.name()).isEqualTo("cublasGemmEx F32 [3, 4] x [4, 5] to F32");
            assertThat(product.flops()).isEqualTo(2 * 3 * 5 * 4);
        }
    }

    @Test
    void recordedWorkIsTakenApartAndReplayedAgainAfterwards() {
        try (DeviceBuffer sum = device.allocate(DType.F32, 8, "profile");
                DeviceBuffer one = device.allocate(DType.F32, 8, "profile")) {
            device.elementwise().fill(one.all(), 1);
            try (RecordedWork work =
                    device.record("add", () -> device.elementwise().accumulate(one.all(), sum.all()))) {
                work.run();
                work.run();
                work.run();

                List<ProfileEntry> entries = device.profile(work::run);
                work.run();

                assertThat(entry(entries, "add_f32").calls()).isEqualTo(1);
                assertThat(first(sum)).isEqualTo(5);
            }
        }
    }

    @Test
    void nobodyListensAfterWorkThatFailed() {
        assertThatThrownBy(() -> device.profile(() -> {
                    throw new IllegalStateException("planted");
                }))
                .hasMessage("planted");

        assertThat(device.runtime().stream().listener()).isNull();
    }

    @Test
    void moreLaunchesThanEventsAreAllCounted() {
        try (DeviceBuffer a = device.allocate(DType.F32, 1, "profile")) {
            List<ProfileEntry> entries = device.profile(() -> {
                for (int i = 0; i < 5000; i++) {
                    device.elementwise().fill(a.all(), i);
                }
            });

            assertThat(entry(entries, "fill_f32").calls()).isEqualTo(5000);
        }
    }

    @Test
    void peaksArePositiveAndLeaveNoMemory() {
        DevicePeaks peaks = device.measurePeaks();

        assertThat(peaks.flopsPerSecond()).isPositive();
        assertThat(peaks.bytesPerSecond()).isPositive();
        assertThat(device.memory().bytesByOwner()).doesNotContainKey("peak");
    }
}
