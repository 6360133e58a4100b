//! What gated functions share: y = x σ(t) for an argument t(x) in double-float.
//!
//! SiLU, Swish and quick GELU have t = β x, the tanh form of GELU t = x (c₁ + c₂ x²).

use super::tail::Tail;
use crate::{
    math::{
        Double, ExpFactors, LogisticTail, Piecewise, Row, exp_factors_of, seldom, seldom_exp_f64,
        split,
    },
    simd::{F32, Simd},
};

/// |t| beyond which x σ(t) is 0 or x for every x and β of use (β > 10⁻⁷).
const LIMIT: f32 = 125.0;

/// t below which the slope is near the end of the range of `f32`.
const TAIL: f32 = -70.0;

/// [`FACTOR`] next to its root, at the middle of the second row.
const ROOT_LO: f32 = -1.015_224_3e-8;

/// x σ(t) = max(0, x) − |x| σ(−|t|), given |x| with any bound beyond which the last term does not matter,
/// and |t| for it; t has the sign of x.
#[inline(always)]
pub(super) fn gate<S: Simd>(x: F32<S>, bounded: F32<S>, t: Double<S>) -> F32<S> {
    x.constant(-0.0).max(x) - LogisticTail::of(t).times(bounded)
}

/// x where it is NaN or |x| ≤ limit, else ±limit.
#[inline(always)]
pub(super) fn clamp<S: Simd>(x: F32<S>, limit: f32) -> F32<S> {
    x.constant(limit).min(x.constant(-limit).max(x))
}

/// (|x|, β |x|), with a bound beyond which the slope of Swish is 0 or 1.
#[inline(always)]
fn scaled<S: Simd>(x: F32<S>, beta: f64) -> (F32<S>, Double<S>) {
    let bounded = x.constant(LIMIT / beta as f32).min(x.abs());
    (bounded, Double::constant(x, split(beta)).times(bounded))
}

/// Swish: y = x σ(β x), for β > 0.
#[inline(always)]
pub(super) fn swish<S: Simd>(x: F32<S>, beta: f64) -> F32<S> {
    let (bounded, a) = scaled(x, beta);
    gate(x, bounded, a)
}

/// SiLU: y = x σ(x).
#[inline(always)]
pub(super) fn silu<S: Simd>(x: F32<S>) -> F32<S> {
    let bounded = x.constant(LIMIT).min(x.abs());
    gate(x, bounded, Double::exact(bounded))
}

/// dy/dx of [`swish`] times dy: SiLU' at β x.
#[inline(always)]
pub(super) fn swish_backward<S: Simd>(x: F32<S>, dy: F32<S>, beta: f64) -> F32<S> {
    let (_, a) = scaled(x, beta);
    let row = factor(a.hi);
    let value = row.with_root(ROOT_LO);
    // With P the slope from the middle, the slope here is P + s P' = 2 P - c₁ but for s² c₃.
    let lo = (row.slope + (row.slope - row.first)).mul_add(a.lo, value.lo);
    // Next to the root a.lo is as large as the distance to it.
    let slope = reflected(x, exp_factors_of(-a), Double { lo, ..value }.normalised());
    let dx = slope * dy;
    let Some(tail) = Tail::of(x.lt(x.constant(TAIL / beta as f32)), x) else { return dx };
    let t = tail.x * tail.x.constant(beta);
    tail.product(seldom_exp_f64(t) * (t + t.constant(1.0)), dy, dx)
}

/// dy/dx of [`silu`] times dy.
#[inline(always)]
pub(super) fn silu_backward<S: Simd>(x: F32<S>, dy: F32<S>) -> F32<S> {
    let a = x.constant(LIMIT).min(x.abs());
    let slope = reflected(x, exp_factors_of(-Double::exact(a)), factor(a).with_root(ROOT_LO));
    let dx = slope * dy;
    let Some(tail) = Tail::of(x.lt(x.constant(TAIL)), x) else { return dx };
    let x = tail.x;
    tail.product(seldom_exp_f64(x) * (x + x.constant(*seldom(&1.0))), dy, dx)
}

/// (1 + e⁻ᵃ − a) / (1 + e⁻ᵃ)²; from 20 on, 1 − a.
#[inline(always)]
fn factor<S: Simd>(a: F32<S>) -> Row<S> {
    FACTOR.at(a, a.constant(20.0).min(a))
}

/// The derivative at ±a of an activation whose derivatives there add up to 1: h = e · factor below 0, 1 − h above.
#[inline(always)]
pub(super) fn reflected<S: Simd>(x: F32<S>, e: ExpFactors<S>, factor: Double<S>) -> F32<S> {
    let rest = factor.rounded().mul_add(e.p, factor.lo);
    let h = e.t.mul_add_once(factor.hi, e.t * rest).scale(e.k);
    let one = x.constant(1.0);
    x.lt(x.constant(0.0)).select(h, one - h)
}

/// x σ(β x) in `f64`.
pub(super) fn definition(x: f64, beta: f64) -> f64 {
    let t = beta * x;
    // The limit, also at −∞.
    if t < -800.0 { x.signum() * 0.0 } else { x * sigmoid(t) }
}

