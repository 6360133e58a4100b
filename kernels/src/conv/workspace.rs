//! The buffers of a convolution.

use super::{Conv2d, plan::Needs};
use crate::simd::{LANES, LINE};

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
    patches: Vec<f32>,
    sums: Vec<f32>,
}

impl Workspace {
    /// Buffers for `shape`.
    #[must_use]
    pub fn new(shape: &Conv2d) -> Self {
        let needs = Needs::of(shape);
        Self { patches: vec![0.0; needs.patches + LANES], sums: vec![0.0; needs.sums] }
    }

    /// Whether the buffers are large enough for `shape`.
    #[must_use]
    pub fn fits(&self, shape: &Conv2d) -> bool {
        let needs = Needs::of(shape);
        needs.patches + LANES <= self.patches.len() && needs.sums <= self.sums.len()
    }

    /// The patches from a cache line on, then the sums.
    #[track_caller]
    pub(super) fn buffers(&mut self, shape: &Conv2d) -> (&mut [f32], &mut [f32]) {
        assert!(
            self.fits(shape),
            "the workspace is for a smaller shape than x {:?} with weights {:?}",
            shape.input(),
            shape.weights()
        );
        // From a cache line on: a store over two lines takes twice as long.
        let start = self.patches.as_ptr().align_offset(LINE).min(LANES);
        (&mut self.patches[start..], &mut self.sums)
    }
}
