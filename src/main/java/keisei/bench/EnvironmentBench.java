package keisei.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import keisei.device.DType;
import keisei.device.DeviceBuffer;
import keisei.device.cpu.CpuDevice;
import keisei.env.ActionSpace;
import keisei.env.ActionSpaces;
import keisei.env.EnvSettings;
import keisei.env.FeatureSpec;
import keisei.env.Perspective;
import keisei.env.StepResult;
import keisei.env.VecShogiEnv;
import keisei.random.RandomStream;
import keisei.shogi.Game;
import keisei.shogi.GameRules;
import keisei.shogi.Variant;

/** Environment steps of random play on one core: legal masks and packed positions, with and without expanded planes. */
final class EnvironmentBench {
    private static final int PLY_LIMIT = 512;

    private EnvironmentBench() {}

    static List<SpeedRow> run(int games) {
        List<SpeedRow> rows = new ArrayList<>();
        for (Variant variant : Variant.values()) {
            rows.add(measure(variant, games, false));
            rows.add(measure(variant, games, true));
        }
        return rows;
    }

    private static SpeedRow measure(Variant variant, int games, boolean planes) {
        FeatureSpec features = FeatureSpec.of("core46", variant, PLY_LIMIT);
        ActionSpace actions = ActionSpaces.byName("compact", variant);
        EnvSettings settings =
                new EnvSettings(variant, GameRules.standard(variant, PLY_LIMIT), features, actions, games, 1);
        try (VecShogiEnv env = new VecShogiEnv(settings);
                CpuDevice device = new CpuDevice(1);
                Arena arena = Arena.ofConfined();
                DeviceBuffer packedOnDevice = device.allocate(DType.U8, games * env.recordBytes(), "bench");
                DeviceBuffer image =
                        device.allocate(DType.F32, games * variant.squares() * features.channels(), "bench")) {
            MemorySegment packed = arena.allocate((long) games * env.recordBytes(), 64);
            MemorySegment masks = arena.allocate((long) games * env.maskWords() * Integer.BYTES, 64);
            RandomStream random = new RandomStream(1, 0);
            int[] chosen = new int[games];
            StepResult result = env.newResult();
            double seconds = Timing.of(() -> {
                        env.observe(0, games, packed, masks);
                        if (planes) {
                            device.write(packedOnDevice.all(), packed);
                            device.rollout().expandPlanes(games, features.program(), packedOnDevice.all(), image.all());
                        }
                        for (int i = 0; i < games; i++) {
                            Game game = env.game(i);
                            int move = game.legalMove(random.nextInt(game.legalMoveCount()));
                            chosen[i] = actions.encode(Perspective.move(
                                    variant, move, game.position().sideToMove()));
                        }
                        env.step(chosen, result);
                    })
                    .medianSeconds();
            return new SpeedRow(
                    "environment %s, N=%d, legal masks, %s, 1 core"
                            .formatted(variant.id(), games, planes ? "expanded planes" : "packed positions"),
                    games / seconds,
                    "steps/s");
        }
    }
}
