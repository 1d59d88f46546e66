// The functions of the backend interface, and which attributes each descriptor takes.
#include "backend.h"

using namespace softcuda;

namespace {

const char BACKEND_DESCRIPTOR[] = "cuDNN backend descriptor";

struct Rule {
    int descriptor, name, type;
    int64_t minimumCount, maximumCount;
    bool required;
    /** For references: what they must refer to. */
    int referred;
};

const Rule RULES[] = {
    {TENSOR, TENSOR_ALIGNMENT_BYTES, TYPE_INT64, 1, 1, true, 0},
    {TENSOR, TENSOR_DATA_TYPE, TYPE_DATA_TYPE, 1, 1, true, 0},
    {TENSOR, TENSOR_DIMENSIONS, TYPE_INT64, 1, 8, true, 0},
    {TENSOR, TENSOR_STRIDES, TYPE_INT64, 1, 8, true, 0},
    {TENSOR, TENSOR_UNIQUE_ID, TYPE_INT64, 1, 1, true, 0},
    {TENSOR, TENSOR_IS_VIRTUAL, TYPE_BOOLEAN, 1, 1, false, 0},
    {CONVOLUTION, CONVOLUTION_SPATIAL_DIMENSIONS, TYPE_INT64, 1, 1, true, 0},
    {CONVOLUTION, CONVOLUTION_COMPUTE_TYPE, TYPE_DATA_TYPE, 1, 1, true, 0},
    {CONVOLUTION, CONVOLUTION_MODE, TYPE_CONVOLUTION_MODE, 1, 1, true, 0},
    {CONVOLUTION, CONVOLUTION_DILATIONS, TYPE_INT64, 1, 6, true, 0},
    {CONVOLUTION, CONVOLUTION_STRIDES, TYPE_INT64, 1, 6, true, 0},
    {CONVOLUTION, CONVOLUTION_PRE_PADDINGS, TYPE_INT64, 1, 6, true, 0},
    {CONVOLUTION, CONVOLUTION_POST_PADDINGS, TYPE_INT64, 1, 6, true, 0},
    {POINTWISE, POINTWISE_MODE, TYPE_POINTWISE_MODE, 1, 1, true, 0},
    {POINTWISE, POINTWISE_MATH_PRECISION, TYPE_DATA_TYPE, 1, 1, true, 0},
    {POINTWISE, POINTWISE_NAN_PROPAGATION, TYPE_NAN_PROPAGATION, 1, 1, false, 0},
    {POINTWISE, POINTWISE_RELU_LOWER_CLIP, TYPE_REAL, 1, 1, false, 0},
    {POINTWISE, POINTWISE_RELU_UPPER_CLIP, TYPE_REAL, 1, 1, false, 0},
    {POINTWISE, POINTWISE_RELU_SLOPE, TYPE_REAL, 1, 1, false, 0},
    {OPERATION_FORWARD, FORWARD_ALPHA, TYPE_REAL, 1, 1, true, 0},
    {OPERATION_FORWARD, FORWARD_BETA, TYPE_REAL, 1, 1, true, 0},
    {OPERATION_FORWARD, FORWARD_CONVOLUTION, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, CONVOLUTION},
    {OPERATION_FORWARD, FORWARD_W, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_FORWARD, FORWARD_X, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_FORWARD, FORWARD_Y, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_BACKWARD_DATA, BACKWARD_DATA_ALPHA, TYPE_REAL, 1, 1, true, 0},
    {OPERATION_BACKWARD_DATA, BACKWARD_DATA_BETA, TYPE_REAL, 1, 1, true, 0},
    {OPERATION_BACKWARD_DATA, BACKWARD_DATA_CONVOLUTION, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, CONVOLUTION},
    {OPERATION_BACKWARD_DATA, BACKWARD_DATA_W, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_BACKWARD_DATA, BACKWARD_DATA_DX, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_BACKWARD_DATA, BACKWARD_DATA_DY, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_BACKWARD_FILTER, BACKWARD_FILTER_ALPHA, TYPE_REAL, 1, 1, true, 0},
    {OPERATION_BACKWARD_FILTER, BACKWARD_FILTER_BETA, TYPE_REAL, 1, 1, true, 0},
    {OPERATION_BACKWARD_FILTER, BACKWARD_FILTER_CONVOLUTION, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, CONVOLUTION},
    {OPERATION_BACKWARD_FILTER, BACKWARD_FILTER_DW, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_BACKWARD_FILTER, BACKWARD_FILTER_X, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_BACKWARD_FILTER, BACKWARD_FILTER_DY, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_POINTWISE, OPERATION_POINTWISE_DESCRIPTOR, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, POINTWISE},
    {OPERATION_POINTWISE, OPERATION_POINTWISE_X, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_POINTWISE, OPERATION_POINTWISE_B, TYPE_BACKEND_DESCRIPTOR, 1, 1, false, TENSOR},
    {OPERATION_POINTWISE, OPERATION_POINTWISE_Y, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, TENSOR},
    {OPERATION_POINTWISE, OPERATION_POINTWISE_ALPHA1, TYPE_REAL, 1, 1, false, 0},
    {OPERATION_POINTWISE, OPERATION_POINTWISE_ALPHA2, TYPE_REAL, 1, 1, false, 0},
    {OPERATION_GRAPH, GRAPH_HANDLE, TYPE_HANDLE, 1, 1, true, 0},
    {OPERATION_GRAPH, GRAPH_OPERATIONS, TYPE_BACKEND_DESCRIPTOR, 1, 64, true, -1},
    {ENGINE_HEURISTIC, HEURISTIC_MODE, TYPE_HEUR_MODE, 1, 1, true, 0},
    {ENGINE_HEURISTIC, HEURISTIC_GRAPH, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, OPERATION_GRAPH},
    {ENGINE, ENGINE_GRAPH, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, OPERATION_GRAPH},
    {ENGINE, ENGINE_INDEX, TYPE_INT64, 1, 1, true, 0},
    {ENGINE_CONFIG, CONFIG_ENGINE, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, ENGINE},
    {EXECUTION_PLAN, PLAN_HANDLE, TYPE_HANDLE, 1, 1, true, 0},
    {EXECUTION_PLAN, PLAN_CONFIG, TYPE_BACKEND_DESCRIPTOR, 1, 1, true, ENGINE_CONFIG},
    {VARIANT_PACK, PACK_UNIQUE_IDS, TYPE_INT64, 1, 64, true, 0},
    {VARIANT_PACK, PACK_DATA_POINTERS, TYPE_VOID_PTR, 1, 64, true, 0},
    {VARIANT_PACK, PACK_WORKSPACE, TYPE_VOID_PTR, 1, 1, false, 0},
};

std::map<const void*, Reference>& descriptors() {
    static auto* all = new std::map<const void*, Reference>;
    return *all;
}

Reference find(const void* handle) {
    auto position = descriptors().find(handle);
    if (position != descriptors().end()) return position->second;
    fault(hexadecimal(handle) + " is not a live cuDNN backend descriptor");
    return nullptr;
}

size_t elementBytes(int type) {
    switch (type) {
        case TYPE_BOOLEAN: return 1;
        case TYPE_HANDLE:
        case TYPE_INT64:
        case TYPE_DOUBLE:
        case TYPE_VOID_PTR:
        case TYPE_BACKEND_DESCRIPTOR: return 8;
        default: return 4;
    }
}

bool isOperation(int type) { return type >= OPERATION_FORWARD && type <= OPERATION_POINTWISE; }

std::string text(const char* what, int64_t value) { return std::string(what) + " " + std::to_string(value); }

/** Attributes that are computed: what cudnnBackendGetAttribute gives of a final descriptor that nobody has set. */
int computed(const Descriptor& descriptor, int name, std::vector<int64_t>& values, int* type) {
    *type = TYPE_INT64;
    if (descriptor.type == EXECUTION_PLAN && name == PLAN_WORKSPACE_BYTES) {
        Reference engine = descriptor.reference(PLAN_CONFIG)->reference(CONFIG_ENGINE);
        values = {(int64_t)enginesOf(*engine->reference(ENGINE_GRAPH)).at(engine->integer(ENGINE_INDEX)).workspaceBytes};
    } else if (descriptor.type == OPERATION_GRAPH && name == GRAPH_ENGINE_COUNT) {
        values = {(int64_t)enginesOf(descriptor).size()};
    } else if (descriptor.type == ENGINE && name == ENGINE_NUMERICAL_NOTES) {
        *type = TYPE_NUMERICAL_NOTE;
        EngineProperties engine = enginesOf(*descriptor.reference(ENGINE_GRAPH)).at(descriptor.integer(ENGINE_INDEX));
        if (!engine.deterministic) values.push_back(NOTE_NONDETERMINISTIC);
    } else if (descriptor.type == ENGINE && name == ENGINE_BEHAVIOR_NOTES) {
        *type = TYPE_BEHAVIOR_NOTE;
    } else {
        return dnnFault(DNN_BAD_PARAM, "cudnnBackendGetAttribute", text("attribute", name) + text(" cannot be read of a descriptor of type", descriptor.type));
    }
    return DNN_SUCCESS;
}

/** Fills the caller's descriptors with what this one refers to. */
int giveReferences(const std::vector<Reference>& sources, int64_t requested, int64_t* count, void* elements) {
    if (count) *count = (int64_t)sources.size();
    if (!elements) return DNN_SUCCESS;
    for (int64_t i = 0; i < requested && i < (int64_t)sources.size(); i++) {
        Reference target = find(((void**)elements)[i]);
        if (!target) return DNN_BAD_PARAM;
        if (target->type != sources[i]->type || target->finalized) {
            return dnnFault(DNN_BAD_PARAM, "cudnnBackendGetAttribute", "the descriptors to fill must be fresh, and of the attribute's type");
        }
        target->attributes = sources[i]->attributes;
        target->finalized = true;
    }
    return DNN_SUCCESS;
}

}  // namespace

