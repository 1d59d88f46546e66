package keisei.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.core.ConsoleAppender;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LogbackTest {
    private static Logger root(Map<String, String> properties) throws Exception {
        LoggerContext context = new LoggerContext();
        properties.forEach(context::putProperty);
        JoranConfigurator configurator = new JoranConfigurator();
        configurator.setContext(context);
        configurator.doConfigure(LogbackTest.class.getResource("/logback.xml"));
        return context.getLogger(Logger.ROOT_LOGGER_NAME);
    }

    @Test
    void theLevelIsInfoUnlessTheVariableSaysOtherwise() throws Exception {
        assertThat(root(Map.of("KEISEI_LOG_LEVEL", "DEBUG")).getLevel()).isEqualTo(Level.DEBUG);
        if (System.getenv("KEISEI_LOG_LEVEL") == null) {
            assertThat(root(Map.of()).getLevel()).isEqualTo(Level.INFO);
        }
    }

    @Test
    void everythingGoesToStandardError() throws Exception {
        assertThat(root(Map.of()).getAppender("stderr"))
                .isInstanceOfSatisfying(
                        ConsoleAppender.class,
                        appender -> assertThat(appender.getTarget()).isEqualTo("System.err"));
    }
}
