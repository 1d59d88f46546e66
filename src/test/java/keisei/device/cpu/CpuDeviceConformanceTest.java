package keisei.device.cpu;

import keisei.device.Device;
import keisei.device.DeviceConformanceTest;

class CpuDeviceConformanceTest extends DeviceConformanceTest {
    @Override
    public Device open(int threads) {
        return new CpuDevice(threads);
    }
}
