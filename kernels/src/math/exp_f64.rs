//! The exponential family in `f64`, for functions whose parameters leave no room for error analysis by
//! hand: βx does not fit an `f32`, and terms of any size cancel.
//!
//! eᵗ = 2ᵏ eʳ with |r| ≤ ln 2 / 2, and eʳ − 1 = r (1 + r/2! + r²/3! + … + r¹¹/12!), which leaves 2⁻⁵². ln 2 is
//! subtracted in two parts; the first has 32 bits, so that k · LN2_HI is exact with or without fused
//! multiply-add. Relative errors are below 2⁻⁴⁹
//! (measured: e 2⁻⁵¹·⁵, the others at most 2⁻⁴⁹·⁹); all functions keep NaN.

use super::seldom;
use crate::simd::{F64, Simd};

const LN2_HI: f64 = 6.931_471_803_691_238e-1;
const LN2_LO: f64 = 1.908_214_929_270_587_7e-10;

/// Adding 1.5 · 2⁵² rounds to an integer, which then stands in the low bits.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// Beyond ±700 a result has long left the range of `f32`; 2ᵏ is still a normal `f64` there.
const LIMIT: f64 = 700.0;

/// What a reduction takes.
struct Reduction {
    least: f64,
    most: f64,
    log2_e: f64,
    round: f64,
    minus_ln2: [f64; 2],
    one: f64,
}

static REDUCTION: Reduction = Reduction {
    least: -LIMIT,
    most: LIMIT,
    log2_e: std::f64::consts::LOG2_E,
    round: ROUND,
    minus_ln2: [-LN2_HI, -LN2_LO],
    one: 1.0,
};

/// 1/(n + 1)!.
static TAYLOR: [f64; 12] = {
    let mut coefficients = [1.0; 12];
    let mut n = 1;
    while n < 12 {
        coefficients[n] = coefficients[n - 1] / (n as f64 + 1.0);
        n += 1;
    }
    coefficients
};

/// 1/(n + 2)!.
const TAYLOR_2: [f64; 11] = taylor_from(1);

/// 1/(n + 3)!.
const TAYLOR_3: [f64; 10] = taylor_from(2);

/// The coefficients without the first `skip`.
const fn taylor_from<const N: usize>(skip: usize) -> [f64; N] {
    let mut coefficients = [0.0; N];
    let mut n = 0;
    while n < N {
        coefficients[n] = TAYLOR[n + skip];
        n += 1;
    }
    coefficients
}

/// c₀ + x (c₁ + x (c₂ + …)).
#[inline(always)]
pub(crate) fn polynomial_f64<S: Simd, const N: usize>(
    x: F64<S>,
    coefficients: &[f64; N],
) -> F64<S> {
    let mut y = x.constant(coefficients[N - 1]);
    let mut i = N - 1;
    while i > 0 {
        i -= 1;
        y = y.mul_add(x, x.constant(coefficients[i]));
    }
    y
}

/// (2ᵏ, r), for t cut to ±700.
#[inline(always)]
fn reduce<S: Simd>(t: F64<S>) -> (F64<S>, F64<S>) {
    reduce_by(t, &REDUCTION)
}

#[inline(always)]
fn reduce_by<S: Simd>(t: F64<S>, by: &Reduction) -> (F64<S>, F64<S>) {
    let t = t.constant(by.least).max(t);
    let t = t.constant(by.most).min(t);
    let shifted = t.mul_add(t.constant(by.log2_e), t.constant(by.round));
    let k = shifted - t.constant(by.round);
    let [hi, lo] = by.minus_ln2;
    let r = k.mul_add(t.constant(lo), k.mul_add(t.constant(hi), t));
    let power = (shifted.to_bits().shl(52) + t.constant(by.one).to_bits()).as_f64_bits();
    (power, r)
}

/// (2ᵏ, eʳ − 1), for t cut to ±700.
#[inline(always)]
fn parts<S: Simd>(t: F64<S>) -> (F64<S>, F64<S>) {
    parts_by(t, &REDUCTION, &TAYLOR)
}

#[inline(always)]
fn parts_by<S: Simd>(t: F64<S>, by: &Reduction, taylor: &[f64; 12]) -> (F64<S>, F64<S>) {
    let (power, r) = reduce_by(t, by);
    (power, r * polynomial_f64(r, taylor))
}

/// eᵗ, with t cut to ±700.
#[inline(always)]
pub(crate) fn exp_f64<S: Simd>(t: F64<S>) -> F64<S> {
    let (power, expm1) = parts(t);
    expm1.mul_add(power, power)
}

