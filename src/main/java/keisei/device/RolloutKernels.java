package keisei.device;

/** Primitives around the experience of a rollout, stored {@code [T, N, ...]}: time outside, game inside. */
public interface RolloutKernels {
    /** {@code out[N, H, W, channels]} from {@code packed[N, recordBytes]} U8. */
    void expandPlanes(int batch, PlaneProgram program, Slice packed, Slice out);

    /** {@code destination[i, :] = source[index[i], :]}, rows of {@code rowLength} elements of any type. */
    void gatherRows(int rows, int rowLength, Slice source, Slice index, Slice destination);

    /**
     * Generalised advantage estimation (Schulman et al. 2016) with a sign on what comes from the next step, -1 where
     * two players alternate and values are the mover's:
     * {@code boot = terminated ? 0 : sign * (truncated ? finalValue : nextValue)},
     * {@code delta = r + gamma * boot - V},
     * {@code A = delta + gamma * lambda * (terminated or truncated ? 0 : sign * A_next)}, {@code returns = A + V}.
     *
     * @param reward {@code [T, N]}, for the player who moved
     * @param value {@code [T, N]}
     * @param lastValue {@code [N]}: value of the position after the last step
     * @param finalValue {@code [T, N]}: value, for its side to move, of the position that a truncated game stopped
     *     at; read only where truncated
     * @param terminated {@code [T, N]} U8
     * @param truncated {@code [T, N]} U8
     * @param advantage {@code [T, N]}
     * @param returns {@code [T, N]}
     */
    void gae(
            int steps,
            int games,
            double gamma,
            double lambda,
            double sign,
            Slice reward,
            Slice value,
            Slice lastValue,
            Slice finalValue,
            Slice terminated,
            Slice truncated,
            Slice advantage,
            Slice returns);

    /** {@code x = (x - mean) / (std + epsilon)}, unbiased std, sums in double; fewer than two elements stay as is. */
    void normalize(Slice x, double epsilon);
}
