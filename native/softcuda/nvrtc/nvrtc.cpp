// Stand-in for libnvrtc.so.12. Nothing is compiled here: native/build.sh has compiled each NAME.cu to NAME.so beside this
// library, and that is what a program of this name gives as its cubin, provided its source is the one that was compiled.
#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

enum Status {
    SUCCESS = 0,
    PROGRAM_CREATION_FAILURE = 2,
    INVALID_INPUT = 3,
    INVALID_PROGRAM = 4,
    INVALID_OPTION = 5,
    COMPILATION = 6
};

struct Program {
    std::string source, name, log;
    std::vector<std::pair<std::string, std::string>> headers;
    std::string cubin;
    bool compiled = false;
};

std::mutex lock;
std::set<Program*> programs;

bool read(const std::string& path, std::string& bytes) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return false;
    bytes.assign(std::istreambuf_iterator<char>(file), {});
    return true;
}

std::string folder() {
    Dl_info info;
    char path[PATH_MAX];
    if (!dladdr((void*)folder, &info) || !realpath(info.dli_fname, path)) return ".";
    return std::string(path, strrchr(path, '/'));
}

bool isArchitecture(const std::string& text) {
    size_t digits = 0;
    while (digits < text.size() && isdigit(text[digits])) digits++;
    std::string rest = text.substr(digits);
    return digits >= 2 && (rest.empty() || rest == "a" || rest == "f");
}

/** Options of which the software device knows that they do not change what a kernel means. */
bool isOption(const std::string& option) {
    for (const char* prefix : {"--gpu-architecture=sm_", "-arch=sm_"}) {
        if (option.rfind(prefix, 0) == 0) return isArchitecture(option.substr(strlen(prefix)));
    }
    static const char* const PREFIXES[] = {"--std=", "-std=", "--fmad=", "-fmad=", "--use_fast_math", "-use_fast_math", "--ftz=",
                                           "--prec-div=", "--prec-sqrt=", "-default-device", "--device-as-default-execution-space",
                                           "--generate-line-info", "-lineinfo", "--restrict", "-restrict", "--extra-device-vectorization",
                                           "--maxrregcount=", "-D", "--define-macro=", "-I", "--include-path=", "-w", "--disable-warnings",
                                           "--split-compile=", "--minimal", "-minimal", "--diag-suppress=", "--ptxas-options", "-Xptxas", "-v"};
    for (const char* prefix : PREFIXES) {
        if (option.rfind(prefix, 0) == 0) return true;
    }
    return false;
}

Program* find(void* handle) { return programs.count((Program*)handle) ? (Program*)handle : nullptr; }

/** The source and headers must be those that the shared object was built from. */
bool isCurrent(const Program& program, const std::string& base, std::string& log) {
    std::string built;
    if (!read(base + ".cu", built)) {
        log = program.name + ": error: the software device was built without this kernel file: " + base + ".cu is missing; run native/build.sh\n";
        return false;
    }
    if (built != program.source) {
        log = program.name + ": error: the source is not the one that the software device was built from (" + base + ".cu); run native/build.sh\n";
        return false;
    }
    for (auto& [name, text] : program.headers) {
        std::string header = folder() + "/" + name.substr(name.rfind('/') + 1);
        if (read(header, built) && built != text) {
            log = name + ": error: the header is not the one that the software device was built from (" + header + "); run native/build.sh\n";
            return false;
        }
    }
    return true;
}

}  // namespace

EXPORT int nvrtcVersion(int* major, int* minor) {
    if (!major || !minor) return INVALID_INPUT;
    *major = 12;
    *minor = 6;
    return SUCCESS;
}

EXPORT const char* nvrtcGetErrorString(int status) {
    switch (status) {
        case SUCCESS: return "NVRTC_SUCCESS";
        case 1: return "NVRTC_ERROR_OUT_OF_MEMORY";
        case PROGRAM_CREATION_FAILURE: return "NVRTC_ERROR_PROGRAM_CREATION_FAILURE";
        case INVALID_INPUT: return "NVRTC_ERROR_INVALID_INPUT";
        case INVALID_PROGRAM: return "NVRTC_ERROR_INVALID_PROGRAM";
        case INVALID_OPTION: return "NVRTC_ERROR_INVALID_OPTION";
        case COMPILATION: return "NVRTC_ERROR_COMPILATION";
        default: return "NVRTC_ERROR unknown";
    }
}

