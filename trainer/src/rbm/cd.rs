//! One step of contrastive divergence, CD-k (Hinton 2002; the recipe of Hinton 2010, section 3), or of
//! persistent contrastive divergence, PCD-k (Younes 1989; Tieleman 2008).
//!
//! ```text
//! x₀ = v₀ W + c        a₀ = f(x₀)        s₀ ~ unit(x₀), or where the chains stood
//! vₜ = mean or sample of the visible units given sₜ₋₁        sₜ ~ unit(vₜ W + c)        t = 1 … k
//! aₖ = f(vₖ W + c)
//!
//! gradient of W    v₀ᵀ a₀ − vₖᵀ aₖ        of b    Σ v₀ − vₖ        of c    Σ a₀ − aₖ
//! ```
//!
//! Samples s drive the reconstruction, so that a hidden unit can say no more than a sample tells. The
//! statistics f, on both sides, are the means of the units: less sampling noise (Hinton 2010, section 3.3),
//! the same expectation. NReLU has f(x) = max(0, x): its mean is above that by an amount that belongs to its
//! noise, and one side sampled and the other not would bias the gradient; neither is the gradient of a
//! likelihood, since NReLU has no energy.
//!
//! Data and end of the chains stand one below the other, v `[2 batch, visible]` and h `[2 batch, hidden]`
//! with aₖ negated: the gradient of W is one product, vᵀ h, whose tiles become the update of W while they
//! are in cache.
//!
//! Where σ is not 1, v and b stand for v/σ and b/σ: see `sigma.rs`.
//!
//! A persistent chain's state is that of its hidden units, `[batch, hidden]`: vₖ W + c gives aₖ and the new
//! state, so that PCD costs no product more than CD. They start at the data of the first mini-batch. Where a
//! mini-batch has fewer rows, the first chains take the step.

use halfwave_kernels::{
    Level,
    gemm::{self, Epilogue, MatRef},
    rows,
};
use rayon::prelude::*;

use super::{
    Rbm,
    averages::Averages,
    config::{Chains, States},
    sigma::SigmaStep,
};
use crate::{
    TrainError,
    buffers::{matrix, matrix_mut, squared_distance, zeros},
};

/// Elements that a task negates at least.
const NEGATED: usize = 1 << 15;

/// One number for each bias: a gradient, or the velocities.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Biases {
    /// Of b `[visible]`.
    pub(super) visible: Vec<f32>,
    /// Of c `[hidden]`.
    pub(super) hidden: Vec<f32>,
}

impl Biases {
    pub(super) fn new(visible: usize, hidden: usize) -> Result<Self, TrainError> {
        let buffer = |units: usize| zeros("the gradient of the biases", &[units]);
        Ok(Self { visible: buffer(visible)?, hidden: buffer(hidden)? })
    }

    pub(super) fn are_finite(&self) -> bool {
        [&self.visible, &self.hidden].iter().all(|x| x.iter().all(|x| x.is_finite()))
    }
}

/// Memory of a step.
pub(super) struct Step {
    /// Data, then the ends of the chains; centred at last.
    pub(super) v: Vec<f32>,
    /// a₀, then −aₖ; centred at last.
    pub(super) h: Vec<f32>,
    /// s.
    samples: Vec<f32>,
    /// Column sums of the chains' visible states.
    sums: Vec<f32>,
    /// What each row of v and h counts, the chains negative; two coefficients a row.
    pub(super) factors: [Vec<f32>; 2],
    /// The running means after this step.
    pub(super) averages: Averages,
    /// The gradient of the log-likelihood as the chains have it, summed over the batch.
    pub(super) biases: Biases,
    /// Where σ is learned.
    pub(super) sigma: Option<SigmaStep>,
}

impl Step {
    pub(super) fn new(rbm: &Rbm) -> Result<Self, TrainError> {
        let (batch, visible, hidden) = (rbm.config.batch, rbm.visible_units, rbm.hidden_units());
        let buffer = |sizes: &[usize]| zeros("the states of a mini-batch", sizes);
        Ok(Self {
            v: buffer(&[2, batch, visible])?,
            h: buffer(&[2, batch, hidden])?,
            samples: buffer(&[batch, hidden])?,
            sums: buffer(&[visible])?,
            factors: [buffer(&[2, batch])?, buffer(&[2, batch])?],
            averages: rbm.averages.clone(),
            biases: Biases::new(visible, hidden)?,
            sigma: SigmaStep::new(rbm)?,
        })
    }

    /// Where the data of a step with so many `rows` go, `[rows, visible]`.
    pub(super) fn data(&mut self, rows: usize, visible: usize) -> &mut [f32] {
        &mut self.v[..rows * visible]
    }

    /// v and h of the last step with so many `rows`: the gradient of W is vᵀ h.
    pub(super) fn states(
        &self,
        visible: usize,
        hidden: usize,
        rows: usize,
    ) -> [MatRef<'_, f32>; 2] {
        let v = matrix(&self.v[..2 * rows * visible], visible);
        [v, matrix(&self.h[..2 * rows * hidden], hidden)]
    }

    /// Where the persistent chains stand after the step.
    pub(super) fn chains(&self, rbm: &Rbm, rows: usize) -> &[f32] {
        &self.samples[..rows * rbm.hidden_units()]
    }

