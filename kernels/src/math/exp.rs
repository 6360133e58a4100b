//! The exponential function, whole and in the parts from which its relatives are built.
//!
//! eˣ = 2^⌊k⌋ T[j] e^(r + r_lo): k = x / ln 2 rounded to sixteenths, j its four fractional bits, T[j] =
//! 2^(j/16), and |r| ≤ ln 2 / 32. r = x − k · LN2_HI is exact, being a multiple of 2⁻²⁹ below 2⁻⁵ (or x
//! itself); r_lo holds what ln 2 and T[j] lack. eʳ − 1 = r + r² q(r), where q is a minimax polynomial of
//! degree 1 (error of the sum < 2⁻²⁹), or 2 where the difference itself is wanted.

use super::{Double, polynomial};
use crate::simd::{F32, Simd, U32};

/// ln 2 = `LN2_HI` + `LN2_LO`.
pub(super) const LN2_HI: f32 = std::f32::consts::LN_2;
pub(super) const LN2_LO: f32 = -1.904_654_2e-9;

/// 2^(j/16), rounded.
#[rustfmt::skip]
static TABLE: [f32; 16] = [
    1.0, 1.044_273_7, 1.090_507_7, 1.138_788_6, 1.189_207_1, 1.241_857_8, 1.296_839_6, 1.354_255_6, std::f32::consts::SQRT_2, 1.476_826_2, 1.542_210_8, 1.610_490_3, 1.681_792_9, 1.756_252_2, 1.834_008_1, 1.915_206_6,
];

/// ln(2^(j/16) / `TABLE[j]`).
#[rustfmt::skip]
static TABLE_LN: [f32; 16] = [
    0.0, 4.628_547e-8, -1.199_215_75e-8, 4.729_782e-8, 3.193_418e-8, 3.621_057_2e-8, -3.099_072_3e-8, -7.475_213e-9, 1.711_427_1e-8, -3.047_683_4e-8, 5.233_334e-9, 6.107_591_8e-9, -1.471_960_6e-8, -5.258_795e-9, -6.128_259_7e-9, 5.140_609_3e-9,
];

/// (eʳ − 1 − r) / r².
const Q: [f32; 2] = [0.500_016_3, 0.166_670_08];
/// The same, with a relative error of eʳ − 1 below 2⁻³¹.
const Q_EXACT: [f32; 3] = [0.5, 0.166_670_08, 0.041_667_253];

/// Adding 1.5 · 2¹⁹ rounds to sixteenths, which then stand in the low bits.
pub(crate) const ROUND: f32 = 786_432.0;

/// x = k ln 2 + r + r_lo, but for the table's part of r_lo.
pub(super) struct Reduced<S: Simd> {
    /// The low bits are those of 16 k.
    bits: U32<S>,
    /// A multiple of 1/16.
    pub(super) k: F32<S>,
    r: F32<S>,
    /// T[j].
    pub(super) t: F32<S>,
    /// The table's part of r_lo.
    t_lo: F32<S>,
}

/// The table's entries for k = `shifted` − `ROUND`, and k.
#[inline(always)]
pub(crate) fn table<S: Simd>(shifted: F32<S>) -> [F32<S>; 3] {
    let bits = shifted.to_bits();
    [shifted - shifted.constant(ROUND), bits.lookup16(&TABLE), bits.lookup16(&TABLE_LN)]
}

/// For |x| ≤ 174; NaN stays NaN.
#[inline(always)]
pub(super) fn reduce<S: Simd>(x: F32<S>) -> Reduced<S> {
    let shifted = x.mul_add(x.constant(std::f32::consts::LOG2_E), x.constant(ROUND));
    let [k, t, t_lo] = table(shifted);
    let r = k.mul_add_once(x.constant(-LN2_HI), x);
    Reduced { bits: shifted.to_bits(), k, r, t, t_lo }
}

impl<S: Simd> Reduced<S> {
    /// e^(r + r_lo) − 1, with an error below 2⁻²⁸, where x had `x_lo` besides.
    #[inline(always)]
    pub(super) fn expm1(&self, x_lo: F32<S>) -> F32<S> {
        self.expm1_by(&Q, x_lo)
    }

    /// The same by other coefficients.
    #[inline(always)]
    fn expm1_by<const N: usize>(&self, q: &[f32; N], x_lo: F32<S>) -> F32<S> {
        let r = self.k.mul_add(x_lo.constant(-LN2_LO), self.r + x_lo);
        let quotient = r.mul_add(polynomial(r, q), r.constant(1.0));
        r.mul_add(quotient, self.t_lo)
    }
}

