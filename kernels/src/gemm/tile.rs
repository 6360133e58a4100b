//! The product of one tile.

use std::iter;

use faer::{MatMut, MatRef};

use super::{
    ahead::Ahead,
    epilogue::{contiguous, contiguous_mut},
    pack::{Line, pack},
};
use crate::{
    dispatch::Kernel,
    simd::{F32, LANES, Simd},
};

/// Terms of a sum that are taken at a time at most: a sliver of b of so many rows stays in L1, so many columns of a tile of a
/// in L2.
const DEPTH: usize = 160;

/// Terms of a sum of `depth` that are taken at a time. Parts are equal, but that the last one may be a little shorter: each of
/// them loads and stores all sums.
pub(super) fn terms_of_part(depth: usize) -> usize {
    let parts = depth.div_ceil(DEPTH).max(1);
    depth.div_ceil(parts).next_multiple_of(STEPS).max(STEPS)
}

/// The left operand.
pub(super) enum Left<'a> {
    Packed(Packed<'a>),
    /// Row-major, as it stands, for products of one vector of columns: each element is used once.
    Rows(MatRef<'a, f32>),
}

#[derive(Clone, Copy)]
pub(super) struct Packed<'a> {
    pub(super) rows: usize,
    /// For every [`terms_of_part`], for every sixteen rows: a line for each term.
    pub(super) lines: &'a [Line],
}

impl<'a> Left<'a> {
    /// The terms from `start` on of the rows from `row` on.
    #[inline(always)]
    fn part(&self, start: usize, terms: usize, row: usize) -> LeftPart<'a> {
        match *self {
            Left::Packed(Packed { rows, lines }) => {
                let slivers = rows.div_ceil(LANES);
                let lines = &lines[start * slivers + row / LANES * terms..][..terms];
                LeftPart::Packed { lines, first: row % LANES }
            }
            Left::Rows(a) => LeftPart::Rows(a.submatrix(row, start, a.nrows() - row, terms)),
        }
    }
}

/// What the rows in registers read of the left operand.
#[derive(Clone, Copy)]
enum LeftPart<'a> {
    /// A line for each term; the rows stand in it from `first` on.
    Packed { lines: &'a [Line], first: usize },
    /// The rows.
    Rows(MatRef<'a, f32>),
}

/// Memory of a thread for a tile.
#[derive(Default)]
pub(super) struct Scratch {
    /// A sliver of b.
    right: Vec<Line>,
    /// The sums of the tile, sliver after sliver, in each row after row: in a matrix whose rows are a power
    /// of two apart they would push each other out of the caches.
    sums: Vec<Line>,
}

/// So many lines with anything in them; what was longer stays so, since more would have to be filled again.
fn at_least(lines: &mut Vec<Line>, count: usize) -> &mut [Line] {
    if lines.len() < count {
        lines.resize(count, Line::ZERO);
    }
    &mut lines[..count]
}

/// What becomes of the sums of a tile.
pub(super) trait Finish {
    /// Takes the sums of `width` elements from (`row`, `column`) of the tile on.
    fn piece<S: Simd>(&mut self, simd: S, row: usize, column: usize, width: usize, sums: &[Line]);
}

/// a b on a tile, for the columns `b` of the right operand.
pub(super) struct TileProduct<'a, F> {
    pub(super) a: &'a Left<'a>,
    /// Where the tile starts in a, a multiple of 16.
    pub(super) row: usize,
    pub(super) rows: usize,
    pub(super) b: MatRef<'a, f32>,
    pub(super) scratch: &'a mut Scratch,
    pub(super) finish: F,
}

impl<F: Finish> Kernel for TileProduct<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if S::TILE.1 == 3 {
            self.in_slivers::<S, 3>(simd);
        } else {
            self.in_slivers::<S, 1>(simd);
        }
    }
}

