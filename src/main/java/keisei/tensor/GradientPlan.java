package keisei.tensor;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Where the gradients of activations lie and in what order they are made. A gradient lives from its first writer to
 * the operation that made its tensor; then its place is free for another one. So the backward pass of a tower needs
 * the room of a few images instead of one for each layer. Tensors have identity semantics here.
 */
final class GradientPlan {
    private static final int ALIGNMENT = 16;

    private final List<Operation> steps = new ArrayList<>();
    private final Map<Tensor, Long> offsets = new HashMap<>();
    private final List<Tensor> zeroed = new ArrayList<>();
    private final TreeMap<Long, Long> free = new TreeMap<>();
    private final Map<Tensor, Long> outputOffsets = new HashMap<>();
    private final boolean splitsTypes;
    private long end;
    private long outputEnd;

    /** @param splitsTypes gradients of outputs lie in memory of their own, each in a place of its own */
    GradientPlan(List<Operation> operations, List<Tensor> seeds, Set<Tensor> leaves, boolean splitsTypes) {
        this.splitsTypes = splitsTypes;
        Set<Tensor> written = new HashSet<>(seeds);
        Set<Tensor> kept = new HashSet<>(seeds);
        kept.addAll(leaves);
        seeds.forEach(this::place);
        for (Operation operation : operations.reversed()) {
            if (Collections.disjoint(operation.outputs(), written)) {
                continue;
            }
            steps.add(operation);
            for (Tensor output : operation.outputs()) {
                if (written.add(output)) {
                    append(output);
                    kept.add(output);
                    zeroed.add(output);
                }
            }
            for (int i = 0; i < operation.inputs().size(); i++) {
                Tensor input = operation.inputs().get(i);
                if (input.needsGradient()) {
                    boolean first = written.add(input);
                    operation.setAccumulate(i, !first);
                    if (first) {
                        place(input);
                    }
                }
            }
            for (Tensor output : operation.outputs()) {
                if (!kept.contains(output)) {
                    release(output);
                }
            }
        }
    }

    /** Operations in the order of the backward pass. */
    List<Operation> steps() {
        return steps;
    }

    /** First element of each gradient. */
    Map<Tensor, Long> offsets() {
        return offsets;
    }

    /** First element of each gradient of an output, in memory of their own; empty unless types are split. */
    Map<Tensor, Long> outputOffsets() {
        return outputOffsets;
    }

    /** Elements needed for the gradients of outputs. */
    long outputLength() {
        return outputEnd;
    }

    /** Outputs that nobody differentiates although their operation is: their gradient is 0. */
    List<Tensor> zeroed() {
        return zeroed;
    }

    /** Elements needed in all. */
    long length() {
        return end;
    }

    static long align(long count) {
        return (count + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** The smallest gap that fits, else the end. */
    private void place(Tensor tensor) {
        if (isSeparate(tensor)) {
            append(tensor);
            return;
        }
        long size = align(tensor.count());
        long best = -1;
        for (Map.Entry<Long, Long> gap : free.entrySet()) {
            if (gap.getValue() >= size && (best < 0 || gap.getValue() < free.getOrDefault(best, Long.MAX_VALUE))) {
                best = gap.getKey();
            }
        }
        if (best < 0) {
            append(tensor);
            return;
        }
        Long gap = free.remove(best);
        if (gap != null && gap > size) {
            free.put(best + size, gap - size);
        }
        offsets.put(tensor, best);
    }

    /** A place that no gradient used before: it is cleared at the start of the pass. */
    private void append(Tensor tensor) {
        if (isSeparate(tensor)) {
            outputOffsets.put(tensor, outputEnd);
            outputEnd += align(tensor.count());
            return;
        }
        offsets.put(tensor, end);
        end += align(tensor.count());
    }

    private boolean isSeparate(Tensor tensor) {
        return splitsTypes && tensor.isReal();
    }

    private void release(Tensor tensor) {
        Long start = offsets.get(tensor);
        if (start == null) {
            return;
        }
        long from = start;
        long to = start + align(tensor.count());
        Map.Entry<Long, Long> before = free.floorEntry(from);
        if (before != null && before.getKey() + before.getValue() == from) {
            free.remove(before.getKey());
            from = before.getKey();
        }
        Long after = free.remove(to);
        if (after != null) {
            to += after;
        }
        free.put(from, to - from);
    }
}
