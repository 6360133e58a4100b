//! A penalty on activations: the layer leaves x as it is and adds λ Σ|x| of each row to what is minimised.
//!
//! ```text
//! x, dx [batch, width]        dx = dy + λ sign(x), sign(0) = 0
//! ```
//!
//! It is added before f' of the layer below. The losses that are reported are without it. Glorot, Bordes & Bengio, AISTATS
//! 2011, section 3.2: λ = .001 gives rectifier networks their sparsity.

use halfwave_kernels::{Level, rng::Noise};
use rayon::prelude::*;

use super::{BLOCK, Backward, Mode, Ops, Tape};
use crate::TrainError;

/// λ Σ|x| of each row is part of what is minimised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct L1Activations {
    /// λ.
    pub weight: f32,
}

impl Ops for L1Activations {
    fn name(&self) -> &'static str {
        "l1-activations"
    }

    fn tape(&self, _: usize, _: Mode) -> Result<Tape, TrainError> {
        Ok(Tape::default())
    }

    fn forward(&self, _: Level, _: &[f32], _: &mut Tape, _: Noise) {}

    fn in_place(&self) -> bool {
        true
    }

    fn backward(&self, Backward { level, x, dy, gate, .. }: Backward<'_>, _: &mut Tape) {
        let weight = self.weight;
        dy.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).for_each(|(dy, x)| {
            for (dy, &x) in dy.iter_mut().zip(x) {
                *dy += if x == 0.0 { 0.0 } else { weight.copysign(x) };
            }
        });
        if let Some(gate) = gate {
            gate.apply(level, dy);
        }
    }
}
