//! Moved, turned and scaled copies of images: faces are aligned to a pixel or two only.

use halfwave_datasets::lfw::{SHAPE, WIDTH};
use halfwave_kernels::{
    Level,
    rng::{self, NoisePlan},
};
use rayon::prelude::*;
use serde::Deserialize;

use crate::{TrainError, buffers::zeros};

/// How copies differ from their image; each number is drawn uniformly from its range.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Jitter {
    /// Copies of each image; 0 for none.
    pub(super) views: usize,
    /// Pairs of copies that each pair of images stands for in an epoch.
    pub(super) ways: usize,
    /// Largest move in each direction, in pixels.
    pub(super) shift: f32,
    /// Largest change of size, as a share.
    pub(super) scale: f32,
    /// Largest turn, in radians.
    pub(super) turn: f32,
}

impl Jitter {
    /// No copies.
    #[cfg(test)]
    pub(super) const fn none() -> Self {
        Self { views: 0, ways: 0, shift: 2.0, scale: 0.08, turn: 0.1 }
    }

    pub(super) fn check(&self) -> Result<(), TrainError> {
        let range = |name, value: f32, limit, expected| {
            TrainError::require((0.0..=limit).contains(&value), name, expected, value)
        };
        let needed = self.views == 0 || self.ways > 0;
        TrainError::require(needed, "jitter.ways", "at least 1, where there are views", self.ways)?;
        range("jitter.shift", self.shift, 16.0, "0 to 16 pixels")?;
        range("jitter.scale", self.scale, 0.5, "a share of 0 to 0.5")?;
        range("jitter.turn", self.turn, 1.6, "0 to 1.6 radians")
    }

    /// A copy of each image of `x [_, 32, 32, 3]`; the same for the same seed.
    pub(super) fn view(&self, x: &[f32], seed: u64) -> Result<Vec<f32>, TrainError> {
        let draws = uniform(x.len() / WIDTH * 4, seed)?;
        let mut out = zeros("copies of images", &[x.len()])?;
        let images = x.par_chunks_exact(WIDTH).zip(draws.par_chunks_exact(4));
        out.par_chunks_exact_mut(WIDTH).zip(images).for_each(|(out, (image, draws))| {
            let [down, right, size, turn] = [0, 1, 2, 3].map(|i| 2.0 * draws[i] - 1.0);
            let Self { shift, scale, .. } = *self;
            let moved = Move {
                down: down * shift,
                right: right * shift,
                size: 1.0 + size * scale,
                turn: turn * self.turn,
            };
            moved.apply(image, out);
        });
        Ok(out)
    }
}

/// So many numbers from 0 to below 1.
pub(super) fn uniform(length: usize, seed: u64) -> Result<Vec<f32>, TrainError> {
    let mut builder = NoisePlan::builder(seed);
    let block = builder.before(length as u64);
    let mut draws = zeros("the draws of copies", &[length])?;
    // Uniform variates have the same bits on every level.
    rng::uniform(Level::best(), builder.build(0)?.once(block), &mut draws);
    Ok(draws)
}

/// Where a pixel of the copy comes from: turned and scaled about the centre, then moved.
struct Move {
    down: f32,
    right: f32,
    size: f32,
    turn: f32,
}

impl Move {
    /// By the four pixels around each place; beyond the border, those of the border.
    fn apply(&self, image: &[f32], out: &mut [f32]) {
        let [rows, columns, colours] = SHAPE;
        let centre = [(rows - 1) as f32 / 2.0, (columns - 1) as f32 / 2.0];
        let (sin, cos) = self.turn.sin_cos();
        for (i, out) in out.chunks_exact_mut(columns * colours).enumerate() {
            for (j, out) in out.chunks_exact_mut(colours).enumerate() {
                let (y, x) = (i as f32 - centre[0], j as f32 - centre[1]);
                let y_from = centre[0] + self.size * (y * cos - x * sin) + self.down;
                let x_from = centre[1] + self.size * (y * sin + x * cos) + self.right;
                let ((above, y), (left, x)) = (split(y_from, rows), split(x_from, columns));
                for (colour, out) in out.iter_mut().enumerate() {
                    let at = |i: usize, j: usize| image[(i * columns + j) * colours + colour];
                    let top = (1.0 - x) * at(above, left) + x * at(above, left + 1);
                    let bottom = (1.0 - x) * at(above + 1, left) + x * at(above + 1, left + 1);
                    *out = (1.0 - y) * top + y * bottom;
                }
            }
        }
    }
}

/// The pixel before a place and the part of the way to the next, within 0 to `size` − 1.
fn split(place: f32, size: usize) -> (usize, f32) {
    let place = place.clamp(0.0, (size - 1) as f32);
    let before = (place as usize).min(size - 2);
    (before, place - before as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: Move = Move { down: 0.0, right: 0.0, size: 1.0, turn: 0.0 };

    fn moved(by: &Move) -> (Vec<f32>, Vec<f32>) {
        let image: Vec<f32> = (0..WIDTH).map(|i| (i as f32 * 0.37).sin()).collect();
        let mut out = vec![0.0; WIDTH];
        by.apply(&image, &mut out);
        (image, out)
    }

    #[test]
    fn pixels_come_from_where_they_should() {
        let at = |i: usize, j: usize, colour: usize| (i * 32 + j) * 3 + colour;
        let (image, out) = moved(&STILL);
        assert_eq!(image, out);
        let (image, out) = moved(&Move { down: 2.0, right: -1.0, ..STILL });
        assert_eq!(out[at(4, 5, 1)], image[at(6, 4, 1)]);
        assert_eq!(out[at(31, 0, 2)], image[at(31, 0, 2)]);
        let (image, out) = moved(&Move { turn: std::f32::consts::FRAC_PI_2, ..STILL });
        assert!((out[at(4, 5, 0)] - image[at(26, 4, 0)]).abs() < 1e-4);
    }

    #[test]
    fn views_depend_on_the_seed_alone() {
        let jitter = Jitter { views: 1, ways: 1, shift: 2.0, scale: 0.1, turn: 0.1 };
        let x: Vec<f32> = (0..3 * WIDTH).map(|i| (i as f32 * 0.37).sin()).collect();
        let view = jitter.view(&x, 1).unwrap();
        assert_eq!(view, jitter.view(&x, 1).unwrap());
        assert!(view != jitter.view(&x, 2).unwrap() && view != x);
        let still = Jitter { shift: 0.0, scale: 0.0, turn: 0.0, ..jitter };
        assert_eq!(still.view(&x, 1).unwrap(), x);
    }
}
