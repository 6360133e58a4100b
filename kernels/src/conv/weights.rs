//! Gradients of the weights and the biases.
//!
//! The left operand is the transposed matrix of all windows. Of a pixel, a row of its window is one run of
//! the input, so the rows that are held in registers are next to each other there: nothing is copied.

use std::ops::Range;

use rayon::prelude::*;

use super::{Conv2d, Workspace, geometry::check_elements, plan::Slots};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::zip_in_place,
    gemm::{Line, MatRef, pack, slivers, term},
    rows::column_sums,
    simd::{F32, LANES, Simd, store_up_to},
};

/// Pixels that are taken at a time: a sliver of their gradients and their part of the input stay in L1.
pub(super) const PIXELS: usize = 96;

/// dw\[ky, kx, c, o\] = Σ x\[n, i·s + ky − p, j·s + kx − p, c\] · dy\[n, i, j, o\], and, where it is asked
/// for, db\[o\] = Σ dy\[n, i, j, o\]; both are overwritten.
///
/// `x [batch, height, width, in_channels]`, `dy [batch, out_h, out_w, out_channels]`,
/// `dw [kernel_h, kernel_w, in_channels, out_channels]`, `db [out_channels]`, as `shape` says.
///
/// Runs on the current rayon pool. The pixels are cut into slots by the shape only; the sum of a slot is a
/// chain of fused multiply-adds in the order of the pixels, and these are added in order, so that the number
/// of threads changes no bit.
///
/// ```
/// use halfwave_kernels::{Level, conv::{self, Conv2d, Padding, Workspace}};
/// let shape = Conv2d::new([1, 3, 3, 1], [2, 2, 1, 1], [1, 1], Padding::Valid)?;
/// let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
/// let (dy, mut dw, mut db) = ([1.0, 0.0, 0.0, 10.0], [0.0; 4], [0.0]);
/// let mut workspace = Workspace::new(&shape);
/// conv::backward_weights(Level::best(), &shape, &x, &dy, &mut dw, Some(&mut db), &mut workspace);
/// assert_eq!((dw, db), ([51.0, 62.0, 84.0, 95.0], [11.0]));
/// # Ok::<(), halfwave_kernels::conv::GeometryError>(())
/// ```
///
/// # Panics
/// If a slice does not have the shape, or the workspace is for a smaller one.
pub fn backward_weights(
    level: Level,
    shape: &Conv2d,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    db: Option<&mut [f32]>,
    workspace: &mut Workspace,
) {
    check_elements("x", x.len(), &shape.input());
    check_elements("dy", dy.len(), &shape.output());
    check_elements("dw", dw.len(), &shape.weights());
    if let Some(db) = &db {
        check_elements("db", db.len(), &[shape.out_channels]);
    }
    let (lines, of_biases) = workspace.buffers(shape);
    if dy.is_empty() {
        dw.fill(0.0);
        if let Some(db) = db {
            db.fill(0.0);
        }
        return;
    }
    let slots = Slots::of(shape);
    let lines = &mut lines[..slots.count * slots.lines()];
    let of_biases = &mut of_biases[..slots.count * shape.out_channels];
    let biased = db.is_some();
    (lines.par_chunks_mut(slots.lines()), of_biases.par_chunks_mut(shape.out_channels))
        .into_par_iter()
        .enumerate()
        .for_each(|(slot, (lines, of_biases))| {
            let first = slot * slots.pixels;
            let pixels = slots.pixels.min(shape.pixels() - first);
            let dy = &dy[first * shape.out_channels..][..pixels * shape.out_channels];
            let (sums, right) = lines.split_at_mut(slots.sums);
            level.run(Slot { shape, x, dy, first, sums, right });
            if biased {
                column_sums(level, dy, of_biases);
            }
        });
    let columns = shape.out_channels;
    level.run(Total { lines, apart: slots.lines(), rows: shape.patch(), columns, dw });
    if let Some(db) = db {
        db.copy_from_slice(&of_biases[..columns]);
        for of_biases in of_biases.chunks(columns).skip(1) {
            level.run(Add { x: of_biases, sum: db });
        }
    }
}

