//! Salt-and-pepper noise: in training, numbers are 0 with probability p / 2 and 1 with probability p / 2.
//!
//! ```text
//! x, y, u, dx, dy [batch, width], u uniform in [0, 1)
//!
//! forward    y  = 0 if u < p / 2, 1 if u < p, else x
//! backward   dx = 0 if u < p, else dy
//! ```
//!
//! What a denoising auto-encoder of binary rows sees: Vincent et al., JMLR 11 (2010), section 3.3; on bags of words
//! Glorot, Bordes & Bengio, AISTATS 2011, section 4.2.

use halfwave_kernels::{
    Level,
    rng::{self, Noise},
};
use rayon::prelude::*;

use super::{BLOCK, Backward, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// Some numbers are 0 and some are 1, in training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SaltAndPepper {
    rate: f32,
    width: usize,
}

impl SaltAndPepper {
    /// A layer that replaces numbers with probability `rate`, for rows of `width` numbers.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `rate` is not in \[0, 1).
    pub fn new(rate: f32, width: usize) -> Result<Self, TrainError> {
        crate::optim::share("salt_and_pepper", rate)?;
        Ok(Self { rate, width })
    }
}

impl Ops for SaltAndPepper {
    fn name(&self) -> &'static str {
        "salt-and-pepper"
    }

    fn tape(&self, batch: usize, mode: Mode) -> Result<Tape, TrainError> {
        let rows = if mode == Mode::Training && self.rate > 0.0 { batch } else { 0 };
        let buffer = || zeros("salt and pepper", &[rows, self.width]);
        Ok(Tape { saved: buffer()?, output: buffer()?, ..Tape::default() })
    }

    /// One draw an element.
    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, noise: Noise) {
        if tape.saved.is_empty() {
            return;
        }
        let rate = self.rate;
        let (u, y) = (&mut tape.saved[..x.len()], &mut tape.output[..x.len()]);
        (u.par_chunks_mut(BLOCK), y.par_chunks_mut(BLOCK), x.par_chunks(BLOCK))
            .into_par_iter()
            .enumerate()
            .for_each(|(block, (u, y, x))| {
                rng::uniform(level, noise.skip((block * BLOCK) as u64), u);
                for ((y, &u), &x) in y.iter_mut().zip(&*u).zip(x) {
                    let grain = if u < 0.5 * rate { 0.0 } else { 1.0 };
                    *y = if u < rate { grain } else { x };
                }
            });
    }

    fn passes_gates(&self) -> bool {
        true
    }

    fn in_place(&self) -> bool {
        true
    }

    fn backward(&self, Backward { dy, .. }: Backward<'_>, tape: &mut Tape) {
        if tape.saved.is_empty() {
            return;
        }
        let (rate, u) = (self.rate, &tape.saved[..dy.len()]);
        dy.par_chunks_mut(BLOCK).zip(u.par_chunks(BLOCK)).for_each(|(dy, u)| {
            dy.iter_mut().zip(u).filter(|(_, u)| **u < rate).for_each(|(dy, _)| *dy = 0.0);
        });
    }
}
