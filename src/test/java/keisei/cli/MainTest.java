package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MainTest {
    private record Run(int code, String out, String err) {}

    private static Run keisei(TrainingRunner runner, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.commandLine(runner)
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
        return new Run(code, out.toString(), err.toString());
    }

    private static Run keisei(String... arguments) {
        return keisei((config, request) -> 0, arguments);
    }

    @Test
    void helpShowsTheCommandsAndExamples() {
        Run run = keisei("--help");

        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("train", "perft", "doctor", "keisei train --resume");
        assertThat(run.err()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "perft", "bench", "doctor", "profile", "measure"})
    void eachCommandHasHelpAndVersion(String command) {
        assertThat(keisei(command, "--help").out()).startsWith("Usage: keisei " + command);
        assertThat(keisei(command, "--version").out()).startsWith("keisei ");
        assertThat(keisei(command, "--help").code()).isZero();
    }

    @Test
    void wrongUsageIsExitCodeTwoWithAHint() {
        assertThat(keisei()).isEqualTo(new Run(2, "", "keisei: no command given\nTry 'keisei --help'.\n"));
        Run run = keisei("trian");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).contains("Did you mean", "train");
    }

    @Test
    void aFailureIsOneLineAndExitCodeOne() {
        Run run = keisei(
                (config, request) -> {
                    throw new IllegalStateException("the disk is full");
                },
                "train");

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).isEqualTo("keisei: the disk is full (KEISEI_LOG_LEVEL=DEBUG shows where)\n");
    }
}
