//! Logarithms.
//!
//! ln(1 + z) = z − z²/2 + z³ P(z) on √½ ≤ 1 + z ≤ √2, with P a minimax polynomial of degree 9 (error of
//! the sum < 2⁻³²); the first two terms and k ln 2 are summed in double-float.

use super::{Double, polynomial};
use crate::simd::{F32, Simd};

/// ln 2 = `LN2_HI` + `LN2_LO`, the first with 15 bits, so that its products with integers are exact.
const LN2_HI: f32 = 0.693_145_75;
const LN2_LO: f32 = 1.428_606_8e-6;

/// (ln(1 + z) − z + z²/2) / z³.
const P: [f32; 10] = [
    0.333_333_34,
    -0.249_999_67,
    0.200_000_32,
    -0.166_694_06,
    0.142_870_19,
    -0.124_255_225,
    0.110_114_27,
    -0.107_913_28,
    0.107_453_9,
    -0.061_581_86,
];

/// ln(1 + z) + k ln 2 in double-float, for 1 + z in \[√½, √2\] and integers |k| ≤ 256. The low part may
/// be as large as z³: to be rounded or normalised.
#[inline(always)]
fn core<S: Simd>(z: Double<S>, k: F32<S>) -> Double<S> {
    let h = z.hi;
    let half_square = h * h * h.constant(0.5);
    let half_square_lo = (h * h.constant(0.5)).mul_add_once(h, -half_square);
    let main = Double::fast_sum(h, -half_square);
    let cubic = h * h * h * polynomial(h, &P);
    // d/dz ln(1 + z) ≈ 1 − z is enough for the low part of z.
    let low = (-h).mul_add(z.lo, z.lo) + main.lo - half_square_lo;
    // Without its factor k, ln 2 is larger than any logarithm left here.
    let sum = Double::fast_sum(k * k.constant(LN2_HI), main.hi);
    let low = k.mul_add(k.constant(LN2_LO), sum.lo) + low;
    Double { hi: sum.hi, lo: cubic + low }
}

/// ln(1 + z) of a sum hi + lo > 0 with hi normal, in double-float.
#[inline(always)]
fn of_sum<S: Simd>(u: Double<S>) -> Double<S> {
    // 2ᵏ with u / 2ᵏ in [√½, √2): the exponent after moving √½ to a power of two.
    let root_half = u.hi.to_bits().constant(std::f32::consts::FRAC_1_SQRT_2.to_bits());
    let k_bits = (u.hi.to_bits() - root_half).shr_i32(23);
    let exponent = k_bits.shl(23);
    let m = (u.hi.to_bits() - exponent).as_f32_bits();
    // 2⁻ᵏ, or 0 from 127 on, where the low part does not matter.
    let one = m.constant(1.0);
    let p = m.constant(0.0).max((one.to_bits() - exponent).as_f32_bits());
    core(Double::fast_sum(m - one, u.lo * p), k_bits.i32_to_f32())
}

/// ln(1 + z) in double-float, for 0 ≤ z < 2¹²⁶.
#[inline(always)]
pub(crate) fn log1p_parts<S: Simd>(z: Double<S>) -> Double<S> {
    of_sum(z.add_to(z.hi.constant(1.0)).normalised()).normalised()
}

/// ln(hi + lo) for a sum > 0 with hi normal, rounded; small next to 1 with it.
#[inline(always)]
pub(crate) fn ln_of_sum<S: Simd>(u: Double<S>) -> F32<S> {
    of_sum(u).rounded()
}

/// ln(1 + x), worst error .6 ULP over all inputs; −∞ at −1, NaN below.
#[inline(always)]
pub(crate) fn log1p<S: Simd>(x: F32<S>) -> F32<S> {
    let one = x.constant(1.0);
    let y = of_sum(Double::sum(one, x));
    let y = y.rounded();
    // ±0 and subnormals are their own results.
    let y = x.abs().lt(x.constant(f32::MIN_POSITIVE)).select(x, y);
    let y = x.eq(-one).select(x.constant(f32::NEG_INFINITY), y);
    let y = x.lt(-one).select(x.constant(f32::NAN), y);
    let infinity = x.constant(f32::INFINITY);
    x.eq(infinity).select(infinity, y)
}

/// ln x for normal x > 0: worst error .56 ULP. Infinity and NaN stay.
#[inline(always)]
pub(crate) fn ln<S: Simd>(x: F32<S>) -> F32<S> {
    let y = of_sum(Double::exact(x));
    // The bits of a NaN would pass for those of a number.
    x.lt(x.constant(f32::INFINITY)).select(y.hi + y.lo, x)
}
