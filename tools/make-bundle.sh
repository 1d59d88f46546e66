#!/bin/sh
# Makes target/keisei-bundle.tar.xz, which runs on a Linux machine with nothing installed: a Java runtime of only the
# modules that are needed, the program and its libraries, the presets, the tests that `selftest` runs, the scripts of
# the GPU check. Called by `./mvnw -Pbundle package`, which compiles and collects everything before.
#
#   tools/make-bundle.sh [target directory]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
target=${1:-$root/target}
modules=java.base,java.logging,java.management,java.naming,java.net.http,java.sql,java.xml
modules=$modules,jdk.incubator.vector,jdk.management,jdk.unsupported
limit_bytes=$((40 * 1024 * 1024))

fail() {
  echo "make-bundle: $*" >&2
  exit 1
}
java_home=$("$root/.mvn/find-jdk.sh") || fail "no JDK 25 or newer found; set KEISEI_JAVA_HOME"
[ -x "$java_home/bin/jlink" ] || fail "$java_home has no jlink"
command -v xz >/dev/null || fail "xz is not installed"
[ -d "$target/test-classes" ] || fail "$target/test-classes is not there; run ./mvnw -Pbundle package"

bundle=$target/bundle
work=$target/bundle-work
rm -rf "$bundle" "$work"
mkdir -p "$bundle/lib" "$bundle/test" "$bundle/config" "$bundle/tools" "$work"

# Compressed members would hide their contents from xz, which does far better on the whole.
repack() { # jar, folder, files to leave out
  rm -rf "$work/jar"
  mkdir "$work/jar"
  (cd "$work/jar" && "$java_home/bin/jar" -x -f "$1" && rm -rf ${3-})
  "$java_home/bin/jar" -c -0 -M -f "$2/$(basename "$1")" --date 2026-01-01T00:00:00Z -C "$work/jar" .
}

"$java_home/bin/jlink" --add-modules "$modules" --output "$bundle/runtime" --compress zip-0 --strip-debug \
  --no-header-files --no-man-pages

product=
for jar in "$target"/keisei-*.jar; do
  [ -f "$jar" ] && product=$jar
done
[ -n "$product" ] || fail "$target/keisei-*.jar is not there; run ./mvnw -Pbundle package"
repack "$product" "$bundle/lib"
for jar in "$target"/lib/*.jar; do
  case $jar in
  # The engine uses the driver's part alone; the others are 24 MB.
  */jcuda-natives-*) repack "$jar" "$bundle/lib" "lib/libJNvPTXCompiler-* lib/libJNvrtc-* lib/libJCudaRuntime-*" ;;
  # NVIDIA's own libraries of profile cuda are 2 GB.
  */cuda-*-redist.jar) ;;
  *) repack "$jar" "$bundle/lib" ;;
  esac
done

"$java_home/bin/jar" -c -0 -f "$bundle/test/keisei-tests.jar" --date 2026-01-01T00:00:00Z -C "$target/test-classes" .
for jar in "$target"/test-lib/*.jar; do
  case $(basename "$jar") in
  # Rules of the packages and properties of the rules of Shogi are no matter of a device; AssertJ needs Byte Buddy only
  # for assertions that are collected.
  archunit-* | jqwik-* | byte-buddy-*) ;;
  *) [ -f "$target/lib/$(basename "$jar")" ] || repack "$jar" "$bundle/test" ;;
  esac
done

cp "$root/tools/bundle-launcher.sh" "$bundle/keisei"
cp "$root"/config/*.yaml "$bundle/config/"
cp "$root/LICENSE" "$bundle/"
cp "$root/tools/gpu-check.sh" "$bundle/tools/"
mkdir -p "$bundle/benchmarks/pytorch"
cp "$root"/benchmarks/pytorch/*.py "$bundle/benchmarks/pytorch/"
chmod 755 "$bundle/keisei" "$bundle/tools/gpu-check.sh"
git -C "$root" describe --always --dirty 2>/dev/null >"$bundle/COMMIT" || echo unknown >"$bundle/COMMIT"

archive=$target/keisei-bundle.tar.xz
tar -C "$target" --sort=name --owner=0 --group=0 --numeric-owner --mtime=2026-01-01 -cf - bundle |
  xz -6 -T1 >"$archive.new"
mv "$archive.new" "$archive"
rm -rf "$work"
size=$(wc -c <"$archive")
[ "$size" -le $limit_bytes ] || fail "$archive has $size bytes, and at most $limit_bytes are allowed"
echo "make-bundle: $archive, $size bytes ($(du -sm "$bundle" | cut -f1) MiB unpacked)"
