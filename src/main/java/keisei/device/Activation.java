package keisei.device;

/** Element-wise non-linearities. Each gradient can be computed from the output alone; ReLU'(0) = 0. */
public enum Activation {
    RELU,
    SIGMOID,
    TANH
}
