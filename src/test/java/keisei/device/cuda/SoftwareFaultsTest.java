package keisei.device.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each of the software device's checks of memory finds the fault that is planted for it. */
class SoftwareFaultsTest {
    private SoftwareDriver cuda;

    @BeforeEach
    void open() {
        cuda = new SoftwareDriver("faults");
    }

    @AfterEach
    void close() {
        cuda.close();
    }

    @Test
    void copiesOutOfRange() {
        long address = cuda.allocate(100);
        MemorySegment host = cuda.arena.allocate(200);
        assertThat(cuda.call("cuMemcpyHtoD_v2", address, host, 101L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("cuMemcpyHtoD: destination", "101 bytes", "out of range");
        assertThat(cuda.call("cuMemcpyDtoH_v2", host, address + 50, 51L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("cuMemcpyDtoH: source", "51 bytes", "50 bytes are left");
        assertThat(cuda.call("cuMemcpyDtoD_v2", address, address + 10, 20L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("cuMemcpyDtoD", "overlap");
        assertThat(cuda.call("cuMemsetD32_v2", address, 0, 26L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("cuMemsetD32", "104 bytes", "out of range");
        assertThat(cuda.call("cuMemsetD8_v2", host.address(), (byte) 0 + 0, 1L))
                .isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("cuMemsetD8", "not device memory");
    }

    @Test
    void deviceMemoryForHostMemory() {
        long address = cuda.allocate(100);
        assertThat(cuda.call("cuMemcpyHtoD_v2", address, MemorySegment.ofAddress(address + 50), 10L))
                .isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("source", "stands for host memory");
    }

    @Test
    void pinnedMemoryOutOfRange() {
        MemorySegment pinned = cuda.create("cuMemHostAlloc", 64L, 0);
        long address = cuda.allocate(128);
        assertThat(cuda.call("cuMemcpyDtoH_v2", pinned, address, 65L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("destination", "pinned host memory of 64 bytes");
        cuda.check("cuMemFreeHost", pinned);
        assertThat(cuda.call("cuMemFreeHost", pinned)).isEqualTo(SoftwareDriver.INVALID_VALUE);
    }

    @ParameterizedTest
    @CsvSource({"25, past the end, 0 bytes past", "-1, before the begin, 4 bytes before"})
    void guardZones(long index, String where, String distance) {
        long address = cuda.allocate(100);
        assertThat(cuda.launch("poke", 1, 1, 0, address, index)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("kernel poke wrote 4 bytes " + where, "of 100 bytes", distance);
    }

    @Test
    void errorOfAKernelStays() {
        long address = cuda.allocate(100);
        assertThat(cuda.launch("poke", 1, 1, 0, address, 25L)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        assertThat(cuda.call("cuCtxSynchronize")).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        MemorySegment other = cuda.arena.allocate(ValueLayout.JAVA_LONG);
        assertThat(cuda.call("cuMemAlloc_v2", other, 4L)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
    }

    @Test
    void farOutOfRange() {
        long address = cuda.allocate(100);
        long result = cuda.allocate(4);
        assertThat(cuda.launch("peek", 1, 1, 0, address, 1L << 30, result)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("kernel peek", "no live allocation");
        assertThat(cuda.launch("poke", 1, 1, 0, address, -(address >> 2)))
                .as("null")
                .isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("kernel poke", "not device memory");
        cuda.launch("poke", 1, 1, 0, address, 24L);
        assertThat(cuda.download(address, 25)[24]).as("kernels still run").isEqualTo(1);
    }

    @Test
    void readJustOutOfRangeGivesNotANumber() {
        long address = cuda.upload(1, 2, 3);
        long result = cuda.allocate(4);
        cuda.launch("peek", 1, 1, 0, address, 3L, result);
        assertThat(cuda.download(result, 1)[0]).isNaN();
    }

    @ParameterizedTest
    @ValueSource(longs = {25, -1, 1L << 20})
    void accessChecksFindReads(long index) {
        cuda.close();
        cuda = new SoftwareDriver("faults.checked");
        long address = cuda.allocate(100);
        long result = cuda.allocate(4);
        assertThat(cuda.launch("peek", 1, 1, 0, address, index, result)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("kernel peek: a load of 4 bytes");
        assertThat(cuda.launch("poke", 1, 1, 0, address, index)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("kernel poke: a store of 4 bytes");
    }

    @Test
    void regionsOfAnAllocation() {
        cuda.close();
        cuda = new SoftwareDriver("faults.checked");
        long address = cuda.allocate(256);
        cuda.check("keiseiSoftcudaRegion", address, 100L);
        cuda.check("keiseiSoftcudaRegion", address + 128, 128L);
        assertThat(cuda.launch("poke", 1, 1, 0, address, 24L)).isZero();
        assertThat(cuda.launch("poke", 1, 1, 0, address, 26L)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("kernel poke: a store");
        assertThat(cuda.call("cuMemsetD8_v2", address, 0, 101L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("100 bytes are left");
        assertThat(cuda.call("keiseiSoftcudaRegion", address + 200, 57L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
    }

    @Test
    void useAfterFree() {
        long address = cuda.allocate(100);
        long other = cuda.allocate(100);
        cuda.free(address);
        assertThat(cuda.call("cuMemsetD8_v2", address, 0, 1L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("use after free", "of 100 bytes");
        assertThat(cuda.launch("poke", 1, 1, 0, address, 0L)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("cuLaunchKernel(poke): parameter 0", "use after free");
        // A kernel that keeps an old address gets there without naming it as an argument.
        assertThat(cuda.launch("poke", 1, 1, 0, other, (address - other) / 4))
                .isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("kernel poke", "use after free");
        assertThat(cuda.call("cuMemFree_v2", address)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("cuMemFree", "was freed before");
        assertThat(cuda.call("cuMemFree_v2", other + 4)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("cuMemFree", "is not the address of a live allocation");
    }

    @Test
    void freedMemoryIsNotGivenOutAgain() {
        long first = cuda.allocate(1000);
        cuda.free(first);
        for (int i = 0; i < 1000; i++) {
            long next = cuda.allocate(1000);
            assertThat(next).isNotEqualTo(first);
            cuda.free(next);
        }
    }

    @Test
    void argumentsThatAreNoDeviceMemory() {
        MemorySegment host = cuda.arena.allocate(100);
        assertThat(cuda.launch("poke", 1, 1, 0, host.address(), 0L)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("cuLaunchKernel(poke): parameter 0", "not device memory");
    }

    @Test
    void launchesOutOfTheLimits() {
        long address = cuda.allocate(100);
        assertThat(cuda.launch("poke", 1, 1025, 0, address, 0L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("a block of 1025 x 1 x 1 threads");
        assertThat(cuda.launch("poke", 0, 1, 0, address, 0L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("a grid of 0 x 1 x 1 blocks");
        int tooMuch = (48 << 10) + 1;
        assertThat(cuda.launch("poke", 1, 1, tooMuch, address, 0L)).isEqualTo(SoftwareDriver.INVALID_VALUE);
        cuda.expectFault("49153 bytes of dynamic shared memory", "49152 are allowed");
        cuda.check("cuFuncSetAttribute", cuda.kernel("poke"), 8, tooMuch);
        assertThat(cuda.launch("poke", 1, 1, tooMuch, address, 0L)).isZero();
        cuda.check("cuFuncSetAttribute", cuda.kernel("poke"), 8, 48 << 10);
    }

    @ParameterizedTest
    @CsvSource({"divergent, 32, divergent barrier", "unnamed, 32, does not name the calling lane", "trap, 1, __trap()"})
    void kernelsThatFail(String kernel, int threads, String reason) {
        long address = cuda.allocate(4 * 32);
        Object[] arguments = kernel.equals("trap") ? new Object[0] : new Object[] {address};
        assertThat(cuda.launch(kernel, 1, threads, 0, arguments)).isEqualTo(SoftwareDriver.LAUNCH_FAILED);
        cuda.expectFault("kernel " + kernel, reason);
        assertThat(cuda.launch("poke", 1, 1, 0, address, 0L))
                .as("the next kernel")
                .isZero();
        assertThat(cuda.launch(kernel, 1, threads, 0, arguments)).isEqualTo(SoftwareDriver.LAUNCH_FAILED);
    }

    @Test
    void overrunOfDynamicSharedMemory() {
        assertThat(cuda.launch("overrun_shared", 1, 1, 64, 15)).isZero();
        assertThat(cuda.launch("overrun_shared", 1, 1, 64, 16)).isEqualTo(SoftwareDriver.ILLEGAL_ADDRESS);
        cuda.expectFault("kernel overrun_shared");
    }

    @Test
    void freshMemoryAndSharedMemoryAreNotNumbers() {
        assertThat(cuda.download(cuda.allocate(40), 10)).containsOnly(Float.NaN);
        long result = cuda.upload(0f, 0f, 0f, 0f, 0f, 0f);
        assertThat(cuda.launch("unwritten", 2, 1, 16, result)).isZero();
        float[] values = cuda.download(result, 6);
        assertThat(values).as("in the second block, too").containsOnly(Float.NaN);
    }

    @Test
    void outOfMemory() {
        MemorySegment address = cuda.arena.allocate(ValueLayout.JAVA_LONG);
        MemorySegment free = cuda.arena.allocate(ValueLayout.JAVA_LONG);
        MemorySegment total = cuda.arena.allocate(ValueLayout.JAVA_LONG);
        cuda.check("cuMemGetInfo_v2", free, total);
        long before = free.get(ValueLayout.JAVA_LONG, 0);
        assertThat(cuda.call("cuMemAlloc_v2", address, before + 1)).isEqualTo(SoftwareDriver.OUT_OF_MEMORY);
        long held = cuda.allocate(1000);
        cuda.check("cuMemGetInfo_v2", free, total);
        assertThat(free.get(ValueLayout.JAVA_LONG, 0)).isEqualTo(before - 1024);
        cuda.free(held);
        cuda.expectNoFault();
    }

    @Test
    void unknownFunctionsAndHandles() {
        assertThat(cuda.call("cuArrayCreate_v2")).isEqualTo(SoftwareDriver.NOT_SUPPORTED);
        cuda.expectFault("cuArrayCreate_v2 is not implemented");
        assertThat(cuda.call("cuStreamSynchronize", MemorySegment.ofAddress(0x1234)))
                .isEqualTo(SoftwareDriver.INVALID_HANDLE);
        cuda.expectFault("0x1234 is not a live stream");
    }

    @Test
    void imagesOfOtherDevices() {
        MemorySegment module = cuda.arena.allocate(ValueLayout.ADDRESS);
        MemorySegment ptx =
                cuda.arena.allocateFrom(".version 8.0 and a text that is long enough for an ELF header".repeat(2));
        assertThat(cuda.call("cuModuleLoadData", module, ptx)).isEqualTo(209);
        cuda.expectFault("not one for the software device");
    }
}
