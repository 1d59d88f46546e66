package keisei.nn;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import keisei.device.Device;
import keisei.random.RandomStream;

/**
 * Model types by name. {@link #standard()} knows {@code resnet}, {@code resnet_spatial} (the
 * same tower with a convolutional policy head) and the small models for tests {@code dummy},
 * {@code testmodel} and {@code resumemodel}; users add their own with {@link #register}. Not thread-safe.
 */
public final class ModelRegistry {
    private final Map<String, ModelFactory> factories = new TreeMap<>();

    /** A registry that knows nothing yet. */
    public ModelRegistry() {}

    /** A new registry with the built-in types. */
    public static ModelRegistry standard() {
        ModelRegistry registry = new ModelRegistry()
                .register("resnet", ActorCriticResTower::new)
                .register("resnet_spatial", ActorCriticResTower::withSpatialPolicy);
        for (String name : List.of("dummy", "testmodel", "resumemodel")) {
            registry.register(name, ModelRegistry::small);
        }
        return registry;
    }

    /** One block of 16 channels without squeeze-and-excitation, whatever sizes are asked for. */
    private static ActorCritic small(ModelSpec spec, Device device, RandomStream random) {
        ModelSpec small =
                new ModelSpec(spec.modelType(), spec.inputChannels(), spec.boardSize(), spec.actions(), 1, 16, null);
        return new ActorCriticResTower(small, device, random);
    }

    /**
     * Adds a type. Returns this.
     *
     * @throws IllegalArgumentException when the name is blank or taken
     */
    public ModelRegistry register(String modelType, ModelFactory factory) {
        if (modelType.isBlank()) {
            throw new IllegalArgumentException("a model_type needs a name");
        }
        if (factories.putIfAbsent(modelType, factory) != null) {
            throw new IllegalArgumentException("model_type '" + modelType + "' is registered already");
        }
        return this;
    }

    /** Known types, sorted. */
    public List<String> modelTypes() {
        return List.copyOf(factories.keySet());
    }

    /**
     * Checks a name without building anything.
     *
     * @throws IllegalArgumentException listing what is known
     */
    public void requireKnown(String modelType) {
        factory(modelType);
    }

    private ModelFactory factory(String modelType) {
        ModelFactory factory = factories.get(modelType);
        if (factory == null) {
            throw new IllegalArgumentException(
                    "Unknown model_type: %s; known: %s".formatted(modelType, String.join(", ", factories.keySet())));
        }
        return factory;
    }

    /**
     * Builds a model of {@code spec.modelType()}, which the caller closes.
     *
     * @throws IllegalArgumentException when the type is not known
     */
    public ActorCritic create(ModelSpec spec, Device device, RandomStream random) {
        return factory(spec.modelType()).create(spec, device, random);
    }
}
