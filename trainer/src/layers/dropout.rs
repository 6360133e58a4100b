//! Inverted dropout: y = x m, with m = 0 with probability p and 1 / (1 − p) else; masking noise: 1 else.
//!
//! ```text
//! x, m, y, dx, dy [batch, width]
//!
//! forward    y  = x m
//! backward   dx = dy m
//! ```
//!
//! The mean of y is x, so that inference leaves the layer out. Srivastava et al., JMLR 15 (2014). Masking noise
//! corrupts what a denoising auto-encoder sees, and what is left stays as it is: Vincent et al., JMLR 11 (2010),
//! section 3.3.

use halfwave_kernels::{
    Level,
    rng::{self, Noise},
};
use rayon::prelude::*;

use super::{BLOCK, Backward, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// Some numbers are 0, in training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    rate: f32,
    /// What is not dropped is multiplied by it.
    scale: f32,
    width: usize,
    name: &'static str,
}

impl Dropout {
    /// A layer that drops with probability `rate`, for rows of `width` numbers.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `rate` is not in \[0, 1).
    pub fn new(rate: f32, width: usize) -> Result<Self, TrainError> {
        crate::optim::share("dropout", rate)?;
        Ok(Self { rate, scale: 1.0 / (1.0 - rate), width, name: "dropout" })
    }

    /// Masking noise: as [`Dropout::new`], but what is not dropped stays as it is.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `rate` is not in \[0, 1).
    pub fn masking(rate: f32, width: usize) -> Result<Self, TrainError> {
        crate::optim::share("masking", rate)?;
        Ok(Self { rate, scale: 1.0, width, name: "masking" })
    }
}

impl Tape {
    /// The mask of the last forward through [`Dropout`]: 0 or 1 / (1 − rate), or 1 of masking
    /// noise, element by element.
    pub fn mask(&self) -> &[f32] {
        &self.saved
    }
}

impl Ops for Dropout {
    fn name(&self) -> &'static str {
        self.name
    }

    fn tape(&self, batch: usize, mode: Mode) -> Result<Tape, TrainError> {
        let rows = if mode == Mode::Training && self.rate > 0.0 { batch } else { 0 };
        let buffer = || zeros("the masks of dropout", &[rows, self.width]);
        Ok(Tape { saved: buffer()?, output: buffer()?, ..Tape::default() })
    }

    /// One draw an element.
    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, noise: Noise) {
        if tape.saved.is_empty() {
            return;
        }
        let Self { rate, scale, .. } = *self;
        let (mask, y) = (&mut tape.saved[..x.len()], &mut tape.output[..x.len()]);
        (mask.par_chunks_mut(BLOCK), y.par_chunks_mut(BLOCK), x.par_chunks(BLOCK))
            .into_par_iter()
            .enumerate()
            .for_each(|(block, (mask, y, x))| {
                rng::uniform(level, noise.skip((block * BLOCK) as u64), mask);
                for ((y, m), x) in y.iter_mut().zip(mask).zip(x) {
                    *m = if *m < rate { 0.0 } else { scale };
                    *y = x * *m;
                }
            });
    }

    fn in_place(&self) -> bool {
        true
    }

    fn backward(&self, Backward { dy, .. }: Backward<'_>, tape: &mut Tape) {
        if tape.saved.is_empty() {
            return;
        }
        let mask = &tape.saved[..dy.len()];
        dy.par_chunks_mut(BLOCK).zip(mask.par_chunks(BLOCK)).for_each(|(dy, mask)| {
            dy.iter_mut().zip(mask).for_each(|(dy, m)| *dy *= m);
        });
    }
}
