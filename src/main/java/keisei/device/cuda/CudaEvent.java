package keisei.device.cuda;

import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.JCudaDriver;

/** A mark in the stream: it says when the work before it is done, and how long work between two marks took. */
final class CudaEvent implements AutoCloseable {
    private final CUevent event = new CUevent();
    private boolean recorded;
    private boolean closed;

    private CudaEvent(int flags) {
        Driver.check(JCudaDriver.cuEventCreate(event, flags), "cuEventCreate");
    }

    /** A mark to wait for. */
    static CudaEvent forWaiting() {
        return new CudaEvent(CUevent_flags.CU_EVENT_DISABLE_TIMING);
    }

    /** A mark with the time. */
    static CudaEvent forTiming() {
        return new CudaEvent(CUevent_flags.CU_EVENT_DEFAULT);
    }

    private CUevent handle() {
        if (closed) {
            throw new CudaException("an event was used after it was closed");
        }
        return event;
    }

    /** Puts the mark behind the work of the stream. */
    void record(CudaStream stream) {
        Driver.check(JCudaDriver.cuEventRecord(handle(), stream.handle()), "cuEventRecord");
        recorded = true;
    }

    /** Waits for the work before the mark; returns at once when it was never set. */
    void synchronize() {
        if (recorded) {
            Driver.check(JCudaDriver.cuEventSynchronize(handle()), "cuEventSynchronize");
        }
    }

    /** Milliseconds of device time from an earlier mark to this one; both must be reached. */
    float millisSince(CudaEvent start) {
        float[] millis = {0};
        Driver.check(JCudaDriver.cuEventElapsedTime(millis, start.handle(), handle()), "cuEventElapsedTime");
        return millis[0];
    }

    @Override
    public void close() {
        CUevent open = handle();
        closed = true;
        Driver.check(JCudaDriver.cuEventDestroy(open), "cuEventDestroy");
    }
}
