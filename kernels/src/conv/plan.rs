//! How the rows of a product are cut: into slots that threads share out, and into parts whose patches stay
//! in L2. A function of the shape only.

use super::Conv2d;
use crate::simd::LANES;

/// Slots at most: they divide evenly over 1, 2, 3, 4, 6, 8, 12 and 24 threads.
const SLOTS: usize = 24;
/// Multiply-adds that are worth a slot of their own: several times what waking a thread takes.
const WORTH_A_SLOT: usize = 1 << 20;
/// Elements of patches and output of a part: 256 KiB, a quarter of L2 or less. Half and twice as many measure
/// the same.
const PART: usize = 1 << 16;
/// Rows of a part at least, however long a patch is: fewer would not keep the product busy.
const MIN_ROWS: usize = 64;
/// Elements of the buffers of all slots, where one slot needs less: 16 MiB.
const BUFFERS: usize = 1 << 22;

/// How `rows` are cut.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    /// Rows of a slot; the last one may have fewer.
    pub(super) slot: usize,
    /// Rows of a part of a slot; the last one may have fewer.
    pub(super) part: usize,
}

/// Elements that a [`Workspace`](super::Workspace) needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    pub(super) patches: usize,
    pub(super) sums: usize,
}

/// Rows of a part at most: whatever the batch is.
fn part_rows(shape: &Conv2d) -> usize {
    let row = shape.patch() + shape.out_channels;
    ((PART / row.max(1)).max(MIN_ROWS) / LANES) * LANES
}

/// Number of slots. Does not fall when the batch grows, so that a workspace serves smaller batches.
fn slots(shape: &Conv2d, elements_of_slot: usize) -> usize {
    let work = (shape.patch() * shape.out_channels).saturating_mul(shape.pixels()) / WORTH_A_SLOT;
    SLOTS.min(work).min(BUFFERS / elements_of_slot.max(1)).max(1)
}

impl Plan {
    fn new(shape: &Conv2d, slot: usize) -> Self {
        let parts = slot.div_ceil(part_rows(shape)).max(1);
        Self { slot, part: slot.div_ceil(parts).next_multiple_of(LANES) }
    }

    pub(super) fn forward(shape: &Conv2d) -> Self {
        let slots = slots(shape, patches_of_slot(shape));
        Self::new(shape, shape.pixels().div_ceil(slots).next_multiple_of(LANES))
    }

    /// Each slot has sums of its own.
    pub(super) fn weights(shape: &Conv2d) -> Self {
        let slots = slots(shape, patches_of_slot(shape) + sums_of_slot(shape));
        Self::new(shape, shape.pixels().div_ceil(slots).next_multiple_of(LANES))
    }

    /// Slots are whole images.
    pub(super) fn input(shape: &Conv2d) -> Self {
        let slots = slots(shape, patches_of_slot(shape));
        Self::new(shape, shape.batch.div_ceil(slots) * shape.pixels_of_image())
    }

    /// Slots that are not empty.
    pub(super) const fn slots(self, shape: &Conv2d) -> usize {
        shape.pixels().div_ceil(self.slot)
    }
}

/// The parts of `rows` rows: where each starts, and its length.
pub(super) fn parts(rows: usize, part: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..rows).step_by(part).map(move |first| (first, part.min(rows - first)))
}

/// Elements of the patches of one slot, and of the vector that may be written past them; never 0.
pub(super) fn patches_of_slot(shape: &Conv2d) -> usize {
    let patches = if shape.is_direct() { 0 } else { part_rows(shape) * shape.patch() };
    patches + LANES
}

/// Elements of the gradients of one slot: weights, then biases.
pub(super) const fn sums_of_slot(shape: &Conv2d) -> usize {
    (shape.patch() + 1) * shape.out_channels
}

impl Needs {
    pub(super) fn of(shape: &Conv2d) -> Self {
        let slot = patches_of_slot(shape);
        let sums = sums_of_slot(shape);
        // The first slot sums in the result itself.
        Self { patches: slots(shape, slot) * slot, sums: (slots(shape, slot + sums) - 1) * sums }
    }
}
