// The algorithms that the software cuDNN offers for a convolution, as the legacy interface names them.
#pragma once
#include <vector>

#include "descriptors.h"

namespace softcuda {

enum Direction { FORWARD, BACKWARD_DATA, BACKWARD_FILTER };

struct Algorithm {
    int number;
    size_t workspaceBytes;
    bool deterministic;
};

/** Best first. */
std::vector<Algorithm> algorithms(Direction direction, const ConvolutionShape& shape);

/** The algorithm of this number, or one with number -1 when it cannot do this convolution. */
Algorithm findAlgorithm(Direction direction, const ConvolutionShape& shape, int number);

}  // namespace softcuda
