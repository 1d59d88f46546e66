package keisei.nn;

/** The scale of a new model's first policy. */
public final class PolicyInitialization {
    private PolicyInitialization() {}

    /**
     * Scales the initial weights and bias of the policy head's last layer. A new tower has them at
     * {@value TowerInitialization#POLICY_SCALE} times PyTorch's default; 1 gives that default itself. To be called once,
     * on a new model; models without such a layer stay as they are.
     *
     * @param scale wanted factor, positive
     */
    public static void rescale(ActorCritic model, double scale) {
        ParameterStore store = model.parameters();
        for (String name : store.parameters().keySet()) {
            if (TowerInitialization.isLastOfPolicy(name)) {
                model.device().elementwise().scale(store.value(name), scale / TowerInitialization.POLICY_SCALE);
            }
        }
        model.parametersChanged();
    }
}
