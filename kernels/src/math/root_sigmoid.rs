//! √σ(x) = (1 + e⁻ˣ)^(−½), the standard deviation of NReLU's noise, from integer subtraction and multiply-adds
//! alone: the same bits on every level, and several times the rate of a division and a square root.
//!
//! e⁻ˣ = 2ⁿ p(f), with the Chebyshev interpolant p of degree 5 of 2^f on \[−½, ½\] (error 1.0·10⁻⁷). The
//! inverse square root begins with a line for the mantissa (error .035, by subtraction of half the bits from
//! a constant), goes on with a step of third order and ends with one of second.

use super::polynomial;
use crate::simd::{F32, Simd};

const EXP2: [f32; 6] = [
    1.000_000_1,
    std::f32::consts::LN_2,
    0.240_221_08,
    0.055_503_57,
    0.009_676_032,
    0.001_339_086_3,
];

/// Adding 1.5 · 2²³ leaves the nearest integer in the low bits.
const ROUND: f32 = 12_582_912.0;

/// √σ(x) with a relative error below 10⁻⁶ for x ≥ −10, below 10⁻⁵ for x ≥ −80; what stands at −80, 4·10⁻¹⁸, for
/// all x below; any number for NaN.
#[inline(always)]
pub(crate) fn root_sigmoid<S: Simd>(x: F32<S>) -> F32<S> {
    let bounded = x.max(x.constant(-80.0)).min(x.constant(80.0));
    let y = bounded * x.constant(-std::f32::consts::LOG2_E);
    let shifted = y + x.constant(ROUND);
    let fraction = y - (shifted - x.constant(ROUND));
    let exp = polynomial(fraction, &EXP2).to_bits() + shifted.to_bits().shl(23);
    let d = exp.as_f32_bits() + x.constant(1.0);

    let bits = d.to_bits();
    let s = (bits.constant(0x5f37_5a86) - bits.shr(1)).as_f32_bits();
    let (one, half) = (x.constant(1.0), x.constant(0.5));
    let error = (-(d * s)).mul_add(s, one);
    let s = (s * error).mul_add(error.mul_add(x.constant(0.375), half), s);
    let error = (-(d * s)).mul_add(s, one);
    (s * half).mul_add(error, s)
}
