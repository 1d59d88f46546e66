package keisei;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SlicesRuleDefinition;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The house: which package may use which. "May use" is transitive; the table is the one in docs/architecture.md. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("keisei");

    private static final Map<String, List<String>> MAY_USE = table();

    private static Map<String, List<String>> table() {
        Map<String, List<String>> table = new TreeMap<>();
        table.put("random", List.of());
        table.put("shogi", List.of());
        table.put("config", List.of());
        table.put("device", List.of());
        table.put("shogi.notation", List.of("shogi"));
        table.put("env", List.of("shogi", "shogi.notation", "device", "random"));
        table.put("device.cpu", List.of("device"));
        table.put("device.cuda", List.of("device"));
        table.put("tensor", List.of("device", "random"));
        table.put("nn", List.of("tensor"));
        table.put("optim", List.of("tensor", "nn"));
        table.put("ppo", List.of("nn", "optim", "env"));
        table.put("checkpoint", List.of("nn", "optim"));
        table.put("evaluation", List.of("env", "ppo", "checkpoint"));
        table.put("training", List.of("config", "evaluation", "device.cpu", "device.cuda", "random"));
        table.put("bench", List.of("training"));
        table.put("cli", List.of("bench"));
        return table;
    }

    private static Set<String> reachable(String room) {
        Set<String> rooms = new TreeSet<>(Set.of(room));
        for (String direct : MAY_USE.getOrDefault(room, List.of())) {
            rooms.addAll(reachable(direct));
        }
        return rooms;
    }

    private static String roomOf(JavaClass type) {
        String name = type.getPackageName();
        return name.equals("keisei") ? "" : name.substring("keisei.".length());
    }

    @TestFactory
    List<DynamicTest> eachPackageUsesOnlyTheRoomsBelowIt() {
        return MAY_USE.keySet().stream()
                .map(room -> DynamicTest.dynamicTest(room, () -> {
                    Set<String> allowed = reachable(room);
                    classes()
                            .that()
                            .resideInAPackage("keisei." + room)
                            .should()
                            .onlyDependOnClassesThat(describe(
                                    "are outside Keisei or in " + allowed,
                                    type -> !(type.getPackageName() + ".").startsWith("keisei.")
                                            || allowed.contains(roomOf(type))))
                            .allowEmptyShould(true)
                            .check(CLASSES);
                }))
                .toList();
    }

    @Test
    void everyPackageIsInTheTable() {
        assertThat(CLASSES.stream().map(ArchitectureTest::roomOf).distinct())
                .allMatch(MAY_USE::containsKey, "listed in " + MAY_USE.keySet());
    }

    @Test
    void packagesFormNoCycles() {
        SlicesRuleDefinition.slices()
                .matching("keisei.(*)..")
                .should()
                .beFreeOfCycles()
                .check(CLASSES);
    }

    @Test
    void noClassUsesJavaSerialisation() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.io.ObjectInputStream")
                .check(CLASSES);
    }
}
