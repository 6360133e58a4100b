//! The gradient with weights of samples, a wanted activity and centring.
//!
//! ```text
//! row r of v and h counts gᵣ: the sample's weight ω for a data row, and for a chain −ω of the row that it
//! started at, or −Σ ω / rows where chains are persistent. The weights of all samples have mean 1.
//!
//! μ ← (1 − ν) μ + ν Σ ω v₀ / Σ ω        λ ← (1 − ν) λ + ν Σ ω a₀ / Σ ω        q, the activity, likewise
//!
//! u = v − μ        z = g (a − λ − cost (q − target))        the last term in data rows only
//!
//! gradient of W    uᵀ z        of b    Σ g v − (uᵀ z) λ        of c    Σ z − (uᵀ z)ᵀ μ
//! ```
//!
//! This is the gradient of the centred machine, E = −(v − μ)·b' − (h − λ)·c' − (v − μ) W (h − λ), in the
//! parameters of the plain one, b = b' − W λ and c = c' − μ W, whose energy stays that of `mod.rs`: an offset
//! that moves changes no probability, only the direction of the steps (Melchior, Fischer & Wiskott, JMLR 17,
//! 2016, the enhanced gradient, eq. 16 to 18; Montavon & Müller 2012). Neither product with uᵀ z is formed:
//! b's gradient is (g − z λ)ᵀ u and c's is (1 − u μ)ᵀ z, Σ g being 0. The first step takes its batch's means.
//!
//! Activity: Hinton 2010, section 11.

use halfwave_kernels::Level;
use rayon::prelude::*;

use super::{
    Rbm, RbmConfig,
    cd::{Biases, Step, combine},
    config::{Centring, Sparsity},
};
use crate::{
    TrainError,
    buffers::{wide_dot, zeros},
    checkpoint::{Place, Places},
};

/// Running means of the steps so far.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Averages {
    started: bool,
    /// μ `[visible]`; 0 without centring.
    visible: Vec<f32>,
    /// λ `[hidden]`; 0 without centring.
    hidden: Vec<f32>,
    /// q `[hidden]`; 0 without a target.
    activity: Vec<f32>,
}

impl Averages {
    pub(super) fn new(visible: usize, hidden: usize) -> Result<Self, TrainError> {
        let buffer = |units: usize| zeros("the running means", &[units]);
        Ok(Self {
            started: false,
            visible: buffer(visible)?,
            hidden: buffer(hidden)?,
            activity: buffer(hidden)?,
        })
    }

    pub(super) fn places(&mut self) -> Places<'_> {
        vec![
            ("means.started".into(), Place::Flag(&mut self.started)),
            ("means.visible".into(), Place::Fixed(&mut self.visible)),
            ("means.hidden".into(), Place::Fixed(&mut self.hidden)),
            ("means.activity".into(), Place::Fixed(&mut self.activity)),
        ]
    }
}

/// The mean that the means of a batch, `sums` · `scale`, move by the share `rate`.
fn follow(started: bool, rate: f32, scale: f32, before: &[f32], sums: &[f32], mean: &mut [f32]) {
    let rate = if started { rate } else { 1.0 };
    for ((mean, before), sum) in mean.iter_mut().zip(before).zip(sums) {
        *mean = (1.0 - rate) * before + rate * scale * sum;
    }
}

impl Step {
    /// Makes u and z of v and h, and the gradients of the biases, after [`Step::count_rows`].
    pub(super) fn general_gradient(&mut self, rbm: &Rbm, level: Level, rows: usize) {
        let (visible, hidden) = (rbm.visible_units, rbm.hidden_units());
        let RbmConfig { sparsity, centring, .. } = rbm.config;
        let (v, h) = (&mut self.v[..2 * rows * visible], &mut self.h[..2 * rows * hidden]);
        let [g, other] = &mut self.factors;
        let (g, other) = (&mut g[..2 * rows], &mut other[..2 * rows]);
        let of_data = &g[..rows];
        let total: f32 = of_data.iter().sum();
        let Biases { visible: of_b, hidden: of_c } = &mut self.biases;
        let (before, after) = (&rbm.averages, &mut self.averages);
        let scale = 1.0 / total;
        if sparsity.is_some() || centring.is_some() {
            combine(level, of_data, &h[..rows * hidden], of_c);
        }
        if let Some(Centring { rate }) = centring {
            combine(level, of_data, &v[..rows * visible], of_b);
            follow(before.started, rate, scale, &before.visible, of_b, &mut after.visible);
            follow(before.started, rate, scale, &before.hidden, of_c, &mut after.hidden);
            v.par_chunks_exact_mut(visible).for_each(|v| {
                v.iter_mut().zip(&after.visible).for_each(|(v, mu)| *v -= mu);
            });
        }
        if let Some(Sparsity { decay, .. }) = sparsity {
            follow(before.started, 1.0 - decay, scale, &before.activity, of_c, &mut after.activity);
        }
        after.started = true;

        let (cost, target) = sparsity.map_or((0.0, 0.0), |s| (s.cost, s.target));
        let after = &*after;
        h.par_chunks_exact_mut(hidden).zip(&*g).enumerate().for_each(|(row, (h, g))| {
            let cost = if row < rows { cost } else { 0.0 };
            for ((a, lambda), q) in h.iter_mut().zip(&after.hidden).zip(&after.activity) {
                *a = g * (*a - lambda - cost * (q - target));
            }
        });

        // Σ g v, with v moved by μ or not, is the same.
        if centring.is_some() {
            let z = h.par_chunks_exact(hidden);
            z.zip(&mut *g).for_each(|(z, g)| *g -= wide_dot(z, &after.hidden) as f32);
            let u = v.par_chunks_exact(visible);
            u.zip(&mut *other)
                .for_each(|(u, other)| *other = 1.0 - wide_dot(u, &after.visible) as f32);
        } else {
            other.fill(1.0);
        }
        combine(level, g, v, of_b);
        combine(level, other, h, of_c);
    }
}
