#!/usr/bin/env bash
# Builds a benchmark as it is at a commit, and puts the program at PROGRAM.
#
#   ci/at-commit.sh COMMIT BENCH PROGRAM
#
# In directories of its own: cargo tells files of different trees apart by their times only.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
work=${CARGO_TARGET_DIR:-$PWD/target}/at-commit

rm -rf "$work/tree"
mkdir -p "$work/tree" "$(dirname "$3")"
git archive "$1" | tar --extract --touch --directory="$work/tree"
cd "$work/tree"
CARGO_TARGET_DIR=$work/target cargo bench --locked -p halfwave-bench-suite --bench "$2" --no-run 2>&1 | tee "$work/log"
program=$(sed -n 's/^ *Executable .*(\(.*\))$/\1/p' "$work/log")
[ -x "$program" ] || { echo "at-commit: $1 has no program of bench $2" >&2; exit 1; }
cp "$program" "$3"
