//! Log-softmax, and backward of both forms of softmax. All arrays are `[rows, classes]`.
//!
//! forward                y  = x − max − ln Σ e^(x − max)
//! backward, log-softmax  dx = dy − e^y Σ dy
//! backward, softmax      dx = y (dy − Σ y dy)

use super::{Exponentials, row_max, whole_rows};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::{Stores, map, same_length, zip},
    math::{exp, log1p},
    simd::{F32, InOut, LANES, Simd},
};

/// y = ln softmax(x) for each row of `x` `[rows, classes]`.
///
/// The sum is ≥ 1 by its largest term; its logarithm is taken of what is beyond 1, so that a row that
/// is nearly certain keeps the digits of its small loss.
///
/// ```
/// use halfwave_kernels::{Level, rows::log_softmax};
/// let mut y = [0.0; 2];
/// log_softmax(Level::best(), &[30.0, 0.0], 2, &mut y);
/// assert_eq!(y[0], -(-30f32).exp());
/// ```
///
/// # Panics
/// If the lengths differ or `x` is no whole number of rows.
pub fn log_softmax(level: Level, x: &[f32], classes: usize, y: &mut [f32]) {
    same_length("x", x.len(), "y", y.len());
    whole_rows(x.len(), classes);
    level.run(LogSoftmax { x, classes, y });
}

/// dx from dy and the output y of [`log_softmax`].
///
/// ```
/// use halfwave_kernels::{Level, rows::{log_softmax, log_softmax_backward}};
/// let (mut y, mut dx) = ([0.0; 2], [0.0; 2]);
/// log_softmax(Level::best(), &[3.0, 3.0], 2, &mut y);
/// log_softmax_backward(Level::best(), &y, 2, &[0.0, 1.0], &mut dx);
/// assert_eq!(dx, [-0.5, 0.5]);
/// ```
///
/// # Panics
/// If the lengths differ or `y` is no whole number of rows.
pub fn log_softmax_backward(level: Level, y: &[f32], classes: usize, dy: &[f32], dx: &mut [f32]) {
    check(y, classes, dy, dx);
    level.run(LogSoftmaxBackward { y, classes, dy, dx });
}

/// dx from dy and the output y of softmax.
///
/// ```
/// use halfwave_kernels::{Level, rows::softmax_backward};
/// let mut dx = [0.0; 2];
/// softmax_backward(Level::best(), &[0.5, 0.5], 2, &[0.0, 1.0], &mut dx);
/// assert_eq!(dx, [-0.25, 0.25]);
/// ```
///
/// # Panics
/// If the lengths differ or `y` is no whole number of rows.
pub fn softmax_backward(level: Level, y: &[f32], classes: usize, dy: &[f32], dx: &mut [f32]) {
    check(y, classes, dy, dx);
    level.run(SoftmaxBackward { y, classes, dy, dx });
}

#[track_caller]
fn check(y: &[f32], classes: usize, dy: &[f32], dx: &[f32]) {
    same_length("y", y.len(), "dx", dx.len());
    same_length("dy", dy.len(), "dx", dx.len());
    whole_rows(y.len(), classes);
}

struct LogSoftmax<'a> {
    x: &'a [f32],
    classes: usize,
    y: &'a mut [f32],
}

impl Kernel for LogSoftmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let classes = self.classes.max(1);
        for (x, y) in self.x.chunks_exact(classes).zip(self.y.chunks_exact_mut(classes)) {
            let max = F32::splat(simd, row_max(simd, x));
            let mut sum = Exponentials::new(simd);
            let (whole, tail) = x.as_chunks::<LANES>();
            for x in whole {
                sum.add(exp(F32::load(simd, x) - max));
            }
            if !tail.is_empty() {
                // The lanes past the end must not count.
                let mut lanes = [f32::NEG_INFINITY; LANES];
                lanes[..tail.len()].copy_from_slice(tail);
                sum.add(exp(F32::load(simd, &lanes) - max));
            }
            let log = log1p(F32::splat(simd, sum.beyond_one() as f32));
            map(
                simd,
                Stores::Cached,
                InOut::new(x, y),
                #[inline(always)]
                |x| (x - max) - log,
            );
        }
    }
}

struct LogSoftmaxBackward<'a> {
    y: &'a [f32],
    classes: usize,
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for LogSoftmaxBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let classes = self.classes.max(1);
        let rows = self.y.chunks_exact(classes).zip(self.dy.chunks_exact(classes));
        for ((y, dy), dx) in rows.zip(self.dx.chunks_exact_mut(classes)) {
            let sum = F32::splat(simd, super::sums::row_sum_f64(simd, dy) as f32);
            zip(
                simd,
                Stores::Cached,
                y,
                InOut::new(dy, dx),
                #[inline(always)]
                |y, dy| (-exp(y)).mul_add(sum, dy),
            );
        }
    }
}

struct SoftmaxBackward<'a> {
    y: &'a [f32],
    classes: usize,
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for SoftmaxBackward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let classes = self.classes.max(1);
        let rows = self.y.chunks_exact(classes).zip(self.dy.chunks_exact(classes));
        for ((y, dy), dx) in rows.zip(self.dx.chunks_exact_mut(classes)) {
            let dot = F32::splat(simd, super::sums::row_dot_f64(simd, y, dy) as f32);
            zip(
                simd,
                Stores::Cached,
                y,
                InOut::new(dy, dx),
                #[inline(always)]
                |y, dy| y * (dy - dot),
            );
        }
    }
}
