//! The exponential function, whole and in the parts from which its relatives are built.
//!
//! eˣ = 2ᵏ eʳ with k = round(x / ln 2), |r| ≤ ln 2 / 2, and eʳ − 1 = r + r² q(r), where q is a minimax
//! polynomial of degree 4 (error of the sum < 2⁻²⁸). ln 2 is subtracted in two parts: the first has
//! 15 bits, so that k · LN2_HI and the difference are exact.

use super::{Double, polynomial};
use crate::simd::{F32, Simd};

pub(super) const LN2_HI: f32 = 0.693_145_75;
pub(super) const LN2_LO: f32 = 1.428_606_8e-6;

/// (eʳ − 1 − r) / r².
const Q: [f32; 5] = [0.5, 0.166_665_18, 0.041_666_206, 0.008_368_953, 0.001_395_06];

/// Adding 1.5 · 2²³ rounds to an integer, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;

/// x = k ln 2 + r + r_lo.
struct Reduced<S: Simd> {
    /// k + [`ROUND`].
    shifted: F32<S>,
    k: F32<S>,
    /// x − k · LN2_HI, exact.
    r1: F32<S>,
    r: F32<S>,
}

/// For |x| ≤ 174; NaN stays NaN.
#[inline(always)]
fn reduce<S: Simd>(x: F32<S>) -> Reduced<S> {
    let shifted = x.mul_add(x.constant(std::f32::consts::LOG2_E), x.constant(ROUND));
    let k = shifted - x.constant(ROUND);
    let r1 = k.mul_add(x.constant(-LN2_HI), x);
    Reduced { shifted, k, r1, r: k.mul_add(x.constant(-LN2_LO), r1) }
}

impl<S: Simd> Reduced<S> {
    /// What `r` lost by rounding.
    #[inline(always)]
    fn r_lo(&self) -> F32<S> {
        self.k.mul_add(self.k.constant(-LN2_LO), self.r1 - self.r)
    }

    /// 2ᵏ, for −126 ≤ k ≤ 127.
    #[inline(always)]
    fn power(&self) -> F32<S> {
        let one = self.k.constant(1.0).to_bits();
        (self.shifted.to_bits().shl(23) + one).as_f32_bits()
    }
}

/// eˣ = mantissa · 2ᵏ, mantissa in \[.70, 1.42\].
#[derive(Clone, Copy)]
pub(crate) struct Exp<S: Simd> {
    /// Relative error < 2⁻²⁶.
    pub(crate) mantissa: Double<S>,
    /// An integer.
    pub(crate) k: F32<S>,
}

/// eˣ in parts, for |x| ≤ 174. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_parts<S: Simd>(x: F32<S>) -> Exp<S> {
    let reduced = reduce(x);
    let r = reduced.r;
    let tail = (r * r).mul_add(polynomial(r, &Q), reduced.r_lo());
    let sum = Double::fast_sum(r, tail);
    let mantissa = Double::fast_sum(x.constant(1.0), sum.hi);
    Exp { mantissa: Double { hi: mantissa.hi, lo: mantissa.lo + sum.lo }, k: reduced.k }
}

/// eˣ − 1 in double-float, for −87 ≤ x ≤ 0; relative error < 2⁻²⁶.
#[inline(always)]
pub(crate) fn expm1_parts<S: Simd>(x: F32<S>) -> Double<S> {
    let reduced = reduce(x);
    let r = reduced.r;
    let tail = (r * r).mul_add(polynomial(r, &Q), reduced.r_lo());
    let t = Double::fast_sum(r, tail);
    let p = reduced.power();
    let q = Double::fast_sum(x.constant(-1.0), p);
    let s = Double::fast_sum(q.hi, t.hi * p);
    Double { hi: s.hi, lo: t.lo.mul_add(p, s.lo + q.lo) }
}

/// eˣ, worst error .9 ULP over all inputs, subnormal results included.
#[inline(always)]
pub(crate) fn exp<S: Simd>(x: F32<S>) -> F32<S> {
    // Beyond these the result is 0 or infinite whatever x is; NaN passes both.
    let x = x.constant(-110.0).max(x);
    let x = x.constant(110.0).min(x);
    let reduced = reduce(x);
    let r = reduced.r;
    let t = r + (r * r).mul_add(polynomial(r, &Q), reduced.r_lo());
    (x.constant(1.0) + t).scale(reduced.k)
}