impl<F: Finish> TileProduct<'_, F> {
    /// Slivers of 16 V columns.
    #[inline(always)]
    fn in_slivers<S: Simd, const V: usize>(self, simd: S) {
        let Self { a, row, rows, b, scratch: Scratch { right, sums }, mut finish } = self;
        let (depth, columns) = b.shape();
        let most = terms_of_part(depth);
        // Wide slivers are finished as soon as they are done; narrow ones by whole rows of the tile in the end, since one
        // vector of each row at a time is slow to read and write.
        let at_once = V > 1;
        let kept = if at_once && depth <= most { S::TILE.0 } else { rows };
        let sums = at_least(sums, kept * columns.div_ceil(LANES));
        let part = |start: usize, column: usize, vectors: usize| {
            let (terms, width) = (most.min(depth - start), (vectors * LANES).min(columns - column));
            b.submatrix(start, column, terms, width)
        };
        // Without terms the sums are 0.
        for start in (0..depth.max(1)).step_by(most) {
            for (vector, vectors) in slivers(columns, V) {
                let (column, end) = (vector * LANES, (vector + vectors) * LANES);
                let this = part(start, column, vectors);
                let next = if end < columns {
                    Some(part(start, end, V))
                } else if start + most < depth {
                    Some(part(start + most, 0, V))
                } else {
                    None
                };
                let sums = &mut sums[vector * kept..][..vectors * kept];
                let part = Part {
                    left: (a, start, row),
                    rows,
                    b: this,
                    next,
                    column,
                    go_on: start > 0,
                    done: at_once && start + most >= depth,
                };
                match vectors {
                    2 if V > 2 => part.run::<S, 2>(simd, right, sums, &mut finish),
                    1 if V > 1 => part.run::<S, 1>(simd, right, sums, &mut finish),
                    _ => part.run::<S, V>(simd, right, sums, &mut finish),
                }
            }
        }
        if !at_once {
            for i in 0..rows {
                for (vector, vectors) in slivers(columns, V) {
                    let (column, sums) = (vector * LANES, &sums[vector * rows + i * vectors..]);
                    let width = (vectors * LANES).min(columns - column);
                    finish.piece(simd, i, column, width, &sums[..vectors]);
                }
            }
        }
    }
}

/// The vectors of `columns` columns in slivers of `most` or fewer: where each begins, and how many it has. Four
/// are two and two: one alone would wait for its own multiply-adds.
#[inline(always)]
pub(crate) fn slivers(columns: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let all = columns.div_ceil(LANES);
    let mut next = 0;
    iter::from_fn(
        #[inline(always)]
        move || {
            let (start, rest) = (next, all - next);
            let vectors = if rest == most + 1 && most > 2 { rest / 2 } else { rest.min(most) };
            next += vectors;
            (vectors > 0).then_some((start, vectors))
        },
    )
}

/// out ← beta out + sums.
pub(super) struct Store<'a> {
    /// 0: what stands in `out` is not read.
    pub(super) beta: f32,
    pub(super) out: MatMut<'a, f32>,
}

impl Finish for Store<'_> {
    #[inline(always)]
    fn piece<S: Simd>(&mut self, simd: S, row: usize, column: usize, width: usize, sums: &[Line]) {
        let beta = self.beta;
        let added = |y: F32<S>, sum: F32<S>| y.mul_add(y.constant(beta), sum);
        let part = &mut contiguous_mut(self.out.as_mut().row_mut(row))[column..][..width];
        let (whole, tail) = part.as_chunks_mut::<LANES>();
        for (y, sum) in whole.iter_mut().zip(sums) {
            let sum = F32::load(simd, &sum.0);
            if beta == 0.0 { sum } else { added(F32::load(simd, y), sum) }.store(y);
        }
        if !tail.is_empty() {
            let sum = F32::load(simd, &sums[sums.len() - 1].0);
            let sum = if beta == 0.0 { sum } else { added(F32::load_partial(simd, tail), sum) };
            sum.store_partial(tail);
        }
    }
}

