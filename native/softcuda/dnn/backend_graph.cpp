// What makes backend descriptors valid, and which graphs the software cuDNN can run: one convolution, and behind a forward
// one a chain of pointwise operations.
#include "algorithms.h"
#include "backend.h"

namespace softcuda {
namespace {

const char FINALIZE[] = "cudnnBackendFinalize";

int bad(const std::string& reason) { return dnnFault(DNN_BAD_PARAM, FINALIZE, reason); }

int unsupported(const std::string& reason) { return dnnFault(DNN_NOT_SUPPORTED, FINALIZE, reason); }

struct ConvolutionNames {
    int convolution, x, w, y, alpha, beta;
};

ConvolutionNames namesOf(int type) {
    switch (type) {
        case OPERATION_FORWARD: return {FORWARD_CONVOLUTION, FORWARD_X, FORWARD_W, FORWARD_Y, FORWARD_ALPHA, FORWARD_BETA};
        case OPERATION_BACKWARD_DATA: return {BACKWARD_DATA_CONVOLUTION, BACKWARD_DATA_DX, BACKWARD_DATA_W, BACKWARD_DATA_DY, BACKWARD_DATA_ALPHA, BACKWARD_DATA_BETA};
        default:
            return {BACKWARD_FILTER_CONVOLUTION, BACKWARD_FILTER_X, BACKWARD_FILTER_DW, BACKWARD_FILTER_DY, BACKWARD_FILTER_ALPHA, BACKWARD_FILTER_BETA};
    }
}

int finalizeTensor(const Descriptor& d) {
    int64_t dimensions = d.count(TENSOR_DIMENSIONS), alignment = d.integer(TENSOR_ALIGNMENT_BYTES);
    if (dimensions != d.count(TENSOR_STRIDES)) return bad("a tensor has " + std::to_string(dimensions) + " dimensions, but " + std::to_string(d.count(TENSOR_STRIDES)) + " strides");
    if (dimensions != 4) return unsupported("a tensor of " + std::to_string(dimensions) + " dimensions; 4 are supported");
    int type = d.enumerated(TENSOR_DATA_TYPE);
    if (!isFloatOrHalf(type)) return unsupported("a tensor of data type " + std::to_string(type));
    if (alignment <= 0 || alignment & (alignment - 1) || alignment % typeBytes(type)) return bad("a tensor's alignment of " + std::to_string(alignment) + " bytes");
    for (int i = 0; i < 4; i++) {
        if (d.integer(TENSOR_DIMENSIONS, i) <= 0 || d.integer(TENSOR_STRIDES, i) <= 0) return bad("a tensor's dimension or stride is not positive");
    }
    return DNN_SUCCESS;
}

int finalizeConvolution(const Descriptor& d) {
    int64_t spatial = d.integer(CONVOLUTION_SPATIAL_DIMENSIONS);
    for (int name : {CONVOLUTION_DILATIONS, CONVOLUTION_STRIDES, CONVOLUTION_PRE_PADDINGS, CONVOLUTION_POST_PADDINGS}) {
        if (d.count(name) != spatial) return bad("a convolution of " + std::to_string(spatial) + " spatial dimensions has " + std::to_string(d.count(name)) + " values of attribute " + std::to_string(name));
    }
    if (spatial != 2) return unsupported("a convolution of " + std::to_string(spatial) + " spatial dimensions");
    if (d.enumerated(CONVOLUTION_COMPUTE_TYPE) != FLOAT32) return unsupported("a convolution that is not computed in float");
    for (int i = 0; i < 2; i++) {
        if (d.integer(CONVOLUTION_DILATIONS, i) <= 0 || d.integer(CONVOLUTION_STRIDES, i) <= 0) return bad("a convolution's stride or dilation is not positive");
        if (d.integer(CONVOLUTION_PRE_PADDINGS, i) < 0) return bad("a convolution's padding is negative");
        if (d.integer(CONVOLUTION_PRE_PADDINGS, i) != d.integer(CONVOLUTION_POST_PADDINGS, i)) return unsupported("different paddings before and after");
    }
    return DNN_SUCCESS;
}

int finalizePointwise(const Descriptor& d) {
    int mode = d.enumerated(POINTWISE_MODE);
    if (mode != MODE_ADD && mode != MODE_MUL && mode != MODE_MIN && mode != MODE_MAX && mode != MODE_RELU_FORWARD) return unsupported("pointwise mode " + std::to_string(mode));
    if (d.enumerated(POINTWISE_MATH_PRECISION) != FLOAT32) return unsupported("a pointwise operation that is not computed in float");
    return DNN_SUCCESS;
}

int finalizeConvolutionOperation(const Descriptor& d) {
    ConvolutionShape shape = shapeOf(d);
    if (!shape.fits()) return dnnFault(DNN_BAD_PARAM_SHAPE_MISMATCH, FINALIZE, "the sizes of a convolution's tensors do not fit together");
    ConvolutionNames names = namesOf(d.type);
    if (d.reference(names.x)->enumerated(TENSOR_DATA_TYPE) != d.reference(names.w)->enumerated(TENSOR_DATA_TYPE)) return unsupported("a convolution of different data types");
    return DNN_SUCCESS;
}

int finalizePointwiseOperation(const Descriptor& d) {
    int mode = d.reference(OPERATION_POINTWISE_DESCRIPTOR)->enumerated(POINTWISE_MODE);
    bool binary = mode != MODE_RELU_FORWARD;
    if (binary != d.has(OPERATION_POINTWISE_B)) return bad(binary ? "a pointwise operation lacks its second operand" : "a pointwise operation has a second operand, but takes one");
    Layout y = d.reference(OPERATION_POINTWISE_Y)->layout();
    for (int name : {OPERATION_POINTWISE_X, OPERATION_POINTWISE_B}) {
        if (!d.has(name)) continue;
        Layout operand = d.reference(name)->layout();
        for (int i = 0; i < 4; i++) {
            if (operand.size[i] != y.size[i] && operand.size[i] != 1) {
                return dnnFault(DNN_BAD_PARAM_SHAPE_MISMATCH, FINALIZE, "an operand's size " + std::to_string(operand.size[i]) + " of a pointwise operation is neither 1 nor that of its result");
            }
        }
    }
    return DNN_SUCCESS;
}

std::vector<Reference> inputsOf(const Descriptor& d) {
    if (d.type == OPERATION_POINTWISE) {
        std::vector<Reference> inputs{d.reference(OPERATION_POINTWISE_X)};
        if (d.has(OPERATION_POINTWISE_B)) inputs.push_back(d.reference(OPERATION_POINTWISE_B));
        return inputs;
    }
    ConvolutionNames names = namesOf(d.type);
    if (d.type == OPERATION_FORWARD) return {d.reference(names.x), d.reference(names.w)};
    if (d.type == OPERATION_BACKWARD_DATA) return {d.reference(names.w), d.reference(names.y)};
    return {d.reference(names.x), d.reference(names.y)};
}

Reference outputOf(const Descriptor& d) {
    if (d.type == OPERATION_POINTWISE) return d.reference(OPERATION_POINTWISE_Y);
    ConvolutionNames names = namesOf(d.type);
    return d.reference(d.type == OPERATION_FORWARD ? names.y : d.type == OPERATION_BACKWARD_DATA ? names.x : names.w);
}

bool sameTensor(const Descriptor& a, const Descriptor& b) {
    for (int name : {TENSOR_DATA_TYPE, TENSOR_DIMENSIONS, TENSOR_STRIDES, TENSOR_ALIGNMENT_BYTES}) {
        if (a.attributes.at(name).bytes != b.attributes.at(name).bytes) return false;
    }
    return a.isVirtual() == b.isVirtual();
}

int finalizeGraph(const Descriptor& graph) {
    std::map<int64_t, Reference> tensors, produced;
    auto meet = [&](const Reference& tensor) {
        Reference& known = tensors[tensor->id()];
        if (!known) known = tensor;
        return known == tensor || sameTensor(*known, *tensor);
    };
    for (int64_t i = 0; i < graph.count(GRAPH_OPERATIONS); i++) {
        Reference operation = graph.reference(GRAPH_OPERATIONS, i);
        for (const Reference& input : inputsOf(*operation)) {
            if (!meet(input)) return bad("two different tensors have the unique id " + std::to_string(input->id()));
        }
        Reference output = outputOf(*operation);
        if (!meet(output)) return bad("two different tensors have the unique id " + std::to_string(output->id()));
        if (produced[output->id()]) return dnnFault(DNN_BAD_PARAM_DUPLICATED_ENTRIES, FINALIZE, "two operations give the tensor " + std::to_string(output->id()));
        produced[output->id()] = output;
    }
    for (auto& [id, tensor] : tensors) {
        if (tensor->isVirtual() && !produced[id]) return bad("nothing gives the virtual tensor " + std::to_string(id));
    }
    if (orderedOperations(graph).empty()) return bad("the operations depend on each other in a circle");
    return DNN_SUCCESS;
}

/** Fused epilogues want NHWC and channels that fill 16 bytes, as the real engines do. */
bool canFuse(const ConvolutionShape& s) {
    int multiple = 16 / (int)typeBytes(s.x.type);
    return s.x.stride[1] == 1 && s.w.stride[1] == 1 && s.y.stride[1] == 1 && s.x.size[1] % multiple == 0 && s.y.size[1] % multiple == 0;
}

}  // namespace

ConvolutionShape shapeOf(const Descriptor& d) {
    ConvolutionNames names = namesOf(d.type);
    ConvolutionShape shape;
    shape.x = d.reference(names.x)->layout();
    shape.w = d.reference(names.w)->layout();
    shape.y = d.reference(names.y)->layout();
    Reference convolution = d.reference(names.convolution);
    for (int i = 0; i < 2; i++) {
        shape.padding[i] = (int)convolution->integer(CONVOLUTION_PRE_PADDINGS, i);
        shape.step[i] = (int)convolution->integer(CONVOLUTION_STRIDES, i);
        shape.dilation[i] = (int)convolution->integer(CONVOLUTION_DILATIONS, i);
    }
    shape.flipped = convolution->enumerated(CONVOLUTION_MODE) == 0;
    return shape;
}

std::vector<Reference> orderedOperations(const Descriptor& graph) {
    std::vector<Reference> waiting = graph.attributes.at(GRAPH_OPERATIONS).references, ordered;
    while (!waiting.empty()) {
        size_t before = waiting.size();
        for (size_t i = 0; i < waiting.size(); i++) {
            bool ready = true;
            for (const Reference& input : inputsOf(*waiting[i])) {
                for (const Reference& other : waiting) ready &= outputOf(*other)->id() != input->id();
            }
            if (!ready) continue;
            ordered.push_back(waiting[i]);
            waiting.erase(waiting.begin() + i--);
        }
        if (waiting.size() == before) return {};
    }
    return ordered;
}

std::vector<EngineProperties> enginesOf(const Descriptor& graph) {
    std::vector<Reference> operations = orderedOperations(graph);
    const Descriptor& first = *operations[0];
    if (first.type == OPERATION_POINTWISE) return {};
    for (size_t i = 1; i < operations.size(); i++) {
        if (operations[i]->type != OPERATION_POINTWISE) return {};
    }
    ConvolutionShape shape = shapeOf(first);
    if (operations.size() > 1 && (first.type != OPERATION_FORWARD || !canFuse(shape) || !outputOf(first)->isVirtual() || first.real(FORWARD_BETA, 0) != 0)) return {};
    if (operations.size() == 1 && outputOf(first)->isVirtual()) return {};
    Direction direction = first.type == OPERATION_FORWARD ? FORWARD : first.type == OPERATION_BACKWARD_DATA ? BACKWARD_DATA : BACKWARD_FILTER;
    std::vector<EngineProperties> engines;
    for (const Algorithm& algorithm : algorithms(direction, shape)) engines.push_back({algorithm.workspaceBytes, algorithm.deterministic});
    return engines;
}

int finalizeDescriptor(Descriptor& d) {
    switch (d.type) {
        case TENSOR: return finalizeTensor(d);
        case CONVOLUTION: return finalizeConvolution(d);
        case POINTWISE: return finalizePointwise(d);
        case OPERATION_FORWARD:
        case OPERATION_BACKWARD_DATA:
        case OPERATION_BACKWARD_FILTER: return finalizeConvolutionOperation(d);
        case OPERATION_POINTWISE: return finalizePointwiseOperation(d);
        case OPERATION_GRAPH: return finalizeGraph(d);
        // To ask is no mistake: programs fall back to other calls.
        case ENGINE_HEURISTIC: return enginesOf(*d.reference(HEURISTIC_GRAPH)).empty() ? DNN_NOT_SUPPORTED : DNN_SUCCESS;
        case ENGINE: {
            int64_t index = d.integer(ENGINE_INDEX), engines = (int64_t)enginesOf(*d.reference(ENGINE_GRAPH)).size();
            return index < 0 || index >= engines ? unsupported("engine " + std::to_string(index) + " of " + std::to_string(engines)) : (int)DNN_SUCCESS;
        }
        case VARIANT_PACK:
            if (d.count(PACK_UNIQUE_IDS) != d.count(PACK_DATA_POINTERS)) return bad("a variant pack has different numbers of ids and pointers");
            for (int64_t i = 0; i < d.count(PACK_UNIQUE_IDS); i++) {
                for (int64_t j = 0; j < i; j++) {
                    if (d.integer(PACK_UNIQUE_IDS, i) == d.integer(PACK_UNIQUE_IDS, j)) return dnnFault(DNN_BAD_PARAM_DUPLICATED_ENTRIES, FINALIZE, "a variant pack has an id twice");
                }
            }
            return DNN_SUCCESS;
        default: return DNN_SUCCESS;
    }
}

}  // namespace softcuda
