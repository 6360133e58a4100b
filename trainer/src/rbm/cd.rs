//! CD-1, contrastive divergence with one step (Hinton 2002; the recipe of Hinton 2010, section 3).
//!
//! ```text
//! x₀ = v₀ W + c        a₀ = f(x₀)        s ~ unit(x₀)
//! v₁ = mean of the visible units given s, without noise
//! a₁ = f(v₁ W + c)
//!
//! gradient of W    v₀ᵀ a₀ − v₁ᵀ a₁        of b    Σ v₀ − v₁        of c    Σ a₀ − a₁
//! ```
//!
//! Samples s drive the reconstruction, so that a hidden unit can say no more than a sample tells. The
//! statistics, on both sides, are those of the unit without noise: probabilities of Bernoulli units
//! (Hinton 2010, section 3.3: less sampling noise), max(0, x) of NReLU. One side sampled and the other not
//! would bias NReLU, whose mean is above max(0, x).
//!
//! Data and reconstruction stand one below the other, v `[2 batch, visible]` and h `[2 batch, hidden]`
//! with a₁ negated: the gradient of W is one product, vᵀ h, whose tiles become the update of W while they
//! are in cache.

use halfwave_kernels::{
    Level, forward,
    gemm::{self, Epilogue, MatRef},
    rng::Noise,
    rows, units,
};

use super::Rbm;
use crate::{
    TrainError,
    buffers::{matrix, matrix_mut, zeros},
};

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
}

/// Memory of a step.
pub(super) struct Chain {
    /// Data, then reconstructions.
    v: Vec<f32>,
    /// a₀, then −a₁.
    h: Vec<f32>,
    /// s.
    samples: Vec<f32>,
    /// Column sums of the reconstructions.
    sums: Vec<f32>,
    /// The gradient of the log-likelihood as CD-1 has it, summed over the batch.
    pub(super) biases: Biases,
}

impl Chain {
    pub(super) fn new(rbm: &Rbm) -> Result<Self, TrainError> {
        let (batch, visible, hidden) = (rbm.config.batch, rbm.visible_units, rbm.hidden_units());
        let buffer = |sizes: &[usize]| zeros("the states of a mini-batch", sizes);
        Ok(Self {
            v: buffer(&[2, batch, visible])?,
            h: buffer(&[2, batch, hidden])?,
            samples: buffer(&[batch, hidden])?,
            sums: buffer(&[visible])?,
            biases: Biases::new(visible, hidden)?,
        })
    }

    /// Where the data of a step with so many `rows` go, `[rows, visible]`.
    pub(super) fn data(&mut self, rows: usize, visible: usize) -> &mut [f32] {
        &mut self.v[..rows * visible]
    }

    /// v and h of the last step with so many `rows`: the gradient of W is vᵀ h.
    pub(super) fn states(&self, rbm: &Rbm, rows: usize) -> [MatRef<'_, f32>; 2] {
        let (visible, hidden) = (rbm.visible_units, rbm.hidden_units());
        let v = matrix(&self.v[..2 * rows * visible], visible);
        [v, matrix(&self.h[..2 * rows * hidden], hidden)]
    }

    /// Both phases for the data of `rows` rows. Returns the sum of (v₀ − v₁)².
    pub(super) fn step(&mut self, rbm: &Rbm, level: Level, noise: Noise, rows: usize) -> f64 {
        let (visible, hidden) = (rbm.visible_units, rbm.hidden_units());
        let v = &mut self.v[..2 * rows * visible];
        let h = &mut self.h[..2 * rows * hidden];
        let samples = &mut self.samples[..rows * hidden];
        let w = matrix(&rbm.weights, hidden);
        let (unit, bias) = (rbm.config.hidden, &rbm.hidden_bias[..]);
        let kind = unit.activation();

        let (v0, v1) = v.split_at_mut(rows * visible);
        let (a0, a1) = h.split_at_mut(rows * hidden);
        // x₀ stands where a₁ will be.
        let x0 = matrix_mut(a1, hidden);
        gemm::matmul(level, matrix(v0, visible), w, x0, Epilogue::Bias(bias));
        let x0 = &*a1;
        rayon::join(
            || forward(level, kind, x0, a0),
            || units::sample(level, unit, noise, x0, samples),
        );

        let s = matrix(samples, hidden);
        let epilogue = rbm.visible_epilogue();
        gemm::matmul(level, s, w.transpose(), matrix_mut(v1, visible), epilogue);
        let epilogue = Epilogue::BiasActivation { bias, kind };
        gemm::matmul(level, matrix(v1, visible), w, matrix_mut(a1, hidden), epilogue);
        a1.iter_mut().for_each(|a| *a = -*a);

        let Biases { visible: visible_bias, hidden: hidden_bias } = &mut self.biases;
        let sums = &mut self.sums;
        let of_visible = || {
            rows::column_sums(level, v1, sums);
            rows::column_sums(level, v0, visible_bias);
            visible_bias.iter_mut().zip(sums).for_each(|(v0, v1)| *v0 -= *v1);
            squared_distance(v0, v1)
        };
        let of_hidden = || rows::column_sums(level, h, hidden_bias);
        rayon::join(of_visible, of_hidden).0
    }
}

/// Σ (a − b)², in 16 partial sums that are added in order.
fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    const LANES: usize = 16;
    let (whole_a, tail_a) = a.as_chunks::<LANES>();
    let (whole_b, tail_b) = b.as_chunks::<LANES>();
    let mut sums = [0.0_f32; LANES];
    for (a, b) in whole_a.iter().zip(whole_b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += (a - b) * (a - b);
        }
    }
    let tail: f32 = tail_a.iter().zip(tail_b).map(|(a, b)| (a - b) * (a - b)).sum();
    sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() + f64::from(tail)
}
