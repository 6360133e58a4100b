//! dReLU, the double rectified unit (Tubiana, Cocco & Monasson, eLife 8, 2019: potential
//! U(h) = ½ γ₊ h₊² + ½ γ₋ h₋² + θ₊ h₊ + θ₋ h₋, h₊ = max(0, h), h₋ = max(0, −h)); two draws an element.
//!
//! Two of the four parameters are in the weights and the bias already: the scale of h makes γ₊ = 1, and a shift of
//! x makes θ₊ = θ₋. What is left, γ = γ₋ and θ, is here given for all units of a layer; in the paper every unit
//! learns its own. γ = 1 and θ = 0 is the Gaussian unit; θ = 0 the leaky one of Li et al. 2016
//! (arXiv:1611.03879), whose mode is x above 0 and x/γ below.
//!
//! density  ∝ exp(x₊ h − h²/2) on h ≥ 0, exp(x₋ t − t²/2) for h = −s t < 0
//!          x₊ = x − θ, x₋ = −s (x + θ), s = 1/√γ: a mixture of two truncated Gaussians
//!
//! sides    p₊ / p₋ = G(x₊) / (s G(x₋)), G(y) = ∫ exp(y t − t²/2) dt over t ≥ 0 = e^(max(0, y)²/2) A(y), where
//!          A(y) = √(2π) Φ(y) for y ≥ 0 and, with the mean excess m, 1 / (m(−y) − y) below: neither overflows
//!
//! mean     p₊ μ(x₊) − p₋ s μ(x₋), μ the mean of the truncated Gaussian, to 3·10⁻⁹ of the larger term, which is less
//!          than f32 tells but where the terms cancel; most of it is the exponential of max(0, x±)², up to 10⁷.
//!
//! sample   the first draw says the side, to 2⁻²⁴, the second is that of the truncated Gaussian.

use std::f64::consts::TAU;

use super::{
    StochasticUnit,
    bernoulli::{SCALE, uniform_v},
    truncated_gaussian::TruncatedGaussian,
};
use crate::{
    activations::Kind,
    math::{exp_f64, mean_excess_f64},
    rng::Lanes,
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct Drelu {
    pub(super) gamma: f32,
    pub(super) theta: f32,
}

/// Largest |ln| of a ratio of exponentials: the sides' shares are then 0 and 1 to all digits that an `f32` has.
const LIMIT: f64 = 300.0;

/// One of the two truncated Gaussians.
struct Side<S: Simd> {
    /// max(0, y), for an infinite y the largest `f32`.
    above: F64<S>,
    /// A(y).
    a: F64<S>,
    /// The mean.
    mean: F64<S>,
}

impl<S: Simd> Side<S> {
    #[inline(always)]
    fn new(y: F64<S>) -> Self {
        let (zero, one) = (y.constant(0.0), y.constant(1.0));
        let most = y.constant(f32::MAX.into());
        let distance = most.min(y.abs());
        let m = mean_excess_f64(distance);
        let hazard = distance + m;
        let density = exp_f64(distance * distance * y.constant(-0.5));
        // 1 from 0 on, 0 below, for a selection in f64.
        let narrow = y.narrow();
        let is_above =
            narrow.lt(narrow.constant(0.0)).select(narrow.constant(0.0), narrow.constant(1.0));
        let is_above = is_above.widen();
        let below = one / hazard;
        let a = is_above.mul_add(y.constant(TAU.sqrt()) - density * below - below, below);
        let mean = is_above.mul_add(density / a - m, m) + zero.max(y);
        Self { above: most.min(zero.max(y)), a, mean }
    }
}

impl Drelu {
    /// s.
    #[inline(always)]
    fn scale(self) -> f64 {
        1.0 / f64::from(self.gamma).sqrt()
    }

    /// x₊ and x₋.
    #[inline(always)]
    fn inputs<S: Simd>(self, x: F64<S>) -> [F64<S>; 2] {
        let theta = x.constant(self.theta.into());
        [x - theta, (x + theta) * x.constant(-self.scale())]
    }

    /// p₊ and p₋.
    #[inline(always)]
    fn shares<S: Simd>(self, positive: &Side<S>, negative: &Side<S>) -> [F64<S>; 2] {
        let one = positive.a.constant(1.0);
        let difference = negative.above * negative.above - positive.above * positive.above;
        let exponent = difference * one.constant(0.5);
        let exponent = one.constant(-LIMIT).max(one.constant(LIMIT).min(exponent));
        let odds = exp_f64(exponent) * negative.a / positive.a * one.constant(self.scale());
        let share = one / (odds + one);
        [share, odds * share]
    }
}

impl StochasticUnit for Drelu {
    const NAME: &'static str = "drelu";
    const ACTIVATION: Option<Kind> = None;

    #[inline(always)]
    fn draws(self) -> u32 {
        2
    }
    #[inline(always)]
    fn mean<S: Simd>(self, x: F32<S>) -> F32<S> {
        let [positive, negative] = self.inputs(x.widen());
        let (positive, negative) = (Side::new(positive), Side::new(negative));
        let [p, q] = self.shares(&positive, &negative);
        let scale = p.constant(self.scale());
        (p * positive.mean - q * scale * negative.mean).narrow()
    }
    #[inline(always)]
    fn sample<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> F32<S> {
        let [positive, negative] = self.inputs(x.widen());
        let [p, _] = self.shares(&Side::new(positive), &Side::new(negative));
        let v = uniform_v(lanes.draw(false));
        let is_positive = v.le(p.narrow() * x.constant(SCALE));
        let input = is_positive.select(positive.narrow(), negative.narrow());
        let t = TruncatedGaussian.sample(input, lanes);
        // + 0, so that 0 has no sign.
        let negative = t.mul_add(x.constant(-self.scale() as f32), x.constant(0.0));
        is_positive.select(t, negative)
    }
}
