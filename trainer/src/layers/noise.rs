//! Gaussian noise: y = x + σ n in training, n ~ N(0, 1); x else.
//!
//! ```text
//! x, y, dy, dx [batch, width]        dx = dy
//! ```

use halfwave_kernels::{
    Level,
    rng::{self, Noise},
};
use rayon::prelude::*;

use super::{BLOCK, Backward, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// In training, y = x + σ n.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaussianNoise {
    /// σ.
    pub std: f32,
    /// Numbers of a row.
    pub width: usize,
}

impl Ops for GaussianNoise {
    fn name(&self) -> &'static str {
        "gaussian-noise"
    }

    fn tape(&self, batch: usize, mode: Mode) -> Result<Tape, TrainError> {
        let rows = if mode == Mode::Training { batch } else { 0 };
        let output = zeros("the outputs of a layer", &[rows, self.width])?;
        Ok(Tape { output, ..Tape::default() })
    }

    /// One draw an element.
    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, noise: Noise) {
        if tape.output.is_empty() {
            return;
        }
        let y = &mut tape.output[..x.len()];
        y.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).enumerate().for_each(|(block, (y, x))| {
            rng::normal(level, noise.skip((block * BLOCK) as u64), y);
            y.iter_mut().zip(x).for_each(|(y, x)| *y = self.std.mul_add(*y, *x));
        });
    }

    fn passes_gates(&self) -> bool {
        true
    }

    fn in_place(&self) -> bool {
        true
    }

    fn backward(&self, _: Backward<'_>, _: &mut Tape) {}
}
