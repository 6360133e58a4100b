//! Products of images with packed weights: the rows of the left operand are windows, and are read where they
//! stand.
//!
//! Rows that have the same taps (`spans.rs`) differ in where they begin only. As many as fit are held in
//! registers, and a term of a sum is one broadcast for each of them: nothing is copied, nothing transposed.

use faer::MatRef;
use rayon::prelude::*;

use super::{
    geometry::Axis,
    plan,
    spans::{Direction, Span},
};
use crate::{
    dispatch::{Kernel, Level},
    gemm::{Line, pack, slivers, term},
    simd::{F32, LANES, Simd},
};

/// Rows of a tile: its sums stay in L1.
const ROWS: usize = 64;
/// Terms of a sum that are taken at a time: a sliver of so many rows of the weights stays in L1.
const DEPTH: usize = 192;

/// A product of windows with weights.
#[derive(Clone, Copy)]
pub(super) struct Gathered<'a> {
    pub(super) direction: Direction,
    pub(super) rows: Axis,
    pub(super) columns: Axis,
    /// `[batch, rows, columns, channels]`.
    pub(super) source: &'a [f32],
    pub(super) channels: usize,
    /// The weights, packed: a row for each tap and channel of the source.
    pub(super) weights: &'a [Line],
    /// Channels of the result.
    pub(super) width: usize,
}

impl Gathered<'_> {
    /// The result, and `finish(row, rows)` on the rows of the result from number `row` on while they are in
    /// cache. On the current rayon pool.
    pub(super) fn run(
        self,
        level: Level,
        out: &mut [f32],
        finish: impl Fn(usize, &mut [f32]) + Sync,
    ) {
        let [_, height] = self.rows.lengths(self.direction);
        let [_, row] = self.columns.lengths(self.direction);
        let line = row * self.width;
        let taps = self.rows.window * self.columns.window;
        let lines = plan::lines(out.len() / line, height, line, taps * self.channels);
        out.par_chunks_mut(lines * line).enumerate().for_each(|(part, out)| {
            let first = part * lines;
            level.run(Part { product: self, first, out });
            finish(first * row, out);
        });
    }
}

/// Packs `source`, `[k, n]`, as the rows from `at` on of `rows` rows: sliver after sliver.
pub(super) fn pack_weights(
    level: Level,
    source: MatRef<'_, f32>,
    (at, rows): (usize, usize),
    lines: &mut [Line],
) {
    level.run(PackWeights { source, at, rows, lines });
}

struct PackWeights<'a> {
    source: MatRef<'a, f32>,
    at: usize,
    rows: usize,
    lines: &'a mut [Line],
}

impl Kernel for PackWeights<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { source, at, rows: all, lines } = self;
        let rows = at..at + source.nrows();
        for (vector, vectors) in slivers(source.ncols(), S::TILE.1) {
            let (column, lines) = (vector * LANES, &mut lines[vector * all..]);
            let source = source.subcols(column, (vectors * LANES).min(source.ncols() - column));
            match vectors {
                3 => pack::<S, 3>(simd, source, &mut lines.as_chunks_mut().0[rows.clone()]),
                2 => pack::<S, 2>(simd, source, &mut lines.as_chunks_mut().0[rows.clone()]),
                _ => pack::<S, 1>(simd, source, &mut lines.as_chunks_mut().0[rows.clone()]),
            }
        }
    }
}

struct Part<'a> {
    product: Gathered<'a>,
    first: usize,
    out: &'a mut [f32],
}

/// Rows that have the same taps.
struct Tile {
    count: usize,
    /// Where in the source they begin.
    source: [usize; ROWS],
    /// Where in the result.
    out: [usize; ROWS],
}

impl Kernel for Part<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { product, first, out } = self;
        let Gathered { direction, rows, columns, channels, width, .. } = product;
        let [source_height, height] = rows.lengths(direction);
        let [source_row, row] = columns.lengths(direction);
        let lines = out.len() / (row * width);
        let mut sums = [Line::ZERO; 3 * ROWS];
        let mut tile = Tile { count: 0, source: [0; ROWS], out: [0; ROWS] };
        for down in rows.spans(direction) {
            for across in columns.spans(direction) {
                let (mut line, mut j) = (0, 0);
                loop {
                    tile.count = 0;
                    while tile.count < ROWS && line < lines {
                        let (image, i) = ((first + line) / height, (first + line) % height);
                        let Some(i) = down.number(i) else {
                            line += 1;
                            continue;
                        };
                        let y = image * source_height + down.source + i * down.stride;
                        let taken = (across.count - j).min(ROWS - tile.count);
                        for j in j..j + taken {
                            let x = across.source + j * across.stride;
                            tile.source[tile.count] = (y * source_row + x) * channels;
                            let pixel = line * row + across.first + j * across.step;
                            tile.out[tile.count] = pixel * width;
                            tile.count += 1;
                        }
                        j += taken;
                        if j == across.count {
                            (line, j) = (line + 1, 0);
                        }
                    }
                    if tile.count == 0 {
                        break;
                    }
                    product.tile(simd, &tile, [&down, &across], &mut sums, out);
                }
            }
        }
    }
}

