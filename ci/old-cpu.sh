#!/usr/bin/env bash
# Dispatch on old processors: the tests of the kernels on an emulated Nehalem (SSE4.2: `portable` is the
# best level) and Haswell (AVX2 and FMA, no AVX-512: `avx2`).
#
# One instruction too new is a SIGILL. Needs qemu-x86_64, 7.2 or newer for AVX2 (Debian: qemu-user, which
# it installs when run as root); without it, the script says so and exits with 77: skipped.
set -euo pipefail
cd "$(dirname "$0")/.."

skip() {
    echo "old-cpu: SKIPPED: $1" >&2
    exit 77
}
[ "$(uname -m)" = x86_64 ] || skip "not an x86-64 machine"
if ! command -v qemu-x86_64 >/dev/null && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    { apt-get update -qq && apt-get install -y -qq --no-install-recommends qemu-user; } >/dev/null 2>&1 || true
fi
command -v qemu-x86_64 >/dev/null || skip "no qemu-x86_64 (Debian: qemu-user)"
version=$(qemu-x86_64 --version | sed -n 's/.*version \([0-9]*\.[0-9]*\).*/\1/p')
[ "$(printf '%s\n' 7.2 "$version" | sort -V | head -1)" = 7.2 ] || skip "qemu $version has no AVX2"

target=${CARGO_TARGET_DIR:-$PWD/target}
list=$target/old-cpu.list
cargo test --release --locked --no-run -p halfwave-kernels --lib 2>&1 | tee "$list"
cargo test --release --locked --no-run -p halfwave-tests --test dispatch --test parity --test golden \
    --test special_values 2>&1 | tee -a "$list"
programs=$(sed -n 's/.*Executable .*(\(.*\))$/\1/p' "$list")
[ "$(echo "$programs" | wc -l)" = 5 ] || { echo "old-cpu: expected five test programs" >&2; exit 1; }

run() { # model, the best level that it must have
    for program in $programs; do
        echo "old-cpu: $1: $(basename "$program")"
        HALFWAVE_REQUIRE=$2 HALFWAVE_EXPECT_BEST=$2 qemu-x86_64 -cpu "$1" "$program" --quiet
    done
}
run Nehalem portable
run Haswell avx2
echo "old-cpu: portable on Nehalem, avx2 on Haswell"