/// The sums over the pixels from number `first` on.
struct Slot<'a> {
    shape: &'a Conv2d,
    x: &'a [f32],
    /// Of these pixels.
    dy: &'a [f32],
    first: usize,
    /// Sliver after sliver, in each row after row.
    sums: &'a mut [Line],
    /// For the gradients of [`PIXELS`] pixels, packed.
    right: &'a mut [Line],
}

/// A pixel of the output.
#[derive(Clone, Copy, Default)]
struct Pixel {
    i: usize,
    j: usize,
    /// Where its window starts in x, padding included: may be below 0, and wraps.
    start: usize,
}

/// A term of a sum.
#[derive(Clone, Copy, Default)]
struct Term {
    /// Where the inputs of the first row stand.
    x: usize,
    /// Which of the packed gradients.
    pixel: usize,
}

impl Kernel for Slot<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { shape, x, dy, first, sums, right } = self;
        let (rows, columns, channels) = (shape.rows, shape.columns, shape.in_channels);
        let (patch, width) = (shape.patch(), shape.out_channels);
        let (padded, run) = if columns.is_padded() {
            (true, channels)
        } else {
            (rows.is_padded(), columns.window * channels)
        };
        let mut pixels = [Pixel::default(); PIXELS];
        let mut terms = [Term::default(); PIXELS];
        for (part, dy) in dy.chunks(PIXELS * width).enumerate() {
            let count = dy.len() / width;
            let dy = MatRef::from_row_major_slice(dy, count, width);
            for (vector, vectors) in slivers(width, S::TILE.1) {
                let (column, lines) = (vector * LANES, &mut right[vector * PIXELS..]);
                let dy = dy.subcols(column, (vectors * LANES).min(width - column));
                match vectors {
                    3 => pack::<S, 3>(simd, dy, lines.as_chunks_mut().0),
                    2 => pack::<S, 2>(simd, dy, lines.as_chunks_mut().0),
                    _ => pack::<S, 1>(simd, dy, lines.as_chunks_mut().0),
                }
            }
            let first = first + part * PIXELS;
            let mut next = (first / columns.output, first % columns.output);
            for pixel in &mut pixels[..count] {
                let (line, j) = next;
                let (image, i) = (line / rows.output, line % rows.output);
                let y = (image * rows.input + i * rows.stride).wrapping_sub(rows.before);
                let at = y.wrapping_mul(columns.input).wrapping_add(j * columns.stride);
                let start = at.wrapping_sub(columns.before).wrapping_mul(channels);
                *pixel = Pixel { i, j, start };
                next = if j + 1 < columns.output { (line, j + 1) } else { (line + 1, 0) };
            }
            let mut used = 0;
            // Rows of dw whose inputs follow each other in x, and lie there for the same pixels.
            for row in (0..patch).step_by(run.max(1)) {
                let (ky, kx) = (row / channels / columns.window, row / channels % columns.window);
                let place = (ky * columns.input + kx) * channels;
                if padded || row == 0 {
                    used = 0;
                    for (number, pixel) in pixels[..count].iter().enumerate() {
                        if !padded || rows.covers(pixel.i, ky) && columns.covers(pixel.j, kx) {
                            terms[used] = Term { x: pixel.start, pixel: number };
                            used += 1;
                        }
                    }
                }
                for (vector, vectors) in slivers(width, S::TILE.1) {
                    let right = &right[vector * PIXELS..][..vectors * PIXELS];
                    let sums = &mut sums[vector * patch..][..vectors * patch];
                    let product = Run { x, place, terms: &terms[..used], go_on: part > 0 };
                    let of = row..row + run;
                    match vectors {
                        3 if S::TILE.1 > 2 => product.sliver::<S, 3>(simd, right, sums, of),
                        2 if S::TILE.1 > 1 => product.sliver::<S, 2>(simd, right, sums, of),
                        _ => product.sliver::<S, 1>(simd, right, sums, of),
                    }
                }
            }
        }
    }
}

