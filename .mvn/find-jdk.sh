#!/bin/sh
# Prints the home of the first JDK >= 25 (with javac) that it finds; exits with 1 where there is none.
# Order: KEISEI_JAVA_HOME, JAVA_HOME, ./.jdk, the usual system and user folders, the java on PATH.
minimum=25
root=$(cd "$(dirname "$0")/.." && pwd)
usable() {
  [ -x "$1/bin/javac" ] || return 1
  version=$(sed -n 's/^JAVA_VERSION="\{0,1\}\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null)
  [ -n "$version" ] || version=$("$1/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
  [ -n "$version" ] && [ "$version" -ge "$minimum" ]
}
on_path=$(command -v javac 2>/dev/null)
[ -n "$on_path" ] && on_path=$(dirname "$(dirname "$(readlink -f "$on_path" 2>/dev/null || echo "$on_path")")")
for home in "${KEISEI_JAVA_HOME-}" "${JAVA_HOME-}" "$root/.jdk" "$on_path" /usr/lib/jvm/* /opt/java/* /opt/jdk* \
  "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
  if [ -n "$home" ] && usable "$home"; then
    printf '%s\n' "$home"
    exit 0
  fi
done
exit 1
