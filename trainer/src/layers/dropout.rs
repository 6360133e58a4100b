//! Inverted dropout: y = x m, with m = 0 with probability p and 1 / (1 − p) else.
//!
//! ```text
//! x, m, y, dx, dy [batch, width]
//!
//! forward    y  = x m
//! backward   dx = dy m
//! ```
//!
//! The mean of y is x, so that evaluation leaves the layer out. Srivastava et al., JMLR 15 (2014).

use halfwave_kernels::{
    Level,
    rng::{self, Noise},
};

use crate::{TrainError, buffers::zeros};

/// The masks and outputs of a dropout layer.
#[derive(Clone, Debug)]
pub struct Dropout {
    rate: f32,
    mask: Vec<f32>,
    /// y `[batch, width]`.
    pub output: Vec<f32>,
}

impl Dropout {
    /// A layer that drops with probability `rate`, for up to `batch` rows.
    ///
    /// # Errors
    /// [`TrainError::Memory`], and [`TrainError::Setting`] if `rate` is not in \[0, 1).
    pub fn new(rate: f32, batch: usize, width: usize) -> Result<Self, TrainError> {
        TrainError::require((0.0..1.0).contains(&rate), "dropout", "0 to below 1", rate)?;
        let buffer = || zeros("the masks of dropout", &[batch, width]);
        Ok(Self { rate, mask: buffer()?, output: buffer()? })
    }

    /// Draws a mask, one draw an element, and fills the first elements of `output` from `x`.
    ///
    /// # Panics
    /// If `x` has more elements than the layer.
    pub fn forward(&mut self, level: Level, noise: Noise, x: &[f32]) {
        let mask = &mut self.mask[..x.len()];
        rng::uniform(level, noise, mask);
        let (rate, scale) = (self.rate, 1.0 / (1.0 - self.rate));
        for ((y, m), x) in self.output.iter_mut().zip(mask).zip(x) {
            *m = if *m < rate { 0.0 } else { scale };
            *y = x * *m;
        }
    }

    /// dy becomes dx, with the mask of the last forward.
    pub fn backward(&self, dy: &mut [f32]) {
        dy.iter_mut().zip(&self.mask).for_each(|(dy, m)| *dy *= m);
    }

    /// The mask of the last forward: 0 or 1 / (1 − rate), element by element.
    pub fn mask(&self) -> &[f32] {
        &self.mask
    }
}
