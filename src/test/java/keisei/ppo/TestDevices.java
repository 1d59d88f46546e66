package keisei.ppo;

import java.util.stream.Stream;
import keisei.device.AdamSettings;
import keisei.device.Device;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import keisei.nn.ActorCritic;
import keisei.optim.AdamOptimizer;

/** The devices that every test of this package runs on, and small models on them. */
final class TestDevices {
    private TestDevices() {}

    /** New devices; JUnit closes the arguments of parameterized tests, and a device with open buffers fails then. */
    static Stream<Device> all() {
        return Stream.of(new CpuDevice(2), new ReferenceDevice());
    }

    static Stream<Device> float64() {
        return Stream.of(new ReferenceDevice());
    }

    static ActorCritic smallNet(Device device, int planes, int boardSize, int actions, long seed) {
        return new SmallNet(device, planes, boardSize, actions, seed);
    }

    static AdamOptimizer adam(ActorCritic model, AdamSettings settings) {
        return new AdamOptimizer(
                model.device(),
                settings,
                model.parameters().values(),
                model.parameters().gradients());
    }
}
