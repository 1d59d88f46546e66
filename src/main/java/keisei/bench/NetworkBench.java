package keisei.bench;

import java.util.ArrayList;
import java.util.List;
import keisei.device.AdamSettings;
import keisei.device.DType;
import keisei.device.DeviceBuffer;
import keisei.device.cpu.CpuDevice;
import keisei.nn.ActorCritic;
import keisei.nn.ModelRegistry;
import keisei.nn.ModelSpec;
import keisei.nn.TrainingPass;
import keisei.optim.AdamOptimizer;
import keisei.random.RandomStream;

/** Inference and training steps of towers with squeeze-and-excitation on 9x9 boards, 46 planes, 3,781 actions. */
final class NetworkBench {
    private static final int PLANES = 46;
    private static final int BOARD = 9;
    private static final int ACTIONS = 3781;

    private NetworkBench() {}

    static List<SpeedRow> run(CpuDevice device, double peakGigaflops, int depth, int width, int... batches) {
        List<SpeedRow> rows = new ArrayList<>();
        ModelSpec spec = new ModelSpec("resnet", PLANES, BOARD, ACTIONS, depth, width, 0.25);
        for (int batch : batches) {
            try (ActorCritic model = ModelRegistry.standard().create(spec, device, new RandomStream(1, 0))) {
                rows.add(inference(device, model, batch, peakGigaflops));
            }
        }
        for (int batch : batches) {
            try (ActorCritic model = ModelRegistry.standard().create(spec, device, new RandomStream(1, 0))) {
                rows.add(training(device, model, batch, peakGigaflops));
            }
        }
        return rows;
    }

    /** Multiply-adds of convolutions and linear layers, counted 2 each, of one position's forward pass. */
    static double forwardFlops(ModelSpec spec) {
        double width = spec.towerWidth();
        double spatial = spec.spatial();
        double stem = 9 * spec.inputChannels() * width;
        double blocks = 2.0 * spec.towerDepth() * 9 * width * width;
        double heads = 4 * width;
        double excite = 2.0 * spec.towerDepth() * width * spec.seHidden();
        double linear = 2 * spatial * (spec.actions() + 1);
        return 2 * (spatial * (stem + blocks + heads) + excite + linear);
    }

    private static SpeedRow inference(CpuDevice device, ActorCritic model, int batch, double peak) {
        ModelSpec spec = model.spec();
        try (DeviceBuffer planes =
                        device.allocate(DType.F32, batch * spec.spatial() * spec.paddedChannels(), "bench planes");
                DeviceBuffer logits = device.allocate(DType.F32, batch * ACTIONS, "bench logits");
                DeviceBuffer values = device.allocate(DType.F32, batch, "bench values")) {
            device.elementwise().fill(planes.all(), 0.5);
            double seconds = Timing.of(() -> model.forward(batch, planes.all(), logits.all(), values.all()))
                    .medianSeconds();
            return row("inference", spec, batch, batch / seconds, forwardFlops(spec), peak);
        }
    }

    private static SpeedRow training(CpuDevice device, ActorCritic model, int batch, double peak) {
        ModelSpec spec = model.spec();
        AdamSettings adam = new AdamSettings(0.9, 0.999, 1e-8, 0, false, 0.5);
        try (AdamOptimizer optimizer = new AdamOptimizer(device, adam, model.parameters())) {
            TrainingPass pass = model.trainingPass(batch);
            device.elementwise().fill(pass.planes(), 0.5);
            device.elementwise().fill(pass.dLogits(), 1e-6);
            device.elementwise().fill(pass.dValue(), 1e-3);
            double seconds = Timing.of(() -> {
                        optimizer.zeroGradients();
                        pass.forward();
                        pass.backward();
                        optimizer.step(1e-6);
                        model.parametersChanged();
                    })
                    .medianSeconds();
            return row("training step", spec, batch, batch / seconds, 3 * forwardFlops(spec), peak);
        }
    }

    private static SpeedRow row(
            String what, ModelSpec spec, int batch, double rate, double flopsPerPosition, double peak) {
        double gigaflops = rate * flopsPerPosition / 1e9;
        return new SpeedRow(
                "%s %dx%d, batch %d".formatted(what, spec.towerDepth(), spec.towerWidth(), batch),
                rate,
                "positions/s",
                "%.0f GFLOP/s nominal, %.2f of peak".formatted(gigaflops, gigaflops / peak));
    }
}
