/**
 * Games as a learning environment.
 *
 * <p>{@link keisei.env.Perspective} turns the board to the player who moves; everything else goes through it.
 * {@link keisei.env.ActionSpaces} number the moves, {@link keisei.env.FeatureSpec} names the feature planes and how a
 * device makes them from packed positions, whose bytes {@link keisei.env.PackedLayout} describes.
 * {@link keisei.env.VecShogiEnv} plays many games at once:
 *
 * <pre>{@code
 * try (var env = new VecShogiEnv(settings)) {
 *     StepResult result = env.newResult();
 *     while (...) {
 *         env.observe(0, env.games(), packed, masks); // memory of the caller
 *         choose(packed, masks, actions);             // one action a game, in the mover's perspective
 *         env.step(actions, result);                  // rewards of the movers; games that ended begin anew
 *     }
 * }
 * }</pre>
 */
@org.jspecify.annotations.NullMarked
package keisei.env;
