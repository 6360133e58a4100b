//! Max-pooling.
//!
//! ```text
//! x, dx [batch, height, width, channels]        y, dy [batch, out_h, out_w, channels]
//!
//! forward    y  = the maximum of each window
//! backward   dx = dy at the place of the maximum, 0 elsewhere
//! ```

use std::ptr;

use halfwave_kernels::{
    Level, Saved,
    conv::{self, MaxPool2d},
    rng::Noise,
};

use super::{Backward, Gate, Mode, Ops, Tape};
use crate::{TrainError, buffers::zeros};

/// The maximum of each window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxPool {
    /// Of one image.
    pub(super) shape: MaxPool2d,
}

impl MaxPool {
    fn of(&self, rows: usize) -> MaxPool2d {
        self.shape.with_batch(rows).expect("x is in memory")
    }
}

/// Whether f' of a gate, at the maximum of a window, is f' at what comes out of the pool: it is of x, by f(x).
fn of_maximum(gate: &Gate<'_>, x: &[f32]) -> bool {
    gate.kind.saved() == Saved::Output && ptr::eq(gate.saved, x)
}

impl Ops for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn tape(&self, batch: usize, _: Mode) -> Result<Tape, TrainError> {
        let width: usize = self.shape.output().iter().product();
        let output = zeros("the outputs of a layer", &[batch, width])?;
        let indices = vec![0; output.len()];
        Ok(Tape { output, indices, ..Tape::default() })
    }

    fn forward(&self, level: Level, x: &[f32], tape: &mut Tape, _: Noise) {
        let shape = self.of(x.len() / self.shape.input().iter().product::<usize>());
        let length: usize = shape.output().iter().product();
        let Tape { output, indices, .. } = tape;
        conv::max_pool(level, &shape, x, &mut output[..length], &mut indices[..length]);
    }

    /// f' at the maximum is all that counts, and y is f there, unless a layer between the two changed it.
    fn gate<'a>(
        &self,
        x: &'a [f32],
        tape: &'a Tape,
        length: usize,
        below: &dyn Fn() -> Option<Gate<'a>>,
    ) -> Option<Gate<'a>> {
        let gate = below().filter(|gate| of_maximum(gate, x))?;
        Some(Gate { kind: gate.kind, saved: &tape.output[..length] })
    }

    fn backward(&self, Backward { level, x, dy, dx, gate }: Backward<'_>, tape: &mut Tape) {
        let Some(dx) = dx else { return };
        let shape = self.of(x.len() / self.shape.input().iter().product::<usize>());
        conv::max_pool_backward(level, &shape, &tape.indices[..dy.len()], dy, dx);
        if let Some(gate) = gate.filter(|gate| !of_maximum(gate, x)) {
            gate.apply(level, dx);
        }
    }
}
