#!/bin/sh
# Keisei from the portable bundle: brings its own Java, needs nothing installed.
#   keisei COMMAND ...              as in the repository
#   keisei selftest [--device D]    the conformance suite and the golden data on a device of this machine
set -u
link=$0
while [ -h "$link" ]; do
  target=$(readlink "$link")
  case $target in
  /*) link=$target ;;
  *) link=$(dirname "$link")/$target ;;
  esac
done
root=$(cd "$(dirname "$link")" && pwd) || exit 1
classes=$root/lib/*
main=keisei.cli.Main
if [ "${1-}" = selftest ]; then
  shift
  classes=$classes:$root/test/*
  main=keisei.selftest.SelfTest
fi

# The JDK prints one warning about incubator modules before the program starts. It is filtered out of standard error
# on a named pipe; the program then takes the real standard error (descriptor 3) back, so nothing else is filtered.
restore=
pipe=$(mktemp -d "${TMPDIR:-/tmp}/keisei.XXXXXX" 2>/dev/null) && mkfifo "$pipe/stderr" 2>/dev/null && {
  sed '/^WARNING: Using incubator modules: jdk.incubator.vector$/d' <"$pipe/stderr" >&2 &
  exec 3>&2 2>"$pipe/stderr"
  restore=-Dkeisei.stderr.fd=3
}
[ -n "$pipe" ] && rm -rf "$pipe"

# shellcheck disable=SC2086 # both hold no or several words
exec "$root/runtime/bin/java" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
  $restore ${KEISEI_JAVA_OPTIONS-} -cp "$classes" $main "$@"
