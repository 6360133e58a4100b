#!/usr/bin/env bash
# The README's test command for the whole workspace, with the data sets where they can be had.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

unpack=../shared/datasets/unpack
if [ -n "${HALFWAVE_DATA:-}" ]; then
  echo "test: data sets from HALFWAVE_DATA"
elif [ -e "$unpack" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  bash "$unpack" "$scratch"
  export HALFWAVE_DATA=$scratch
else
  echo "test: WARNING, tests on MNIST and other data sets are SKIPPED: HALFWAVE_DATA is not set" >&2
fi

strace -f -o /dev/null true 2> /dev/null ||
  echo "test: WARNING, tests of saves that fail are SKIPPED: strace is not there, or may not trace" >&2
"${PYTHON:-python3}" -c "import onnxruntime, numpy" 2> /dev/null ||
  echo "test: WARNING, exported networks are NOT run: ${PYTHON:-python3} has no onnxruntime (PYTHON)" >&2

cargo test --release --locked --workspace
