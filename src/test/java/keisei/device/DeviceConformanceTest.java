package keisei.device;

/**
 * The whole conformance suite: a device's test class extends it and opens the device. Compares with the float64
 * reference, and bit for bit between numbers of threads.
 */
public abstract class DeviceConformanceTest
        implements ConvolutionConformance, LayerConformance, PolicyConformance, TrainingConformance {}
