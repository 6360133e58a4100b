//! y = c x: what a function takes or gives times a number.
//!
//! ```text
//! x, y, dy, dx [batch, width]        dx = c dy
//! ```
//!
//! Softplus between factors of α and 1/α is Glorot, Bordes & Bengio's rescaled softplus (AISTATS 2011, section 4.1) for any α.

use halfwave_kernels::{Level, rng::Noise};
use rayon::prelude::*;

use super::{BLOCK, Backward, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// y = c x.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// c.
    pub factor: f32,
    /// Numbers of a row.
    pub width: usize,
}

impl Ops for Scale {
    fn name(&self) -> &'static str {
        "scale"
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        let output = zeros("the outputs of a layer", &[batch, self.width])?;
        Ok(Tape { output, ..Tape::default() })
    }

    fn forward(&self, _: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        let y = &mut tape.output[..x.len()];
        y.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).for_each(|(y, x)| {
            y.iter_mut().zip(x).for_each(|(y, x)| *y = self.factor * x);
        });
    }

    fn passes_gates(&self) -> bool {
        true
    }

    fn in_place(&self) -> bool {
        true
    }

    fn backward(&self, Backward { dy, .. }: Backward<'_>, _: &mut Tape) {
        dy.par_chunks_mut(BLOCK).for_each(|dy| dy.iter_mut().for_each(|dy| *dy *= self.factor));
    }
}
