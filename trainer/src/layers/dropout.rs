//! Dropout, inverted or of SELU's kind, and noise that masks: y = a x + b for a number that is kept, and else y = d.
//!
//! ```text
//! x, y, dx, dy [batch, width], p the rate
//!
//! forward    y  = a x + b or d
//! backward   dx = dy a or 0
//!
//! dropout          a = 1 / (1 − p),                    b = 0,        d = 0
//! masking noise    a = 1,                              b = 0,        d = 0
//! salt and pepper  a = 1,                              b = 0,        d = 0 or 1, each with p / 2
//! alpha-dropout    a = 1 / √((1 − p)(1 + p α'²)),      b = −a p α',  d = a α' + b,     α' = −λα of SELU
//! ```
//!
//! Dropout leaves the mean as it is, so that inference leaves the layer out: Srivastava et al., JMLR 15 (2014).
//! Alpha-dropout leaves mean 0 and variance 1 as they are: Klambauer et al., NIPS 2017, section 3. Masking noise
//! and salt and pepper corrupt what a denoising auto-encoder sees, and what is left stays as it is: Vincent et al., JMLR 11
//! (2010), section 3.3; on bags of words Glorot, Bordes & Bengio, AISTATS 2011, section 4.2.

use std::hint::select_unpredictable;

use halfwave_kernels::{
    Level,
    rng::{self, Noise},
};
use rayon::prelude::*;

use super::{BLOCK, Backward, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// −λα: where SELU saturates.
const SATURATED: f64 = -1.758_099_340_847_376_6;

/// Some numbers are left out, in training.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    name: &'static str,
    rate: f32,
    width: usize,
    /// a and b.
    kept: [f32; 2],
    /// d, below half of the rate and above it.
    dropped: [f32; 2],
}

impl Dropout {
    /// A layer that drops with probability `rate`, for rows of `width` numbers.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `rate` is not in \[0, 1).
    pub fn new(rate: f32, width: usize) -> Result<Self, TrainError> {
        crate::optim::share("dropout", rate)?;
        let kept = [1.0 / (1.0 - rate), 0.0];
        Ok(Self { name: "dropout", rate, width, kept, dropped: [0.0; 2] })
    }

    /// The same for SELU.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `rate` is not in \[0, 1).
    pub fn alpha(rate: f32, width: usize) -> Result<Self, TrainError> {
        crate::optim::share("dropout", rate)?;
        let p = f64::from(rate);
        let a = ((1.0 - p) * (1.0 + p * SATURATED * SATURATED)).sqrt().recip();
        let b = -a * p * SATURATED;
        let dropped = [(a * SATURATED + b) as f32; 2];
        Ok(Self { name: "alpha-dropout", rate, width, kept: [a as f32, b as f32], dropped })
    }

    /// Masking noise: what is not dropped stays as it is.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `rate` is not in \[0, 1).
    pub fn masking(rate: f32, width: usize) -> Result<Self, TrainError> {
        crate::optim::share("masking", rate)?;
        Ok(Self { name: "masking", rate, width, kept: [1.0, 0.0], dropped: [0.0; 2] })
    }

    /// Salt and pepper: what is not dropped stays as it is, the rest is 0 or 1.
    ///
    /// # Errors
    /// [`TrainError::Setting`] if `rate` is not in \[0, 1).
    pub fn salt_and_pepper(rate: f32, width: usize) -> Result<Self, TrainError> {
        crate::optim::share("salt_and_pepper", rate)?;
        let (kept, dropped) = ([1.0, 0.0], [0.0, 1.0]);
        Ok(Self { name: "salt-and-pepper", rate, width, kept, dropped })
    }
}

impl Tape {
    /// The mask of the last forward through [`Dropout`]: 0 or a, element by element.
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
        let (rate, [scale, shift], [low, high]) = (self.rate, self.kept, self.dropped);
        let (mask, y) = (&mut tape.saved[..x.len()], &mut tape.output[..x.len()]);
        (mask.par_chunks_mut(BLOCK), y.par_chunks_mut(BLOCK), x.par_chunks(BLOCK))
            .into_par_iter()
            .enumerate()
            .for_each(|(block, (mask, y, x))| {
                rng::uniform(level, noise.skip((block * BLOCK) as u64), mask);
                // As branches, one choice in four would be foreseen wrongly, or one in two.
                let (rate, scale, shift, low, high) = (rate, scale, shift, low, high);
                for ((y, m), x) in y.iter_mut().zip(mask).zip(x) {
                    let left_out = *m < rate;
                    let dropped = select_unpredictable(*m < 0.5 * rate, low, high);
                    *m = select_unpredictable(left_out, 0.0, scale);
                    *y = select_unpredictable(left_out, dropped, x * scale + shift);
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
        let mask = &tape.saved[..dy.len()];
        dy.par_chunks_mut(BLOCK).zip(mask.par_chunks(BLOCK)).for_each(|(dy, mask)| {
            dy.iter_mut().zip(mask).for_each(|(dy, m)| *dy *= m);
        });
    }
}
