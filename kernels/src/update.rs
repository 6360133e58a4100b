//! Optimiser steps: one pass over gradient, state and weights.
//!
//! Large work is cut into blocks of a fixed size, which the threads of the current rayon pool share; an
//! element depends on its own index only, so the thread count changes no bit.

use rayon::prelude::*;

use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    parallel::{BLOCK, WORTH_THREADS},
    simd::{F32, LANES, Simd},
};

/// Stochastic gradient descent with momentum (Polyak 1964; Hinton 2010, section 9).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// Step size.
    pub learning_rate: f32,
    /// Share of the velocity that stays, in \[0, 1).
    pub momentum: f32,
    /// Coefficient of the L2 penalty's gradient.
    pub weight_decay: f32,
    /// Coefficient of the L1 penalty's gradient, sign(w), which is 0 at 0.
    pub l1: f32,
    /// Whether the weights are moved by the velocity that the next step would begin with: Nesterov's form, as
    /// Sutskever, Martens, Dahl & Hinton (ICML 2013) write it for the shifted weights.
    pub nesterov: bool,
}

impl Momentum {
    /// The new (v, w).
    #[inline(always)]
    pub(crate) fn update<S: Simd>(
        self,
        scale: f32,
        g: F32<S>,
        v: F32<S>,
        w: F32<S>,
    ) -> (F32<S>, F32<S>) {
        let gradient_rate = g.constant(-self.learning_rate * scale);
        let decay_rate = g.constant(-self.learning_rate * self.weight_decay);
        let mut kept = v * g.constant(self.momentum);
        if self.l1 != 0.0 {
            kept = sign(w).mul_add(g.constant(-self.learning_rate * self.l1), kept);
        }
        let v = g.mul_add(gradient_rate, w.mul_add(decay_rate, kept));
        let v = flush(v, f32::MIN_POSITIVE);
        if !self.nesterov {
            return (v, w + v);
        }
        let mut ahead = v.mul_add(g.constant(self.momentum), w);
        if self.l1 != 0.0 {
            ahead = sign(w).mul_add(g.constant(-self.learning_rate * self.l1), ahead);
        }
        (v, g.mul_add(gradient_rate, w.mul_add(decay_rate, ahead)))
    }
}

/// 1, 0 or −1; NaN is 0.
#[inline(always)]
fn sign<S: Simd>(x: F32<S>) -> F32<S> {
    let (zero, one) = (x.constant(0.0), x.constant(1.0));
    x.lt(zero).select(-one, zero.lt(x).select(one, zero))
}

/// v ← momentum · v − learning_rate · d, with d = scale · g + weight_decay · w + l1 · sign(w);  w ← w + v, or with
/// `nesterov` w ← w + momentum · v − learning_rate · d.
///
/// # Panics
/// If the arrays differ in length.
pub fn momentum(
    level: Level,
    step: Momentum,
    scale: f32,
    gradient: &[f32],
    velocity: &mut [f32],
    weights: &mut [f32],
) {
    same_length("gradient", gradient.len(), "weights", weights.len());
    same_length("velocity", velocity.len(), "weights", weights.len());
    let run = |(gradient, velocity, weights): (&_, &mut _, &mut _)| {
        level.run(MomentumBlock { step, scale, gradient, velocity, weights });
    };
    if weights.len() < WORTH_THREADS {
        return run((gradient, velocity, weights));
    }
    (gradient.par_chunks(BLOCK), velocity.par_chunks_mut(BLOCK), weights.par_chunks_mut(BLOCK))
        .into_par_iter()
        .for_each(run);
}

/// 0 for |x| below `least`.
///
/// A state that only decays (an input that is always 0, a unit that died) ends among the subnormal
/// numbers and stays there: 2⁻¹⁴⁹ times .9 is 2⁻¹⁴⁹. They add nothing to a weight, and arithmetic on
/// them is some ten times slower.
#[inline(always)]
fn flush<S: Simd>(x: F32<S>, least: f32) -> F32<S> {
    x.abs().lt(x.constant(least)).select(x.constant(0.0), x)
}

struct MomentumBlock<'a> {
    step: Momentum,
    scale: f32,
    gradient: &'a [f32],
    velocity: &'a mut [f32],
    weights: &'a mut [f32],
}

impl Kernel for MomentumBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let c = self.step;
        let (gs, g_tail) = self.gradient.as_chunks::<LANES>();
        let (vs, v_tail) = self.velocity.as_chunks_mut::<LANES>();
        let (ws, w_tail) = self.weights.as_chunks_mut::<LANES>();
        for ((g, v), w) in gs.iter().zip(vs).zip(ws) {
            let (new_v, new_w) =
                c.update(self.scale, F32::load(simd, g), F32::load(simd, v), F32::load(simd, w));
            new_v.store(v);
            new_w.store(w);
        }
        if !g_tail.is_empty() {
            let (new_v, new_w) = c.update(
                self.scale,
                F32::load_partial(simd, g_tail),
                F32::load_partial(simd, v_tail),
                F32::load_partial(simd, w_tail),
            );
            new_v.store_partial(v_tail);
            new_w.store_partial(w_tail);
        }
    }
}

/// Adam (Kingma & Ba, ICLR 2015, algorithm 1), with weight decay AdamW (Loshchilov & Hutter, ICLR 2019, algorithm 2).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam {
    /// α, the step size.
    pub learning_rate: f32,
    /// β₁, decay of the first moment.
    pub beta1: f32,
    /// β₂, decay of the second moment.
    pub beta2: f32,
    /// ε, added to the root of the second moment.
    pub epsilon: f32,
    /// λ: before each step the weights are multiplied by 1 − αλ.
    pub weight_decay: f32,
}

