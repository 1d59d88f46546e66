#!/bin/sh
# Builds the software CUDA device: stand-ins for libcuda, libcublas, libcudnn and libnvrtc, and all kernels compiled by g++.
# Where nvcc exists, it compiles every kernel for real GPUs, too (the result is only checked, not kept).
#
#   native/build.sh [output directory, target/softcuda by default]
#
# Only what changed is built. Compiler: $CXX, g++ by default. KEISEI_NVCC=off leaves nvcc out.
set -eu
native=$(cd "$(dirname "$0")" && pwd)
out=${1:-$native/../target/softcuda}
compiler=${CXX:-g++}
if ! command -v "$compiler" > /dev/null; then
    echo "native/build.sh: no $compiler: the software CUDA device is not built, and its tests are skipped"
    exit 0
fi
mkdir -p "$out/build"
out=$(cd "$out" && pwd)

# Builders of several worktrees may run at once, but never two for one folder.
exec 9> "$out/build/lock"
if command -v flock > /dev/null; then flock 9; fi

level=x86-64-v2
if grep -qw avx2 /proc/cpuinfo && grep -qw f16c /proc/cpuinfo && grep -qw fma /proc/cpuinfo; then level=x86-64-v3; fi
flags="-std=c++20 -O3 -march=$level -fPIC -fvisibility=hidden -fno-strict-aliasing -Wall -Wextra -Wno-unused-parameter -Wno-unused-function -Wno-missing-field-initializers"
built=0

# A stamp holds what a file was made from: command, and a checksum of every input.
changed() { # stamp, command, inputs...
    stamp=$1
    shift
    command=$1
    shift
    now="$command $(cat "$@" | cksum)"
    [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$now" ] || return 1
    printf '%s\n' "$now" > "$stamp.new"
}
done_with() { # stamp
    mv "$1.new" "$1"
    built=$((built + 1))
}

# Functions of an interface that no source file defines become faults.
unimplemented() { # interface, status, sources...
    interface=$1
    status=$2
    shift 2
    echo '#include "unimplemented.h"'
    grep -ohE 'SOFTCUDA_FUNCTION\([^)]*\) [A-Za-z0-9_]+' "$@" | sed 's/.* //' | sort -u > "$out/build/$interface.defined"
    sort -u "$native/softcuda/interfaces/$interface.txt" | comm -23 - "$out/build/$interface.defined" |
        sed "s/.*/UNIMPLEMENTED(&, $status)/"
}

library() { # folder, library, status of unimplemented functions, further flags
    sources=$(echo "$native/softcuda/$1"/*.cpp)
    headers="$(echo "$native"/softcuda/common/*.h "$native"/softcuda/include/softcuda/*.h) $(ls "$native/softcuda/$1"/*.h 2> /dev/null || true)"
    interface=$native/softcuda/interfaces/$1.txt
    objects=
    extra=
    if [ -f "$interface" ]; then
        extra=$out/build/$1.unimplemented.cpp
        unimplemented "$1" "$3" $sources > "$extra"
    fi
    again=
    for source in $sources $extra; do
        object=$out/build/$1.$(basename "$source").o
        objects="$objects $object"
        if changed "$object.stamp" "$compiler $flags" "$source" $headers || [ ! -f "$object" ]; then
            echo "  $1/$(basename "$source")"
            "$compiler" $flags -I"$native/softcuda/common" -c "$source" -o "$object"
            done_with "$object.stamp"
            again=yes
        fi
    done
    if [ -n "$again" ] || [ ! -f "$out/$2" ]; then
        version=
        if [ -n "$4" ]; then
            printf '%s { global: *; };\n' "$2" > "$out/build/$2.map"
            version=-Wl,--version-script=$out/build/$2.map
        fi
        # A new file, never new bytes in the old one: it may be in use.
        "$compiler" -shared -o "$out/$2.new" $objects -Wl,-soname,"$2" $version -Wl,-z,defs $5
        mv "$out/$2.new" "$out/$2"
        built=$((built + 1))
    fi
}

kernel() { # source
    name=$(basename "$1" .cu)
    headers=$(echo "$native"/softcuda/include/*.h "$native"/softcuda/include/softcuda/*.h "$(dirname "$1")"/*.cuh)
    case $headers in *'*.cuh') headers=${headers% *} ;; esac
    stamp=$out/build/$name.kernel.stamp
    if changed "$stamp" "$compiler $flags" "$1" $headers || [ ! -f "$out/$name.so" ] || [ ! -f "$out/$name.checked.so" ]; then
        echo "  $name.cu"
        options="$flags -x c++ -DKEISEI_SOFTWARE_DEVICE -fno-threadsafe-statics -Wno-unknown-pragmas -I$native/softcuda/include -I$(dirname "$1")"
        "$compiler" $options -shared -Wl,-z,defs "$1" -o "$out/$name.so.new"
        # The sanitizer's calls for each load and store lead to the software device instead of to its own library.
        "$compiler" $options -O1 -fsanitize=thread -include softcuda/access_checks.h -c "$1" -o "$out/build/$name.checked.o"
        "$compiler" -shared -Wl,-z,defs "$out/build/$name.checked.o" -o "$out/$name.checked.so.new"
        mv "$out/$name.so.new" "$out/$name.so"
        mv "$out/$name.checked.so.new" "$out/$name.checked.so"
        cp "$1" "$out/$name.cu"
        done_with "$stamp"
    fi
}

gpu_kernel() { # source
    name=$(basename "$1" .cu)
    for architecture in sm_80 sm_90a; do
        stamp=$out/build/$name.$architecture.stamp
        if changed "$stamp" "$architecture" "$1" "$native"/kernels/*.cuh; then
            echo "  $name.cu for $architecture by nvcc"
            nvcc -std=c++17 -arch=$architecture -cubin -Werror all-warnings "$1" -o "$out/build/$name.$architecture.cubin"
            done_with "$stamp"
        fi
    done
}

library driver libcuda.so.1 801 "" "-ldl -lpthread"
against_driver="$out/libcuda.so.1 -Wl,-rpath,\$ORIGIN"
library nvrtc libnvrtc.so.12 0 "" "-ldl"
library blas libcublas.so.12 15 version "$against_driver"
library dnn libcudnn.so.9 3000 version "$against_driver"
for source in "$native"/softcuda/selftest/*.cu "$native"/kernels/*.cu; do
    [ -f "$source" ] || continue
    kernel "$source"
done
for header in "$native"/kernels/*.cuh; do
    if [ -f "$header" ]; then cp -p "$header" "$out/"; fi
done
if [ "${KEISEI_NVCC:-on}" != off ] && command -v nvcc > /dev/null; then
    for source in "$native"/kernels/*.cu; do
        if [ -f "$source" ]; then gpu_kernel "$source"; fi
    done
fi
echo "native/build.sh: the software CUDA device is in $out ($built parts built)"
