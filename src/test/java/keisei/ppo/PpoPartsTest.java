package keisei.ppo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;
import keisei.device.Device;
import keisei.nn.Normalization;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Parts of a buffer step by themselves, in the order that the agent asks for. */
class PpoPartsTest {
    static Stream<Device> devices() {
        return TestDevices.all();
    }

    private static Learner learner(Device device, int steps, int games) {
        return new Learner(
                device, Learner.settings(1, 16, 0, Normalization.RUNNING), PpoAgent.SELF_PLAY_SIGN, steps, games, 0.5);
    }

    @ParameterizedTest
    @MethodSource("devices")
    void partsAreContiguousAndCoverAllGames(Device device) {
        try (Learner learner = learner(device, 1, 1);
                ExperienceBuffer odd = learner.agent.newBuffer(2, 7, 2);
                ExperienceBuffer whole = learner.agent.newBuffer(2, 7)) {
            assertThat(odd.parts()).isEqualTo(2);
            assertThat(odd.firstGame(0)).isZero();
            assertThat(odd.firstGame(1)).isEqualTo(3);
            assertThat(odd.firstGame(2)).isEqualTo(7);
            assertThat(odd.games(0)).isEqualTo(3);
            assertThat(odd.games(1)).isEqualTo(4);
            assertThat(whole.parts()).isEqualTo(1);
            assertThat(whole.games(0)).isEqualTo(7);
            assertThatThrownBy(() -> learner.agent.newBuffer(2, 7, 8)).hasMessageContaining("8 parts of 7 games");
            assertThatThrownBy(() -> learner.agent.newBuffer(2, 7, 0)).hasMessageContaining("parts is 0");
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void callsOutOfOrderAreRefusedPartByPart(Device device) {
        try (Learner learner = learner(device, 1, 4);
                ExperienceBuffer buffer = learner.agent.newBuffer(2, 4, 2)) {
            PpoAgent agent = learner.agent;
            TwoPlyGame game = learner.game;
            assertThatThrownBy(() -> agent.act(buffer, game.packed(), game.masks(), learner.actions))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("has 2 parts");
            assertThatThrownBy(() -> agent.finishAct(buffer, 1, learner.actions))
                    .hasMessageContaining("call PpoAgent.act first");

            agent.beginAct(buffer, 1, game.packed(), game.masks());
            assertThat(buffer.isOpen(1)).isTrue();
            assertThat(buffer.isOpen(0)).isFalse();
            assertThatThrownBy(() -> agent.beginAct(buffer, 1, game.packed(), game.masks()))
                    .hasMessageContaining("step 0 is open");
            assertThatThrownBy(() -> record(learner, buffer, 0)).hasMessageContaining("no step is open");
            agent.finishAct(buffer, 1, learner.actions);
            game.step(learner.actions, new Random(1), 0.5);
            record(learner, buffer, 1);
            assertThat(buffer.size()).as("part 0 has nothing yet").isZero();
            assertThatThrownBy(() -> agent.finishRollout(buffer, game.packed()))
                    .hasMessageContaining("some games have completed 1 steps, others 0");

            agent.beginAct(buffer, 0, game.packed(), game.masks());
            record(learner, buffer, 0);
            assertThat(buffer.size()).isEqualTo(1);
            agent.beginAct(buffer, 0, game.packed(), game.masks());
            assertThatThrownBy(() -> agent.finishRollout(buffer, game.packed())).hasMessageContaining("step 1 is open");

            buffer.clear();
            assertThat(buffer.isOpen(0)).isFalse();
            assertThat(buffer.isEmpty()).isTrue();
        }
    }

    private static void record(Learner learner, ExperienceBuffer buffer, int part) {
        TwoPlyGame game = learner.game;
        learner.agent.record(buffer, part, game.reward, game.terminated, game.truncated, game.finalPacked);
    }

    @ParameterizedTest
    @MethodSource("devices")
    void aRolloutThatWasAbandonedLeavesNoFinalPositionsBehind(Device device) {
        try (Learner learner = learner(device, 3, 6)) {
            learner.rollout(3);
            learner.agent.act(clear(learner.buffer), learner.game.packed(), learner.game.masks(), learner.actions);
            Arrays.fill(learner.game.truncated, (byte) 1);
            Arrays.fill(learner.game.terminated, (byte) 0);
            record(learner, learner.buffer, 0);
            assertThat(learner.buffer.outcomes().waiting()).isEqualTo(6);

            clear(learner.buffer);

            assertThat(learner.buffer.outcomes().waiting()).isZero();
        }
    }

    private static ExperienceBuffer clear(ExperienceBuffer buffer) {
        buffer.clear();
        return buffer;
    }
}
