#!/usr/bin/env bash
# Times every kernel of two commits in turns on this machine, and says which are slower or faster beyond noise.
#
#   ci/bench-compare.sh BEFORE AFTER
#
# Fails if a kernel is slower. Both have to have the bench `compare`. The best level of the machine, one thread,
# arrays in L1, products and training steps as in the experiments; bench-suite/src/moved.rs says what noise is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[ $# = 2 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
target=${CARGO_TARGET_DIR:-$PWD/target}
export CARGO_TARGET_DIR=$target

for commit in "$@"; do
  git cat-file -e "$commit:bench-suite/benches/compare.rs" 2> /dev/null ||
    { echo "bench-compare: $commit is no commit that has the bench \`compare\`" >&2; exit 2; }
done
# Names of one length: they are part of a process's memory, and move all that lies behind.
ci/at-commit.sh "$1" compare "$target/bench-compare/1"
ci/at-commit.sh "$2" compare "$target/bench-compare/2"
"$target/bench-compare/2" --builds "$target/bench-compare/1" "$target/bench-compare/2"
