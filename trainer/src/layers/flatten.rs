//! `[height, width, channels]` as one row of numbers: only the shape changes.

use halfwave_kernels::{Level, rng::Noise};

use super::{Backward, Mode, Ops, Tape};
use crate::TrainError;

/// An image as a row of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flatten;

impl Ops for Flatten {
    fn name(&self) -> &'static str {
        "flatten"
    }

    fn tape(&self, _: usize, _: Mode) -> Result<Tape, TrainError> {
        Ok(Tape::default())
    }

    fn forward(&self, _: Level, _: &[f32], _: &mut Tape, _: Noise) {}

    fn passes_gates(&self) -> bool {
        true
    }

    fn in_place(&self) -> bool {
        true
    }

    fn backward(&self, _: Backward<'_>, _: &mut Tape) {}
}