SOFTCUDA_FUNCTION(int) cudnnBackendCreateDescriptor(int type, void** handle) {
    TRACE_CALL;
    if (!handle) return DNN_BAD_PARAM_NULL_POINTER;
    bool known = false;
    for (const Rule& rule : RULES) known |= rule.descriptor == type;
    if (!known) return dnnFault(DNN_NOT_SUPPORTED, __func__, text("descriptor type", type));
    auto descriptor = std::make_shared<Descriptor>();
    descriptor->type = type;
    descriptors()[descriptor.get()] = descriptor;
    remember(descriptor.get(), BACKEND_DESCRIPTOR);
    *handle = descriptor.get();
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnBackendDestroyDescriptor(void* handle) {
    TRACE_CALL;
    if (!find(handle)) return DNN_BAD_PARAM;
    forget(handle, BACKEND_DESCRIPTOR);
    // Those that refer to it keep it.
    descriptors().erase(handle);
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnBackendSetAttribute(void* handle, int name, int type, int64_t count, const void* elements) {
    TRACE_CALL;
    Reference descriptor = find(handle);
    if (!descriptor) return DNN_BAD_PARAM;
    if (descriptor->finalized) return dnnFault(DNN_NOT_INITIALIZED, __func__, text("the descriptor is final; attribute", name));
    if (!elements) return dnnFault(DNN_BAD_PARAM_NULL_POINTER, __func__, text("no elements for attribute", name));
    const Rule* rule = nullptr;
    for (const Rule& candidate : RULES) {
        if (candidate.descriptor == descriptor->type && candidate.name == name) rule = &candidate;
    }
    if (!rule) return dnnFault(DNN_BAD_PARAM, __func__, text("attribute", name) + text(" cannot be set on a descriptor of type", descriptor->type));
    if (rule->type == TYPE_REAL ? type != TYPE_FLOAT && type != TYPE_DOUBLE : type != rule->type) {
        return dnnFault(DNN_BAD_PARAM_ATTRIBUTE_TYPE, __func__, text("attribute", name) + text(" has type", rule->type) + text(", but was set with", type));
    }
    if (count < rule->minimumCount || count > rule->maximumCount) {
        return dnnFault(DNN_BAD_PARAM, __func__, text("attribute", name) + text(" takes", rule->minimumCount) + text(" to", rule->maximumCount) + text(" elements, but got", count));
    }
    Attribute attribute;
    attribute.type = type;
    attribute.count = count;
    attribute.bytes.assign((const char*)elements, (const char*)elements + count * elementBytes(type));
    if (type == TYPE_HANDLE && !alive(*(void* const*)elements, DNN_HANDLE)) return DNN_BAD_PARAM;
    for (int64_t i = 0; type == TYPE_BACKEND_DESCRIPTOR && i < count; i++) {
        Reference referred = find(((void* const*)elements)[i]);
        if (!referred) return DNN_BAD_PARAM;
        if (!referred->finalized) return dnnFault(DNN_BAD_PARAM_NOT_FINALIZED, __func__, text("what attribute", name) + " refers to is not final");
        if (rule->referred < 0 ? !isOperation(referred->type) : referred->type != rule->referred) {
            return dnnFault(DNN_BAD_PARAM, __func__, text("attribute", name) + text(" refers to a descriptor of the wrong type,", referred->type));
        }
        attribute.references.push_back(referred);
    }
    descriptor->attributes[name] = std::move(attribute);
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnBackendFinalize(void* handle) {
    TRACE_CALL;
    Reference descriptor = find(handle);
    if (!descriptor) return DNN_BAD_PARAM;
    if (descriptor->finalized) return dnnFault(DNN_BAD_PARAM, __func__, "the descriptor is final already");
    for (const Rule& rule : RULES) {
        if (rule.descriptor == descriptor->type && rule.required && !descriptor->has(rule.name)) {
            return dnnFault(DNN_BAD_PARAM, __func__, text("descriptor of type", descriptor->type) + text(" lacks attribute", rule.name));
        }
    }
    if (int status = finalizeDescriptor(*descriptor)) return status;
    descriptor->finalized = true;
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnBackendGetAttribute(void* handle, int name, int type, int64_t requested, int64_t* count, void* elements) {
    TRACE_CALL;
    Reference descriptor = find(handle);
    if (!descriptor) return DNN_BAD_PARAM;
    if (!descriptor->finalized) return dnnFault(DNN_NOT_INITIALIZED, __func__, text("the descriptor is not final; attribute", name));
    if (requested < 0) return DNN_BAD_PARAM;
    if (descriptor->type == ENGINE_HEURISTIC && name == HEURISTIC_RESULTS) {
        if (type != TYPE_BACKEND_DESCRIPTOR) return DNN_BAD_PARAM_ATTRIBUTE_TYPE;
        std::vector<Reference> configs;
        size_t engines = enginesOf(*descriptor->reference(HEURISTIC_GRAPH)).size();
        for (int64_t i = 0; i < (int64_t)engines; i++) {
            auto engine = std::make_shared<Descriptor>(), config = std::make_shared<Descriptor>();
            engine->type = ENGINE;
            engine->attributes[ENGINE_GRAPH] = descriptor->attributes[HEURISTIC_GRAPH];
            engine->attributes[ENGINE_INDEX] = {TYPE_INT64, 1, std::vector<char>((char*)&i, (char*)&i + 8), {}};
            engine->finalized = true;
            config->type = ENGINE_CONFIG;
            config->attributes[CONFIG_ENGINE] = {TYPE_BACKEND_DESCRIPTOR, 1, std::vector<char>(8), {engine}};
            configs.push_back(config);
        }
        return giveReferences(configs, requested, count, elements);
    }
    if (descriptor->has(name)) {
        const Attribute& attribute = descriptor->attributes[name];
        if (attribute.type != type) return dnnFault(DNN_BAD_PARAM_ATTRIBUTE_TYPE, __func__, text("attribute", name) + text(" has type", attribute.type));
        if (type == TYPE_BACKEND_DESCRIPTOR) return giveReferences(attribute.references, requested, count, elements);
        if (count) *count = attribute.count;
        if (elements) memcpy(elements, attribute.bytes.data(), std::min(requested, attribute.count) * elementBytes(type));
        return DNN_SUCCESS;
    }
    std::vector<int64_t> values;
    int actual;
    if (int status = computed(*descriptor, name, values, &actual)) return status;
    if (actual != type) return dnnFault(DNN_BAD_PARAM_ATTRIBUTE_TYPE, __func__, text("attribute", name) + text(" has type", actual));
    if (count) *count = (int64_t)values.size();
    for (int64_t i = 0; elements && i < requested && i < (int64_t)values.size(); i++) memcpy((char*)elements + i * elementBytes(type), &values[i], elementBytes(type));
    return DNN_SUCCESS;
}

SOFTCUDA_FUNCTION(int) cudnnBackendExecute(void* handle, void* plan, void* pack) {
    NEED_DNN(handle);
    Reference planned = find(plan), packed = find(pack);
    if (!planned || !packed || planned->type != EXECUTION_PLAN || packed->type != VARIANT_PACK) return DNN_BAD_PARAM;
    if (!planned->finalized || !packed->finalized) return dnnFault(DNN_BAD_PARAM_NOT_FINALIZED, __func__, "the plan or the variant pack is not final");
    return executePlan(*(DnnHandle*)handle, *planned, *packed);
}
