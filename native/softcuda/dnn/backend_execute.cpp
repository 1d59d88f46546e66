// Runs execution plans of the backend interface.
#include <algorithm>

#include "backend.h"

namespace softcuda {
namespace {

const char EXECUTE[] = "cudnnBackendExecute";

/** What a graph uses: each tensor that is not virtual, with its pointer. */
struct Bound {
    std::map<int64_t, void*> pointers;
    std::vector<Operand> operands;
};

int bindTensor(const Reference& tensor, const Descriptor& pack, bool write, const char* name, Bound& bound) {
    if (!tensor || tensor->isVirtual()) return DNN_SUCCESS;
    for (int64_t i = 0; i < pack.count(PACK_UNIQUE_IDS); i++) {
        if (pack.integer(PACK_UNIQUE_IDS, i) != tensor->id()) continue;
        void* pointer = pack.pointer(PACK_DATA_POINTERS, i);
        if (!pointer) return dnnFault(DNN_BAD_PARAM_NULL_POINTER, EXECUTE, "the pointer of tensor " + std::to_string(tensor->id()) + " is null");
        if ((uintptr_t)pointer % tensor->integer(TENSOR_ALIGNMENT_BYTES)) {
            return dnnFault(DNN_BAD_PARAM_MISALIGNED_POINTER, EXECUTE, hexadecimal(pointer) + " of tensor " + std::to_string(tensor->id()) + " is not a multiple of " +
                                                                           std::to_string(tensor->integer(TENSOR_ALIGNMENT_BYTES)));
        }
        bound.pointers[tensor->id()] = pointer;
        bound.operands.push_back({name, pointer, tensor->layout().bytes(), write});
        return DNN_SUCCESS;
    }
    return dnnFault(DNN_BAD_PARAM, EXECUTE, "the variant pack has no pointer for tensor " + std::to_string(tensor->id()));
}

/** One tensor's values of one image, [pixel, channel], broadcast to the result's size. */
typedef std::vector<float> Values;

Values loadValues(const Layout& t, const void* data, int image, const Layout& result) {
    int channels = result.size[1], width = result.size[3], pixels = result.size[2] * width;
    Values values((size_t)pixels * channels);
    auto at = [&](int dimension, int index) { return t.size[dimension] == 1 ? 0 : index * t.stride[dimension]; };
    for (int p = 0; p < pixels; p++) {
        int64_t from = at(0, image) + at(2, p / width) + at(3, p % width);
        if (t.size[1] == channels) {
            loadRow(data, t.type, from, t.stride[1], channels, &values[(size_t)p * channels]);
        } else {
            std::fill_n(&values[(size_t)p * channels], channels, load(data, t.type, from));
        }
    }
    return values;
}

float apply(const Descriptor& pointwise, float x, float b) {
    switch (pointwise.enumerated(POINTWISE_MODE)) {
        case MODE_ADD: return x + b;
        case MODE_MUL: return x * b;
        case MODE_MIN: return std::min(x, b);
        case MODE_MAX: return std::max(x, b);
        default: {
            float low = (float)pointwise.real(POINTWISE_RELU_LOWER_CLIP, 0), high = (float)pointwise.real(POINTWISE_RELU_UPPER_CLIP, 3.4e38);
            float slope = (float)pointwise.real(POINTWISE_RELU_SLOPE, 0);
            if (x < low) return low + slope * (x - low);
            return x > high ? high : x;
        }
    }
}

/** The chain of pointwise operations behind a convolution, for one image. */
void runEpilogue(const std::vector<Reference>& operations, const std::map<int64_t, void*>& pointers, int image, Values first) {
    std::map<int64_t, Values> values;
    values[operations[0]->reference(FORWARD_Y)->id()] = std::move(first);
    for (size_t i = 1; i < operations.size(); i++) {
        const Descriptor& operation = *operations[i];
        Reference y = operation.reference(OPERATION_POINTWISE_Y), pointwise = operation.reference(OPERATION_POINTWISE_DESCRIPTOR);
        Layout result = y->layout();
        auto operand = [&](int name) {
            Reference tensor = operation.reference(name);
            auto computed = values.find(tensor->id());
            return computed != values.end() ? computed->second : loadValues(tensor->layout(), pointers.at(tensor->id()), image, result);
        };
        float alpha1 = (float)operation.real(OPERATION_POINTWISE_ALPHA1, 1), alpha2 = (float)operation.real(OPERATION_POINTWISE_ALPHA2, 1);
        Values x = operand(OPERATION_POINTWISE_X), b;
        if (operation.has(OPERATION_POINTWISE_B)) b = operand(OPERATION_POINTWISE_B);
        for (size_t k = 0; k < x.size(); k++) {
            x[k] = apply(*pointwise, alpha1 * x[k], b.empty() ? 0 : alpha2 * b[k]);
            if (result.type == FLOAT16 && y->isVirtual()) x[k] = (float)(_Float16)x[k];
        }
        if (!y->isVirtual()) {
            int channels = result.size[1], width = result.size[3];
            for (int p = 0; p < result.size[2] * width; p++) {
                int64_t to = image * result.stride[0] + p / width * result.stride[2] + p % width * result.stride[3];
                storeRow(pointers.at(y->id()), result.type, to, result.stride[1], channels, &x[(size_t)p * channels], 1, 0);
            }
        }
        values[y->id()] = std::move(x);
    }
}

void runForward(const std::vector<Reference>& operations, const std::map<int64_t, void*>& pointers) {
    const Descriptor& d = *operations[0];
    ConvolutionShape shape = shapeOf(d);
    void *x = pointers.at(d.reference(FORWARD_X)->id()), *w = pointers.at(d.reference(FORWARD_W)->id());
    float alpha = (float)d.real(FORWARD_ALPHA, 1), beta = (float)d.real(FORWARD_BETA, 0);
    if (operations.size() == 1) {
        convolveForward(shape, alpha, x, w, beta, pointers.at(d.reference(FORWARD_Y)->id()), nullptr);
        return;
    }
    int channels = shape.y.size[1], pixels = shape.y.size[2] * shape.y.size[3];
    convolve(shape, x, w, [&](int image, float* results, int64_t stride) {
        Values first((size_t)pixels * channels);
        for (int p = 0; p < pixels; p++) {
            for (int k = 0; k < channels; k++) {
                float value = alpha * results[p * stride + k];
                first[(size_t)p * channels + k] = shape.y.type == FLOAT16 ? (float)(_Float16)value : value;
            }
        }
        runEpilogue(operations, pointers, image, std::move(first));
    });
}

}  // namespace

int executePlan(DnnHandle& handle, const Descriptor& plan, const Descriptor& pack) {
    Reference engine = plan.reference(PLAN_CONFIG)->reference(CONFIG_ENGINE), graph = engine->reference(ENGINE_GRAPH);
    EngineProperties properties = enginesOf(*graph).at(engine->integer(ENGINE_INDEX));
    std::vector<Reference> operations = orderedOperations(*graph);
    Bound bound;
    struct Use {
        int name;
        bool write;
        const char* text;
    };
    static const Use USES[] = {{FORWARD_X, false, "x"}, {FORWARD_W, false, "w"}, {FORWARD_Y, true, "y"}, {BACKWARD_DATA_W, false, "w"}, {BACKWARD_DATA_DY, false, "dy"},
                               {BACKWARD_DATA_DX, true, "dx"}, {BACKWARD_FILTER_X, false, "x"}, {BACKWARD_FILTER_DY, false, "dy"}, {BACKWARD_FILTER_DW, true, "dw"},
                               {OPERATION_POINTWISE_X, false, "pointwise x"}, {OPERATION_POINTWISE_B, false, "pointwise b"}, {OPERATION_POINTWISE_Y, true, "pointwise y"}};
    for (const Reference& operation : operations) {
        for (const Use& use : USES) {
            if (int status = bindTensor(operation->reference(use.name), pack, use.write, use.text, bound)) return status;
        }
    }
    void* workspace = pack.pointer(PACK_WORKSPACE);
    if (properties.workspaceBytes && !workspace) return dnnFault(DNN_BAD_PARAM_NULL_POINTER, EXECUTE, "the plan needs " + std::to_string(properties.workspaceBytes) + " bytes of workspace, and there is none");
    if (properties.workspaceBytes) bound.operands.push_back({"workspace", workspace, properties.workspaceBytes, true});
    static bool other = false;
    if (!properties.deterministic) other = !other;
    bool reversed = !properties.deterministic && other;
    int status = enqueue(handle.stream, EXECUTE, bound.operands, [=, pointers = bound.pointers] {
        if (properties.workspaceBytes) memset(workspace, 0xFF, properties.workspaceBytes);
        const Descriptor& d = *operations[0];
        ConvolutionShape shape = shapeOf(d);
        if (d.type == OPERATION_FORWARD) {
            runForward(operations, pointers);
        } else if (d.type == OPERATION_BACKWARD_DATA) {
            convolveBackwardData(shape, (float)d.real(BACKWARD_DATA_ALPHA, 1), pointers.at(d.reference(BACKWARD_DATA_W)->id()), pointers.at(d.reference(BACKWARD_DATA_DY)->id()),
                                 (float)d.real(BACKWARD_DATA_BETA, 0), pointers.at(d.reference(BACKWARD_DATA_DX)->id()));
        } else {
            convolveBackwardFilter(shape, (float)d.real(BACKWARD_FILTER_ALPHA, 1), pointers.at(d.reference(BACKWARD_FILTER_X)->id()),
                                   pointers.at(d.reference(BACKWARD_FILTER_DY)->id()), (float)d.real(BACKWARD_FILTER_BETA, 0), pointers.at(d.reference(BACKWARD_FILTER_DW)->id()), reversed);
        }
        return 0;
    });
    return status ? DNN_EXECUTION_FAILED : DNN_SUCCESS;
}

}  // namespace softcuda
