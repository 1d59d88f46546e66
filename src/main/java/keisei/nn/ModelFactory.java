package keisei.nn;

import keisei.device.Device;
import keisei.random.RandomStream;

/** Builds the models of one registered type. */
@FunctionalInterface
public interface ModelFactory {
    /**
     * Builds and initialises a model, which the caller closes.
     *
     * @param spec what is asked for; a factory may ignore sizes of the tower
     * @param random draws the first parameters
     */
    ActorCritic create(ModelSpec spec, Device device, RandomStream random);
}
