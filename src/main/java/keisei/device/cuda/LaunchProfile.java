package keisei.device.cuda;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Device time of each kernel, library call and copy between two events, summed by name. */
final class LaunchProfile implements LaunchListener, AutoCloseable {
    /** So many are waited for together. */
    private static final int MOST_OPEN = 2048;

    private final CudaStream stream;
    private final List<CudaEvent> starts = new ArrayList<>();
    private final List<CudaEvent> ends = new ArrayList<>();
    private final List<Launch> open = new ArrayList<>();
    private final Map<Long, Long> operands = new HashMap<>();
    private final Map<String, ProfileEntry> sums = new LinkedHashMap<>();

    private record Launch(String name, double flops, double bytes) {}

    LaunchProfile(CudaStream stream) {
        this.stream = stream;
        for (int i = 0; i < MOST_OPEN; i++) {
            starts.add(CudaEvent.forTiming());
            ends.add(CudaEvent.forTiming());
        }
    }

    @Override
    public void begins(String name, double flops, double bytes) {
        if (open.size() == MOST_OPEN) {
            collect();
        }
        starts.get(open.size()).record(stream);
        open.add(new Launch(name, flops, bytes));
    }

    @Override
    public void ends() {
        ends.get(open.size() - 1).record(stream);
    }

    @Override
    public void operand(long address, long bytes) {
        operands.put(address, bytes);
    }

    @Override
    public double bytesOf(long address) {
        Long bytes = operands.get(address);
        return bytes == null ? UNKNOWN : bytes;
    }

    private void collect() {
        stream.synchronize();
        for (int i = 0; i < open.size(); i++) {
            Launch launch = open.get(i);
            double millis = ends.get(i).millisSince(starts.get(i));
            ProfileEntry one = new ProfileEntry(launch.name(), 1, millis, launch.flops(), launch.bytes());
            sums.merge(launch.name(), one, ProfileEntry::plus);
        }
        open.clear();
    }

    /** What was heard so far, the most expensive first. */
    List<ProfileEntry> entries() {
        collect();
        List<ProfileEntry> sorted = new ArrayList<>(sums.values());
        sorted.sort((a, b) -> Double.compare(b.millis(), a.millis()));
        return sorted;
    }

    @Override
    public void close() {
        starts.forEach(CudaEvent::close);
        ends.forEach(CudaEvent::close);
    }
}
