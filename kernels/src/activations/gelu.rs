//! GELU, the Gaussian error linear unit: y = x Φ(x), Φ the normal distribution function.
//!
//! forward    y  = x q below 0, else x (1 − q), with q = e^(−x²/2) R(|x|)
//! backward   dx = (Φ(x) + x φ(x)) dy, with a root at x = −.75179; φ(x) = e^(−x²/2) / √(2π)
//!
//! Hendrycks & Gimpel 2016, arXiv:1606.08415. x²/2 is carried in double-float into the exponential, and
//! 2ᵏ is kept out until the end: the left tail is as exact as the rest.

use super::{Activation, Saved, reference, swish};
use crate::{
    math::{Double, Exp, Root, exp_parts_of, scaled_normal_tail, zero_crossing},
    simd::{F32, Simd},
};

#[derive(Clone, Copy)]
pub(crate) struct Gelu;

/// |x| beyond which y is 0 or x.
const LIMIT: f32 = 14.4;
/// |x| beyond which dy/dx is 0 or 1.
const LIMIT_BACKWARD: f32 = 14.6;

/// 1 / √(2π).
const DENSITY: [f32; 2] = [0.398_942_3, -1.133_517_3e-8];

const ROOT: Root<6> = Root {
    at: [-0.751_791_54, 1.211_445e-8],
    width: 0.12,
    slope: 0.431_494,
    rest: [
        -4.580_540_4e-9,
        0.388_284_98,
        -0.018_200_4,
        -0.114_007_42,
        -0.014_656_903,
        0.019_341_076,
    ],
};

/// e^(−x²/2).
#[inline(always)]
fn gaussian<S: Simd>(x: F32<S>) -> Exp<S> {
    exp_parts_of(Double::product(x * x.constant(-0.5), x))
}

/// v 2^⌊k⌋ below 0, else 1 − v 2^⌊k⌋, as mantissa and exponent.
#[inline(always)]
fn reflect<S: Simd>(x: F32<S>, v: Double<S>, e: &Exp<S>) -> (Double<S>, F32<S>) {
    let (zero, one, power) = (x.constant(0.0), x.constant(1.0), e.power());
    let rest = Double::fast_mul_add(-v.hi, power, one);
    let negative = x.lt(zero);
    let hi = negative.select(v.hi, rest.hi);
    let lo = negative.select(v.lo, (-v.lo).mul_add(power, rest.lo));
    (Double { hi, lo }, negative.select(e.k, zero))
}

impl Activation for Gelu {
    const NAME: &'static str = "gelu";
    const SAVED: Saved = Saved::Input;
    const MAX_ULP: f64 = 0.99;
    const MAX_ULP_BACKWARD: f64 = 1.99;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S> {
        let bounded = swish::clamp(x, LIMIT);
        let e = gaussian(bounded);
        let tail = scaled_normal_tail(bounded.abs()).mul(e.mantissa);
        let (phi, k) = reflect(bounded, tail, &e);
        let y = phi.times(bounded).rounded().scale(k).with_sign_of(x);
        x.constant(6.0).lt(x).select(x, y)
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>) -> F32<S> {
        let x = swish::clamp(x, LIMIT_BACKWARD);
        let e = gaussian(x);
        let xphi = Double::constant(x, DENSITY).times(x.abs());
        let tail = scaled_normal_tail(x.abs()).add(-xphi).normalised();
        let (slope, k) = reflect(x, tail.mul(e.mantissa), &e);
        let x = Double { hi: x, lo: x.constant(0.0) };
        zero_crossing(x, &ROOT, slope.rounded().scale(k)) * dy
    }
    fn definition(self, x: f64) -> f64 {
        if x < -50.0 { -0.0 } else { x * reference::normal_cdf(x) }
    }
    /// Near its root: the integral from there of GELU'' = φ (2 − x²).
    fn derivative(self, x: f64) -> f64 {
        const ROOT: [f64; 2] = [-0.751_791_524_693_564_5, 1.495_675_917_700_988_3e-17];
        let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
        let delta = (x - ROOT[0]) - ROOT[1];
        if delta.abs() < 0.1 {
            reference::integral(|t| density(ROOT[0] + t) * (2.0 - (ROOT[0] + t).powi(2)), delta)
        } else if x.abs() > 50.0 {
            if x < 0.0 { -0.0 } else { 1.0 }
        } else {
            reference::normal_cdf(x) + x * density(x)
        }
    }
}
