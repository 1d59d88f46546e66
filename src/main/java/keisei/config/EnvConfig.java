package keisei.config;

import org.jspecify.annotations.Nullable;

/**
 * The games and the machine they are played on.
 *
 * @param variant shogi (9x9) or minishogi (5x5)
 * @param device auto, cpu, cuda or cuda:N
 * @param cudaGraphs whether a GPU replays recorded work as CUDA graphs
 * @param convPath what computes convolutions on a GPU
 * @param deterministic whether a GPU uses only algorithms that give the same bits on every run
 * @param tf32 whether a GPU may round the factors of float32 products to 10 bits of mantissa
 * @param threads threads of device and environment; 0: one a core
 * @param numGames N, games played at the same time
 * @param overlap whether the games of one half advance while the device infers for the other: auto, on or off
 * @param seed of every random stream of the run
 * @param maxMovesPerGame plies after which a game is cut off
 * @param actionSpace numbering of moves, the policy's outputs
 * @param numActionsTotal where given, the size that the action space must have
 * @param inputChannels where given, the number of planes that the features must have
 * @param impasse rule of declaration; auto: csa27 for shogi, none for minishogi
 * @param repetition meaning of fourfold repetition without perpetual check
 */
public record EnvConfig(
        @Setting(
                value = "shogi",
                allowed = {"shogi", "minishogi"})
        String variant,

        @Setting(value = "auto", pattern = "auto|cpu|cuda(:[0-9]{1,3})?", patternMeaning = "auto, cpu, cuda or cuda:N")
        String device,

        @Setting("true") boolean cudaGraphs,

        @Setting(
                value = "auto",
                allowed = {"auto", "legacy", "graph"})
        String convPath,

        @Setting("false") boolean deterministic,
        @Setting("false") boolean tf32,
        @Setting(value = "0", range = "[0, 1024]") int threads,
        @Setting(value = "32", range = "[1, 65536]") int numGames,

        @Setting(
                value = "auto",
                allowed = {"auto", "on", "off"})
        String overlap,

        @Setting(value = "42") long seed,
        @Setting(value = "500", range = "[1, 65535]") int maxMovesPerGame,

        @Setting(
                value = "compact",
                allowed = {"compact", "flat", "spatial"})
        String actionSpace,

        @Setting(value = "null", range = "[1, 1048576]", optional = true) @Nullable
        Integer numActionsTotal,

        @Setting(value = "null", range = "[1, 1024]", optional = true) @Nullable
        Integer inputChannels,

        @Setting(
                value = "auto",
                allowed = {"auto", "csa27", "csa24", "none"})
        String impasse,

        @Setting(
                value = "draw",
                allowed = {"draw", "first_player_loses"})
        String repetition) {}
