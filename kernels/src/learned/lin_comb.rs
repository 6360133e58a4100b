//! Linear combinations of base functions, plain and normalised.
//!
//! forward    y   = Σ w_k g_k(x),   g = relu, sigmoid, tanh, softsign;   normalised: y / (Σ w + 10⁻⁸)
//! backward   dx  = Σ w_k g_k'(x) dy,                                   normalised: the same divisor
//!            dw_k = Σ g_k dy,                                          normalised: Σ (g_k − y) dy / (Σ w + 10⁻⁸)
//!
//! g_k − y is (Σ w_j (g_k − g_j) + 10⁻⁸ g_k) / (Σ w + 10⁻⁸), with each difference in a form that does not
//! cancel: near 0 the functions are x and nearly x, far above 0 three of them are nearly 1.
//!
//! Formulas from github.com/epishchik/TrainableActivation, with w = ¼ each; its code divides by the sum,
//! its README says by the norm. ReLU's derivative at 0 is 0.

use super::{Domain, Learned, Parameter, finite, finite_f64, positive_part, sigma};
use crate::{
    math::{line_minus_tanh_f64, sigmoid_f64, tanh_f64, tanh_parts_f64, tanh_sech2_f64},
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

/// g_k − g_j at (k, j) = (0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3), with small relative errors next to
/// their common zeros and limits.
#[inline(always)]
fn differences<S: Simd>(x: F32<S>) -> [F64<S>; 6] {
    let [zero, one] = [x.constant(0.0), x.constant(1.0)];
    // 1 where the condition holds, else 0: products select, since all factors are finite.
    let above = x.le(zero).select(zero, one).widen();
    let near = x.abs().lt(one).select(one, zero).widen();
    let x = finite(x);
    let one = x.constant(1.0);
    let (below, far) = (one - above, one - near);
    let (s, s_rest) = sigmoid_f64(x);
    let (tanh, _, tanh_rest) = tanh_parts_f64(x);
    let softsign_rest = one / (x.abs() + one);
    let softsign = x * softsign_rest;
    // x − tanh x and x − softsign x.
    let line_tanh = near * line_minus_tanh_f64(x) + far * (x - tanh);
    let line_softsign = x.abs() * softsign;
    let tanh_softsign = (above - below) * (softsign_rest - tanh_rest);
    [
        above * (x - s) - below * s,
        above * line_tanh - below * tanh,
        above * line_softsign - below * softsign,
        above * (tanh_rest - s_rest) + below * (s - tanh),
        above * (softsign_rest - s_rest) + below * (s - softsign),
        near * (line_softsign - line_tanh) + far * tanh_softsign,
    ]
}

/// (g − y) (Σ w + ε), from the other functions' differences from g and their weights.
#[inline(always)]
fn relative_to_mean<S: Simd>(g: F64<S>, d: [F64<S>; 3], w: [F64<S>; 3]) -> F64<S> {
    let sum = d[2].mul_add(w[2], d[1].mul_add(w[1], d[0] * w[0]));
    g.mul_add(g.constant(EPSILON), sum)
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

/// g_k − g_j without cancellation.
fn difference_of(x: f64, k: usize, j: usize) -> f64 {
    if k > j {
        return -difference_of(x, j, k);
    }
    let x = finite_f64(x);
    let g = bases_of(x);
    match (k, j) {
        // x − tanh x by tanh's continued fraction.
        (0, 2) if (0.0..1.0).contains(&x) => {
            let q = (1..20).rev().fold(0.0, |q, n| x * x / (f64::from(2 * n + 1) + q));
            x * q / (1.0 + q)
        }
        (0, 3) if x > 0.0 => x * x / (1.0 + x),
        (2, 3) if x.abs() < 1.0 => {
            let u = x.abs();
            (difference_of(u, 0, 3) - difference_of(u, 0, 2)).copysign(x)
        }
        (2, 3) => (1.0 / (1.0 + x.abs()) - 2.0 * sigma(-2.0 * x.abs())).copysign(x),
        (1, 2) if x > 0.0 => 2.0 * sigma(-2.0 * x) - sigma(-x),
        (1, 3) if x > 0.0 => 1.0 / (1.0 + x) - sigma(-x),
        _ => g[k] - g[j],
    }
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
        let dy = dy.widen() * scale;
        let dx = (combine(w, derivatives) * dy).narrow();
        let [d01, d02, d03, d12, d13, d23] = differences(x);
        let factor = scale * dy;
        let parts = [
            relative_to_mean(g[0], [d01, d02, d03], [w[1], w[2], w[3]]) * factor,
            relative_to_mean(g[1], [-d01, d12, d13], [w[0], w[2], w[3]]) * factor,
            relative_to_mean(g[2], [-d02, -d12, d23], [w[0], w[1], w[3]]) * factor,
            relative_to_mean(g[3], [-d03, -d13, -d23], [w[0], w[1], w[2]]) * factor,
        ];
        (dx, parts)
    }
    fn definition(self, x: f64, w: [f64; 4]) -> f64 {
        dot(w, bases_of(x)) / (w.iter().sum::<f64>() + EPSILON)
    }
    fn derivative(self, x: f64, w: [f64; 4]) -> f64 {
        dot(w, derivatives_of(x)) / (w.iter().sum::<f64>() + EPSILON)
    }
    fn parameter_derivatives(self, x: f64, w: [f64; 4]) -> [f64; 4] {
        let divisor = w.iter().sum::<f64>() + EPSILON;
        let g = bases_of(x);
        std::array::from_fn(|k| {
            let sum: f64 = (0..4).map(|j| w[j] * difference_of(x, k, j)).sum();
            (sum + EPSILON * g[k]) / (divisor * divisor)
        })
    }
    fn refuse_together(self, w: [f32; 4]) -> Option<(&'static str, f32, Domain)> {
        let sum = w.iter().map(|&w| f64::from(w)).sum::<f64>() + EPSILON;
        (sum == 0.0).then_some(("sum of the weights", sum as f32, Domain::NonZero))
    }
}
