package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class PerftCommandTest {
    private static final String START = "lnsgkgsnl/1r5b1/ppppppppp/9/9/9/PPPPPPPPP/1B5R1/LNSGKGSNL b - 1";

    private record Run(int code, String out, String err) {}

    private static Run run(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = new CommandLine(new PerftCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
        return new Run(code, out.toString(), err.toString());
    }

    @Test
    void printsTheCountAndTheSpeed() {
        Run run = run("--depth", "3", "--threads", "1");

        assertThat(run.code()).isZero();
        assertThat(run.out()).startsWith("perft(3) = 25470, ").contains(" nodes/s, 1 thread");
    }

    @Test
    void countsMinishogiAndGivenPositions() {
        assertThat(run("--variant", "minishogi", "--depth", "4").out()).startsWith("perft(4) = 35401, ");
        assertThat(run("--depth", "2", "--sfen", START.replace(" b ", " w ")).out())
                .startsWith("perft(2) = 900, ");
        assertThat(run("--depth", "0").out()).startsWith("perft(0) = 1, ");
    }

    @Test
    void dividesByFirstMove() {
        assertThat(run("--depth", "2", "--divide").out()).contains("7g7f 30\n").contains("perft(2) = 900");
    }

    @Test
    void acceptsAFileWithTheRightCounts(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("perft.tsv");
        Files.writeString(file, "id\tsfen\td1\td2\td3\nstart\t" + START + "\t30\t\t25470\n");

        Run run = run("--file", file.toString(), "--max-depth", "3");

        assertThat(run.code()).isZero();
        assertThat(run.out())
                .contains("ok   start d3")
                .contains("1 positions, 2 counts, 0 positions differ; 25500 leaves");
    }

    @Test
    void aWrongCountIsShownAndGivesExitCodeOne(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("perft.tsv");
        Files.writeString(file, "id\tsfen\td1\td2\nstart\t" + START + "\t30\t901\nagain\t" + START + "\t30\t900\n");

        Run run = run("--file", file.toString());

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out())
                .contains("FAIL start d2 expected 901 actual 900\n")
                .contains("ok   again d2")
                .contains("1 positions differ");
    }

    @Test
    void badInputIsRefusedWithItsPlaceAndWhatIsAllowed(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("perft.tsv");
        Files.writeString(file, "id\tsfen\td1\nstart\t" + START + "\tmany\n");

        assertThat(run("--variant", "chess").err()).contains("--variant is \"chess\", allowed are shogi, minishogi");
        assertThat(run("--depth", "-1").err()).contains("--depth is -1, it must be at least 0");
        assertThat(run("--threads", "0").err()).contains("--threads is 0");
        assertThat(run("--sfen", "9/9 b - 1").err()).contains("--sfen: expected \"/\" after row 2");
        assertThat(run("--file", file.toString()).err()).contains("line 2 column d1 is \"many\"");
        assertThat(run("--file", folder.resolve("none").toString()).err()).contains("cannot be read");
        assertThat(run("--file", file.toString(), "--divide").err()).contains("--file goes with neither");
        assertThat(run("--depth", "-1").code()).isEqualTo(2);
    }
}
