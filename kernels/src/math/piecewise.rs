//! Functions of x ≥ 0 by tables of sixteen polynomials: one permutation a coefficient.

use crate::simd::{F32, Simd};

/// Row i holds f(middle + s) = value + s (c₁ + s (c₂ + …)) on a quarter of an octave of x + shift: the last
/// two bits of the exponent and the first two of the mantissa are i.
///
/// The middles were chosen so that `value` is f there to some 2⁻³⁵: what is added to it is small, and its
/// rounding errors do not matter.
pub(crate) struct Piecewise<const N: usize> {
    pub(crate) shift: f32,
    pub(crate) middle: [f32; 16],
    pub(crate) value: [f32; 16],
    /// c₁, c₂, …
    pub(crate) rest: [[f32; 16]; N],
}

/// value + slope · s.
pub(crate) struct Row<S: Simd> {
    pub(crate) value: F32<S>,
    pub(crate) slope: F32<S>,
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
        for coefficients in self.rest[..N - 1].iter().rev() {
            p = p.mul_add(s, row.lookup16(coefficients));
        }
        Row { value: row.lookup16(&self.value), slope: p, s, place }
    }
}
