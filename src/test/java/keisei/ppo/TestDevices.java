package keisei.ppo;

import java.util.stream.Stream;
import keisei.device.AdamSettings;
import keisei.device.Device;
import keisei.device.cpu.CpuDevice;
import keisei.device.reference.ReferenceDevice;
import keisei.nn.ActorCritic;
import keisei.nn.ActorCriticResTower;
import keisei.nn.ModelSpec;
import keisei.optim.AdamOptimizer;
import keisei.random.RandomStream;

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

    /** One block of 8 channels with squeeze-and-excitation. */
    static ActorCritic tower(Device device, long seed) {
        return new ActorCriticResTower(
                new ModelSpec("resnet", 4, 3, TwoPlyGame.ACTIONS, 1, 8, 0.25), device, new RandomStream(seed, 0));
    }
}
