//! The SIMD seam: sixteen lanes of `f32` on every instruction set.
//!
//! A kernel is written once, generic over [`Simd`], and every level runs it. The trait has only the
//! operations that kernels need; each states its rounding and its NaN behaviour, so that all levels
//! with fused multiply-add give the same bits. The values that kernels work with, with operators,
//! are in [`vec`](self::vec).
//!
//! This folder is the only place of the workspace with `unsafe`. Its argument is always the same: a
//! level's token can only be had from detection, so whoever holds one may run its instructions.
//!
//! `#[inline(always)]` stands on every function here that is generic or takes a token, and must stay:
//! only when everything is inlined into the `#[target_feature]` function of `vectorize` do the
//! intrinsics become instructions. `ci/codegen.sh` checks the binary for it.

#![allow(unsafe_code)]

use std::fmt::Debug;

#[macro_use]
mod lift;
mod in_out;
mod portable;
pub(crate) mod reduce;
mod scalar;
mod stream;
mod vec;

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_f64;
#[cfg(test)]
mod tests_masks;

#[cfg(target_arch = "x86_64")]
pub use self::{avx2::Avx2, avx512::Avx512};
pub(crate) use in_out::InOut;
#[cfg(target_arch = "aarch64")]
pub use neon::Neon;
pub(crate) use portable::FUSED;
pub use portable::Portable;
pub use scalar::Scalar;
pub(crate) use stream::{LINE, Stream};
pub(crate) use vec::{F32, F64, Mask, U32, U64, load_up_to, store_up_to, transpose};

/// Number of lanes of a vector, on every level.
pub(crate) const LANES: usize = 16;

