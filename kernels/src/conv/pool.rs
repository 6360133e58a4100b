//! Max-pooling.
//!
//! forward   y\[n, i, j, c\] = max of x\[n, ·, ·, c\] over the window at (i, j), and where it stands
//! backward  dx\[n, y, x, c\] = Σ dy of all windows whose maximum stands there

use rayon::prelude::*;

use super::{MaxPool2d, geometry::check_elements};
use crate::{
    dispatch::{Kernel, Level},
    parallel::{BLOCK, WORTH_THREADS},
    simd::{F32, LANES, Simd, load_up_to, store_up_to},
};

/// y = the maxima of all windows, and for [`max_pool_backward`] their positions within the windows, row by
/// row: ky · window_w + kx.
///
/// `x [batch, height, width, channels]`, `y` and `indices [batch, out_h, out_w, channels]`, as `shape` says.
/// The first maximum wins (+0 and −0 are equal), and the first NaN over all numbers. With same padding, a
/// window has only the positions inside of the input.
///
/// Runs on the current rayon pool.
///
/// ```
/// use halfwave_kernels::{Level, conv::{MaxPool2d, Padding, max_pool, max_pool_backward}};
/// let shape = MaxPool2d::new([1, 2, 4, 1], [2, 2], [2, 2], Padding::Valid)?;
/// let (mut y, mut indices, mut dx) = ([0.0; 2], [0; 2], [0.0; 8]);
/// max_pool(Level::best(), &shape, &[1.0, 2.0, 8.0, 3.0, 4.0, 0.0, 5.0, 8.0], &mut y, &mut indices);
/// assert_eq!((y, indices), ([4.0, 8.0], [2, 0]));
/// max_pool_backward(Level::best(), &shape, &indices, &[-1.0, 0.5], &mut dx);
/// assert_eq!(dx, [0.0, 0.0, 0.5, 0.0, -1.0, 0.0, 0.0, 0.0]);
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
///
/// # Panics
/// If a slice does not have the shape.
pub fn max_pool(level: Level, shape: &MaxPool2d, x: &[f32], y: &mut [f32], indices: &mut [u8]) {
    check_elements("x", x.len(), &shape.input());
    check_elements("y", y.len(), &shape.output());
    check_elements("indices", indices.len(), &shape.output());
    if y.is_empty() {
        return;
    }
    if x.len() < WORTH_THREADS {
        return level.run(Forward { shape, x, first: 0, y, indices });
    }
    // Rows of the output, as many as come from a block.
    let row = shape.columns.output * shape.channels;
    let inputs = shape.columns.input * shape.channels * shape.rows.stride.min(shape.rows.input);
    let rows = BLOCK.div_ceil(inputs);
    (y.par_chunks_mut(rows * row), indices.par_chunks_mut(rows * row))
        .into_par_iter()
        .enumerate()
        .for_each(|(i, (y, indices))| {
            level.run(Forward { shape, x, first: i * rows, y, indices });
        });
}

/// dx = the gradients dy at the positions that [`max_pool`] found, 0 elsewhere; where windows overlap, their
/// sum, windows in order.
///
/// `indices` and `dy [batch, out_h, out_w, channels]`, `dx [batch, height, width, channels]`, as `shape`
/// says. An index that is no position inside of the input gives no gradient.
///
/// Runs on the current rayon pool, each thread on images of its own. See [`max_pool`] for an example:
///
/// ```
/// use halfwave_kernels::{Level, conv::{MaxPool2d, Padding, max_pool_backward}};
/// let shape = MaxPool2d::new([1, 1, 3, 1], [1, 2], [1, 1], Padding::Valid)?;
/// let mut dx = [0.0; 3];
/// max_pool_backward(Level::best(), &shape, &[1, 0], &[2.0, 3.0], &mut dx);
/// assert_eq!(dx, [0.0, 5.0, 0.0]);
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
///
/// # Panics
/// If a slice does not have the shape.
pub fn max_pool_backward(
    level: Level,
    shape: &MaxPool2d,
    indices: &[u8],
    dy: &[f32],
    dx: &mut [f32],
) {
    check_elements("indices", indices.len(), &shape.output());
    check_elements("dy", dy.len(), &shape.output());
    check_elements("dx", dx.len(), &shape.input());
    if dx.is_empty() {
        return;
    }
    if dx.len() < WORTH_THREADS {
        return level.run(Backward { shape, indices, dy, dx });
    }
    let input = shape.rows.input * shape.columns.input * shape.channels;
    let output = shape.rows.output * shape.columns.output * shape.channels;
    let images = BLOCK.div_ceil(input);
    (
        dx.par_chunks_mut(images * input),
        indices.par_chunks(images * output),
        dy.par_chunks(images * output),
    )
        .into_par_iter()
        .for_each(|(dx, indices, dy)| level.run(Backward { shape, indices, dy, dx }));
}

