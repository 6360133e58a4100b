//! An activation of its own, where no product is in front of it: y = f(x).
//!
//! ```text
//! x, y, dy, dx [batch, width]        dx = f'(x) dy
//! ```

use halfwave_kernels::{Kind, Level, par_forward, rng::Noise};

use super::{Backward, Gate, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// y = f(x).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation {
    /// f.
    pub activation: Kind,
    /// Numbers of a row.
    pub width: usize,
}

impl Ops for Activation {
    fn name(&self) -> &'static str {
        "activation"
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        let output = zeros("the outputs of a layer", &[batch, self.width])?;
        Ok(Tape { output, ..Tape::default() })
    }

    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        par_forward(level, self.activation, x, &mut tape.output[..x.len()]);
    }

    fn gate<'a>(
        &self,
        x: &'a [f32],
        tape: &'a Tape,
        length: usize,
        _: &dyn Fn() -> Option<Gate<'a>>,
    ) -> Option<Gate<'a>> {
        Gate::new(self.activation, x, &tape.output[..length])
    }

    fn in_place(&self) -> bool {
        true
    }

    /// f' has been applied by the layer above.
    fn backward(&self, Backward { level, dy, gate, .. }: Backward<'_>, _: &mut Tape) {
        if let Some(gate) = gate {
            gate.apply(level, dy);
        }
    }
}