/// The operations of one instruction set on vectors of sixteen lanes.
///
/// Lane `i` of a result depends on lane `i` of the operands only. Comparisons with NaN are false.
#[expect(clippy::wrong_self_convention, reason = "self is the token, the operand comes after it")]
pub(crate) trait Simd: Copy + Send + Sync + Debug + 'static {
    /// 16 × `f32`.
    type F32: Copy;
    /// 16 × `u32`, read as `i32` where an operation says so.
    type U32: Copy;
    /// 16 × `u64`.
    type U64: Copy;
    /// 16 × `f64`.
    type F64: Copy;
    /// 16 × `bool`.
    type Mask: Copy;

    /// Rows and vectors of the part of a product that is held in registers.
    const TILE: (usize, usize) = (4, 1);

    /// Runs `f` with the instructions of this level enabled; `f` and all that it calls must be
    /// `#[inline(always)]`.
    fn vectorize<R>(self, f: impl FnOnce() -> R) -> R;

    /// Runs `f`, the body of a loop: as a function of its own, one for all loops over that body, on levels
    /// whose speed does not count. Their code would be most of the library otherwise.
    #[inline(always)]
    fn outline<R>(self, f: impl FnOnce() -> R) -> R {
        f()
    }

    /// All lanes `x`.
    fn splat(self, x: f32) -> Self::F32;
    /// Lane `i` is `x[i]`.
    fn load(self, x: &[f32; LANES]) -> Self::F32;
    /// `out[i]` becomes lane `i`.
    fn store(self, x: Self::F32, out: &mut [f32; LANES]);

    /// The first `x.len()` lanes from `x`, the others 0.
    ///
    /// # Panics
    /// If `x` has more than sixteen elements.
    #[inline(always)]
    fn load_partial(self, x: &[f32]) -> Self::F32 {
        let mut buffer = [0.0; LANES];
        buffer[..x.len()].copy_from_slice(x);
        self.load(&buffer)
    }

    /// Stores the first `out.len()` lanes.
    ///
    /// # Panics
    /// If `out` has more than sixteen elements.
    #[inline(always)]
    fn store_partial(self, x: Self::F32, out: &mut [f32]) {
        let mut buffer = [0.0; LANES];
        self.store(x, &mut buffer);
        out.copy_from_slice(&buffer[..out.len()]);
    }

    /// `a + b`, rounded to nearest even.
    fn add(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a − b`, rounded to nearest even.
    fn sub(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a · b`, rounded to nearest even.
    fn mul(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a / b`, rounded to nearest even.
    fn div(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `√a`, rounded to nearest even; NaN below zero, −0 for −0.
    fn sqrt(self, a: Self::F32) -> Self::F32;
    /// `a · b + c` with one rounding (`portable`: where its target has such an instruction).
    fn mul_add(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32;
    /// `a · b + c` for sums that cancel: rounded once on every level (or, where `mul_add` rounds the
    /// product, in `f64` and then to `f32`). [`Simd::mul_add`] wherever that is fused.
    #[inline(always)]
    fn mul_add_once(self, a: Self::F32, b: Self::F32, c: Self::F32) -> Self::F32 {
        self.mul_add(a, b, c)
    }
    /// `if a > b { a } else { b }`: `b` where either is NaN and for two zeros.
    fn max(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `if a < b { a } else { b }`: `b` where either is NaN and for two zeros.
    fn min(self, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a · 2^⌊k⌋`, rounded once, for k a multiple of 1/16 in [−252, 254] and `a` 0, infinite, NaN or so
    /// large that a · 2^(k/2) is normal.
    #[inline(always)]
    fn scale(self, a: Self::F32, k: Self::F32) -> Self::F32 {
        // Adding 1.5 · 2²³ leaves an integer, here ⌊k⌋, in the low bits.
        let (one, round) = (self.to_bits(self.splat(1.0)), self.splat(12_582_912.0));
        let shifted = self.add(self.sub(k, self.splat(0.468_75)), round);
        let k = self.sub_u32(self.to_bits(shifted), self.to_bits(round));
        // Two factors, since 2ᵏ itself may lie outside the range. The first product is exact.
        let half = self.shr_i32(k, 1);
        let low = self.from_bits(self.add_u32(self.shl_u32(half, 23), one));
        let rest = self.sub_u32(k, half);
        let high = self.from_bits(self.add_u32(self.shl_u32(rest, 23), one));
        self.mul(self.mul(a, low), high)
    }

    /// `a < b`.
    fn lt(self, a: Self::F32, b: Self::F32) -> Self::Mask;
    /// `a ≤ b`.
    fn le(self, a: Self::F32, b: Self::F32) -> Self::Mask;
    /// `a = b`.
    fn eq(self, a: Self::F32, b: Self::F32) -> Self::Mask;
    /// `a` where the mask is set, else `b`.
    fn select(self, mask: Self::Mask, a: Self::F32, b: Self::F32) -> Self::F32;
    /// `a` or `b`.
    fn or_mask(self, a: Self::Mask, b: Self::Mask) -> Self::Mask;

    /// The bits of `a`.
    fn to_bits(self, a: Self::F32) -> Self::U32;
    /// The value with these bits.
    fn from_bits(self, a: Self::U32) -> Self::F32;
    /// `a`, read as `i32`, rounded to nearest even.
    fn from_i32(self, a: Self::U32) -> Self::F32;
    /// `a` truncated to an `i32`. Only for |a| < 2³¹: beyond, and for NaN, the levels differ.
    fn to_i32(self, a: Self::F32) -> Self::U32;

    /// All lanes `x`.
    fn splat_u32(self, x: u32) -> Self::U32;
    /// `out[i]` becomes lane `i`.
    fn store_u32(self, x: Self::U32, out: &mut [u32; LANES]);
    /// `a + b` modulo 2³².
    fn add_u32(self, a: Self::U32, b: Self::U32) -> Self::U32;
    /// `a − b` modulo 2³².
    fn sub_u32(self, a: Self::U32, b: Self::U32) -> Self::U32;
    /// Bitwise and.
    fn and_u32(self, a: Self::U32, b: Self::U32) -> Self::U32;
    /// Bitwise or.
    fn or_u32(self, a: Self::U32, b: Self::U32) -> Self::U32;
    /// Bitwise exclusive or.
    fn xor_u32(self, a: Self::U32, b: Self::U32) -> Self::U32;
    /// `a << n`, for n < 32.
    fn shl_u32(self, a: Self::U32, n: u32) -> Self::U32;
    /// `a >> n` with zeros, for n < 32.
    fn shr_u32(self, a: Self::U32, n: u32) -> Self::U32;
    /// `a >> n` with copies of the sign, for n < 32.
    fn shr_i32(self, a: Self::U32, n: u32) -> Self::U32;
    /// Each lane of `a` rotated to the right by its lane of `n` < 32.
    fn rotate_right_u32(self, a: Self::U32, n: Self::U32) -> Self::U32;
    /// Asks for the cache line of `x`, where the level has such an instruction.
    #[inline(always)]
    fn prefetch(self, _x: &f32) {}

    /// Lane `i` of vector `j` becomes lane `j` of vector `i`.
    #[inline(always)]
    fn transpose(self, rows: [Self::F32; LANES]) -> [Self::F32; LANES] {
        let mut lanes = [[0.0; LANES]; LANES];
        for (row, lanes) in rows.into_iter().zip(&mut lanes) {
            self.store(row, lanes);
        }
        std::array::from_fn(
            #[inline(always)]
            |i| self.load(&lanes.map(|lanes| lanes[i])),
        )
    }

    /// `table[index]`, with the low five bits of each index.
    fn lookup(self, table: &[f32; 32], index: Self::U32) -> Self::F32;
    /// `table[index]`, with the low three bits of each index: one permutation nearly everywhere.
    fn lookup8(self, table: &[f32; 8], index: Self::U32) -> Self::F32;
    /// `table[index]`, with the low four bits of each index.
    fn lookup16(self, table: &[f32; 16], index: Self::U32) -> Self::F32;

    /// All lanes `x`.
    fn splat_u64(self, x: u64) -> Self::U64;
    /// Lane `i` is `x[i]`.
    fn load_u64(self, x: &[u64; LANES]) -> Self::U64;
    /// `a + b` modulo 2⁶⁴.
    fn add_u64(self, a: Self::U64, b: Self::U64) -> Self::U64;
    /// `a · b` modulo 2⁶⁴.
    fn mul_u64(self, a: Self::U64, b: Self::U64) -> Self::U64;
    /// Bitwise exclusive or.
    fn xor_u64(self, a: Self::U64, b: Self::U64) -> Self::U64;
    /// `a >> n` with zeros, for n < 64.
    fn shr_u64(self, a: Self::U64, n: u32) -> Self::U64;
    /// The low 32 bits of each lane.
    fn low_u64(self, a: Self::U64) -> Self::U32;
    /// The high 32 bits of each lane.
    #[inline(always)]
    fn high_u64(self, a: Self::U64) -> Self::U32 {
        self.low_u64(self.shr_u64(a, 32))
    }
    /// Bitwise and.
    fn and_u64(self, a: Self::U64, b: Self::U64) -> Self::U64;
    /// `a << n`, for n < 64.
    fn shl_u64(self, a: Self::U64, n: u32) -> Self::U64;

    /// Bit `i` is lane `i`.
    fn mask_to_bits(self, mask: Self::Mask) -> u16;
    /// Lane `i` is bit `i`.
    fn mask_from_bits(self, bits: u16) -> Self::Mask;

    /// [`Simd::store`], past the caches where the level can and `out` starts a cache line (64 bytes).
    /// Such stores are weakly ordered: only [`Stream`] calls this, and ends with [`Simd::fence`].
    #[inline(always)]
    fn store_streaming(self, x: Self::F32, out: &mut [f32; LANES]) {
        self.store(x, out);
    }
    /// Orders all streaming stores of this thread before whatever follows.
    #[inline(always)]
    fn fence(self) {}

    /// All lanes `x`.
    fn splat_f64(self, x: f64) -> Self::F64;
    /// Lane `i` is `x[i]`.
    fn load_f64(self, x: &[f64; LANES]) -> Self::F64;
    /// `out[i]` becomes lane `i`.
    fn store_f64(self, x: Self::F64, out: &mut [f64; LANES]);
    /// The same numbers, exactly.
    fn widen(self, a: Self::F32) -> Self::F64;
    /// The nearest `f32`, ties to even; subnormal and infinite where it must be.
    fn narrow(self, a: Self::F64) -> Self::F32;
    /// `a + b`, rounded to nearest even.
    fn add_f64(self, a: Self::F64, b: Self::F64) -> Self::F64;
    /// `a − b`, rounded to nearest even.
    fn sub_f64(self, a: Self::F64, b: Self::F64) -> Self::F64;
    /// `a · b`, rounded to nearest even.
    fn mul_f64(self, a: Self::F64, b: Self::F64) -> Self::F64;
    /// `a / b`, rounded to nearest even.
    fn div_f64(self, a: Self::F64, b: Self::F64) -> Self::F64;
    /// `a · b + c` with one rounding (`portable`: where its target has such an instruction).
    fn mul_add_f64(self, a: Self::F64, b: Self::F64, c: Self::F64) -> Self::F64;
    /// `if a > b { a } else { b }`: `b` where either is NaN and for two zeros.
    fn max_f64(self, a: Self::F64, b: Self::F64) -> Self::F64;
    /// `if a < b { a } else { b }`: `b` where either is NaN and for two zeros.
    fn min_f64(self, a: Self::F64, b: Self::F64) -> Self::F64;
    /// The bits of `a`.
    fn f64_to_bits(self, a: Self::F64) -> Self::U64;
    /// The value with these bits.
    fn f64_from_bits(self, a: Self::U64) -> Self::F64;
}
