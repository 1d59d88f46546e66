package keisei.config;

import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The keys of {@link AppConfig}, read from its records, and the way between records and values by key. */
final class ConfigSchema {
    private static final Map<String, Field> FIELDS = new LinkedHashMap<>();
    private static final Set<String> SECTIONS = new LinkedHashSet<>();

    static {
        collect(AppConfig.class, "");
    }

    private ConfigSchema() {}

    /** All keys by path, in the order of the records. */
    static Map<String, Field> fields() {
        return FIELDS;
    }

    /** Paths of all sections, those within sections included. */
    static Set<String> sections() {
        return SECTIONS;
    }

    private static void collect(Class<?> type, String prefix) {
        for (RecordComponent component : type.getRecordComponents()) {
            String path = prefix + key(component);
            if (component.getType().isRecord()) {
                SECTIONS.add(path);
                collect(component.getType(), path + ".");
            } else {
                Setting setting = component.getAnnotation(Setting.class);
                if (setting == null) {
                    throw new IllegalStateException(path + " has no @Setting");
                }
                FIELDS.put(path, new Field(path, component.getType(), setting));
            }
        }
    }

    private static String key(RecordComponent component) {
        Setting setting = component.getAnnotation(Setting.class);
        return setting == null || setting.key().isEmpty() ? snakeCase(component.getName()) : setting.key();
    }

    static String snakeCase(String camelCase) {
        return camelCase.replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    /** All defaults by path. */
    static Map<String, @Nullable Object> defaults() {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        FIELDS.forEach((path, field) -> values.put(path, field.defaultValue()));
        return values;
    }

    /** The records from values by path, all of which must be present and converted. */
    static AppConfig build(Map<String, @Nullable Object> values) {
        return (AppConfig) build(AppConfig.class, "", values);
    }

    private static Object build(Class<?> type, String prefix, Map<String, @Nullable Object> values) {
        RecordComponent[] components = type.getRecordComponents();
        Class<?>[] types = new Class<?>[components.length];
        @Nullable Object[] arguments = new @Nullable Object[components.length];
        for (int i = 0; i < components.length; i++) {
            String path = prefix + key(components[i]);
            types[i] = components[i].getType();
            arguments[i] = types[i].isRecord() ? build(types[i], path + ".", values) : values.get(path);
        }
        try {
            Constructor<?> constructor = type.getDeclaredConstructor(types);
            return constructor.newInstance(arguments);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(type + " cannot be made from " + values, e);
        }
    }

    /** The values of a record by path, in order; the way back from {@link #build}. */
    static Map<String, @Nullable Object> values(AppConfig config) {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        collectValues(config, "", values);
        return values;
    }

    private static void collectValues(Object record, String prefix, Map<String, @Nullable Object> values) {
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            String path = prefix + key(component);
            Object value = valueOf(record, component);
            if (component.getType().isRecord() && value != null) {
                collectValues(value, path + ".", values);
            } else {
                values.put(path, value);
            }
        }
    }

    private static @Nullable Object valueOf(Object record, RecordComponent component) {
        try {
            return component.getAccessor().invoke(record);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException(component + " cannot be read", e);
        }
    }

    /** Last parts of the paths in a section, and of its sections. */
    static List<String> namesIn(String section) {
        List<String> names = new ArrayList<>();
        String prefix = section.isEmpty() ? "" : section + ".";
        List<String> paths = new ArrayList<>(SECTIONS);
        paths.addAll(FIELDS.keySet());
        for (String path : paths) {
            if (path.startsWith(prefix) && path.indexOf('.', prefix.length()) < 0) {
                names.add(path.substring(prefix.length()));
            }
        }
        return names;
    }
}
