//! The tail of the logistic function, σ(−a) = 1 / (1 + eᵃ), exact to below a unit down to the smallest
//! number.

use super::{Double, exp::reduce, reciprocal};
use crate::simd::{F32, Simd};

/// σ(−a) = 2^⌊exponent⌋ / (d_hi + d_lo).
///
/// With eᵃ = 2^⌊k⌋ m, m in \[1, 2\], numerator and denominator are multiplied by 2^−⌊k⌋: nothing overflows,
/// and a subnormal result is rounded once.
pub(crate) struct LogisticTail<S: Simd> {
    /// A number whose whole part is −⌊k⌋.
    exponent: F32<S>,
    d_hi: F32<S>,
    /// Up to 1/40 of d_hi.
    d_lo: F32<S>,
    /// 1 / (d_hi + d_lo) to 2⁻¹⁷.
    reciprocal: F32<S>,
}

impl<S: Simd> LogisticTail<S> {
    /// For 0 ≤ a ≤ 125; NaN stays NaN.
    #[inline(always)]
    pub(crate) fn of(a: Double<S>) -> Self {
        let reduced = reduce(a.hi);
        let (p, t) = (reduced.expm1(a.lo), reduced.t);
        // k is a multiple of 1/16, so the whole part of this is −⌊k⌋.
        let exponent = t.constant(15.0 / 16.0) - reduced.k;
        let sum = Double::fast_sum(t, t.constant(1.0).scale(exponent));
        let d_lo = t.mul_add(p, sum.lo);
        Self { exponent, d_hi: sum.hi, d_lo, reciprocal: reciprocal(sum.hi + d_lo) }
    }

    /// n σ(−a), rounded.
    #[inline(always)]
    pub(crate) fn times(&self, n: F32<S>) -> F32<S> {
        let q = n * self.reciprocal;
        let remainder = (-q).mul_add(self.d_lo, (-q).mul_add_once(self.d_hi, n));
        remainder.mul_add(self.reciprocal, q).scale(self.exponent)
    }
}
