//! Sine and cosine in `f64`.
//!
//! t = q π/2 + r with |r| ≤ π/4, then a polynomial each (fdlibm's coefficients, errors < 2⁻⁵⁵), chosen by
//! the quadrant q. Up to 2²⁰ π/2 the reduction subtracts π/2 in three parts of 33 bits (Cody & Waite
//! 1980), each of whose products with q is exact. Vectors with a larger |t| go lane by lane through
//! Payne & Hanek's reduction (1983) with 192 bits of 2/π, in integers: slow, rare, and the same everywhere.

use super::exp_f64::polynomial_f64;
use crate::simd::{F64, LANES, Simd};

/// π/2 in parts: two of 33 bits, then the rest.
const HALF_PI: [f64; 3] =
    [1.570_796_326_734_125_6, 6.077_100_506_303_966e-11, 2.022_266_248_795_950_7e-21];

/// Up to here the quadrant has at most 20 bits.
const LIMIT: f32 = 1_647_099.0;

/// Adding 1.5 · 2⁵² rounds to an integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// (sin r − r) / r³ in r².
const SIN: [f64; 6] = [
    -1.666_666_666_666_663_2e-1,
    8.333_333_333_322_49e-3,
    -1.984_126_982_985_795e-4,
    2.755_731_370_707_006_8e-6,
    -2.505_076_025_340_686_3e-8,
    1.589_690_995_211_55e-10,
];

/// (cos r − 1 + r²/2) / r⁴ in r².
const COS: [f64; 6] = [
    4.166_666_666_666_66e-2,
    -1.388_888_888_887_411e-3,
    2.480_158_728_947_673e-5,
    -2.755_731_435_139_066_3e-7,
    2.087_572_321_298_175e-9,
    -1.135_964_755_778_819_5e-11,
];

/// 64 zero bits, then the binary digits of 2/π.
const TWO_OVER_PI: [u64; 12] = [
    0,
    0xa2f9_836e_4e44_1529,
    0xfc27_57d1_f534_ddc0,
    0xdb62_9599_3c43_9041,
    0xfe51_63ab_debb_c561,
    0xb724_6e3a_424d_d2e0,
    0x0649_2eea_09d1_921c,
    0xfe1d_eb1c_b129_a73e,
    0xe882_35f5_2ebb_4484,
    0xe99c_7026_b45f_7e41,
    0x3991_d639_8358_39f4,
    0x9c84_5f8b_bdf9_283b,
];

/// (sin t, cos t) for |t| < 2⁴⁰⁰, absolute error < 2⁻⁵¹, relative error of sin t near 0 as well; NaN for
/// infinities and NaN.
#[inline(always)]
pub(crate) fn sin_cos<S: Simd>(t: F64<S>) -> (F64<S>, F64<S>) {
    let magnitude = t.narrow().abs();
    let all_small = magnitude.le(magnitude.constant(LIMIT)).to_bits() == u16::MAX;
    let (quadrant, r) = if all_small {
        let shifted = t.mul_add(t.constant(std::f64::consts::FRAC_2_PI), t.constant(ROUND));
        let q = shifted - t.constant(ROUND);
        let r = q.mul_add(t.constant(-HALF_PI[0]), t);
        let r = q.mul_add(t.constant(-HALF_PI[1]), r);
        (shifted.to_bits(), q.mul_add(t.constant(-HALF_PI[2]), r))
    } else {
        let (mut quadrants, mut rs) = ([0; LANES], t.to_array());
        for (quadrant, r) in quadrants.iter_mut().zip(&mut rs) {
            (*quadrant, *r) = payne_hanek(*r);
        }
        (t.with_bits(&quadrants), t.with(&rs))
    };
    let z = r * r;
    // A product last, so that −0 stays.
    let sin = (r * polynomial_f64(z, &SIN).mul_add(z, z.constant(1.0))).to_bits();
    let half = z.mul_add(t.constant(-0.5), t.constant(1.0));
    let cos = (z * z).mul_add(polynomial_f64(z, &COS), half).to_bits();
    // In odd quadrants the two change places: all bits set there, by 0 − 1 = !1 + 1 and so on.
    let (one, all) = (quadrant.constant(1), quadrant.constant(u64::MAX));
    let odd = ((quadrant & one) ^ all) + one;
    let swap = (sin ^ cos) & odd;
    // sin changes its sign in quadrants 2 and 3, cos in 1 and 2.
    let sign = quadrant.constant(1 << 63);
    let sin_sign = quadrant.shl(62) & sign;
    let cos_sign = (quadrant + one).shl(62) & sign;
    ((sin ^ swap ^ sin_sign).as_f64_bits(), (cos ^ swap ^ cos_sign).as_f64_bits())
}

/// (q mod 4, r) with t = q π/2 + r, |r| ≤ π/4.
#[cold]
#[inline(never)]
fn payne_hanek(t: f64) -> (u64, f64) {
    let bits = t.to_bits();
    let exponent = (bits >> 52 & 0x7ff) as i32 - 1075;
    if !t.is_finite() || exponent > 400 {
        return (0, f64::NAN);
    }
    if t.abs() < std::f64::consts::FRAC_PI_4 {
        return (0, t);
    }
    // |t| = m 2^exponent. Digits of 2/π of weight 2^−j with exponent − j ≥ 2 contribute multiples of four
    // quadrants: skip them, and take the next 192 (the table starts with 64 zeros).
    let m = u128::from(bits & ((1 << 52) - 1) | 1 << 52);
    let skip = (exponent - 2 + 64) as usize;
    let digits = |word: usize| {
        let at = skip + 64 * word;
        let pair = u128::from(TWO_OVER_PI[at / 64]) << 64 | u128::from(TWO_OVER_PI[at / 64 + 1]);
        (pair << (at % 64) >> 64) as u64
    };
    // The product modulo 2¹⁹², which is four quadrants.
    let low = m * u128::from(digits(2));
    let middle = m * u128::from(digits(1)) + (low >> 64);
    let high = (m as u64).wrapping_mul(digits(0)).wrapping_add((middle >> 64) as u64);
    let product = u128::from(high) << 64 | u128::from(middle as u64);
    // To the nearest quadrant: the rest is a fraction in [−½, ½), in units of 2⁻¹²⁸.
    let fraction = (product << 2).cast_signed();
    let quadrant = (product >> 126) as u64 + u64::from(fraction < 0);
    let r = fraction as f64 * (std::f64::consts::FRAC_PI_2 / 2f64.powi(128));
    if t < 0.0 { (4 - quadrant % 4, -r) } else { (quadrant, r) }
}
