package keisei.device;

/** The conformance suite of convolutions and linear layers: what a device may leave to libraries. */
public abstract class LibraryGroupsConformanceTest implements ConvolutionConformance {
    @Override
    public DType activations() {
        return DType.F32;
    }

    @Override
    public double tolerance() {
        return ConvolutionConformance.super.tolerance();
    }

    @Override
    public int leading() {
        return ConvolutionConformance.super.leading();
    }

    @Override
    public int mostThreads() {
        return ConvolutionConformance.super.mostThreads();
    }
}
