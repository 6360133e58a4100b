//! Patches: the input as the matrix that a product takes, `[pixels, kernel_h · kernel_w · in_channels]`
//! (im2col), and the way back (col2im).
//!
//! A row of a window is one run of kernel_w · in_channels numbers in both, whatever the stride: whole runs
//! are copied and added.

use super::Conv2d;
use crate::{
    dispatch::{Kernel, Level},
    simd::{F32, LANES, Simd, load_up_to, store_up_to},
};

/// Copies the patches of `count` pixels from number `first` on to the front of `patches`, which is at least
/// a vector longer; zeros where the window is outside.
pub(super) fn gather(
    level: Level,
    shape: &Conv2d,
    x: &[f32],
    (first, count): (usize, usize),
    patches: &mut [f32],
) {
    level.run(Gather { shape, x, first, count, patches });
}

/// Adds the patches of `count` pixels from number `first` on to the inputs that they came from. An image
/// starts at 0 with its first pixel.
pub(super) fn scatter(
    level: Level,
    shape: &Conv2d,
    patches: &[f32],
    (first, count): (usize, usize),
    dx: &mut [f32],
) {
    level.run(Scatter { shape, patches, first, count, dx });
}

/// The pixels of all images in order, as (image, row, column).
#[inline(always)]
fn pixels(shape: &Conv2d, first: usize, count: usize) -> impl Iterator<Item = [usize; 3]> {
    let (height, width) = (shape.rows.output, shape.columns.output);
    let mut next = [first / (height * width), first / width % height, first % width];
    (0..count).map(
        #[inline(always)]
        move |_| {
            let pixel = next;
            next[2] += 1;
            if next[2] == width {
                next = [next[0], next[1] + 1, 0];
                if next[1] == height {
                    next = [next[0] + 1, 0, 0];
                }
            }
            pixel
        },
    )
}

struct Gather<'a> {
    shape: &'a Conv2d,
    x: &'a [f32],
    first: usize,
    count: usize,
    patches: &'a mut [f32],
}

impl Kernel for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { shape, x, first, count, patches } = self;
        let (rows, columns, channels) = (shape.rows, shape.columns, shape.in_channels);
        let mut out = Writer { simd, out: patches, at: 0 };
        for [image, i, j] in pixels(shape, first, count) {
            let (ky, y) = rows.inside(i);
            let (kx, start) = columns.inside(j);
            out.zeros(ky.start * columns.window * channels);
            for y in y..y + ky.len() {
                let from = ((image * rows.input + y) * columns.input + start) * channels;
                out.zeros(kx.start * channels);
                out.copy(&x[from..], kx.len() * channels);
                out.zeros((columns.window - kx.end) * channels);
            }
            out.zeros((rows.window - ky.end) * columns.window * channels);
        }
    }
}

/// Writes runs one behind the other.
struct Writer<'a, S> {
    simd: S,
    out: &'a mut [f32],
    at: usize,
}

impl<S: Simd> Writer<'_, S> {
    /// The first `count` numbers of `from`: as whole vectors where there are as many, since the next run
    /// overwrites what is too much.
    #[inline(always)]
    fn copy(&mut self, from: &[f32], count: usize) {
        let whole = count.next_multiple_of(LANES);
        let out = &mut self.out[self.at..];
        match (from.get(..whole), out.get_mut(..whole)) {
            (Some(from), Some(out)) => {
                let vectors = from.as_chunks::<LANES>().0.iter();
                for (from, out) in vectors.zip(out.as_chunks_mut::<LANES>().0) {
                    F32::load(self.simd, from).store(out);
                }
            }
            _ => out[..count].copy_from_slice(&from[..count]),
        }
        self.at += count;
    }

    #[inline(always)]
    fn zeros(&mut self, count: usize) {
        if count > 0 {
            self.out[self.at..][..count].fill(0.0);
            self.at += count;
        }
    }
}

struct Scatter<'a> {
    shape: &'a Conv2d,
    patches: &'a [f32],
    first: usize,
    count: usize,
    dx: &'a mut [f32],
}

impl Kernel for Scatter<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { shape, patches, first, count, dx } = self;
        let (rows, columns, channels) = (shape.rows, shape.columns, shape.in_channels);
        let patches = patches.chunks_exact(shape.patch());
        for ([image, i, j], patch) in pixels(shape, first, count).zip(patches) {
            let dx = &mut dx[image * shape.input_of_image()..][..shape.input_of_image()];
            if i == 0 && j == 0 {
                dx.fill(0.0);
            }
            let (ky, y) = rows.inside(i);
            let (kx, start) = columns.inside(j);
            for (ky, y) in ky.zip(y..) {
                let from = (ky * columns.window + kx.start) * channels;
                let to = (y * columns.input + start) * channels;
                let count = kx.len() * channels;
                add(simd, &patch[from..][..count], &mut dx[to..][..count]);
            }
        }
    }
}

/// sum ← sum + x.
#[inline(always)]
fn add<S: Simd>(simd: S, x: &[f32], sum: &mut [f32]) {
    for (x, sum) in x.chunks(LANES).zip(sum.chunks_mut(LANES)) {
        store_up_to(load_up_to(simd, sum) + load_up_to(simd, x), sum);
    }
}
