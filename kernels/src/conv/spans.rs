//! Which positions of a result have the same taps: along one axis, and the way back.
//!
//! A tap is a position within the window. Away from the edges all positions have all taps; with padding, and
//! always on the way back, those next to an edge have fewer. So do the residues of a stride on the way back:
//! y has the taps k with k = y + p − i·s, one for each window i, and a window further on is a tap s less.
//! Packed in the order of (k mod s, −k), the taps of a position follow each other like the windows.

use std::{iter, ops::Range};

use super::geometry::Axis;

/// From inputs to outputs, or from the gradients of the outputs to those of the inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Forward,
    Backward,
}

/// Positions `first`, `first + step`, … of the result that have the same taps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) step: usize,
    pub(super) count: usize,
    /// Where in the source the first tap of the first position lies; each further tap lies one further.
    pub(super) source: usize,
    /// How much further it lies for each further position.
    pub(super) stride: usize,
    /// In the order in which the weights are packed.
    pub(super) taps: Range<usize>,
}

impl Span {
    /// The number within the span of a position of the result, if it is there.
    #[inline(always)]
    pub(super) fn number(&self, position: usize) -> Option<usize> {
        let after = position.checked_sub(self.first)?;
        let number = after / self.step;
        (number < self.count && number * self.step == after).then_some(number)
    }
}

impl Axis {
    /// Lengths of the source and of the result.
    pub(super) fn lengths(&self, direction: Direction) -> [usize; 2] {
        match direction {
            Direction::Forward => [self.input, self.output],
            Direction::Backward => [self.output, self.input],
        }
    }

    /// All positions of the result, each once.
    #[inline(always)]
    pub(super) fn spans(&self, direction: Direction) -> impl Iterator<Item = Span> {
        let axis = *self;
        let result = self.lengths(direction)[1];
        // Forward, all positions are one sequence; backward, one for each residue.
        let (step, stride) = match direction {
            Direction::Forward => (1, self.stride),
            Direction::Backward => (self.stride.min(result), 1),
        };
        let mut next = (result > 0).then_some(0);
        iter::from_fn(
            #[inline(always)]
            move || {
                let first = next?;
                let (source, taps) = axis.taps(direction, first);
                let (mut count, mut position) = (1, first + step);
                while position < result
                    && axis.taps(direction, position) == (source + count * stride, taps.clone())
                {
                    (count, position) = (count + 1, position + step);
                }
                let residue = first % step + 1;
                next = if position < result {
                    Some(position)
                } else {
                    (residue < step).then_some(residue)
                };
                Some(Span { first, step, count, source, stride, taps })
            },
        )
    }

    /// Where in the source the first tap of a position of the result lies, and its taps.
    #[inline(always)]
    fn taps(&self, direction: Direction, position: usize) -> (usize, Range<usize>) {
        if direction == Direction::Forward {
            let (taps, source) = self.inside(position);
            return (source, taps);
        }
        let (window, stride) = (self.window, self.stride);
        let place = position + self.before;
        let (first, last) =
            (place.checked_sub(window).map_or(0, |rest| rest / stride + 1), place / stride);
        let count = (last.min(self.output - 1) + 1).saturating_sub(first);
        if count == 0 {
            return (0, 0..0);
        }
        let tap = self.packed(place - first * stride);
        (first, tap..tap + count)
    }

    /// The place of tap `k` in the order of (k mod stride, −k).
    #[inline(always)]
    pub(super) fn packed(&self, k: usize) -> usize {
        let (window, stride, residue) = (self.window, self.stride, k % self.stride);
        let before = residue * (window / stride) + residue.min(window % stride);
        before + (window - 1 - residue) / stride - k / stride
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::Padding;

    #[test]
    fn taps_are_those_of_the_definition() {
        for (input, window, stride) in (1..9).flat_map(|i| {
            (1..9).flat_map(move |w| [1, 2, 3, 5, usize::MAX].map(move |s| (i, w, s)))
        }) {
            for padding in [Padding::Valid, Padding::Same] {
                let Ok(axis) = Axis::new("height", input, window, stride, padding) else {
                    continue;
                };
                let mut products: Vec<_> = (0..axis.output)
                    .flat_map(|i| {
                        let (taps, source) = axis.inside(i);
                        taps.zip(source..).map(move |(k, y)| (i, y, k))
                    })
                    .collect();
                products.sort_unstable();
                for direction in [Direction::Forward, Direction::Backward] {
                    let mut found = Vec::new();
                    let mut positions = vec![0; axis.lengths(direction)[1]];
                    for span in axis.spans(direction) {
                        for number in 0..span.count {
                            let position = span.first + number * span.step;
                            assert_eq!(span.number(position), Some(number));
                            positions[position] += 1;
                            let source = span.source + number * span.stride;
                            for (tap, source) in span.taps.clone().zip(source..) {
                                found.push(match direction {
                                    Direction::Forward => (position, source, tap),
                                    Direction::Backward => {
                                        let k = (0..window).find(|&k| axis.packed(k) == tap);
                                        (source, position, k.unwrap())
                                    }
                                });
                            }
                        }
                    }
                    found.sort_unstable();
                    assert_eq!(found, products, "{axis:?} {direction:?}");
                    assert!(positions.iter().all(|&times| times == 1), "{axis:?} {direction:?}");
                }
            }
        }
    }
}
