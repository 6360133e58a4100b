#!/usr/bin/env bash
# AddressSanitizer over the tests that touch memory most: every kernel at every length and start, products,
# convolutions, sparse rows, what threads share out, and the unit tests of the kernels. A read or write past an
# array ends the run with its place.
#
# The sanitizer is unstable in rustc: RUSTC_BOOTSTRAP lets the stable compiler take it. x86-64 and Arm
# Linux only; elsewhere the script says so and exits with 77: skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

host=$(rustc -vV | sed -n 's/^host: //p')
case $host in
x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu) ;;
*)
    echo "asan: SKIPPED: rustc has no AddressSanitizer for $host" >&2
    exit 77
    ;;
esac

# Its own directory: everything is built with the sanitizer. An explicit target keeps it out of build scripts.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/asan RUSTC_BOOTSTRAP=1
export RUSTFLAGS="-Zsanitizer=address -Cdebuginfo=line-tables-only"
# Lists of threads that live as long as the program are no leaks.
export ASAN_OPTIONS=detect_leaks=0
cargo test --release --locked --target "$host" -p halfwave-kernels --lib
cargo test --release --locked --target "$host" -p halfwave-tests --test parity --test special_values --test heads \
    --test masks --test rows --test learned --test gemm --test conv --test parallel --test sparse
echo "asan: no error"