/// The same bits in a branch that is [`seldom`] taken.
#[inline(always)]
pub(crate) fn seldom_exp_f64<S: Simd>(t: F64<S>) -> F64<S> {
    let (power, expm1) = parts_by(t, seldom(&REDUCTION), seldom(&TAYLOR));
    expm1.mul_add(power, power)
}

/// eᵗ − 1, with t cut to ±700; −0 for −0.
#[inline(always)]
pub(crate) fn expm1_f64<S: Simd>(t: F64<S>) -> F64<S> {
    let (power, expm1) = parts(t);
    expm1.mul_add(power, power - t.constant(1.0)).copy_sign(t)
}

/// (eᵗ, eᵗ − 1), with t cut to ±700.
#[inline(always)]
pub(crate) fn exp_expm1_f64<S: Simd>(t: F64<S>) -> (F64<S>, F64<S>) {
    let (power, expm1) = parts(t);
    (expm1.mul_add(power, power), expm1.mul_add(power, power - t.constant(1.0)))
}

/// eᵗ − 1 − t, for t ≥ −700 or so large below that t alone counts; +0 for 0.
///
/// 2ᵏ eʳ − 1 − t = 2ᵏ r² q(r) + (2ᵏ − 1) + (2ᵏ r − t): near 0, where k = 0 and r = t, the last two vanish and
/// the result is as exact as its first term.
#[inline(always)]
pub(crate) fn exp_minus_line_f64<S: Simd>(t: F64<S>) -> F64<S> {
    let (power, r) = reduce(t);
    let line = power.mul_add(r, -t) + (power - t.constant(1.0));
    (r * r * power).mul_add(polynomial_f64(r, &TAYLOR_2), line)
}

/// tanh t; −0 for −0.
#[inline(always)]
pub(crate) fn tanh_f64<S: Simd>(t: F64<S>) -> F64<S> {
    let e = expm1_f64(t.abs() * t.constant(-2.0));
    (e / (e + t.constant(2.0))).copy_sign(t)
}

/// (tanh t, 1 − tanh² t), both with small relative error.
#[inline(always)]
pub(crate) fn tanh_sech2_f64<S: Simd>(t: F64<S>) -> (F64<S>, F64<S>) {
    let (tanh, sech2, _) = tanh_parts_f64(t);
    (tanh, sech2)
}

/// (tanh t, 1 − tanh² t, 1 − |tanh t|), all with small relative error: the second is 4 e / (1 + e)², the third
/// 2 e / (1 + e), with e = e^(−2|t|).
#[inline(always)]
pub(crate) fn tanh_parts_f64<S: Simd>(t: F64<S>) -> (F64<S>, F64<S>, F64<S>) {
    let (e, e_minus_1) = exp_expm1_f64(t.abs() * t.constant(-2.0));
    let r = t.constant(1.0) / (e_minus_1 + t.constant(2.0));
    let er = e * r;
    ((e_minus_1 * r).copy_sign(t), t.constant(4.0) * er * r, t.constant(2.0) * er)
}

/// t − tanh t for |t| < 1, with small relative error; finite beyond, for |t| < 10¹⁰⁰.
///
/// With s = −2|t| and h = eˢ − 1 − s − s²/2 it is (h (1 − s/2) − s³/4) / (eˢ + 1), whose terms are s³/6 and
/// s³/4 near 0; h as in [`exp_minus_line_f64`].
#[inline(always)]
pub(crate) fn line_minus_tanh_f64<S: Simd>(t: F64<S>) -> F64<S> {
    let s = t.abs() * t.constant(-2.0);
    let (power, r) = reduce(s);
    let (one, half) = (t.constant(1.0), t.constant(0.5));
    let line = power.mul_add(r, -s) + (power - one);
    let square = half * (power * r * r - s * s);
    let h = (r * r * r * power).mul_add(polynomial_f64(r, &TAYLOR_3), line + square);
    let numerator = s.mul_add(-(half * s * s * half), h * half.mul_add(-s, one));
    (numerator / (exp_f64(s) + one)).copy_sign(t)
}

/// (σ(t), σ(−t)), both with small relative error; σ(−t) = 1 − σ(t).
#[inline(always)]
pub(crate) fn sigmoid_f64<S: Simd>(t: F64<S>) -> (F64<S>, F64<S>) {
    let one = t.constant(1.0);
    let e = exp_f64(-t);
    let y = one / (one + e);
    (y, e * y)
}
