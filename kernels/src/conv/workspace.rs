//! The buffers of a convolution.

use super::{Conv2d, plan::Needs};
use crate::gemm::Line;

/// Buffers for all three products of a shape, and of the same layer on smaller batches. Some MiB, that are
/// made once: nothing else is allocated.
///
/// ```
/// use halfwave_kernels::conv::{Conv2d, Padding, Workspace};
/// let shape = Conv2d::new([128, 8, 8, 3], [3, 3, 3, 4], [1, 1], Padding::Same)?;
/// let workspace = Workspace::new(&shape);
/// assert!(workspace.fits(&shape) && workspace.fits(&shape.with_batch(37)?));
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Workspace {
    lines: Vec<Line>,
    biases: Vec<f32>,
}

impl Workspace {
    /// Buffers for `shape`.
    #[must_use]
    pub fn new(shape: &Conv2d) -> Self {
        let needs = Needs::of(shape);
        Self { lines: vec![Line::ZERO; needs.lines], biases: vec![0.0; needs.biases] }
    }

    /// Whether the buffers are large enough for `shape`.
    #[must_use]
    pub fn fits(&self, shape: &Conv2d) -> bool {
        let needs = Needs::of(shape);
        needs.lines <= self.lines.len() && needs.biases <= self.biases.len()
    }

    /// Lines, and elements for gradients of biases.
    #[track_caller]
    pub(super) fn buffers(&mut self, shape: &Conv2d) -> (&mut [Line], &mut [f32]) {
        assert!(
            self.fits(shape),
            "the workspace is for a smaller shape than x {:?} with weights {:?}",
            shape.input(),
            shape.weights()
        );
        (&mut self.lines, &mut self.biases)
    }
}
