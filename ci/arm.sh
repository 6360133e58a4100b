#!/usr/bin/env bash
# NEON: builds the tests of the kernels for 64-bit Arm and runs them, under qemu on another machine.
#
# On an Arm machine it runs them directly. Elsewhere it takes the target of rustup if that is installed
# (`rustup target add aarch64-unknown-linux-gnu`, with a cross gcc), or else, on Debian, the
# distribution's own compiler and library for Arm, which it installs when run as root. What cannot be
# had is said, and the script then exits with 77: skipped.
#
# HALFWAVE_REQUIRE=neon makes every test fail that would pass over NEON.
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
export HALFWAVE_REQUIRE=neon
# Statistics and f64 accuracy do not depend on the level that golden hashes pin; they run on x86.
tests="--test parity --test golden --test special_values --test heads --test learned --test rows --test masks --test gemm \
    --test conv"

skip() {
    echo "arm: SKIPPED: $1" >&2
    exit 77
}

if [ "$(uname -m)" = aarch64 ]; then
    cargo test --release --locked -p halfwave-kernels --lib
    # shellcheck disable=SC2086
    exec cargo test --release --locked -p halfwave-tests $tests
fi

have() { command -v "$1" >/dev/null 2>&1; }

packages() {
    [ "$(id -u)" = 0 ] && have apt-get || return 0
    echo "arm: installing $*"
    { dpkg --add-architecture arm64 && apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
        >/dev/null 2>&1 || echo "arm: apt-get cannot install them" >&2
}

have qemu-aarch64 || packages qemu-user
have qemu-aarch64 || skip "no qemu-aarch64 (Debian: qemu-user)"
have aarch64-linux-gnu-gcc || packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross
have aarch64-linux-gnu-gcc || skip "no aarch64-linux-gnu-gcc (Debian: gcc-aarch64-linux-gnu)"

if [ -d "$(rustc --print sysroot)/lib/rustlib/$target" ]; then
    echo "arm: $(rustc --version) with rustup's $target"
else
    [ -d "/usr/lib/rustlib/$target" ] || packages rustc-web libstd-rust-web-dev:arm64
    [ -d "/usr/lib/rustlib/$target" ] && [ -x /usr/bin/rustc ] ||
        skip "no standard library for Arm (rustup target add $target; Debian: rustc-web, libstd-rust-web-dev:arm64)"
    RUSTC=/usr/bin/rustc
    export RUSTC
    echo "arm: Debian's $($RUSTC --version)"
fi

CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/arm
CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
# The loader and the C library must be of one version, or the first thread hangs: where Debian's own
# libc6:arm64 is there, its library is found first.
if [ -e /lib/ld-linux-aarch64.so.1 ]; then
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER=qemu-aarch64
else
    CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
fi
export CARGO_TARGET_DIR CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER
# Cross-compiled documentation tests are not run: they use the public functions that these tests use.
cargo test --release --locked --target $target -p halfwave-kernels --lib
# shellcheck disable=SC2086
cargo test --release --locked --target $target -p halfwave-tests --lib $tests
echo "arm: NEON gives the bits of the golden table"