/// Step `t` (from 1) of Adam on the gradient scale · g, with first and second moments `m` and `v`.
///
/// # Panics
/// If the arrays differ in length, or `t` is 0.
#[expect(clippy::too_many_arguments, reason = "the algorithm's own list")]
pub fn adam(
    level: Level,
    step: Adam,
    t: u64,
    scale: f32,
    gradient: &[f32],
    m: &mut [f32],
    v: &mut [f32],
    weights: &mut [f32],
) {
    same_length("gradient", gradient.len(), "weights", weights.len());
    same_length("m", m.len(), "weights", weights.len());
    same_length("v", v.len(), "weights", weights.len());
    let coefficients = AdamCoefficients::new(step, t, scale);
    let run = |(gradient, m, v, weights): (&_, &mut _, &mut _, &mut _)| {
        level.run(AdamBlock { coefficients, gradient, m, v, weights });
    };
    if weights.len() < WORTH_THREADS {
        return run((gradient, m, v, weights));
    }
    (
        gradient.par_chunks(BLOCK),
        m.par_chunks_mut(BLOCK),
        v.par_chunks_mut(BLOCK),
        weights.par_chunks_mut(BLOCK),
    )
        .into_par_iter()
        .for_each(run);
}

/// What is the same for all elements of a step, computed in `f64`.
#[derive(Clone, Copy)]
pub(crate) struct AdamCoefficients {
    beta1: f32,
    beta2: f32,
    /// (1 − β₁) scale.
    first: f32,
    /// (1 − β₂) scale².
    second: f32,
    /// α √(1 − β₂ᵗ) / (1 − β₁ᵗ): both bias corrections in one factor.
    rate: f32,
    /// ε √(1 − β₂ᵗ).
    epsilon: f32,
    /// 1 − αλ.
    kept: f32,
    /// Gradients below this count as 0: their squares would be subnormal.
    least_gradient: f32,
}

impl AdamCoefficients {
    #[track_caller]
    pub(crate) fn new(step: Adam, t: u64, scale: f32) -> Self {
        assert!(t > 0, "steps of Adam are counted from 1");
        let (beta1, beta2) = (f64::from(step.beta1), f64::from(step.beta2));
        let scale = f64::from(scale);
        let power = |beta: f64| beta.powf(t as f64);
        let correction = (1.0 - power(beta2)).sqrt();
        let second = (1.0 - beta2) * scale * scale;
        let least = f64::from(f32::MIN_POSITIVE);
        Self {
            beta1: step.beta1,
            beta2: step.beta2,
            first: ((1.0 - beta1) * scale) as f32,
            second: second as f32,
            rate: (f64::from(step.learning_rate) * correction / (1.0 - power(beta1))) as f32,
            epsilon: (f64::from(step.epsilon) * correction) as f32,
            kept: (1.0 - f64::from(step.learning_rate) * f64::from(step.weight_decay)) as f32,
            least_gradient: (least / second.min(1.0)).sqrt() as f32,
        }
    }
}

impl AdamCoefficients {
    /// The new (m, v, w).
    #[inline(always)]
    pub(crate) fn update<S: Simd>(
        self,
        g: F32<S>,
        m: F32<S>,
        v: F32<S>,
        w: F32<S>,
    ) -> (F32<S>, F32<S>, F32<S>) {
        let g = flush(g, self.least_gradient);
        let m = g.mul_add(g.constant(self.first), m * g.constant(self.beta1));
        let v = (g * g).mul_add(g.constant(self.second), v * g.constant(self.beta2));
        let (m, v) = (flush(m, f32::MIN_POSITIVE), flush(v, f32::MIN_POSITIVE));
        let direction = m / (v.sqrt() + g.constant(self.epsilon));
        let w = w * g.constant(self.kept);
        (m, v, direction.mul_add(g.constant(-self.rate), w))
    }
}

struct AdamBlock<'a> {
    coefficients: AdamCoefficients,
    gradient: &'a [f32],
    m: &'a mut [f32],
    v: &'a mut [f32],
    weights: &'a mut [f32],
}

impl Kernel for AdamBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let c = self.coefficients;
        let (gs, g_tail) = self.gradient.as_chunks::<LANES>();
        let (ms, m_tail) = self.m.as_chunks_mut::<LANES>();
        let (vs, v_tail) = self.v.as_chunks_mut::<LANES>();
        let (ws, w_tail) = self.weights.as_chunks_mut::<LANES>();
        for (((g, m), v), w) in gs.iter().zip(ms).zip(vs).zip(ws) {
            let (new_m, new_v, new_w) = c.update(
                F32::load(simd, g),
                F32::load(simd, m),
                F32::load(simd, v),
                F32::load(simd, w),
            );
            new_m.store(m);
            new_v.store(v);
            new_w.store(w);
        }
        if !g_tail.is_empty() {
            let (new_m, new_v, new_w) = c.update(
                F32::load_partial(simd, g_tail),
                F32::load_partial(simd, m_tail),
                F32::load_partial(simd, v_tail),
                F32::load_partial(simd, w_tail),
            );
            new_m.store_partial(m_tail);
            new_v.store_partial(v_tail);
            new_w.store_partial(w_tail);
        }
    }
}