/// σ(t) in `f64`.
pub(super) fn sigmoid(t: f64) -> f64 {
    if t < 0.0 { t.exp() / (1.0 + t.exp()) } else { 1.0 / (1.0 + (-t).exp()) }
}

/// SiLU'(t) in `f64`, with t = β x.
///
/// Near its root t₀ the factor 1 + e + t, e = eᵗ, is δ + e₀ (e^δ − 1), δ = t − t₀: a sum without
/// cancellation.
pub(super) fn derivative(t: f64) -> f64 {
    const ROOT: [f64; 2] = [-1.278_464_542_761_073_7, -1.094_699_418_309_343_7e-16];
    if t < -800.0 {
        return -0.0;
    }
    if t >= 0.0 {
        let e = (-t).exp();
        return (1.0 + e + if e > 0.0 { t * e } else { 0.0 }) / ((1.0 + e) * (1.0 + e));
    }
    let (e, delta) = (t.exp(), (t - ROOT[0]) - ROOT[1]);
    // e₀ = −1 − t₀.
    let factor = delta + (-1.0 - ROOT[0]) * delta.exp_m1();
    e * factor / ((1.0 + e) * (1.0 + e))
}

/// (1 + e⁻ᵃ − a) / (1 + e⁻ᵃ)²; each row minimises the relative error, coefficient after coefficient rounded:
/// 2⁻²⁶·⁷. The middle of the second row is the root, rounded; the fourteenth holds the line 1 − a, of whole numbers:
/// a − 21 is exact.
#[rustfmt::skip]
static FACTOR: Piecewise<6> = Piecewise {
    shift: 1.5,
    middle: [0.772_315_9, 1.278_464_6, 1.652_820_6, 2.236_525, 3.015_770_4, 3.835_268_5, 4.850_517_7, 5.910_756_6, 7.300_014_5, 9.353_391, 11.710_213, 13.251_588, 16.644_758, 21.0, 0.076_266_72, 0.336_082_07],
    value: [0.322_666_14, 0.0, -0.324_937_43, -0.922_147_63, -1.787_286_8, -2.695_973_6, -3.783_259, -4.881_551_3, -6.290_837, -8.351_856, -10.710_029, -12.251_543, -15.644_756, -20.0, 0.498_509_62, 0.468_914_42],
    rest: [
        // coefficient of s^1
        [-0.480_110_62, -0.782_188_3, -0.943_725_05, -1.081_489_8, -1.120_280_3, -1.092_841_5, -1.050_979_7, -1.023_685, -1.007_818_5, -1.001_360_9, -1.000_167_6, -1.000_041_4, -1.000_001_8, -1.0, -0.039_548_464, -0.192_387_54],
        // coefficient of s^2
        [-0.329_512_45, -0.255_554_77, -0.175_298_14, -0.067_571_11, 0.004_993_083_4, 0.022_338_001, 0.017_132_666, 0.009_043_663, 0.003_226_274, 5.935_930_5e-4, 7.562_239e-5, 1.890_405_8e-5, 8.368_070_3e-7, 0.0, -0.268_285_3, -0.315_695_05],
        // coefficient of s^3
        [0.021_577_071, 0.067_756_36, 0.071_426_35, 0.048_622_657, 0.016_096_639, 8.843_964e-4, -0.002_812_819_8, -0.002_060_222_7, -8.458_295_5e-4, -1.690_478_4e-4, -2.260_029e-5, -5.436_406_4e-6, -2.577_163_2e-7, 0.0, -0.076_271_77, -0.043_469_995],
        // coefficient of s^4
        [0.033_876_28, 0.010_514_297_5, -0.004_405_652, -0.012_269_521, -0.007_549_327, -0.002_322_678_5, -6.150_32e-5, 2.674_173e-4, 1.530_173_2e-4, 3.512_373e-5, 4.838_648_7e-6, 1.176_065_4e-6, 5.779_427_4e-8, 0.0, 0.025_396_785, 0.036_365_468],
        // coefficient of s^5
        [-0.006_496_225, -0.009_585_595, -0.005_883_949_3, -1.256_785_5e-4, 0.001_612_671_3, 8.363_702e-4, 1.693_134_5e-4, 1.510_468e-6, -1.841_551_6e-5, -5.423_768_5e-6, -7.153_812_5e-7, -5.371_154e-7, -1.208_694_2e-8, 0.0, 0.011_397_107_5, 0.005_217_320_3],
        // coefficient of s^6
        [-0.003_335_108, 7.894_807_5e-4, 0.001_978_245_8, 0.001_037_484_8, -3.993_575e-5, -1.521_688_2e-4, -4.210_617_8e-5, -1.054_190_8e-5, 1.068_412_1e-6, 4.952_212_3e-7, 2.396_759e-7, 2.194_667_4e-7, 2.210_351_5e-9, 0.0, -0.003_505_954_8, -0.005_611_730_7],
    ],
};
