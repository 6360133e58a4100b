//! Chains that go from temperature to temperature, with their importance weights.
//!
//! ```text
//! p_β(v) ∝ f_β(v) = exp(((1 − β) a + β b) v + Σ Γ(β (v W + c)))        a: biases of the base-rate model
//!
//! weights    ln f_β'(v) − ln f_β(v) = (β' − β) (b − a) v + Σ Γ(β' x) − Γ(β x)        x = v W + c
//! moves      h ~ unit(β x)        v ~ visible(β h Wᵀ + β b + (1 − β) a)
//! ```
//!
//! f_0 is the base-rate model and f_1 the machine (Salakhutdinov & Murray 2008, the base-rate model without weights). A move is a Gibbs step of the joint distribution at β: it keeps p_β, and
//! is its own reverse. Gaussian visible units have the factor e^(−v²/2) at all temperatures. Where their σ is not 1, v is
//! v/σ here, and a and b are divided by it too: see `sigma.rs`.
//!
//! x [chains, hidden] is computed once for weights and moves, so that a temperature takes two products.

use halfwave_kernels::{
    Level,
    rng::{Block, NoisePlan},
    units,
};
use rayon::prelude::*;

use super::{
    super::{
        Rbm, Visible,
        norms::spectral_norm,
        units::{log_partition, norm_limit},
    },
    ais::AisConfig,
    differences::log_partition_difference,
    partition::{visible_partition, wide},
};
use crate::{TrainError, buffers::zeros};

/// Chains that one task takes.
const ROWS: usize = 10;

pub(super) struct Annealing<'a> {
    rbm: &'a Rbm,
    level: Level,
    /// a.
    base: Vec<f32>,
    plan: NoisePlan,
    hidden_block: Block,
    visible_block: Block,
    /// `[chains, visible]`.
    pub(super) v: Vec<f32>,
    /// v W + c at the last weighing `[chains, hidden]`.
    x: Vec<f32>,
    /// β h `[chains, hidden]`; before, memory.
    h: Vec<f32>,
    memory: Vec<f32>,
    /// β b + (1 − β) a `[visible]`.
    bias: Vec<f32>,
    /// `[chains]`.
    pub(super) log_weights: Vec<f64>,
}

impl<'a> Annealing<'a> {
    /// Chains at v = 0 with weights 1, for so many `moves`.
    pub(super) fn new(
        rbm: &'a Rbm,
        level: Level,
        config: &AisConfig,
        moves: usize,
    ) -> Result<Self, TrainError> {
        check_density(rbm)?;
        let (visible, hidden) = (rbm.visible_units, rbm.hidden_units());
        let AisConfig { chains, seed, ref base, .. } = *config;
        TrainError::require(chains > 0, "chains", "at least 1", chains)?;
        let base = base.clone().unwrap_or_else(|| vec![0.0; visible]);
        if base.len() != visible {
            let (expected, found) = (visible, base.len());
            return Err(TrainError::Shape {
                name: "biases of the base-rate model",
                expected,
                found,
            });
        }
        if let Some(bad) = base.iter().find(|a| !a.is_finite()) {
            return Err(TrainError::setting("base", "finite numbers", bad));
        }
        let base = rbm.scaled(&base).into_owned();
        let mut builder = NoisePlan::builder(seed);
        let hidden_block = builder.each_step(rbm.hidden_draws(chains));
        let visible_block = builder.each_step(rbm.visible_draws(chains));
        let plan = builder.build(moves as u64)?;
        let states = |units: usize| zeros("the states of the chains", &[chains, units]);
        Ok(Self {
            rbm,
            level,
            base,
            plan,
            hidden_block,
            visible_block,
            v: states(visible)?,
            x: states(hidden)?,
            h: states(hidden)?,
            memory: states(hidden)?,
            bias: vec![0.0; visible],
            log_weights: vec![0.0; chains],
        })
    }

    /// ln Z of the base-rate model, hidden units included.
    pub(super) fn base_log_z(&self) -> f64 {
        let config = &self.rbm.config;
        let hidden = log_partition(config.hidden, 0.0).unwrap_or(f64::NAN);
        let bias = wide(self.rbm.unit_bias());
        let visible = visible_partition(config.visible, &bias, &wide(&self.base));
        visible + self.rbm.log_volume() + config.hidden_units as f64 * hidden
    }

