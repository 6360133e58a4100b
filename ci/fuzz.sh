#!/usr/bin/env bash
# Parsers against libFuzzer: no panic, no more than 256 MiB, no input that takes 5 s. It begins with fuzz/seeds.
#
#   ci/fuzz.sh [RUNS] [TARGET…]        100000 runs of each target unless told
#
# Needs a C++ compiler. What is found is left in target/fuzz/found/TARGET; the bytes become a test of the parser.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-100000}
shift || true
targets=("$@")
if [ ${#targets[@]} = 0 ]; then
    for target in fuzz/targets/*.rs; do
        targets+=("$(basename "$target" .rs)")
    done
fi

host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
# What libFuzzer looks at: which branches are taken, and what is compared with what.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1"
# An explicit target keeps it out of build scripts.
cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$host"

for target in "${targets[@]}"; do
    corpus=$CARGO_TARGET_DIR/corpus/$target
    found=$CARGO_TARGET_DIR/found/$target
    mkdir -p "$corpus" "$found"
    echo "fuzz: $target, $runs runs"
    "$CARGO_TARGET_DIR/$host/release/$target" -runs="$runs" -rss_limit_mb=256 -timeout=5 -max_len=65536 \
        -print_final_stats=1 -artifact_prefix="$found/" "$corpus" "fuzz/seeds/$target" \
        > "$CARGO_TARGET_DIR/$target.log" 2>&1 || {
        tail -30 "$CARGO_TARGET_DIR/$target.log" >&2
        echo "fuzz: FAILED: $target; the input is in $found" >&2
        exit 1
    }
    grep -E "number_of_executed_units|average_exec_per_sec|peak_rss" "$CARGO_TARGET_DIR/$target.log"
done
echo "fuzz: no finding"
