//! Functions of x ≥ 0 by tables of sixteen polynomials: one permutation a coefficient.

use super::Double;
use crate::simd::{F32, Simd};

/// Row i holds f(middle + s) = value + s (c₁ + s (c₂ + …)) on a quarter of an octave of x + shift: the last
/// two bits of the exponent and the first two of the mantissa are i.
///
/// The middles were chosen so that `value` is f there to some 2⁻³⁵: what is added to it is small, and its
/// rounding errors do not matter; and so that it is at most some twice f in its row, or 0: what rounding takes from
/// the sum is then exact.
pub(crate) struct Piecewise<const N: usize> {
    pub(crate) shift: f32,
    pub(crate) middle: [f32; 16],
    pub(crate) value: [f32; 16],
    /// c₁, c₂, …
    pub(crate) rest: [[f32; 16]; N],
}

/// value + slope · s, slope = first + p · s.
pub(crate) struct Row<S: Simd> {
    pub(crate) value: F32<S>,
    pub(crate) slope: F32<S>,
    /// c₁.
    pub(crate) first: F32<S>,
    p: F32<S>,
    pub(crate) s: F32<S>,
    /// x + shift, rounded, of which the row was taken.
    pub(crate) place: F32<S>,
}

impl<const N: usize> Piecewise<N> {
    /// f(x), with the row that `place` is in.
    #[inline(always)]
    pub(crate) fn at<S: Simd>(&self, x: F32<S>, place: F32<S>) -> Row<S> {
        let place = place + place.constant(self.shift);
        let row = place.to_bits().shr(21);
        let s = x - row.lookup16(&self.middle);
        let mut p = row.lookup16(&self.rest[N - 1]);
        for coefficients in self.rest[1..N - 1].iter().rev() {
            p = p.mul_add(s, row.lookup16(coefficients));
        }
        let (value, first) = (row.lookup16(&self.value), row.lookup16(&self.rest[0]));
        Row { value, slope: p.mul_add(s, first), first, p, s, place }
    }
}

impl<S: Simd> Row<S> {
    /// value + slope · s in double-float.
    #[inline(always)]
    pub(crate) fn sum(&self) -> Double<S> {
        Double::fast_mul_add(self.slope, self.s, self.value)
    }

    /// The function in double-float, with what rounding took from the slope. In a root's row, whose middle is the root, rounded, and
    /// whose value is 0, `root_lo` is the function at the middle, so that the result is as exact as elsewhere.
    #[inline(always)]
    pub(crate) fn with_root(&self, root_lo: f32) -> Double<S> {
        let zero = self.s.constant(0.0);
        let root_lo = self.value.eq(zero).select(self.s.constant(root_lo), zero);
        let (sum, slope_lo) = (self.sum(), self.p.mul_add_once(self.s, self.first - self.slope));
        Double { hi: sum.hi, lo: slope_lo.mul_add(self.s, sum.lo + root_lo) }
    }
}
