package keisei.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One key and what it accepts.
 *
 * @param path such as {@code training.gamma}
 * @param type of the record component
 * @param setting default and limits
 */
record Field(String path, Class<?> type, Setting setting) {
    /** A value that is not accepted; the message says what is. */
    static final class Rejected extends Exception {
        private static final long serialVersionUID = 1L;

        Rejected(String message) {
            super(message);
        }
    }

    /** The default, checked. @throws IllegalStateException when the annotation contradicts itself */
    @Nullable
    Object defaultValue() {
        try {
            return setting.value().equals("null") ? convert(null) : convert(setting.value());
        } catch (Rejected e) {
            throw new IllegalStateException("default of " + path + " " + e.getMessage(), e);
        }
    }

    /** The value in the component's type. Numbers may be texts, as YAML reads 1e-3 as one. */
    @Nullable
    Object convert(@Nullable Object raw) throws Rejected {
        if (raw == null || (!setting.nullWord().isEmpty() && setting.nullWord().equals(raw))) {
            if (setting.optional()) {
                return null;
            }
            throw new Rejected("is null, must be " + expected());
        }
        if (type == String.class) {
            return text(raw);
        }
        if (type == boolean.class) {
            return flag(raw);
        }
        return number(raw);
    }

    private String text(Object raw) throws Rejected {
        String text = raw.toString();
        boolean fits = setting.allowed().length > 0
                ? List.of(setting.allowed()).contains(text)
                : setting.pattern().isEmpty() || text.matches(setting.pattern());
        if (!fits) {
            throw new Rejected("is '%s', must be %s%s".formatted(text, expected(), suggestion(text)));
        }
        return text;
    }

    private String suggestion(String text) {
        return NearestName.find(text, List.of(setting.allowed()))
                .map(name -> " (did you mean " + name + "?)")
                .orElse("");
    }

    private Boolean flag(Object raw) throws Rejected {
        if (raw instanceof Boolean flag) {
            return flag;
        }
        return switch (raw.toString()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw wrongType(raw);
        };
    }

    private Number number(Object raw) throws Rejected {
        BigDecimal exact = exact(raw);
        double value = exact.doubleValue();
        boolean whole = type != double.class && type != Double.class;
        if (whole && exact.stripTrailingZeros().scale() > 0) {
            throw wrongType(raw);
        }
        if (!setting.range().isEmpty() && !ValueRange.parse(setting.range()).contains(value)) {
            throw new Rejected("is %s, must be %s".formatted(raw, expected()));
        }
        if (!whole) {
            return value;
        }
        BigInteger integer = exact.toBigInteger();
        boolean isLong = type == long.class;
        if (integer.bitLength() >= (isLong ? Long.SIZE : Integer.SIZE)) {
            throw new Rejected("is %s, must be %s".formatted(raw, expected()));
        }
        return isLong ? (Number) integer.longValue() : (Number) integer.intValue();
    }

    private BigDecimal exact(Object raw) throws Rejected {
        if (raw instanceof Boolean) {
            throw wrongType(raw);
        }
        try {
            String text = raw.toString().replace("_", "");
            BigDecimal exact = new BigDecimal(text);
            if (Math.abs((long) exact.precision() - exact.scale()) > 400) {
                throw new Rejected("is %s, must be %s".formatted(raw, expected()));
            }
            return exact;
        } catch (NumberFormatException e) {
            throw wrongType(raw);
        }
    }

    private Rejected wrongType(Object raw) {
        String shown = raw instanceof String ? "'" + raw + "'" : raw.toString();
        return new Rejected("is %s, must be %s".formatted(shown, expected()));
    }

    /** What is allowed, in words. */
    String expected() {
        String kind;
        if (setting.allowed().length > 0) {
            kind = "one of " + String.join(", ", setting.allowed());
        } else if (type == String.class) {
            kind = setting.pattern().isEmpty() ? "a text" : setting.patternMeaning();
        } else if (type == boolean.class) {
            kind = "true or false";
        } else {
            kind = type == double.class || type == Double.class ? "a number" : "a whole number";
            if (!setting.range().isEmpty()) {
                kind += " in " + setting.range();
            }
        }
        return setting.optional()
                ? kind + (setting.nullWord().isEmpty() ? ", or null" : ", " + setting.nullWord() + ", or null")
                : kind;
    }
}