/// Sums over the same pixels.
#[derive(Clone, Copy)]
struct Run<'a> {
    x: &'a [f32],
    /// Where the first row stands in a window.
    place: usize,
    terms: &'a [Term],
    /// Whether the sums do not begin at 0.
    go_on: bool,
}

impl Run<'_> {
    #[inline(always)]
    fn sliver<S: Simd, const W: usize>(
        self,
        simd: S,
        right: &[Line],
        sums: &mut [Line],
        rows: Range<usize>,
    ) {
        let right = right.as_chunks::<W>().0;
        let sums = &mut sums.as_chunks_mut::<W>().0[rows];
        for (block, sums) in sums.chunks_mut(S::TILE.0).enumerate() {
            let block = Self { place: self.place + block * S::TILE.0, ..self };
            match sums.len() {
                8 if S::TILE.0 >= 8 => block.rows::<S, 8, W>(simd, right, sums),
                7 if S::TILE.0 >= 8 => block.rows::<S, 7, W>(simd, right, sums),
                6 if S::TILE.0 >= 8 => block.rows::<S, 6, W>(simd, right, sums),
                5 if S::TILE.0 >= 8 => block.rows::<S, 5, W>(simd, right, sums),
                4 => block.rows::<S, 4, W>(simd, right, sums),
                3 => block.rows::<S, 3, W>(simd, right, sums),
                2 => block.rows::<S, 2, W>(simd, right, sums),
                _ => block.rows::<S, 1, W>(simd, right, sums),
            }
        }
    }

    /// M rows: each element is a chain of multiply-adds in the order of the pixels.
    #[inline(always)]
    fn rows<S: Simd, const M: usize, const W: usize>(
        self,
        simd: S,
        right: &[[Line; W]],
        out: &mut [[Line; W]],
    ) {
        let out: &mut [[Line; W]; M] = out.try_into().expect("M rows");
        let mut sums = [[F32::splat(simd, 0.0); W]; M];
        if self.go_on {
            for r in 0..M {
                for v in 0..W {
                    sums[r][v] = F32::load(simd, &out[r][v].0);
                }
            }
        }
        for &Term { x, pixel } in self.terms {
            let left: &[f32; M] =
                self.x[x.wrapping_add(self.place)..].first_chunk().expect("M rows");
            sums = term(
                simd,
                sums,
                #[inline(always)]
                |r| left[r],
                &right[pixel],
            );
        }
        for r in 0..M {
            for v in 0..W {
                sums[r][v].store(&mut out[r][v].0);
            }
        }
    }
}

/// dw = Σ of the sums of all slots, in order.
struct Total<'a> {
    lines: &'a [Line],
    /// From slot to slot.
    apart: usize,
    rows: usize,
    columns: usize,
    dw: &'a mut [f32],
}

impl Kernel for Total<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { lines, apart, rows, columns, dw } = self;
        for (vector, vectors) in slivers(columns, S::TILE.1) {
            for (row, dw) in dw.chunks_mut(columns).enumerate() {
                let dw = dw[vector * LANES..].chunks_mut(LANES).take(vectors);
                for (v, dw) in dw.enumerate() {
                    let mut slots =
                        lines[vector * rows + row * vectors + v..].iter().step_by(apart);
                    let first = slots.next().expect("the first slot");
                    let mut sum = F32::load(simd, &first.0);
                    for line in slots {
                        sum = sum + F32::load(simd, &line.0);
                    }
                    store_up_to(sum, dw);
                }
            }
        }
    }
}

/// sum ← sum + x.
struct Add<'a> {
    x: &'a [f32],
    sum: &'a mut [f32],
}

impl Kernel for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        zip_in_place(
            simd,
            self.x,
            self.sum,
            #[inline(always)]
            |x, sum| sum + x,
        );
    }
}
