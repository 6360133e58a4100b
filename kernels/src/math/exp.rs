//! The exponential function, whole and in the parts from which its relatives are built.
//!
//! eˣ = 2^⌊k⌋ T[j] e^(r + r_lo): k = x / ln 2 rounded to eighths, j its three fractional bits, T[j] =
//! 2^(j/8), and |r| ≤ ln 2 / 16. r = x − k · LN2_HI is exact, being a multiple of 2⁻²⁸ below 2⁻⁴ (or x
//! itself); r_lo holds what ln 2 and T[j] lack. eʳ − 1 = r + r² q(r), where q is a minimax polynomial of
//! degree 2 (error of the sum < 2⁻³²).

use super::{Double, polynomial};
use crate::simd::{F32, Simd, U32};

/// ln 2 = `LN2_HI` + `LN2_LO`.
pub(super) const LN2_HI: f32 = std::f32::consts::LN_2;
pub(super) const LN2_LO: f32 = -1.904_654_2e-9;

/// 2^(j/8), rounded.
static TABLE: [f32; 8] = [
    1.0,
    1.090_507_7,
    1.189_207_1,
    1.296_839_6,
    std::f32::consts::SQRT_2,
    1.542_210_8,
    1.681_792_9,
    1.834_008_1,
];

/// ln(2^(j/8) / `TABLE[j]`).
static TABLE_LN: [f32; 8] = [
    0.0,
    -1.199_215_7e-8,
    3.193_418e-8,
    -3.099_072_3e-8,
    1.711_427e-8,
    5.233_334e-9,
    -1.471_960_6e-8,
    -6.128_26e-9,
];

/// (eʳ − 1 − r) / r².
const Q: [f32; 3] = [0.5, 0.166_680_32, 0.041_670_65];

/// Adding 1.5 · 2²⁰ rounds to eighths, which then stand in the low bits.
const ROUND: f32 = 1_572_864.0;

/// x = k ln 2 + r + r_lo, but for the table's part of r_lo.
struct Reduced<S: Simd> {
    /// The low bits are those of 8 k.
    bits: U32<S>,
    /// A multiple of ⅛.
    k: F32<S>,
    r: F32<S>,
    /// Below 2⁻²¹.
    r_lo: F32<S>,
    /// T[j].
    t: F32<S>,
}

/// For |x| ≤ 174; NaN stays NaN.
#[inline(always)]
fn reduce<S: Simd>(x: F32<S>) -> Reduced<S> {
    let shifted = x.mul_add(x.constant(std::f32::consts::LOG2_E), x.constant(ROUND));
    let k = shifted - x.constant(ROUND);
    let bits = shifted.to_bits();
    Reduced {
        bits,
        k,
        r: k.mul_add_once(x.constant(-LN2_HI), x),
        r_lo: k.mul_add(x.constant(-LN2_LO), bits.lookup8(&TABLE_LN)),
        t: bits.lookup8(&TABLE),
    }
}

impl<S: Simd> Reduced<S> {
    /// e^(r + r_lo) − 1.
    #[inline(always)]
    fn expm1(&self) -> F32<S> {
        let r = self.r + self.r_lo;
        (r * r).mul_add(polynomial(r, &Q), r)
    }
}

/// eˣ = mantissa · 2^⌊k⌋.
#[derive(Clone, Copy)]
pub(crate) struct Exp<S: Simd> {
    /// Relative error < 2⁻²⁸; in \[.95, 2.1\].
    pub(crate) mantissa: Double<S>,
    /// A multiple of ⅛.
    pub(crate) k: F32<S>,
}

impl<S: Simd> Exp<S> {
    /// 2^⌊k⌋.
    #[inline(always)]
    pub(crate) fn power(&self) -> F32<S> {
        self.k.constant(1.0).scale(self.k)
    }

    /// `a + eˣ`, for eˣ ≤ a.
    #[inline(always)]
    pub(crate) fn fast_add_to(&self, a: f32) -> Double<S> {
        let (a, power) = (self.k.constant(a), self.power());
        let sum = Double::fast_mul_add(self.mantissa.hi, power, a);
        Double { hi: sum.hi, lo: self.mantissa.lo.mul_add(power, sum.lo) }
    }

    /// `eˣ` as it is, for x ≥ −87; below, subnormal numbers and their errors.
    #[inline(always)]
    pub(crate) fn value(&self) -> Double<S> {
        let power = self.power();
        Double { hi: self.mantissa.hi * power, lo: self.mantissa.lo * power }
    }
}

/// eˣ in parts, for |x| ≤ 174. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_parts<S: Simd>(x: F32<S>) -> Exp<S> {
    let reduced = reduce(x);
    let (p, t) = (reduced.expm1(), reduced.t);
    Exp { mantissa: Double::fast_mul_add(t, p, t), k: reduced.k }
}

/// e^(hi + lo) in parts, for |hi| ≤ 174 and |lo| ≤ 2⁻¹⁶. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp_parts_of<S: Simd>(x: Double<S>) -> Exp<S> {
    let reduced = reduce(x.hi);
    let reduced = Reduced { r_lo: reduced.r_lo + x.lo, ..reduced };
    let (p, t) = (reduced.expm1(), reduced.t);
    Exp { mantissa: Double::fast_mul_add(t, p, t), k: reduced.k }
}

/// e^(hi + lo) − 1, for −87 ≤ hi ≤ 0; relative error < 2⁻³⁰. The low part may be up to 1/40 of the high
/// one: to be rounded or normalised.
///
/// S e^(r + r_lo) − 1 = (S − 1) + S r + S (r² q(r) + r_lo (1 + r)) with S = 2^⌊k⌋ T[j]. Near 0 the first
/// is 0 and the result as exact as its second and third term.
#[inline(always)]
pub(crate) fn expm1_parts<S: Simd>(x: Double<S>) -> Double<S> {
    let Reduced { bits, r, r_lo, t, .. } = reduce(x.hi);
    let r_lo = r_lo + x.lo;
    let tail = (r * r).mul_add(polynomial(r, &Q), r_lo.mul_add(r, r_lo));
    // ⌊k⌋ into the exponent.
    let s = (bits.shr(3).shl(23) + t.to_bits()).as_f32_bits();
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
    reduced.expm1().mul_add(reduced.t, reduced.t).scale(reduced.k)
}
