package keisei.training;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class IntervalTriggerTest {
    @Property
    void firesExactlyWhenAMultipleLiesBetweenTheLastLookAndNow(
            @ForAll @IntRange(min = 1, max = 50) int interval,
            @ForAll @IntRange(max = 200) int start,
            @ForAll @Size(max = 30) List<@IntRange(max = 120) Integer> jumps) {
        IntervalTrigger trigger = new IntervalTrigger(interval, start);
        long last = start;
        for (int jump : jumps) {
            long now = last + jump;
            boolean multipleCrossed = false;
            for (long step = last + 1; step <= now; step++) {
                multipleCrossed |= step % interval == 0;
            }
            assertThat(trigger.crossed(now))
                    .as("from %d to %d by %d", last, now, interval)
                    .isEqualTo(multipleCrossed);
            last = now;
        }
    }

    @Example
    void anIntervalOfZeroNeverFires() {
        IntervalTrigger trigger = new IntervalTrigger(0, 0);

        assertThat(trigger.crossed(0)).isFalse();
        assertThat(trigger.crossed(Long.MAX_VALUE)).isFalse();
    }
}
