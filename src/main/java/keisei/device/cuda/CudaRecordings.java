package keisei.device.cuda;

/** How many recordings of a device hold addresses. */
final class CudaRecordings {
    private int open;

    /** Whether memory that was in use may still be replayed into. */
    boolean any() {
        return open > 0;
    }

    void opened() {
        open++;
    }

    void closed() {
        open--;
    }
}
