// Descriptors of the backend graph interface: typed attributes that are set, then finalised, then only read.
#pragma once
#include <string.h>

#include <map>
#include <memory>
#include <vector>

#include "descriptors.h"

namespace softcuda {

enum AttributeType {
    TYPE_HANDLE = 0,
    TYPE_DATA_TYPE = 1,
    TYPE_BOOLEAN = 2,
    TYPE_INT64 = 3,
    TYPE_FLOAT = 4,
    TYPE_DOUBLE = 5,
    TYPE_VOID_PTR = 6,
    TYPE_CONVOLUTION_MODE = 7,
    TYPE_HEUR_MODE = 8,
    TYPE_NAN_PROPAGATION = 10,
    TYPE_NUMERICAL_NOTE = 11,
    TYPE_POINTWISE_MODE = 14,
    TYPE_BACKEND_DESCRIPTOR = 15,
    TYPE_BEHAVIOR_NOTE = 19,
    /** In the rules only: FLOAT or DOUBLE. */
    TYPE_REAL = 100
};

enum DescriptorType {
    POINTWISE = 0,
    CONVOLUTION = 1,
    ENGINE = 2,
    ENGINE_CONFIG = 3,
    ENGINE_HEURISTIC = 4,
    EXECUTION_PLAN = 5,
    OPERATION_FORWARD = 10,
    OPERATION_BACKWARD_FILTER = 11,
    OPERATION_BACKWARD_DATA = 12,
    OPERATION_POINTWISE = 13,
    OPERATION_GRAPH = 15,
    VARIANT_PACK = 16,
    TENSOR = 17
};

enum AttributeName {
    POINTWISE_MODE = 0,
    POINTWISE_MATH_PRECISION = 1,
    POINTWISE_NAN_PROPAGATION = 2,
    POINTWISE_RELU_LOWER_CLIP = 3,
    POINTWISE_RELU_UPPER_CLIP = 4,
    POINTWISE_RELU_SLOPE = 5,
    CONVOLUTION_COMPUTE_TYPE = 100,
    CONVOLUTION_MODE = 101,
    CONVOLUTION_DILATIONS = 102,
    CONVOLUTION_STRIDES = 103,
    CONVOLUTION_POST_PADDINGS = 104,
    CONVOLUTION_PRE_PADDINGS = 105,
    CONVOLUTION_SPATIAL_DIMENSIONS = 106,
    HEURISTIC_MODE = 200,
    HEURISTIC_GRAPH = 201,
    HEURISTIC_RESULTS = 202,
    CONFIG_ENGINE = 300,
    PLAN_HANDLE = 400,
    PLAN_CONFIG = 401,
    PLAN_WORKSPACE_BYTES = 402,
    FORWARD_ALPHA = 700,
    FORWARD_BETA = 701,
    FORWARD_CONVOLUTION = 702,
    FORWARD_W = 703,
    FORWARD_X = 704,
    FORWARD_Y = 705,
    BACKWARD_DATA_ALPHA = 706,
    BACKWARD_DATA_BETA = 707,
    BACKWARD_DATA_CONVOLUTION = 708,
    BACKWARD_DATA_W = 709,
    BACKWARD_DATA_DX = 710,
    BACKWARD_DATA_DY = 711,
    BACKWARD_FILTER_ALPHA = 712,
    BACKWARD_FILTER_BETA = 713,
    BACKWARD_FILTER_CONVOLUTION = 714,
    BACKWARD_FILTER_DW = 715,
    BACKWARD_FILTER_X = 716,
    BACKWARD_FILTER_DY = 717,
    OPERATION_POINTWISE_DESCRIPTOR = 750,
    OPERATION_POINTWISE_X = 751,
    OPERATION_POINTWISE_B = 752,
    OPERATION_POINTWISE_Y = 753,
    OPERATION_POINTWISE_ALPHA1 = 754,
    OPERATION_POINTWISE_ALPHA2 = 755,
    GRAPH_HANDLE = 800,
    GRAPH_OPERATIONS = 801,
    GRAPH_ENGINE_COUNT = 802,
    TENSOR_ALIGNMENT_BYTES = 900,
    TENSOR_DATA_TYPE = 901,
    TENSOR_DIMENSIONS = 902,
    TENSOR_STRIDES = 903,
    TENSOR_UNIQUE_ID = 906,
    TENSOR_IS_VIRTUAL = 907,
    PACK_UNIQUE_IDS = 1000,
    PACK_DATA_POINTERS = 1001,
    PACK_WORKSPACE = 1003,
    ENGINE_GRAPH = 1300,
    ENGINE_INDEX = 1301,
    ENGINE_NUMERICAL_NOTES = 1303,
    ENGINE_BEHAVIOR_NOTES = 1305
};

/** Modes of pointwise operations that can follow a convolution here. */
enum { MODE_ADD = 0, MODE_MUL = 1, MODE_MIN = 2, MODE_MAX = 3, MODE_RELU_FORWARD = 100 };

/** CUDNN_NUMERICAL_NOTE_... */
enum { NOTE_TENSOR_CORE = 0, NOTE_NONDETERMINISTIC = 4 };

struct Descriptor;
typedef std::shared_ptr<Descriptor> Reference;

struct Attribute {
    int type = 0;
    int64_t count = 0;
    std::vector<char> bytes;
    std::vector<Reference> references;
};

struct Descriptor {
    int type = 0;
    bool finalized = false;
    std::map<int, Attribute> attributes;