    /// Both phases for the data of `rows` rows: v and h are v₀ above vₖ and a₀ above aₖ.
    pub(super) fn phases(&mut self, rbm: &Rbm, level: Level, step: u64, rows: usize) {
        let (visible, hidden) = (rbm.visible_units, rbm.hidden_units());
        let (v0, v1) = self.v[..2 * rows * visible].split_at_mut(rows * visible);
        let (a0, a1) = self.h[..2 * rows * hidden].split_at_mut(rows * hidden);
        let samples = &mut self.samples[..rows * hidden];
        let config = &rbm.config;
        let k = config.steps;
        let mean_field = config.hidden_states == States::Mean;
        let stored = (!rbm.chains.is_empty()).then(|| &rbm.chains[..rows * hidden]);

        if mean_field || stored.is_some() {
            rbm.hidden_statistics(level, v0, a0);
        } else {
            let noise = rbm.hidden_noise(step, 0);
            rbm.hidden_statistics_and_samples(level, noise, v0, a0, samples);
        }
        for t in 1..=k {
            let s = match (mean_field, t) {
                (true, 1) => &*a0,
                (true, _) => &*a1,
                (false, 1) => stored.unwrap_or(samples),
                (false, _) => &*samples,
            };
            let sampled = config.visible_states() == States::Sample;
            let noise = sampled.then(|| rbm.visible_noise(step, t - 1));
            rbm.visible_states(level, s, noise, v1);
            let noise = rbm.hidden_noise(step, t);
            match (t < k, config.chains) {
                (true, _) if mean_field => rbm.hidden_statistics(level, v1, a1),
                (true, _) => rbm.sample_hidden(level, noise, v1, samples),
                (false, Chains::Data) => rbm.hidden_statistics(level, v1, a1),
                (false, Chains::Persistent) => {
                    rbm.hidden_statistics_and_samples(level, noise, v1, a1, samples);
                }
            }
        }
    }

    /// What each row of both phases counts, from the `weights` of the data rows, none if all are 1.
    pub(super) fn count_rows(
        &mut self,
        rbm: &Rbm,
        rows: usize,
        weights: Option<impl Iterator<Item = f32>>,
    ) {
        let (of_data, of_chains) = self.factors[0][..2 * rows].split_at_mut(rows);
        match weights {
            Some(weights) => of_data.iter_mut().zip(weights).for_each(|(g, w)| *g = w),
            None => of_data.fill(1.0),
        }
        let total: f32 = of_data.iter().sum();
        match rbm.config.chains {
            Chains::Data => of_chains.iter_mut().zip(&*of_data).for_each(|(c, d)| *c = -d),
            Chains::Persistent => of_chains.fill(-total / rows as f32),
        }
    }

    /// The gradient of ln σ² after the phases and [`Step::count_rows`], where it is learned.
    pub(super) fn sigma_gradient(&mut self, rbm: &Rbm, level: Level, rows: usize) {
        let (v, h) =
            (&self.v[..2 * rows * rbm.visible_units], &self.h[..2 * rows * rbm.hidden_units()]);
        if let Some(sigma) = &mut self.sigma {
            sigma.gradient(rbm, level, v, h, &self.factors[0][..2 * rows]);
        }
    }

    /// Whether the gradients of biases and of σ are finite.
    pub(super) fn is_finite(&self) -> bool {
        self.biases.are_finite() && self.sigma.as_ref().is_none_or(SigmaStep::is_finite)
    }

    /// What stays to be done where nothing is weighted, centred or wanted of the activity: −aₖ and the sums.
    /// Returns the sum of (v₀ − vₖ)².
    pub(super) fn plain_gradient(&mut self, rbm: &Rbm, level: Level, rows: usize) -> f64 {
        let (visible, hidden) = (rbm.visible_units, rbm.hidden_units());
        let (v0, v1) = self.v[..2 * rows * visible].split_at(rows * visible);
        let h = &mut self.h[..2 * rows * hidden];
        h[rows * hidden..].par_iter_mut().with_min_len(NEGATED).for_each(|a| *a = -*a);
        let (h, sums) = (&*h, &mut self.sums);
        let Biases { visible: visible_bias, hidden: hidden_bias } = &mut self.biases;
        let of_visible = || {
            rows::column_sums(level, v1, sums);
            rows::column_sums(level, v0, visible_bias);
            visible_bias.iter_mut().zip(sums).for_each(|(v0, v1)| *v0 -= *v1);
            rbm.squared_distance(v0, v1)
        };
        let of_hidden = || rows::column_sums(level, h, hidden_bias);
        rayon::join(of_visible, of_hidden).0
    }

    /// Sum of (v − reconstruction)² of the `rows` data rows, by means in both directions. Overwrites both
    /// phases.
    pub(super) fn reconstruction_error(&mut self, rbm: &Rbm, level: Level, rows: usize) -> f64 {
        let (visible, hidden) = (rbm.visible_units, rbm.hidden_units());
        let (v0, v1) = self.v[..2 * rows * visible].split_at_mut(rows * visible);
        let a = &mut self.h[..rows * hidden];
        rbm.hidden_statistics(level, v0, a);
        rbm.visible_states(level, a, None, v1);
        rbm.squared_distance(v0, v1)
    }
}

impl Rbm {
    /// Σ (a − b)² of visible states, in the units of the data.
    fn squared_distance(&self, a: &[f32], b: &[f32]) -> f64 {
        self.sigma.as_ref().map_or_else(|| squared_distance(a, b), |s| s.squared_distance(a, b))
    }
}

/// `coefficients [rows]` · `x [rows, width]` into `out [width]`.
pub(super) fn combine(level: Level, coefficients: &[f32], x: &[f32], out: &mut [f32]) {
    let width = out.len();
    let (left, x) = (matrix(coefficients, coefficients.len()), matrix(x, width));
    gemm::matmul(level, left, x, matrix_mut(out, width), Epilogue::None);
}
