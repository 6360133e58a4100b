//! The exponential function, whole and in the parts from which its relatives are built.
//!
//! eˣ = 2ᵏ eʳ with k = round(x / ln 2), |r| ≤ ln 2 / 2, and eʳ − 1 = r + r² q(r), where q is a minimax
//! polynomial of degree 5 (error of the sum < 2⁻³⁴). ln 2 is subtracted in two parts: the first has
//! 15 bits, so that k · LN2_HI and the difference are exact; what the second rounds away is kept.

use super::{Double, polynomial};
use crate::simd::{F32, Simd};

pub(super) const LN2_HI: f32 = 0.693_145_75;
pub(super) const LN2_LO: f32 = 1.428_606_8e-6;

/// (eʳ − 1 − r) / r².
const Q: [f32; 6] =
    [0.5, 0.166_666_67, 0.041_666_273, 0.008_333_265, 0.001_394_585_5, 0.000_199_182_76];

/// eˣ = `scale`(`mantissa`): mantissa · 2ᵏ, mantissa in \[.70, 1.42\].
#[derive(Clone, Copy)]
pub(crate) struct Exp<S: Simd> {
    pub(crate) mantissa: Double<S>,
    /// An integer.
    pub(crate) k: F32<S>,
}

/// `x · 2ᵏ`, rounded once, for integers −252 ≤ k ≤ 254 and |x| in \[.5, 2\].
#[inline(always)]
pub(crate) fn scale<S: Simd>(x: F32<S>, k: F32<S>) -> F32<S> {
    // Two factors: 2ᵏ itself may lie outside the range. The first product is exact.
    let half = (k * k.constant(0.5)).round();
    x * half.exp2_of_integer() * (k - half).exp2_of_integer()
}

/// Returns (k, eʳ − 1 in double-float): the reduction that all functions here share.
#[inline(always)]
fn reduce<S: Simd>(x: F32<S>) -> (F32<S>, Double<S>) {
    let k = (x * x.constant(std::f32::consts::LOG2_E)).round();
    let r1 = (-k).mul_add(k.constant(LN2_HI), x);
    let r = (-k).mul_add(k.constant(LN2_LO), r1);
    let r_lo = (-k).mul_add(k.constant(LN2_LO), r1 - r);
    let tail = (r * r).mul_add(polynomial(r, &Q), r_lo);
    (k, Double::fast_sum(r, tail))
}

/// eˣ in parts, for |x| ≤ 174; relative error < 2⁻³⁰. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_parts<S: Simd>(x: F32<S>) -> Exp<S> {
    let (k, t) = reduce(x);
    let mantissa = Double::fast_sum(x.constant(1.0), t.hi);
    Exp { mantissa: Double { hi: mantissa.hi, lo: mantissa.lo + t.lo }, k }
}

impl<S: Simd> Exp<S> {
    /// The value in double-float, for k ≥ −126: nothing is rounded.
    #[inline(always)]
    pub(crate) fn to_double(self) -> Double<S> {
        let p = self.k.exp2_of_integer();
        Double { hi: self.mantissa.hi * p, lo: self.mantissa.lo * p }
    }
}

/// eˣ − 1 in double-float, for −87 ≤ x ≤ 0; relative error < 2⁻²⁷.
#[inline(always)]
pub(crate) fn expm1_parts<S: Simd>(x: F32<S>) -> Double<S> {
    let (k, t) = reduce(x);
    let p = k.exp2_of_integer();
    let q = Double::fast_sum(x.constant(-1.0), p);
    let s = Double::fast_sum(q.hi, t.hi * p);
    Double::fast_sum(s.hi, t.lo.mul_add(p, s.lo + q.lo))
}

/// eˣ, worst error .77 ULP over all inputs, subnormal results included.
#[inline(always)]
pub(crate) fn exp<S: Simd>(x: F32<S>) -> F32<S> {
    // Beyond these the result is 0 or infinite whatever x is; NaN passes both selections.
    let low = x.constant(-110.0);
    let high = x.constant(110.0);
    let x = x.lt(low).select(low, x);
    let x = high.lt(x).select(high, x);
    let e = exp_parts(x);
    scale(e.mantissa.hi + e.mantissa.lo, e.k)
}