    /// Multiplies the weights by f_to(v) / f_from(v).
    pub(super) fn weigh(&mut self, from: f32, to: f32) {
        let Self { rbm, level, .. } = *self;
        let (visible, hidden) = (rbm.visible_units, rbm.hidden_units());
        rbm.hidden_input(level, &self.v, &mut self.x);
        let step = f64::from(to) - f64::from(from);
        let (b, a) = (rbm.unit_bias(), &self.base);
        let tasks = self.v.par_chunks(ROWS * visible).zip(self.x.par_chunks(ROWS * hidden));
        let memory =
            self.h.par_chunks_mut(ROWS * hidden).zip(self.memory.par_chunks_mut(ROWS * hidden));
        let tasks = tasks.zip(memory).zip(self.log_weights.par_chunks_mut(ROWS));
        tasks.for_each(|(((v, x), (h, memory)), weights)| {
            let rows = v.chunks_exact(visible).zip(x.chunks_exact(hidden));
            let memory = h.chunks_exact_mut(hidden).zip(memory.chunks_exact_mut(hidden));
            for (((v, x), (h, memory)), weight) in rows.zip(memory).zip(weights) {
                let units = rbm.config.hidden;
                *weight += step * difference_dot(b, a, v)
                    + log_partition_difference(level, units, [from, to], x, [h, memory]);
            }
        });
    }

    /// One Gibbs step at temperature β from the states that were weighed last, with the noise of move
    /// number `at`. At β = 0, an independent state of the base-rate model.
    pub(super) fn step(&mut self, beta: f32, at: usize) {
        let Self { rbm, level, .. } = *self;
        let (hidden, unit) = (rbm.hidden_units(), rbm.config.hidden);
        let noise = self.plan.at(self.hidden_block, at as u64);
        let draws = rbm.hidden_draws(ROWS);
        let tasks = self.h.par_chunks_mut(ROWS * hidden).zip(self.x.par_chunks(ROWS * hidden));
        tasks.enumerate().for_each(|(task, (h, x))| {
            h.iter_mut().zip(x).for_each(|(h, x)| *h = beta * x);
            units::sample_in_place(level, unit, noise.skip(task as u64 * draws), h);
            h.iter_mut().for_each(|h| *h *= beta);
        });
        let biases = self.base.iter().zip(rbm.unit_bias());
        for (bias, (a, b)) in self.bias.iter_mut().zip(biases) {
            *bias = (1.0 - beta) * a + beta * b;
        }
        let noise = self.plan.at(self.visible_block, at as u64);
        rbm.visible_states_at(level, &self.bias, &self.h, Some(noise), &mut self.v);
    }
}

/// Σ (b − a) v, in eight partial sums.
fn difference_dot(b: &[f32], a: &[f32], v: &[f32]) -> f64 {
    const LANES: usize = 8;
    let mut sums = [0.0; LANES];
    let term = |i: usize| (f64::from(b[i]) - f64::from(a[i])) * f64::from(v[i]);
    let whole = v.len() / LANES * LANES;
    for first in (0..whole).step_by(LANES) {
        sums.iter_mut().enumerate().for_each(|(lane, sum)| *sum += term(first + lane));
    }
    sums.iter().sum::<f64>() + (whole..v.len()).map(term).sum::<f64>()
}

/// That the units have an energy, and that Z is finite as far as the spectral norm tells.
fn check_density(rbm: &Rbm) -> Result<(), TrainError> {
    let (visible, hidden) = (rbm.config.visible, rbm.config.hidden);
    if log_partition(hidden, 0.0).is_none() {
        return Err(TrainError::NoEnergy { hidden: hidden.name() });
    }
    if let (Visible::Gaussian, Some(limit)) = (visible, norm_limit(hidden)) {
        /// Calls of the power iteration, each of which goes on where the last one ended.
        const CALLS: usize = 20;
        let mut direction = Vec::new();
        let norms =
            (0..CALLS).map(|_| spectral_norm(&rbm.weights, rbm.hidden_units(), &mut direction));
        let norm = norms.fold(0.0, f64::max);
        if norm >= limit {
            return Err(TrainError::NoDensity { hidden: hidden.name(), norm, limit });
        }
    }
    Ok(())
}
