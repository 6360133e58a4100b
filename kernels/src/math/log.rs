//! Logarithms.
//!
//! u = 2ᵏ m with m in \[45/64, 45/32), which is cut into sixteen parts by its leading bits. Each part has a c near 1 / m
//! with so few bits that r = c m − 1 has no error, |r| < .0343. Then ln u = k ln 2 − ln c + r + r² Q(r), with Q a minimax
//! polynomial of degree 3 (error of the sum < 2⁻³¹ r). All but the last term is summed in double-float.

use super::{Double, polynomial};
use crate::simd::{F32, Simd};

/// ln 2 = `LN2_HI` + `LN2_LO`, the first a multiple of 2⁻¹⁵, so that its products with integers are exact.
const LN2_HI: f32 = 0.693_145_75;
const LN2_LO: f32 = 1.428_606_8e-6;

/// The least m.
const LEAST: f32 = 45.0 / 64.0;

/// c, with as few bits as keep c m − 1 within 24; 1 next to 1.
const RECIPROCAL: [f32; 16] = [
    1.375, 1.34375, 1.28125, 1.21875, 1.1875, 1.15625, 1.09375, 1.0625, 1.03125, 1.0, 0.9375,
    0.890_625, 0.84375, 0.796_875, 0.765_625, 0.71875,
];

/// −ln c = `LOG_HI` + `LOG_LO`, the first a multiple of 2⁻¹⁵: its sums with those of `LN2_HI` are exact, too.
const LOG_HI: [f32; 16] = [
    -0.318_450_93,
    -0.295_471_2,
    -0.247_833_25,
    -0.197_814_94,
    -0.171_844_48,
    -0.145_172_12,
    -0.089_599_61,
    -0.060_638_428,
    -0.030_761_719,
    0.0,
    0.064_544_68,
    0.115_844_73,
    0.169_891_36,
    0.227_050_78,
    0.267_059_33,
    0.330_230_7,
];
const LOG_LO: [f32; 16] = [
    -2.803_384_2e-6,
    6.978_512_4e-6,
    -2.911_951_5e-6,
    -1.080_192_4e-5,
    -5.774_504_6e-6,
    -9.890_704e-6,
    -1.254_931_4e-5,
    1.380_591_8e-5,
    -9.939_917e-6,
    0.0,
    -6.156_597e-6,
    -1.291_103_8e-5,
    7.679_373e-6,
    6.669_385e-6,
    3.459_077e-6,
    1.097_398e-5,
];

/// (ln(1 + r) − r) / r².
const Q: [f32; 4] = [-0.499_999_94, 0.333_333_22, -0.250_225_8, 0.200_256_4];

/// ln u of a sum hi + lo > 0 with hi normal, in double-float. The low part may be as large as a
/// sixtieth of the high one: to be rounded or normalised.
#[inline(always)]
fn of_sum<S: Simd>(u: Double<S>) -> Double<S> {
    let bits = u.hi.to_bits();
    let beyond = bits - bits.constant(LEAST.to_bits());
    let (row, k_bits) = (beyond.shr(19), beyond.shr_i32(23));
    let exponent = k_bits.shl(23);
    let (m, k) = ((bits - exponent).as_f32_bits(), k_bits.i32_to_f32());
    // 2⁻ᵏ, or 0 from 127 on, where the low part does not matter.
    let one = m.constant(1.0);
    let power = m.constant(0.0).max((one.to_bits() - exponent).as_f32_bits());
    let c = row.lookup16(&RECIPROCAL);
    let r = Double::fast_sum(m.mul_add_once(c, -one), u.lo * power * c);
    // 0, or larger than r.
    let main = k.mul_add(k.constant(LN2_HI), row.lookup16(&LOG_HI));
    let main = Double::fast_sum(main, r.hi);
    let low = k.mul_add(k.constant(LN2_LO), row.lookup16(&LOG_LO)) + main.lo + r.lo;
    Double { hi: main.hi, lo: (r.hi * r.hi).mul_add(polynomial(r.hi, &Q), low) }
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

/// ln(1 + x); −∞ at −1, NaN below.
#[inline(always)]
pub(crate) fn log1p<S: Simd>(x: F32<S>) -> F32<S> {
    let one = x.constant(1.0);
    let y = of_sum(Double::fast_sum(one.max(x), one.min(x))).rounded();
    // −0; and subnormal numbers where they are taken for 0.
    let y = x.eq(x.constant(0.0)).select(x, y);
    let y = x.eq(-one).select(x.constant(f32::NEG_INFINITY), y);
    let y = x.lt(-one).select(x.constant(f32::NAN), y);
    let infinity = x.constant(f32::INFINITY);
    x.eq(infinity).select(infinity, y)
}

/// ln x for normal x > 0, within .55 ULP. Infinity and NaN stay.
#[inline(always)]
pub(crate) fn ln<S: Simd>(x: F32<S>) -> F32<S> {
    let y = of_sum(Double::exact(x));
    // The bits of a NaN would pass for those of a number.
    x.lt(x.constant(f32::INFINITY)).select(y.hi + y.lo, x)
}