EXPORT int nvrtcCreateProgram(void** program, const char* source, const char* name, int headerCount, const char* const* headers,
                              const char* const* includeNames) {
    if (!program || !source || headerCount < 0 || (headerCount && (!headers || !includeNames))) return INVALID_INPUT;
    auto* created = new Program;
    created->source = source;
    created->name = name ? name : "default_program";
    for (int i = 0; i < headerCount; i++) created->headers.emplace_back(includeNames[i], headers[i]);
    std::lock_guard<std::mutex> guard(lock);
    programs.insert(created);
    *program = created;
    return SUCCESS;
}

EXPORT int nvrtcDestroyProgram(void** handle) {
    std::lock_guard<std::mutex> guard(lock);
    if (!handle || !find(*handle)) return INVALID_PROGRAM;
    programs.erase((Program*)*handle);
    delete (Program*)*handle;
    *handle = nullptr;
    return SUCCESS;
}

EXPORT int nvrtcCompileProgram(void* handle, int optionCount, const char* const* options) {
    std::lock_guard<std::mutex> guard(lock);
    Program* program = find(handle);
    if (!program) return INVALID_PROGRAM;
    for (int i = 0; i < optionCount; i++) {
        if (isOption(options[i])) continue;
        program->log = std::string("nvrtc: error: the software device does not know the option '") + options[i] +
                       "' (or its architecture is not sm_NN, of which alone there is a cubin)\n";
        return INVALID_OPTION;
    }
    std::string stem = program->name.substr(program->name.rfind('/') + 1);
    if (stem.size() > 3 && stem.compare(stem.size() - 3, 3, ".cu") == 0) stem.resize(stem.size() - 3);
    std::string base = folder() + "/" + stem;
    if (!isCurrent(*program, base, program->log)) return COMPILATION;
    // The variant that checks every load and store of the kernels.
    const char* checked = getenv("SWCUDA_CHECK_ACCESS");
    std::string object = base + (checked && *checked == '1' ? ".checked.so" : ".so");
    if (!read(object, program->cubin)) {
        program->log = program->name + ": error: " + object + " is missing; run native/build.sh\n";
        return COMPILATION;
    }
    program->compiled = true;
    return SUCCESS;
}

EXPORT int nvrtcGetCUBINSize(void* handle, size_t* bytes) {
    std::lock_guard<std::mutex> guard(lock);
    Program* program = find(handle);
    if (!program || !program->compiled) return INVALID_PROGRAM;
    *bytes = program->cubin.size();
    return SUCCESS;
}

EXPORT int nvrtcGetCUBIN(void* handle, char* cubin) {
    std::lock_guard<std::mutex> guard(lock);
    Program* program = find(handle);
    if (!program || !program->compiled) return INVALID_PROGRAM;
    memcpy(cubin, program->cubin.data(), program->cubin.size());
    return SUCCESS;
}

static const char PTX[] = "// The software CUDA device has no PTX.\n";

EXPORT int nvrtcGetPTXSize(void* handle, size_t* bytes) {
    std::lock_guard<std::mutex> guard(lock);
    Program* program = find(handle);
    if (!program || !program->compiled) return INVALID_PROGRAM;
    *bytes = sizeof PTX;
    return SUCCESS;
}

EXPORT int nvrtcGetPTX(void* handle, char* ptx) {
    std::lock_guard<std::mutex> guard(lock);
    Program* program = find(handle);
    if (!program || !program->compiled) return INVALID_PROGRAM;
    memcpy(ptx, PTX, sizeof PTX);
    return SUCCESS;
}

EXPORT int nvrtcGetProgramLogSize(void* handle, size_t* bytes) {
    std::lock_guard<std::mutex> guard(lock);
    Program* program = find(handle);
    if (!program) return INVALID_PROGRAM;
    *bytes = program->log.size() + 1;
    return SUCCESS;
}

EXPORT int nvrtcGetProgramLog(void* handle, char* log) {
    std::lock_guard<std::mutex> guard(lock);
    Program* program = find(handle);
    if (!program) return INVALID_PROGRAM;
    memcpy(log, program->log.c_str(), program->log.size() + 1);
    return SUCCESS;
}

EXPORT int nvrtcGetNumSupportedArchs(int* count) {
    if (!count) return INVALID_INPUT;
    *count = 2;
    return SUCCESS;
}

EXPORT int nvrtcGetSupportedArchs(int* architectures) {
    if (!architectures) return INVALID_INPUT;
    architectures[0] = 80;
    architectures[1] = 90;
    return SUCCESS;
}
