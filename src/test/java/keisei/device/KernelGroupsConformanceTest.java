package keisei.device;

/** The conformance suite without convolutions and linear layers: what a device computes with kernels of its own. */
public abstract class KernelGroupsConformanceTest implements LayerConformance, PolicyConformance, TrainingConformance {
    @Override
    public DType activations() {
        return DType.F32;
    }

    @Override
    public double tolerance() {
        return LayerConformance.super.tolerance();
    }

    @Override
    public int leading() {
        return LayerConformance.super.leading();
    }

    @Override
    public int mostThreads() {
        return LayerConformance.super.mostThreads();
    }

    @Override
    public double roundedTolerance() {
        return LayerConformance.super.roundedTolerance();
    }
}
