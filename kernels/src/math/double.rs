//! Double-float arithmetic: a value as the unevaluated sum of two `f32`, about 48 bits.
//!
//! Dekker 1971, Knuth's and Møller's error-free sums; with fused multiply-add the error of a product
//! is one instruction. Used where one rounding too many would cost the last bit.

use crate::simd::{F32, Simd};

/// `hi + lo`, with |lo| at most half a unit in the last place of `hi`.
#[derive(Clone, Copy)]
pub(crate) struct Double<S: Simd> {
    pub(crate) hi: F32<S>,
    pub(crate) lo: F32<S>,
}

impl<S: Simd> Double<S> {
    /// `a + b` exactly, for |a| ≥ |b| or a = 0.
    #[inline(always)]
    pub(crate) fn fast_sum(a: F32<S>, b: F32<S>) -> Self {
        let hi = a + b;
        Self { hi, lo: b - (hi - a) }
    }

    /// `a + b` exactly.
    #[inline(always)]
    pub(crate) fn sum(a: F32<S>, b: F32<S>) -> Self {
        let hi = a + b;
        let bb = hi - a;
        Self { hi, lo: (a - (hi - bb)) + (b - bb) }
    }

    /// `self / d`, in double-float, of which the nearest `f32` is returned (worst .51 ULP for normal
    /// quotients).
    #[inline(always)]
    pub(crate) fn div_rounded(self, d: Self) -> F32<S> {
        let reciprocal = d.hi.constant(1.0) / d.hi;
        let q = self.hi * reciprocal;
        let remainder = (-q).mul_add(d.hi, self.hi) + (-q).mul_add(d.lo, self.lo);
        remainder.mul_add(reciprocal, q)
    }
}
