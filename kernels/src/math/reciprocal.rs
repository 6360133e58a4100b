//! Reciprocals in a known octave, from multiply-adds alone: the same bits on every level, and on most
//! processors several times the rate of the division instruction.
//!
//! A polynomial that minimises max |1 − d p(d)| (from Chebyshev's polynomials), then one step of third
//! order: p + p (e + e²) with e = 1 − d p, which leaves e³.

use super::polynomial;
use crate::simd::{F32, Simd};

/// 1 / d for 1 ≤ d ≤ 2, error < 2⁻²³ before rounding.
#[inline(always)]
pub(crate) fn reciprocal_1_2<S: Simd>(d: F32<S>) -> F32<S> {
    refine(d, polynomial(d, &[2.828_422_8, -2.939_341_3, 1.331_022_5, -0.221_837_09]))
}

/// 1 / d for 2 ≤ d ≤ 3, error < 2⁻²³ before rounding.
#[inline(always)]
pub(crate) fn reciprocal_2_3<S: Simd>(d: F32<S>) -> F32<S> {
    refine(d, polynomial(d, &[1.224_742_3, -0.494_845_36, 0.065_979_384]))
}

#[inline(always)]
fn refine<S: Simd>(d: F32<S>, p: F32<S>) -> F32<S> {
    let e = (-d).mul_add(p, d.constant(1.0));
    p.mul_add(e.mul_add(e, e), p)
}
