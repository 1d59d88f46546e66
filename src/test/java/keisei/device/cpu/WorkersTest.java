package keisei.device.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;

class WorkersTest {
    @Test
    void everyChunkRunsExactlyOnceInEveryLoop() {
        for (int threads = 1; threads <= 4; threads++) {
            try (Workers workers = new Workers(threads)) {
                AtomicIntegerArray runs = new AtomicIntegerArray(13);
                int most = threads;
                Task task = (chunk, worker) -> {
                    if (worker < 0 || worker >= most) {
                        throw new IllegalStateException("worker " + worker);
                    }
                    runs.incrementAndGet(chunk);
                };
                for (int loop = 0; loop < 5000; loop++) {
                    workers.run(task, loop % 14);
                }
                for (int chunk = 0; chunk < 13; chunk++) {
                    int loops = 0;
                    for (int loop = 0; loop < 5000; loop++) {
                        loops += chunk < loop % 14 ? 1 : 0;
                    }
                    assertThat(runs.get(chunk)).isEqualTo(loops);
                }
            }
        }
    }

    @Test
    void sleepingHelpersWakeForTheNextLoop() throws InterruptedException {
        try (Workers workers = new Workers(3)) {
            AtomicIntegerArray runs = new AtomicIntegerArray(6);
            for (int loop = 0; loop < 5; loop++) {
                workers.run((chunk, worker) -> runs.incrementAndGet(chunk), 6);
                Thread.sleep(5);
            }
            for (int chunk = 0; chunk < 6; chunk++) {
                assertThat(runs.get(chunk)).isEqualTo(5);
            }
        }
    }

    @Test
    void anExceptionOfAnyThreadReachesTheCallerAndLaterLoopsWork() {
        try (Workers workers = new Workers(2)) {
            for (int loop = 0; loop < 200; loop++) {
                int bad = loop % 8;
                assertThatThrownBy(() -> workers.run(
                                (chunk, worker) -> {
                                    if (chunk == bad) {
                                        throw new IllegalStateException("chunk " + bad);
                                    }
                                },
                                8))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessage("chunk " + bad);
            }
            AtomicIntegerArray runs = new AtomicIntegerArray(8);
            workers.run((chunk, worker) -> runs.incrementAndGet(chunk), 8);
            assertThat(runs.toString()).isEqualTo("[1, 1, 1, 1, 1, 1, 1, 1]");
        }
    }
}