/// Some terms of the sums of a sliver.
struct Part<'a> {
    /// The left operand, its first term and its first row.
    left: (&'a Left<'a>, usize, usize),
    /// Rows of the tile.
    rows: usize,
    /// W vectors of columns of the right operand, at `column` of the tile.
    b: MatRef<'a, f32>,
    /// What comes after it.
    next: Option<MatRef<'a, f32>>,
    column: usize,
    /// Whether the sums have begun, and whether they are to be finished.
    go_on: bool,
    done: bool,
}

impl Part<'_> {
    /// `b` is packed into `lines`. `sums` are those of all rows of the tile, or of no more than stand in registers.
    #[inline(always)]
    fn run<S: Simd, const W: usize>(
        self,
        simd: S,
        lines: &mut Vec<Line>,
        sums: &mut [Line],
        finish: &mut impl Finish,
    ) {
        let Self { left: (left, start, row), rows, b, next, column, go_on, done } = self;
        let (right, _) = at_least(lines, b.nrows() * W).as_chunks_mut::<W>();
        // Rows that can be read as they are are packed by the first ones that they are multiplied with.
        let as_it_is = matches!(left, Left::Packed(_))
            && b.col_stride() == 1
            && b.ncols() == W * LANES
            && rows >= S::TILE.0;
        if !as_it_is {
            pack(simd, b, right);
        }
        let mut ahead = Ahead::new(next);
        let (sums, _) = sums.as_chunks_mut::<W>();
        for i in (0..rows).step_by(S::TILE.0) {
            let left = left.part(start, b.nrows(), row + i);
            let from = if sums.len() < rows { 0 } else { i };
            let sums = &mut sums[from..][..S::TILE.0.min(rows - i)];
            match left {
                LeftPart::Packed { lines, first: at } if as_it_is && i == 0 => {
                    if S::TILE.0 == 8 {
                        packing_rows::<S, 8, W>(simd, (lines, at), b, right, go_on, sums);
                    } else {
                        packing_rows::<S, 4, W>(simd, (lines, at), b, right, go_on, sums);
                    }
                }
                _ => block(simd, left, right, go_on, sums, &mut ahead),
            }
            if done {
                for (r, sums) in sums.iter().enumerate() {
                    finish.piece(simd, i + r, column, b.ncols(), sums);
                }
            }
        }
    }
}

/// As many rows as are held in registers.
#[inline(always)]
fn block<S: Simd, const W: usize>(
    simd: S,
    left: LeftPart<'_>,
    right: &[[Line; W]],
    go_on: bool,
    sums: &mut [[Line; W]],
    ahead: &mut Ahead<'_>,
) {
    match sums.len() {
        8 if S::TILE.0 >= 8 => rows::<S, 8, W>(simd, left, right, go_on, sums, ahead),
        7 if S::TILE.0 >= 8 => rows::<S, 7, W>(simd, left, right, go_on, sums, ahead),
        6 if S::TILE.0 >= 8 => rows::<S, 6, W>(simd, left, right, go_on, sums, ahead),
        5 if S::TILE.0 >= 8 => rows::<S, 5, W>(simd, left, right, go_on, sums, ahead),
        4 => rows::<S, 4, W>(simd, left, right, go_on, sums, ahead),
        3 => rows::<S, 3, W>(simd, left, right, go_on, sums, ahead),
        2 => rows::<S, 2, W>(simd, left, right, go_on, sums, ahead),
        _ => rows::<S, 1, W>(simd, left, right, go_on, sums, ahead),
    }
}

/// Steps after which one cache line is asked for.
const STEPS: usize = 4;

