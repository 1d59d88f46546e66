package keisei.device.cuda;

/**
 * All launches of one kernel, or calls of one library function with the same sizes, in a profile.
 *
 * @param name the kernel and its file, or the function and its sizes
 * @param calls how often it ran
 * @param millis device time between the events around it, summed; includes the gap before a launch that came late
 * @param flops multiplications and additions of all calls; 0 where they are not counted
 * @param bytes of the operands of all calls, each as often as it is an operand; 0 where they are not known
 */
public record ProfileEntry(String name, int calls, double millis, double flops, double bytes) {
    ProfileEntry plus(ProfileEntry other) {
        return new ProfileEntry(
                name, calls + other.calls, millis + other.millis, flops + other.flops, bytes + other.bytes);
    }
}
