//! How the products are cut, by the shape only.

use super::{Conv2d, weights::PIXELS};
use crate::simd::LANES;

/// Slots at most: they divide evenly over 1, 2, 3, 4, 6, 8, 12 and 24 threads.
const SLOTS: usize = 24;
/// Multiply-adds that are worth a slot of their own: several times what waking a thread takes.
const WORTH_A_SLOT: usize = 1 << 20;
/// Elements of a part of a result: 256 KiB, a quarter of L2 or less.
const PART: usize = 1 << 16;
/// Images of a part are a multiple of this, if it has whole ones: pixels at their edges share registers.
const IMAGES: usize = 8;
/// Elements of the buffers of all slots, where one slot needs less: 16 MiB.
const BUFFERS: usize = 1 << 22;

/// Image rows of a part of the result: of `lines` in all, `height` in an image, each with so many elements,
/// and so many terms for each. Changes no bit.
pub(super) fn lines(lines: usize, height: usize, elements: usize, terms: usize) -> usize {
    let worth = WORTH_A_SLOT.div_ceil(elements.saturating_mul(terms).max(1));
    let part = worth.max(lines.div_ceil(SLOTS)).min((PART / elements).max(1));
    let images = height * IMAGES;
    if part > images { part / images * images } else { part }
}

/// The cuts of the gradients of weights: the pixels of each slot are summed on their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slots {
    /// Slots that are not empty.
    pub(super) count: usize,
    /// Of a slot; the last one may have fewer.
    pub(super) pixels: usize,
    /// Lines of the sums of a slot.
    pub(super) sums: usize,
    /// Lines of the gradients that it packs.
    right: usize,
}

impl Slots {
    /// The number of slots does not fall when the batch grows, so that a workspace serves smaller batches.
    fn most(shape: &Conv2d, lines: usize) -> usize {
        let work =
            (shape.patch() * shape.out_channels).saturating_mul(shape.pixels()) / WORTH_A_SLOT;
        SLOTS.min(work).min(BUFFERS / (lines * LANES).max(1)).max(1)
    }

    pub(super) fn of(shape: &Conv2d) -> Self {
        let vectors = shape.out_channels.div_ceil(LANES);
        let (sums, right) = (shape.patch() * vectors, PIXELS * vectors);
        let pixels = shape.pixels().div_ceil(Self::most(shape, sums + right)).max(1);
        Self { count: shape.pixels().div_ceil(pixels), pixels, sums, right }
    }

    /// Lines of a slot: sums, then gradients.
    pub(super) fn lines(&self) -> usize {
        self.sums + self.right
    }
}

/// What a [`Workspace`](super::Workspace) needs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Needs {
    /// Of packed weights, or of all slots.
    pub(super) lines: usize,
    /// Elements of the gradients of biases.
    pub(super) biases: usize,
}

impl Needs {
    pub(super) fn of(shape: &Conv2d) -> Self {
        let slots = Slots::of(shape);
        let most = Slots::most(shape, slots.lines());
        let [inputs, outputs] = [shape.in_channels, shape.out_channels];
        let taps = shape.rows.window * shape.columns.window;
        let weights = [(inputs, outputs), (outputs, inputs)]
            .map(|(channels, width)| taps * channels * width.div_ceil(LANES));
        let lines = (most * slots.lines()).max(weights[0]).max(weights[1]);
        Self { lines, biases: most * outputs }
    }
}
