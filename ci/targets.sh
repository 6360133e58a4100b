#!/usr/bin/env bash
# Other systems: Windows, the whole program; macOS, the libraries (the program's TLS would need Apple's C headers; what it
# has of its own is the same on every Unix). Types are checked, nothing is linked or run.
#
# Where rustup has no such target (`rustup target add x86_64-pc-windows-gnu aarch64-apple-darwin`), the standard library is
# checked along, from the source that Debian has, which is installed when run as root. What cannot be had is said, and
# the script then exits with 77: skipped.
set -euo pipefail
cd "$(dirname "$0")/.."
windows=x86_64-pc-windows-gnu
mac=aarch64-apple-darwin

skip() {
    echo "targets: SKIPPED: $1" >&2
    exit 77
}

have() { command -v "$1" >/dev/null 2>&1; }

packages() {
    [ "$(id -u)" = 0 ] && have apt-get || return 0
    echo "targets: installing $*"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
        >/dev/null 2>&1 || echo "targets: apt-get cannot install them" >&2
}

# The C of ring is compiled even where Rust is only checked.
have x86_64-w64-mingw32-gcc || packages gcc-mingw-w64-x86-64
have x86_64-w64-mingw32-gcc || skip "no x86_64-w64-mingw32-gcc (Debian: gcc-mingw-w64-x86-64)"

std=()
lib=$(rustc --print sysroot)/lib/rustlib
if [ -d "$lib/$windows" ] && [ -d "$lib/$mac" ]; then
    echo "targets: $(rustc --version) with rustup's targets"
else
    source=/usr/lib/rustlib/src/rust/library
    { [ -d $source ] && [ -x /usr/bin/rustc ]; } || packages rustc-web rust-web-src
    { [ -d $source ] && [ -x /usr/bin/rustc ]; } ||
        skip "no standard library (rustup target add $windows $mac; Debian: rustc-web, rust-web-src)"
    # Building the standard library is not stable, but this compiler is the one of that source.
    export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
    std=(-Z build-std)
    echo "targets: Debian's $($RUSTC --version), with its standard library"
fi

export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}/targets
cargo check "${std[@]}" --locked --target $windows -p halfwave-trainer --lib --bins
cargo check "${std[@]}" --locked --target $mac -p halfwave-kernels -p halfwave-datasets
echo "targets: $windows and $mac have their types right"
