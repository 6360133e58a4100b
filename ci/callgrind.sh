#!/usr/bin/env bash
# Counts the instructions of every kernel under valgrind, and fails where one has 2 % more than before.
#
#   ci/callgrind.sh           compares with the counts that are kept for this rustc and valgrind; where there
#                             are none, counts the commit that last changed kept counts, and compares with it
#   ci/callgrind.sh COMMIT    counts that commit and compares with it
#   ci/callgrind.sh --update  keeps the counts of the working tree: commit them together with what changed them
#
# Valgrind hides AVX-512: these are the scalar and AVX2 paths. What is missing of valgrind and of the runner of
# iai-callgrind is installed if that can be done, else the script says what to install and exits with 0;
# REQUIRE_IAI=1 makes that a failure.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR=$target PATH=$target/tools/bin:$PATH
kept=bench-suite/callgrind/counts
work=$target/callgrind
after=$work/counts.txt
mkdir -p "$work"

skip() {
  echo "callgrind: SKIPPED: nothing was compared: $1" >&2
  [ "${REQUIRE_IAI:-0}" != 1 ] || exit 1
  exit 0
}

# Counts into the file $1 by the rest, a command.
count() {
  local file=$1
  shift
  rm -f "$file"
  "$@" --counts "$file"
  [ -s "$file" ] || skip "the bench counted nothing; it says above what is missing"
}
count_here() {
  count "$after" cargo bench --locked -p halfwave-bench-suite --bench callgrind --
}

compare() {
  # The bench runs in its package's directory.
  cargo bench --locked -p halfwave-bench-suite --bench callgrind -- --compare "$(realpath "$1")" "$(realpath "$2")" || {
    echo "callgrind: FAILED: more instructions than in $1." >&2
    echo "callgrind: where that is intended, ci/callgrind.sh --update keeps the new counts; say why in the commit." >&2
    exit 1
  }
}

if ! command -v valgrind > /dev/null && [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  echo "callgrind: installing valgrind"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends valgrind; } \
    > /dev/null 2>&1 || echo "callgrind: apt-get cannot install valgrind" >&2
fi
command -v valgrind > /dev/null || skip "no valgrind (Debian: apt-get install valgrind)"

# The runner must have the version of the library.
version=$(sed -n '/^name = "iai-callgrind-runner"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)
# Not being asked for a count, it fails, with its version in the message.
has_runner() { [[ "$(iai-callgrind-runner --version 2>&1)" == *"$version"* ]]; }
if ! has_runner; then
  echo "callgrind: installing iai-callgrind-runner $version into $target/tools"
  cargo install --quiet --locked --root "$target/tools" --version "$version" iai-callgrind-runner ||
    echo "callgrind: cargo cannot install it" >&2
fi
has_runner || skip "no runner (cargo install iai-callgrind-runner --version $version --locked)"

# Counts depend on the compiler, on what valgrind shows of the CPU, and on the C library's memcpy and fma.
rust=$(rustc -vV | awk '$1 == "release:" || $1 == "host:" { print $2 }' | paste -sd- -)
libc=$(ldd --version 2> /dev/null | sed -n '1s/.* //p')
key=rustc-$rust-$(valgrind --version)-libc-${libc:-unknown}
file=$kept/$key.txt

if [ "${1-}" = --update ]; then
  count_here
  mkdir -p "$kept"
  cp "$after" "$file"
  echo "callgrind: $file is new; commit it with what changed the counts"
  exit 0
fi

base=${1-}
if [ -z "$base" ] && [ ! -e "$file" ]; then
  echo "callgrind: no counts are kept for $key"
  [ "$(git rev-parse --is-shallow-repository)" = false ] || skip "the history is not here to count a commit before this one"
  base=$(git log -1 --format=%h -- "$kept")
  [ -n "$base" ] || skip "no commit keeps counts"
fi
if [ -n "$base" ]; then
  echo "callgrind: counting $base"
  git rev-parse --quiet --verify "$base^{commit}" > /dev/null || { echo "callgrind: no commit $base" >&2; exit 1; }
  git cat-file -e "$base:bench-suite/src/counts.rs" 2> /dev/null || skip "$base has no bench that counts"
  ci/at-commit.sh "$base" callgrind "$work/base"
  file=$work/base.txt
  count "$file" "$work/base"
fi
count_here
compare "$file" "$after"
echo "callgrind: no kernel has more instructions than in $file"
