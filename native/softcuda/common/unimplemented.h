// Functions that the stand-ins export only so that libraries linked against the originals load: a call is a fault.
// native/build.sh writes one line per function of interfaces/*.txt that no source file defines.
#pragma once
#include "services.h"

#define UNIMPLEMENTED(function, status)                                                        \
    SOFTCUDA_FUNCTION(int) function() {                                                        \
        TRACE_CALL;                                                                            \
        softcuda::fault(#function " is not implemented by the software CUDA device");          \
        return status;                                                                         \
    }
