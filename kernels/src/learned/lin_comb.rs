//! Linear combinations of base functions, plain and normalised.
//!
//! forward    y   = Σ w_k g_k(x),   g = relu, sigmoid, tanh, softsign;   normalised: y / (Σ w + 10⁻⁸)
//! backward   dx  = Σ w_k g_k'(x) dy,                                   normalised: the same divisor
//!            dw_k = Σ g_k dy,                                          normalised: Σ (g_k − y) dy / (Σ w + 10⁻⁸)
//!
//! Formulas from github.com/epishchik/TrainableActivation, with w = ¼ each; its code divides by the sum,
//! its README says by the norm. ReLU's derivative at 0 is 0.

use super::{Domain, Learned, Parameter, finite, finite_f64, positive_part, sigma};
use crate::{
    math::{sigmoid_f64, tanh_f64, tanh_sech2_f64},
    simd::{F32, F64, Simd},
};

#[derive(Clone, Copy)]
pub(super) struct LinComb;

/// Σ w_k g_k / (Σ w + 10⁻⁸).
#[derive(Clone, Copy)]
pub(super) struct NormLinComb;

const WEIGHTS: [Parameter; 4] = [
    Parameter::new("relu", 0.25, Domain::Finite),
    Parameter::new("sigmoid", 0.25, Domain::Finite),
    Parameter::new("tanh", 0.25, Domain::Finite),
    Parameter::new("softsign", 0.25, Domain::Finite),
];

/// Keeps the divisor of the normalised form from 0 where the weights cancel exactly.
const EPSILON: f64 = 1e-8;

/// relu, sigmoid, tanh and softsign.
#[inline(always)]
fn bases<S: Simd>(x: F32<S>) -> [F64<S>; 4] {
    let relu = finite(positive_part(x));
    let x = finite(x);
    [relu, sigmoid_f64(x).0, tanh_f64(x), x / (x.abs() + x.constant(1.0))]
}

/// relu, sigmoid, tanh and softsign, and their derivatives.
#[inline(always)]
fn bases_and_derivatives<S: Simd>(x: F32<S>) -> ([F64<S>; 4], [F64<S>; 4]) {
    let relu = finite(positive_part(x));
    let step = x.le(x.constant(0.0)).select(x.constant(0.0), x.constant(1.0)).widen();
    let x = finite(x);
    let (s, rest) = sigmoid_f64(x);
    let (tanh, sech2) = tanh_sech2_f64(x);
    let r = x.constant(1.0) / (x.abs() + x.constant(1.0));
    ([relu, s, tanh, x * r], [step, s * rest, sech2, r * r])
}

/// Σ w_k g_k.
#[inline(always)]
fn combine<S: Simd>(w: [F64<S>; 4], g: [F64<S>; 4]) -> F64<S> {
    w[3].mul_add(g[3], w[2].mul_add(g[2], w[1].mul_add(g[1], w[0] * g[0])))
}

/// Σ w + ε.
#[inline(always)]
fn divisor<S: Simd>(w: [F64<S>; 4]) -> F64<S> {
    w[0] + w[1] + w[2] + w[3] + w[0].constant(EPSILON)
}

#[inline(always)]
fn widened<S: Simd>([a, b, c, d]: [F32<S>; 4]) -> [F64<S>; 4] {
    [a.widen(), b.widen(), c.widen(), d.widen()]
}

fn bases_of(x: f64) -> [f64; 4] {
    let x = finite_f64(x);
    [if x <= 0.0 { 0.0 } else { x }, sigma(x), x.tanh(), x / (1.0 + x.abs())]
}

fn derivatives_of(x: f64) -> [f64; 4] {
    let x = finite_f64(x);
    let d = 1.0 + x.abs();
    [
        if x <= 0.0 { 0.0 } else { 1.0 },
        sigma(x) * sigma(-x),
        4.0 * sigma(2.0 * x) * sigma(-2.0 * x),
        1.0 / (d * d),
    ]
}

fn dot(w: [f64; 4], g: [f64; 4]) -> f64 {
    w.iter().zip(g).map(|(w, g)| w * g).sum()
}

impl Learned<4> for LinComb {
    const NAME: &'static str = "lin_comb";
    const PARAMETERS: [Parameter; 4] = WEIGHTS;
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, w: [F32<S>; 4]) -> F32<S> {
        combine(widened(w), bases(x)).narrow()
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>, w: [F32<S>; 4]) -> (F32<S>, [F64<S>; 4]) {
        let (g, derivatives) = bases_and_derivatives(x);
        let dy = dy.widen();
        let slope = combine(widened(w), derivatives);
        ((slope * dy).narrow(), [g[0] * dy, g[1] * dy, g[2] * dy, g[3] * dy])
    }
    fn definition(self, x: f64, w: [f64; 4]) -> f64 {
        dot(w, bases_of(x))
    }
    fn derivative(self, x: f64, w: [f64; 4]) -> f64 {
        dot(w, derivatives_of(x))
    }
    fn parameter_derivatives(self, x: f64, _: [f64; 4]) -> [f64; 4] {
        bases_of(x)
    }
}

impl Learned<4> for NormLinComb {
    const NAME: &'static str = "norm_lin_comb";
    const PARAMETERS: [Parameter; 4] = WEIGHTS;
    const MAX_ULP: f64 = 0.51;
    const MAX_ULP_BACKWARD: f64 = 0.51;

    #[inline(always)]
    fn forward<S: Simd>(self, x: F32<S>, w: [F32<S>; 4]) -> F32<S> {
        let w = widened(w);
        (combine(w, bases(x)) / divisor(w)).narrow()
    }
    #[inline(always)]
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>, w: [F32<S>; 4]) -> (F32<S>, [F64<S>; 4]) {
        let w = widened(w);
        let (g, derivatives) = bases_and_derivatives(x);
        let scale = x.constant(1.0).widen() / divisor(w);
        let y = combine(w, g) * scale;
        let dy = dy.widen() * scale;
        let dx = (combine(w, derivatives) * dy).narrow();
        (dx, [(g[0] - y) * dy, (g[1] - y) * dy, (g[2] - y) * dy, (g[3] - y) * dy])
    }
    fn definition(self, x: f64, w: [f64; 4]) -> f64 {
        dot(w, bases_of(x)) / (w.iter().sum::<f64>() + EPSILON)
    }
    fn derivative(self, x: f64, w: [f64; 4]) -> f64 {
        dot(w, derivatives_of(x)) / (w.iter().sum::<f64>() + EPSILON)
    }
    fn parameter_derivatives(self, x: f64, w: [f64; 4]) -> [f64; 4] {
        let y = self.definition(x, w);
        bases_of(x).map(|g| (g - y) / (w.iter().sum::<f64>() + EPSILON))
    }
    fn refuse_together(self, w: [f32; 4]) -> Option<(&'static str, f32, Domain)> {
        let sum = w.iter().map(|&w| f64::from(w)).sum::<f64>() + EPSILON;
        (sum == 0.0).then_some(("sum of the weights", sum as f32, Domain::NonZero))
    }
}
