//! What a reconstruction costs, and its gradient.
//!
//! ```text
//! y, t, dy [batch, visible]
//!
//! quadratic        Σ (y − t)²                             dy = 2 (y − t)
//! cross-entropy    Σ ln(1 + eʸ) − t y, t in [0, 1]        dy = σ(y) − t
//! ```
//!
//! The cross-entropy is −t ln σ(y) − (1 − t) ln(1 − σ(y)): the sigmoid of the decoder is part of it.

use halfwave_kernels::{Kind, Level, par_forward};
use rayon::prelude::*;

use crate::{
    TrainError,
    buffers::{find, squared_distance, wide_dot},
    samples::Rows,
};

/// Numbers that a thread takes at a time.
const BLOCK: usize = 1 << 14;

/// What the outputs of a decoder are compared with its targets by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Σ (y − t)².
    Quadratic,
    /// −Σ t ln σ(y) + (1 − t) ln(1 − σ(y)).
    CrossEntropy,
}

impl Cost {
    /// Of outputs y and targets t, by definition in `f64`.
    #[must_use]
    pub fn value(self, y: &[f32], t: &[f32]) -> f64 {
        let wide = |&y: &f32| f64::from(y);
        let of = |(y, t): (f64, f64)| match self {
            Self::Quadratic => (y - t).powi(2),
            Self::CrossEntropy => y.max(0.0) + (-y.abs()).exp().ln_1p() - t * y,
        };
        y.iter().map(wide).zip(t.iter().map(wide)).map(of).sum()
    }

    /// The cost; leaves the gradient in `dy`. `scratch` is overwritten.
    pub(super) fn backward(
        self,
        level: Level,
        y: &[f32],
        t: &[f32],
        scratch: &mut [f32],
        dy: &mut [f32],
    ) -> f64 {
        let blocks = |dy: &mut [f32], f: fn(&mut f32, f32, f32)| {
            let blocks = (dy.par_chunks_mut(BLOCK), y.par_chunks(BLOCK), t.par_chunks(BLOCK));
            blocks.into_par_iter().for_each(|(dy, y, t)| {
                dy.iter_mut().zip(y).zip(t).for_each(|((dy, &y), &t)| f(dy, y, t));
            });
        };
        match self {
            Self::Quadratic => {
                blocks(dy, |dy, y, t| *dy = 2.0 * (y - t));
                squared_distance(y, t)
            }
            Self::CrossEntropy => {
                par_forward(level, Kind::Sigmoid, y, dy);
                blocks(dy, |dy, _, t| *dy -= t);
                par_forward(level, Kind::Softplus, y, scratch);
                let softplus: f64 = scratch.iter().map(|&s| f64::from(s)).sum();
                softplus - wide_dot(y, t)
            }
        }
    }

    /// Numbers that [`Cost::backward`] needs beside the gradient.
    pub(super) fn scratch(self, numbers: usize) -> usize {
        if self == Self::CrossEntropy { numbers } else { 0 }
    }

    /// That the targets are in its domain.
    pub(super) fn check(self, targets: Rows<'_>, visible: usize) -> Result<(), TrainError> {
        if self == Self::Quadratic {
            return Ok(());
        }
        targets.check_each(visible, |t| match find(t, visible, |t| (0.0..=1.0).contains(&t)) {
            Some((row, column, value)) => Err(TrainError::Target { row, column, value }),
            None => Ok(()),
        })
    }
}
