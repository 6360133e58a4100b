//! What gated functions share: y = x σ(t) for an argument t(x) in double-float.
//!
//! SiLU, Swish and quick GELU have t = β x, the tanh form of GELU t = x (c₁ + c₂ x²).

use super::sigmoid::Logistic;
use crate::{
    math::{Double, Root, zero_crossing},
    simd::{F32, Simd},
};

/// |t| beyond which σ(t) x is 0 or x for every x and β of use (β > 10⁻⁷).
const LIMIT: f32 = 125.0;

/// The root of SiLU'.
const ROOT: Root<5> = Root {
    at: [-1.278_464_6, 1.297_928_3e-8],
    width: 0.05,
    slope: 0.217_811_7,
    rest: [2.039_869_6e-9, 0.146_648_8, 0.018_874_807, -0.015_222_085, -0.006_601_736],
};

/// x σ(t), for |t| ≤ 174.
#[inline(always)]
pub(super) fn gate<S: Simd>(x: F32<S>, t: Double<S>) -> F32<S> {
    let sigma = Logistic::of(t);
    // The sign of zeros is lost in the quotient.
    sigma.numerator.times(x).div_rounded(sigma.denominator).scale(sigma.k).with_sign_of(x)
}

/// d/dx x σ(t) = σ (1 + c (1 − σ)) with c = x dt/dx, for |t| ≤ 174.
///
/// With e = e^−|t|: e (1 + e + c) / (1 + e)² below 0, else (1 + e + c e) / (1 + e)².
#[inline(always)]
pub(super) fn gate_derivative<S: Simd>(t: Double<S>, c: Double<S>) -> F32<S> {
    let sigma = Logistic::of(t);
    let ce = c.mul(sigma.e.value());
    let c =
        Double { hi: sigma.negative.select(c.hi, ce.hi), lo: sigma.negative.select(c.lo, ce.lo) };
    let d = sigma.denominator;
    let numerator = d.add(c).normalised().mul(sigma.numerator);
    numerator.div_rounded(d.mul(d)).scale(sigma.k)
}

/// x where it is NaN or |x| ≤ limit, else ±limit.
#[inline(always)]
pub(super) fn clamp<S: Simd>(x: F32<S>, limit: f32) -> F32<S> {
    x.constant(limit).min(x.constant(-limit).max(x))
}

/// Swish: y = x σ(β x).
#[inline(always)]
pub(super) fn swish<S: Simd>(x: F32<S>, beta: f32) -> F32<S> {
    let bounded = clamp(x, LIMIT / beta.abs());
    let t = Double::product(bounded, x.constant(beta));
    // e^−20 is below half a unit of 1.
    x.constant(20.0).lt(t.hi).select(x, gate(bounded, t))
}

/// dy/dx of [`swish`]: SiLU' at β x.
#[inline(always)]
pub(super) fn swish_derivative<S: Simd>(x: F32<S>, beta: f32) -> F32<S> {
    let t = Double::product(clamp(x, LIMIT / beta.abs()), x.constant(beta));
    zero_crossing(t, &ROOT, gate_derivative(t, t))
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