    bool has(int name) const { return attributes.count(name) != 0; }

    int64_t count(int name) const { return has(name) ? attributes.at(name).count : 0; }

    int64_t integer(int name, int64_t index = 0) const {
        int64_t value;
        memcpy(&value, &attributes.at(name).bytes[index * 8], 8);
        return value;
    }

    int enumerated(int name) const {
        int value;
        memcpy(&value, attributes.at(name).bytes.data(), 4);
        return value;
    }

    bool flag(int name) const { return has(name) && attributes.at(name).bytes[0]; }

    double real(int name, double otherwise) const {
        if (!has(name)) return otherwise;
        const Attribute& attribute = attributes.at(name);
        if (attribute.type == TYPE_DOUBLE) {
            double value;
            memcpy(&value, attribute.bytes.data(), 8);
            return value;
        }
        float value;
        memcpy(&value, attribute.bytes.data(), 4);
        return value;
    }

    void* pointer(int name, int64_t index = 0) const { return has(name) ? (void*)integer(name, index) : nullptr; }

    Reference reference(int name, int64_t index = 0) const { return has(name) ? attributes.at(name).references[index] : nullptr; }

    int64_t id() const { return integer(TENSOR_UNIQUE_ID); }

    bool isVirtual() const { return flag(TENSOR_IS_VIRTUAL); }

    /** A tensor's layout; filters have theirs in the same order. */
    Layout layout() const {
        Layout layout;
        layout.type = enumerated(TENSOR_DATA_TYPE);
        for (int i = 0; i < 4; i++) {
            layout.size[i] = (int)integer(TENSOR_DIMENSIONS, i);
            layout.stride[i] = integer(TENSOR_STRIDES, i);
        }
        return layout;
    }
};

/** Checks what was set; called once, before the descriptor becomes final. */
int finalizeDescriptor(Descriptor& descriptor);

/** The operations of a graph in an order in which they can run. Empty when there is none. */
std::vector<Reference> orderedOperations(const Descriptor& graph);

/** The shape of a graph's convolution operation. */
ConvolutionShape shapeOf(const Descriptor& operation);

/** The engines of a graph: how many bytes of workspace each needs, and whether it repeats its bits. Empty: not supported. */
struct EngineProperties {
    size_t workspaceBytes;
    bool deterministic;
};
std::vector<EngineProperties> enginesOf(const Descriptor& graph);

int executePlan(DnnHandle& handle, const Descriptor& plan, const Descriptor& pack);

}  // namespace softcuda
