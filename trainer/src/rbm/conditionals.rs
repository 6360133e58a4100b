//! From one layer to the other: means, samples and statistics of v given h and of h given v. Where σ is not 1, v is
//! v/σ here and b is b/σ: see `sigma.rs`.

use halfwave_kernels::{
    Level,
    gemm::{self, Both, Epilogue},
    rng::Noise,
    rows, units,
    units::potts,
};
use rayon::prelude::*;

use super::{Rbm, units::statistic};
use crate::buffers::{matrix, matrix_mut};

/// Rows that one task samples: Potts groups have no parallel form in place.
const ROWS: usize = 16;

impl Rbm {
    /// x [rows, hidden] ← v W + c.
    pub(super) fn hidden_input(&self, level: Level, v: &[f32], x: &mut [f32]) {
        self.to_hidden(level, v, x, Epilogue::Bias(&self.hidden_bias));
    }

    /// h [rows, hidden] ← samples given v; element i takes draws i·d to i·d + d − 1.
    pub(super) fn sample_hidden(&self, level: Level, noise: Noise, v: &[f32], h: &mut [f32]) {
        if !self.config.nrelu_noise.is_papers() {
            self.hidden_input(level, v, h);
            return self.config.nrelu_noise.sample_in_place(level, noise, h);
        }
        let (bias, unit) = (&self.hidden_bias[..], self.config.hidden);
        self.to_hidden(level, v, h, Epilogue::BiasSample { bias, unit, noise });
    }

    /// a [rows, hidden] ← what the gradient takes for h given v: see `cd.rs`.
    pub(super) fn hidden_statistics(&self, level: Level, v: &[f32], a: &mut [f32]) {
        match statistic(self.config.hidden) {
            Some(kind) => {
                let bias = &self.hidden_bias;
                self.to_hidden(level, v, a, Epilogue::BiasActivation { bias, kind });
            }
            None => {
                self.hidden_input(level, v, a);
                units::par_mean_in_place(level, self.config.hidden, a);
            }
        }
    }

    /// a ← the [statistics](Self::hidden_statistics), s ← samples of h given v, both [rows, hidden].
    pub(super) fn hidden_statistics_and_samples(
        &self,
        level: Level,
        noise: Noise,
        v: &[f32],
        a: &mut [f32],
        s: &mut [f32],
    ) {
        if !self.config.nrelu_noise.is_papers() {
            self.hidden_statistics(level, v, a);
            return self.sample_hidden(level, noise, v, s);
        }
        let (unit, hidden) = (self.config.hidden, self.hidden_units());
        let both = match statistic(unit) {
            Some(kind) => Both::ActivationAndSample { kind, unit, noise },
            None => Both::MeanAndSample { unit, noise },
        };
        let (v, w) = (matrix(v, self.visible_units), matrix(&self.weights, hidden));
        let outs = [a, s].map(|out| matrix_mut(out, hidden));
        gemm::matmul_both(level, v, w, &self.hidden_bias, outs, both);
    }

    /// v [rows, visible] ← samples given h from `noise`, a draw a group; without noise, the means.
    pub(super) fn visible_states(
        &self,
        level: Level,
        h: &[f32],
        noise: Option<Noise>,
        v: &mut [f32],
    ) {
        self.visible_states_at(level, self.unit_bias(), h, noise, v);
    }

    /// The same with other biases `[visible]`.
    pub(super) fn visible_states_at(
        &self,
        level: Level,
        bias: &[f32],
        h: &[f32],
        noise: Option<Noise>,
        v: &mut [f32],
    ) {
        let width = self.visible_units;
        let visible = self.config.visible;
        if let Some((unit, kind)) = visible.unit() {
            let mean = Epilogue::BiasActivation { bias, kind };
            let sample = |noise| Epilogue::BiasSample { bias, unit, noise };
            return self.to_visible(level, h, v, noise.map_or(mean, sample));
        }
        self.to_visible(level, h, v, Epilogue::Bias(bias));
        let draws = visible.draws(ROWS * width);
        v.par_chunks_mut(ROWS * width).enumerate().for_each(|(i, v)| match noise {
            None => rows::softmax_in_place(level, v, visible.group()),
            Some(noise) => {
                potts::sample_in_place(level, noise.skip(i as u64 * draws), v, visible.group());
            }
        });
    }

    /// out [rows, hidden] ← v W, then the epilogue.
    pub(super) fn to_hidden(
        &self,
        level: Level,
        v: &[f32],
        out: &mut [f32],
        epilogue: Epilogue<'_>,
    ) {
        let hidden = self.hidden_units();
        let w = matrix(&self.weights, hidden);
        let v = matrix(v, self.visible_units);
        gemm::matmul(level, v, w, matrix_mut(out, hidden), epilogue);
    }

    /// out [rows, visible] ← h Wᵀ, then the epilogue.
    pub(super) fn to_visible(
        &self,
        level: Level,
        h: &[f32],
        out: &mut [f32],
        epilogue: Epilogue<'_>,
    ) {
        let hidden = self.hidden_units();
        let w = matrix(&self.weights, hidden).transpose();
        let out = matrix_mut(out, self.visible_units);
        gemm::matmul(level, matrix(h, hidden), w, out, epilogue);
    }

    /// Draws of the hidden samples of so many rows.
    pub(super) fn hidden_draws(&self, rows: usize) -> u64 {
        let row = (self.hidden_units() as u64).saturating_mul(self.config.hidden.draws().into());
        row.saturating_mul(rows as u64)
    }

    /// Draws of the visible samples of so many rows.
    pub(super) fn visible_draws(&self, rows: usize) -> u64 {
        self.config.visible.draws(self.visible_units).saturating_mul(rows as u64)
    }
}
