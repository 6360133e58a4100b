//! y = −x for the second half of the units (or channels), x for the others.
//!
//! ```text
//! x, y, dy, dx [batch · positions, channels]        dx = ±dy
//! ```
//!
//! It cancels the mean activation of a layer of rectifiers: Glorot, Bordes & Bengio, AISTATS 2011, section 3.2.

use halfwave_kernels::{Level, rng::Noise};
use rayon::prelude::*;

use super::{BLOCK, Backward, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// The outputs of half of the units change their sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NegateHalf {
    /// Numbers of a row: positions times channels.
    pub width: usize,
    /// Units, or channels of an image.
    pub channels: usize,
}

impl NegateHalf {
    /// Rows of channels that a thread takes at a time, in numbers.
    fn block(&self) -> usize {
        (BLOCK / self.channels).max(1) * self.channels
    }

    /// How many of the channels, the first ones, stay as they are.
    pub(crate) fn kept(&self) -> usize {
        self.channels.div_ceil(2)
    }
}

impl Ops for NegateHalf {
    fn name(&self) -> &'static str {
        "negate-half"
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        let output = zeros("the outputs of a layer", &[batch, self.width])?;
        Ok(Tape { output, ..Tape::default() })
    }

    fn forward(&self, _: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        let (block, y) = (self.block(), &mut tape.output[..x.len()]);
        y.par_chunks_mut(block).zip(x.par_chunks(block)).for_each(|(y, x)| {
            for (y, x) in y.chunks_mut(self.channels).zip(x.chunks(self.channels)) {
                let (kept, negated) = y.split_at_mut(self.kept());
                let (x_kept, x_negated) = x.split_at(self.kept());
                kept.copy_from_slice(x_kept);
                negated.iter_mut().zip(x_negated).for_each(|(y, x)| *y = -x);
            }
        });
    }

    fn passes_gates(&self) -> bool {
        true
    }

    fn in_place(&self) -> bool {
        true
    }

    fn backward(&self, Backward { dy, .. }: Backward<'_>, _: &mut Tape) {
        dy.par_chunks_mut(self.block()).for_each(|dy| {
            for dy in dy.chunks_mut(self.channels) {
                dy[self.kept()..].iter_mut().for_each(|dy| *dy = -*dy);
            }
        });
    }
}