/// eˣ = mantissa · 2^⌊k⌋.
#[derive(Clone, Copy)]
pub(crate) struct Exp<S: Simd> {
    /// Relative error < 2⁻²⁸; in \[.95, 2.1\].
    pub(crate) mantissa: Double<S>,
    /// A multiple of 1/16.
    pub(crate) k: F32<S>,
}

impl<S: Simd> Exp<S> {
    /// `eˣ` as it is, for x ≥ −87; below, subnormal numbers and their errors.
    #[inline(always)]
    pub(crate) fn value(&self) -> Double<S> {
        let power = self.k.constant(1.0).scale(self.k);
        Double { hi: self.mantissa.hi * power, lo: self.mantissa.lo * power }
    }
}

/// eˣ in parts, for |x| ≤ 174. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_parts<S: Simd>(x: F32<S>) -> Exp<S> {
    exp_parts_of(Double::exact(x))
}

/// e^(hi + lo) in parts, for |hi| ≤ 174 and |lo| ≤ 2⁻¹⁶. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_parts_of<S: Simd>(x: Double<S>) -> Exp<S> {
    let reduced = reduce(x.hi);
    let (p, t) = (reduced.expm1(x.lo), reduced.t);
    Exp { mantissa: Double::fast_mul_add(t, p, t), k: reduced.k }
}

/// eˣ = 2^⌊k⌋ t (1 + p), before a sum is made of it: for products.
#[derive(Clone, Copy)]
pub(crate) struct ExpFactors<S: Simd> {
    /// A multiple of 1/16.
    pub(crate) k: F32<S>,
    /// In \[1, 2).
    pub(crate) t: F32<S>,
    /// Absolute error < 2⁻²⁹; at most .032.
    pub(crate) p: F32<S>,
}

impl<S: Simd> ExpFactors<S> {
    /// `base + eˣ factor`, rounded once, for a base that is 0 or not smaller than the other term. On 0 it is scaled at the end, so that a
    /// subnormal result is as exact as there can be.
    #[inline(always)]
    pub(crate) fn times_plus(self, factor: Double<S>, base: F32<S>) -> F32<S> {
        let zero = base.constant(0.0);
        let alone = base.eq(zero);
        let t = self.t.scale(alone.select(zero, self.k));
        let rest = factor.rounded().mul_add(self.p, factor.lo);
        let sum = Double::fast_mul_add(t, factor.hi, base);
        (sum.hi + t.mul_add(rest, sum.lo)).scale(alone.select(self.k, zero))
    }
}

/// e^(hi + lo) in factors, for |hi| ≤ 174 and |lo| ≤ 2⁻¹⁶. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_factors_of<S: Simd>(x: Double<S>) -> ExpFactors<S> {
    let reduced = reduce(x.hi);
    ExpFactors { k: reduced.k, t: reduced.t, p: reduced.expm1_by(&Q_EXACT, x.lo) }
}

/// e^(hi + lo) − 1, for −87 ≤ hi ≤ 0; relative error < 2⁻³⁰. The low part may be up to 1/40 of the high
/// one: to be rounded or normalised.
///
/// S e^(r + r_lo) − 1 = (S − 1) + S r + S (r² q(r) + r_lo (1 + r)) with S = 2^⌊k⌋ T[j]. Near 0 the first
/// is 0 and the result as exact as its second and third term.
#[inline(always)]
pub(crate) fn expm1_parts<S: Simd>(x: Double<S>) -> Double<S> {
    let Reduced { bits, k, r, t, t_lo } = reduce(x.hi);
    let r_lo = k.mul_add(r.constant(-LN2_LO), t_lo) + x.lo;
    let tail = (r * r).mul_add(polynomial(r, &Q_EXACT), r_lo.mul_add(r, r_lo));
    // ⌊k⌋ into the exponent.
    let s = (bits.shr(4).shl(23) + t.to_bits()).as_f32_bits();
    let rest = Double::fast_sum(r.constant(-1.0), s);
    let sum = Double::fast_mul_add(s, r, rest.hi);
    Double { hi: sum.hi, lo: s.mul_add(tail, sum.lo + rest.lo) }
}

/// eˣ; the worst error over all inputs is that of [`Kind::Exp`](crate::Kind::Exp).
#[inline(always)]
pub(crate) fn exp<S: Simd>(x: F32<S>) -> F32<S> {
    // Beyond these the result is 0 or infinite whatever x is; NaN passes both.
    let x = x.constant(-110.0).max(x);
    let x = x.constant(110.0).min(x);
    let reduced = reduce(x);
    reduced.expm1(x.constant(-0.0)).mul_add(reduced.t, reduced.t).scale(reduced.k)
}