/// M rows of W vectors: each element is a chain of multiply-adds in the order of the terms.
#[inline(always)]
fn rows<S: Simd, const M: usize, const W: usize>(
    simd: S,
    left: LeftPart<'_>,
    right: &[[Line; W]],
    go_on: bool,
    out: &mut [[Line; W]],
    ahead: &mut Ahead<'_>,
) {
    let out: &mut [[Line; W]; M] = out.try_into().expect("M rows");
    let mut sums = begin(simd, go_on, out);
    match left {
        LeftPart::Packed { lines, first } => {
            let (lefts, left_tail) = lines.as_chunks::<STEPS>();
            let (rights, right_tail) = right.as_chunks::<STEPS>();
            for (left, right) in lefts.iter().zip(rights) {
                ahead.touch(simd);
                for i in 0..STEPS {
                    let left: &[f32; M] = rows_of(&left[i], first);
                    sums = term(
                        simd,
                        sums,
                        #[inline(always)]
                        |r| left[r],
                        &right[i],
                    );
                }
            }
            for (left, right) in left_tail.iter().zip(right_tail) {
                let left: &[f32; M] = rows_of(left, first);
                sums = term(
                    simd,
                    sums,
                    #[inline(always)]
                    |r| left[r],
                    right,
                );
            }
        }
        LeftPart::Rows(a) if W == 1 => {
            let mut left = [[].as_slice(); M];
            for (r, left) in left.iter_mut().enumerate() {
                *left = &contiguous(a.row(r))[..right.len()];
            }
            for (k, right) in right.iter().enumerate() {
                sums = term(
                    simd,
                    sums,
                    #[inline(always)]
                    |r| left[r][k],
                    right,
                );
            }
        }
        LeftPart::Rows(_) => unreachable!("only one vector of columns is multiplied with rows"),
    }
    keep(sums, out);
}

/// The same of the columns of `b` as they stand there, which are packed into `right` meanwhile.
#[inline(always)]
fn packing_rows<S: Simd, const M: usize, const W: usize>(
    simd: S,
    (left, first): (&[Line], usize),
    b: MatRef<'_, f32>,
    right: &mut [[Line; W]],
    go_on: bool,
    out: &mut [[Line; W]],
) {
    let out: &mut [[Line; W]; M] = out.try_into().expect("M rows");
    let mut sums = begin(simd, go_on, out);
    for ((left, right), b) in left.iter().zip(right).zip(b.row_iter()) {
        let left: &[f32; M] = rows_of(left, first);
        let b: &[[f32; LANES]; W] =
            contiguous(b).as_chunks().0.try_into().expect("W vectors of columns");
        for v in 0..W {
            F32::load(simd, &b[v]).store(&mut right[v].0);
        }
        sums = term(
            simd,
            sums,
            #[inline(always)]
            |r| left[r],
            right,
        );
    }
    keep(sums, out);
}

/// 0, or what stands in `out`.
#[inline(always)]
fn begin<S: Simd, const M: usize, const W: usize>(
    simd: S,
    go_on: bool,
    out: &[[Line; W]; M],
) -> [[F32<S>; W]; M] {
    let mut sums = [[F32::splat(simd, 0.0); W]; M];
    if go_on {
        for r in 0..M {
            for v in 0..W {
                sums[r][v] = F32::load(simd, &out[r][v].0);
            }
        }
    }
    sums
}

#[inline(always)]
fn keep<S: Simd, const M: usize, const W: usize>(sums: [[F32<S>; W]; M], out: &mut [[Line; W]; M]) {
    for r in 0..M {
        for v in 0..W {
            sums[r][v].store(&mut out[r][v].0);
        }
    }
}

/// M rows of a line.
#[inline(always)]
fn rows_of<const M: usize>(line: &Line, first: usize) -> &[f32; M] {
    line.0[first..].first_chunk().expect("M rows from first on")
}

/// The sums and one term more.
#[inline(always)]
pub(crate) fn term<S: Simd, const M: usize, const W: usize>(
    simd: S,
    mut sums: [[F32<S>; W]; M],
    left: impl Fn(usize) -> f32,
    right: &[Line; W],
) -> [[F32<S>; W]; M] {
    let mut vectors = [F32::splat(simd, 0.0); W];
    for v in 0..W {
        vectors[v] = F32::load(simd, &right[v].0);
    }
    for (r, sums) in sums.iter_mut().enumerate() {
        let left = F32::splat(simd, left(r));
        for v in 0..W {
            sums[v] = left.mul_add(vectors[v], sums[v]);
        }
    }
    sums
}
