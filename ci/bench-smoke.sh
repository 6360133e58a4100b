#!/usr/bin/env bash
# Every benchmark once, as a test: each checks its results.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo bench --locked --workspace -- --test