struct Forward<'a> {
    shape: &'a MaxPool2d,
    x: &'a [f32],
    /// The first row of y, counted over all images.
    first: usize,
    y: &'a mut [f32],
    indices: &'a mut [u8],
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { shape, x, first, y, indices } = self;
        let (rows, columns, channels) = (shape.rows, shape.columns, shape.channels);
        let row = columns.output * channels;
        let outputs = y.chunks_exact_mut(row).zip(indices.chunks_exact_mut(row));
        for ((y, indices), i) in outputs.zip(first..) {
            let (image, i) = (i / rows.output, i % rows.output);
            let (ky, top) = rows.inside(i);
            let x = &x[image * rows.input * columns.input * channels..];
            let pixels = y.chunks_exact_mut(channels).zip(indices.chunks_exact_mut(channels));
            for (j, (y, indices)) in pixels.enumerate() {
                let (kx, left) = columns.inside(j);
                let strips = y.chunks_mut(LANES).zip(indices.chunks_mut(LANES));
                for (strip, (y, indices)) in strips.enumerate() {
                    let start = (top * columns.input + left) * channels + strip * LANES;
                    let mut best = load_up_to(simd, &x[start..][..y.len()]);
                    let position = |ky, kx| (ky * columns.window + kx) as f32;
                    let mut index = best.constant(position(ky.start, kx.start));
                    for (down, ky) in ky.clone().enumerate() {
                        for (right, kx) in kx.clone().enumerate() {
                            let at = start + (down * columns.input + right) * channels;
                            let x = load_up_to(simd, &x[at..][..y.len()]);
                            // NaN is not ≤, and nothing takes its place.
                            let (less, number) = (x.le(best), best.eq(best));
                            let here = best.constant(position(ky, kx));
                            index = number.select(less.select(index, here), index);
                            best = number.select(less.select(best, x), best);
                        }
                    }
                    store_up_to(best, y);
                    store_bytes(index, indices);
                }
            }
        }
    }
}

struct Backward<'a> {
    shape: &'a MaxPool2d,
    indices: &'a [u8],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { shape, indices, dy, dx } = self;
        let (rows, columns, channels) = (shape.rows, shape.columns, shape.channels);
        let zero = F32::splat(simd, 0.0);
        let once = rows.tiles() && columns.tiles();
        if !once {
            dx.fill(0.0);
        }
        let row = columns.output * channels;
        let outputs = dy.chunks_exact(row).zip(indices.chunks_exact(row));
        for (i, (dy, indices)) in outputs.enumerate() {
            let (image, i) = (i / rows.output, i % rows.output);
            let (ky, top) = rows.inside(i);
            let dx = &mut dx[image * rows.input * columns.input * channels..];
            let pixels = dy.chunks_exact(channels).zip(indices.chunks_exact(channels));
            for (j, (dy, indices)) in pixels.enumerate() {
                let (kx, left) = columns.inside(j);
                let strips = dy.chunks(LANES).zip(indices.chunks(LANES));
                for (strip, (dy, indices)) in strips.enumerate() {
                    let start = (top * columns.input + left) * channels + strip * LANES;
                    let (index, count) = (load_bytes(simd, indices), dy.len());
                    let dy = load_up_to(simd, dy);
                    for (down, ky) in ky.clone().enumerate() {
                        for (right, kx) in kx.clone().enumerate() {
                            let at = start + (down * columns.input + right) * channels;
                            let dx = &mut dx[at..][..count];
                            let here = zero.constant((ky * columns.window + kx) as f32);
                            let gradient = index.eq(here).select(dy, zero);
                            let sum = if once { zero } else { load_up_to(simd, dx) };
                            store_up_to(sum + gradient, dx);
                        }
                    }
                }
            }
        }
    }
}

/// Stores the first `out.len()` ≤ 16 lanes, which are integers from 0 to 255.
#[inline(always)]
fn store_bytes<S: Simd>(x: F32<S>, out: &mut [u8]) {
    let mut integers = [0; LANES];
    x.to_i32().store(&mut integers);
    // Loops of a known length become one instruction.
    let bytes = integers.map(|integer| integer as u8);
    match <&mut [u8; LANES]>::try_from(&mut *out) {
        Ok(out) => *out = bytes,
        Err(_) => out.copy_from_slice(&bytes[..out.len()]),
    }
}

/// The first `bytes.len()` ≤ 16 lanes as numbers, the others 0.
#[inline(always)]
fn load_bytes<S: Simd>(simd: S, bytes: &[u8]) -> F32<S> {
    let whole: [u8; LANES] = bytes.try_into().unwrap_or_else(|_| {
        let mut whole = [0; LANES];
        whole[..bytes.len()].copy_from_slice(bytes);
        whole
    });
    F32::load(simd, &whole.map(f32::from))
}
