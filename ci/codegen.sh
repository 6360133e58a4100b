#!/usr/bin/env bash
# Proves on the binary that the SIMD code of `kernels` is inlined whole.
#
# Inside the #[target_feature] function of `vectorize` an intrinsic is one instruction. Where a generic
# helper or a closure on the way lost its #[inline(always)], it becomes a call and vectors go through
# memory: many times slower, without a warning, and with the right results.
#
#   ci/codegen.sh              checks the release library
#   ci/codegen.sh --self-test  takes single #[inline(always)] out of a copy and expects to notice each
set -euo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-$PWD/target}
mkdir -p "$target/codegen"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Builds the library of the workspace in $1 as object file $2, with names that show what generics
# stand for.
build() {
    object=$target/codegen/$2.o
    (cd "$1" && CARGO_TARGET_DIR="$target" cargo rustc --quiet --release --locked \
        -p halfwave-kernels --lib -- -C symbol-mangling-version=v0 --emit=obj="$object")
    [ -s "$object" ] || { echo "codegen: the build gives no object file" >&2; exit 2; }
}

# Functions that should not be there: intrinsics (core_arch), all of simd/ and math/, `wide`, and
# whatever is generic over a level's token. To stay: `vectorize`'s inner function, `detect`, and the
# operations of the scalar level and the reduction of huge angles, which are functions on purpose.
survivors() {
    nm --defined-only "$object" | awk '$2 ~ /^[tTwWV]$/ { print $3 }' >"$work/functions"
    inner=$(grep -c 9vectorize5inner "$work/functions" || true)
    [ "$inner" -ge 20 ] || { echo "codegen: $inner functions of vectorize: not the right file" >&2; exit 2; }
    grep -E '9core_arch|16halfwave_kernels4(simd|math)|NtNt[A-Za-z0-9_]*(4Avx2|6Avx512|4Neon|8Portable|6Scalar)|_4wide|9safe_arch' \
        "$work/functions" | grep -vE '9vectorize5inner|6detect$|4simd6scalarNt[A-Za-z0-9_]*_6ScalarNt[A-Za-z0-9_]*_4Simd|7sin_cos11payne_hanek|NtB[0-9a-zA-Z]*_(4Avx2|6Avx512|4Neon)6detect|3fmt5Debug|4hash4Hash' |
        c++filt | sed 's/^/out of line: /' | sort -u
}

# What the functions of `vectorize` call: panics, copies of memory and that reduction only.
calls() {
    objdump -dr --no-show-raw-insn "$object" | awk '
        /^[0-9a-f]+ <.*>:$/ { inside = /9vectorize5inner/ }
        inside && /R_X86_64_(PLT32|PC32|GOTPCREL|GOTPCRELX|REX_GOTPCRELX)|R_AARCH64_(CALL26|JUMP26)/ && called { print $3 }
        { called = ($2 ~ /^(call|callq|jmp|jmpq|bl|b)$/) }' |
        sed 's/[-+]0x[0-9a-f]*$//' | sort -u |
        grep -vE 'panic|_fail|_Unwind_Resume|payne_hanek|expect|memcpy|memset|memmove|^\.(text|rodata|L)' |
        c++filt | sed 's/^/called from a vectorized function: /'
}

check() {
    { survivors; calls; } >"$work/found" || true
    [ ! -s "$work/found" ]
}

if [ "${1-}" != --self-test ]; then
    build . library
    check || { cat "$work/found"; echo "codegen: see above; is an #[inline(always)] missing?" >&2; exit 1; }
    echo "codegen: $inner vectorized functions, everything inlined"
    exit 0
fi

# `never` instead of nothing: without any attribute the optimiser may still be kind.
self_test() { # file, line that follows the attribute
    copy=$target/codegen/copy
    rm -rf "$copy" && mkdir "$copy"
    git ls-files -z | tar --create --null --files-from=- | tar --extract --directory="$copy"
    awk -v line="$2" '
        held != "" { if (index($0, line)) { sub("always", "never", held); done = 1 } print held; held = "" }
        /#\[inline\(always\)\]/ { held = $0; next }
        { print }
        END { if (!done) exit 1 }' "$1" >"$work/changed" || { echo "codegen: $1 has no \`$2\`" >&2; exit 2; }
    cp "$work/changed" "$copy/$1"
    build "$copy" changed
    if check; then
        echo "codegen: not noticed: $1, \`$2\`" >&2
        exit 1
    fi
    echo "noticed: $1, \`$2\`: $(wc -l <"$work/found") findings, as $(head -1 "$work/found" | cut -c1-90)"
}
self_test kernels/src/math/exp.rs 'pub(crate) fn exp_parts'
self_test kernels/src/activations/sigmoid.rs 'pub(crate) fn sigmoid'
self_test kernels/src/elementwise.rs 'pub(crate) fn map<'
self_test kernels/src/simd/vec.rs 'pub(crate) fn abs'
self_test kernels/src/simd/avx2.rs 'fn low_u64'
self_test kernels/src/rng/pcg.rs 'pub(crate) fn next'
echo "codegen: the check notices all of them"