impl Gathered<'_> {
    #[inline(always)]
    fn tile<S: Simd>(
        self,
        simd: S,
        tile: &Tile,
        spans: [&Span; 2],
        sums: &mut [Line; 3 * ROWS],
        out: &mut [f32],
    ) {
        let rows = self.rows.window * self.columns.window * self.channels;
        for (vector, vectors) in slivers(self.width, S::TILE.1) {
            let weights = &self.weights[vector * rows..][..vectors * rows];
            let column = vector * LANES;
            match vectors {
                3 if S::TILE.1 > 2 => {
                    self.sliver::<S, 3>(simd, tile, spans, weights, sums, column, out);
                }
                2 if S::TILE.1 > 1 => {
                    self.sliver::<S, 2>(simd, tile, spans, weights, sums, column, out);
                }
                _ => self.sliver::<S, 1>(simd, tile, spans, weights, sums, column, out),
            }
        }
    }

    /// W vectors of columns from `column` on.
    #[inline(always)]
    #[expect(clippy::too_many_arguments, reason = "three loops in one another")]
    fn sliver<S: Simd, const W: usize>(
        self,
        simd: S,
        tile: &Tile,
        [down, across]: [&Span; 2],
        weights: &[Line],
        sums: &mut [Line; 3 * ROWS],
        column: usize,
        out: &mut [f32],
    ) {
        let weights = weights.as_chunks::<W>().0;
        let sums = &mut sums.as_chunks_mut::<W>().0[..tile.count];
        // A row of taps is one run, in the source and in the weights.
        let run = across.taps.len() * self.channels;
        let [source_row, _] = self.columns.lengths(self.direction);
        if run == 0 || down.taps.is_empty() {
            sums.fill([Line::ZERO; W]);
        } else {
            let together = (DEPTH / run).max(1);
            for first in (0..down.taps.len()).step_by(together) {
                for start in (0..run).step_by(DEPTH) {
                    let tap = (down.taps.start + first) * self.columns.window + across.taps.start;
                    let runs = Runs {
                        count: together.min(down.taps.len() - first),
                        length: DEPTH.min(run - start),
                        first: first * source_row * self.channels + start,
                        apart: source_row * self.channels,
                        source: self.source,
                        weights: &weights[tap * self.channels + start..],
                        weights_apart: self.columns.window * self.channels,
                        go_on: first + start > 0,
                    };
                    let rows = tile.source[..tile.count].chunks(S::TILE.0);
                    for (rows, sums) in rows.zip(sums.chunks_mut(S::TILE.0)) {
                        runs.block(simd, rows, sums);
                    }
                }
            }
        }
        let width = (W * LANES).min(self.width - column);
        for (sums, &at) in sums.iter().zip(&tile.out) {
            let (whole, tail) = out[at + column..][..width].as_chunks_mut::<LANES>();
            for (out, sum) in whole.iter_mut().zip(sums) {
                F32::load(simd, &sum.0).store(out);
            }
            if !tail.is_empty() {
                F32::load(simd, &sums[W - 1].0).store_partial(tail);
            }
        }
    }
}

/// Terms of sums: runs of numbers, in the source and in the weights.
#[derive(Clone, Copy)]
struct Runs<'a, const W: usize> {
    count: usize,
    length: usize,
    source: &'a [f32],
    /// Where the first run starts, from where a row begins.
    first: usize,
    /// Where the next one starts, from there.
    apart: usize,
    weights: &'a [[Line; W]],
    weights_apart: usize,
    /// Whether the sums do not begin at 0.
    go_on: bool,
}

impl<const W: usize> Runs<'_, W> {
    /// As many rows as are held in registers.
    #[inline(always)]
    fn block<S: Simd>(self, simd: S, rows: &[usize], sums: &mut [[Line; W]]) {
        match rows.len() {
            8 if S::TILE.0 >= 8 => self.rows::<S, 8>(simd, rows, sums),
            7 if S::TILE.0 >= 8 => self.rows::<S, 7>(simd, rows, sums),
            6 if S::TILE.0 >= 8 => self.rows::<S, 6>(simd, rows, sums),
            5 if S::TILE.0 >= 8 => self.rows::<S, 5>(simd, rows, sums),
            4 => self.rows::<S, 4>(simd, rows, sums),
            3 => self.rows::<S, 3>(simd, rows, sums),
            2 => self.rows::<S, 2>(simd, rows, sums),
            _ => self.rows::<S, 1>(simd, rows, sums),
        }
    }

    /// M rows: each element is a chain of multiply-adds in the order of the terms.
    #[inline(always)]
    fn rows<S: Simd, const M: usize>(self, simd: S, rows: &[usize], out: &mut [[Line; W]]) {
        let rows: &[usize; M] = rows.try_into().expect("M rows");
        let out: &mut [[Line; W]; M] = out.try_into().expect("M rows");
        let mut sums = [[F32::splat(simd, 0.0); W]; M];
        if self.go_on {
            for r in 0..M {
                for v in 0..W {
                    sums[r][v] = F32::load(simd, &out[r][v].0);
                }
            }
        }
        for run in 0..self.count {
            let weights = &self.weights[run * self.weights_apart..][..self.length];
            let start = self.first + run * self.apart;
            let mut left = [[].as_slice(); M];
            for r in 0..M {
                left[r] = &self.source[rows[r] + start..][..weights.len()];
            }
            for (k, weights) in weights.iter().enumerate() {
                sums = term(
                    simd,
                    sums,
                    #[inline(always)]
                    |r| left[r][k],
                    weights,
                );
            }
        }
        for r in 0..M {
            for v in 0..W {
                sums[r][v].store(&mut out[r][v].0);
            }
        }
    }
}
