package keisei.device.cuda;

/**
 * Hears of each kernel, library call and copy in the order of the stream, for profiles. In ordinary runs nobody
 * listens. While somebody does, recorded work is run call by call.
 */
interface LaunchListener {
    /** Number of bytes or FLOPs that is not known. */
    double UNKNOWN = 0;

    /** The next work goes to the stream. @param flops multiplications and additions; @param bytes read and written */
    void begins(String name, double flops, double bytes);

    /** The work that began last is in the stream. */
    void ends();

    /** An operand of the primitive that is about to launch kernels. */
    void operand(long address, long bytes);

    /** The bytes of an operand, or {@link #UNKNOWN}. */
    double bytesOf(long address);
}
