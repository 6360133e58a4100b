//! Double-float arithmetic: a value as the unevaluated sum of two `f32`, about 48 bits.
//!
//! Dekker 1971, Knuth's and Møller's error-free sums; with fused multiply-add the error of a product
//! is one instruction. Used where one rounding too many would cost the last bit, so every operation
//! may be off by some 2⁻⁴⁴, and low parts are not kept below half a unit of the high ones.

use std::ops::Neg;

use super::reciprocal;
use crate::simd::{F32, Simd};

/// `hi + lo`, with `lo` some 2²² times smaller than `hi`, or less.
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

    /// `a · b` exactly.
    #[inline(always)]
    pub(crate) fn product(a: F32<S>, b: F32<S>) -> Self {
        let hi = a * b;
        Self { hi, lo: a.mul_add_once(b, -hi) }
    }

    /// `c + a · b`, for |c| ≥ |a · b| or c = 0.
    #[inline(always)]
    pub(crate) fn fast_mul_add(a: F32<S>, b: F32<S>, c: F32<S>) -> Self {
        let hi = a.mul_add_once(b, c);
        Self { hi, lo: a.mul_add_once(b, c - hi) }
    }

    /// The value of one number. Its low part is −0, which leaves everything that it is added to.
    #[inline(always)]
    pub(crate) fn exact(x: F32<S>) -> Self {
        Self { hi: x, lo: x.constant(-0.0) }
    }

    /// The value whose parts are the constant's: a number to 48 bits.
    #[inline(always)]
    pub(crate) fn constant(like: F32<S>, [hi, lo]: [f32; 2]) -> Self {
        Self { hi: like.constant(hi), lo: like.constant(lo) }
    }

    /// The sum, rounded.
    #[inline(always)]
    pub(crate) fn rounded(self) -> F32<S> {
        self.hi + self.lo
    }

    /// The same value with a low part of at most half a unit, for |hi| ≥ |lo|.
    #[inline(always)]
    pub(crate) fn normalised(self) -> Self {
        Self::fast_sum(self.hi, self.lo)
    }

    /// `self · b`.
    #[inline(always)]
    pub(crate) fn times(self, b: F32<S>) -> Self {
        let hi = self.hi * b;
        Self { hi, lo: self.lo.mul_add(b, self.hi.mul_add_once(b, -hi)) }
    }

    /// `self · b`.
    #[inline(always)]
    pub(crate) fn mul(self, b: Self) -> Self {
        let hi = self.hi * b.hi;
        let lo = self.hi.mul_add(b.lo, self.hi.mul_add_once(b.hi, -hi));
        Self { hi, lo: self.lo.mul_add(b.hi, lo) }
    }

    /// `a + self`.
    #[inline(always)]
    pub(crate) fn add_to(self, a: F32<S>) -> Self {
        let sum = Self::sum(a, self.hi);
        Self { hi: sum.hi, lo: sum.lo + self.lo }
    }

    /// `self + b`.
    #[inline(always)]
    pub(crate) fn add(self, b: Self) -> Self {
        let sum = Self::sum(self.hi, b.hi);
        Self { hi: sum.hi, lo: sum.lo + (self.lo + b.lo) }
    }

    /// `self / d`, rounded, for 2⁻¹²⁵ ≤ |d| ≤ 2¹²⁵ and a normal quotient, or 0.
    #[inline(always)]
    pub(crate) fn div_rounded(self, d: Self) -> F32<S> {
        let reciprocal = reciprocal(d.hi);
        let q = self.hi * reciprocal;
        let remainder = (-q).mul_add(d.lo, (-q).mul_add_once(d.hi, self.hi) + self.lo);
        remainder.mul_add(reciprocal, q)
    }

    /// `1 / d` to 2⁻³⁴, for 2⁻¹²⁵ ≤ d ≤ 2¹²⁵.
    #[inline(always)]
    pub(crate) fn reciprocal_of(d: F32<S>) -> Self {
        let p = reciprocal(d);
        let rest = (-d).mul_add_once(p, d.constant(1.0));
        Self::fast_sum(p, rest * p)
    }
}

impl<S: Simd> Neg for Double<S> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        Self { hi: -self.hi, lo: -self.lo }
    }
}
