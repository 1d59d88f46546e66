package keisei.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * One key of the configuration, on the record component that holds it. The key is the component's name in snake case
 * unless {@link #key} names another.
 */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
@interface Setting {
    /** Default as it would be written in YAML; {@code null} for optional keys without one. */
    String value();

    /** Key in the file where it is not the component's name in snake case; empty: it is. */
    String key() default "";

    /** Allowed numbers as an interval, such as {@code (0, 1]} or {@code [1, inf)}; empty: any. */
    String range() default "";

    /** Allowed texts; empty: any. */
    String[] allowed() default {};

    /** A regular expression that texts must match as a whole; empty: any. */
    String pattern() default "";

    /** What {@link #pattern} means, in words, for messages. */
    String patternMeaning() default "";

    /** Whether {@code null} is allowed. */
    boolean optional() default false;

    /** A word that means {@code null} too; empty: none does. */
    String nullWord() default "";
}
