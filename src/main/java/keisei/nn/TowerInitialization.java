package keisei.nn;

import java.util.List;
import keisei.random.RandomStream;
import keisei.tensor.HostTransfer;
import keisei.tensor.Initialization;

/**
 * The first parameters of a tower: PyTorch's defaults, drawn in the order of the state dict over logical elements (so
 * that they do not depend on padding), the policy's last layer scaled down so that the first policy is nearly uniform.
 */
final class TowerInitialization {
    /** Factor of the policy's last layer. */
    static final double POLICY_SCALE = 0.01;

    private TowerInitialization() {}

    static void initialize(ParameterStore store, RandomStream random) {
        int fanIn = 1;
        for (ParameterStore.Entry entry : store.parameters().values()) {
            String name = entry.name();
            boolean weight = name.endsWith(".weight");
            float[] values;
            if (isNorm(name)) {
                values = Initialization.constant(entry.logicalCount(), weight ? 1 : 0);
            } else {
                // A bias follows its weight and has the same bound.
                fanIn = weight ? fanIn(entry.shape()) : fanIn;
                double scale = isLastOfPolicy(name) ? POLICY_SCALE : 1;
                values = Initialization.uniform(entry.logicalCount(), scale * Initialization.bound(fanIn), random);
            }
            HostTransfer.write(store.value(name), StateDict.toStored(entry, values));
        }
        for (ParameterStore.Entry entry : store.buffers().values()) {
            double start = entry.name().endsWith(".running_var") ? 1 : 0;
            HostTransfer.write(store.value(entry.name()), Initialization.constant(entry.storedCount(), start));
        }
    }

    static boolean isLastOfPolicy(String name) {
        return name.startsWith("policy.fc.") || name.startsWith("policy.out.");
    }

    /** {@code stem.bn.weight}, {@code blocks.0.bn1.bias}. */
    private static boolean isNorm(String name) {
        String[] parts = name.split("\\.", -1);
        return parts[parts.length - 2].startsWith("bn");
    }

    private static int fanIn(List<Integer> shape) {
        int product = 1;
        for (int size : shape.subList(1, shape.size())) {
            product *= size;
        }
        return product;
    }
}
