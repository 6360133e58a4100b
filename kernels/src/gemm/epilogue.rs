//! What happens to a tile of a product while it is in cache.

use faer::{MatMut, MatRef};

use super::check_row_major;
use crate::{
    activations::{self, Activation, Kind},
    dispatch::{Kernel, Level},
    elementwise::{backward_of, forward_of, same_length, zip_in_place},
    rng::{Jump, Lanes, Noise, Spacing},
    simd::{F32, LANES, Simd},
    units::{self, StochasticUnit, Unit},
};

/// What is done to the product, element by element. `bias` is `[n]`, one a column.
#[derive(Clone, Copy, Debug)]
pub enum Epilogue<'a> {
    /// Nothing.
    None,
    /// out + bias.
    Bias(&'a [f32]),
    /// f(out + bias).
    BiasActivation {
        /// One value a column.
        bias: &'a [f32],
        /// f.
        kind: Kind,
    },
    /// A sample of the unit at out + bias; element (i, j) takes the draws of `noise` from (i·n + j)·d on,
    /// with d = [`Unit::draws`].
    BiasSample {
        /// One value a column.
        bias: &'a [f32],
        /// The distribution.
        unit: Unit,
        /// Where the draws start.
        noise: Noise,
    },
    /// f'(saved) · out: backward through the activation that `saved`, row-major `[m, n]`, went through.
    Backward {
        /// f.
        kind: Kind,
        /// What forward saved: see [`Kind::saved`].
        saved: MatRef<'a, f32>,
    },
}

/// A tile of the output, at (`row`, `column`) of a matrix with `columns` columns.
pub(super) struct Tile<'a> {
    pub(super) row: usize,
    pub(super) column: usize,
    pub(super) columns: usize,
    /// Row-major.
    pub(super) values: MatMut<'a, f32>,
}

impl Tile<'_> {
    /// Row `i` of the tile.
    fn values_of_row(&mut self, i: usize) -> &mut [f32] {
        contiguous_mut(self.values.as_mut().row_mut(i))
    }

    /// This tile's part of one value a column.
    fn part<'b>(&self, per_column: &'b [f32]) -> &'b [f32] {
        &per_column[self.column..][..self.values.ncols()]
    }
}

pub(super) fn contiguous_mut(row: faer::RowMut<'_, f32>) -> &mut [f32] {
    row.try_as_row_major_mut()
        .expect("the product checks that its output is row-major")
        .as_slice_mut()
}

pub(super) fn contiguous(row: faer::RowRef<'_, f32>) -> &[f32] {
    row.try_as_row_major().expect("the product checks that its operand is row-major").as_slice()
}

impl Epilogue<'_> {
    /// Panics if something of the epilogue does not fit a product of shape [m, n].
    #[track_caller]
    pub(crate) fn check(&self, m: usize, n: usize) {
        match self {
            Self::None => {}
            Self::Bias(bias) | Self::BiasActivation { bias, .. } => {
                same_length("bias", bias.len(), "columns of out", n)
            }
            Self::BiasSample { bias, unit, .. } => {
                same_length("bias", bias.len(), "columns of out", n);
                unit.expect_valid();
            }
            Self::Backward { saved, .. } => {
                assert!(
                    saved.shape() == (m, n),
                    "`saved` is {:?}, out is {:?}: they must be equal",
                    saved.shape(),
                    (m, n)
                );
                check_row_major("saved", *saved);
            }
        }
    }

    /// Runs on the rows from `row` on of a result of so many `columns`.
    pub(crate) fn apply_to_rows(&self, level: Level, row: usize, columns: usize, out: &mut [f32]) {
        let values = MatMut::from_row_major_slice_mut(out, out.len() / columns, columns);
        self.apply(level, Tile { row, column: 0, columns, values });
    }

    /// Runs on one tile.
    pub(super) fn apply(&self, level: Level, tile: Tile<'_>) {
        match *self {
            Self::None => {}
            Self::Bias(bias) => {
                Kind::Identity.visit(BiasActivation { level, tile, bias });
            }
            Self::BiasActivation { bias, kind } => kind.visit(BiasActivation { level, tile, bias }),
            Self::BiasSample { bias, unit, noise } => {
                unit.visit(BiasSample { level, tile, bias, noise });
            }
            Self::Backward { kind, saved } => kind.visit(Backward { level, tile, saved }),
        }
    }
}

struct BiasActivation<'a> {
    level: Level,
    tile: Tile<'a>,
    bias: &'a [f32],
}

impl activations::Visitor for BiasActivation<'_> {
    type Output = ();

    fn visit<A: Activation>(self, f: A) {
        struct On<'a, A>(A, Tile<'a>, &'a [f32]);
        impl<A: Activation> Kernel for On<'_, A> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                let Self(f, mut tile, bias) = self;
                let bias = tile.part(bias);
                for i in 0..tile.values.nrows() {
                    let row = tile.values_of_row(i);
                    zip_in_place(
                        simd,
                        bias,
                        row,
                        #[inline(always)]
                        |b, y| forward_of(simd, f, y + b),
                    );
                }
            }
        }
        self.level.run(On(f, self.tile, self.bias));
    }
}

struct Backward<'a> {
    level: Level,
    tile: Tile<'a>,
    saved: MatRef<'a, f32>,
}

impl activations::Visitor for Backward<'_> {
    type Output = ();

    fn visit<A: Activation>(self, f: A) {
        struct On<'a, A>(A, Tile<'a>, MatRef<'a, f32>);
        impl<A: Activation> Kernel for On<'_, A> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                let Self(f, mut tile, saved) = self;
                let (height, width) = tile.values.shape();
                let saved = saved.submatrix(tile.row, tile.column, height, width);
                for i in 0..height {
                    let saved = contiguous(saved.row(i));
                    let row = tile.values_of_row(i);
                    zip_in_place(
                        simd,
                        saved,
                        row,
                        #[inline(always)]
                        |s, dy| backward_of(simd, f, s, dy),
                    );
                }
            }
        }
        self.level.run(On(f, self.tile, self.saved));
    }
}

struct BiasSample<'a> {
    level: Level,
    tile: Tile<'a>,
    bias: &'a [f32],
    noise: Noise,
}

impl units::Visitor for BiasSample<'_> {
    type Output = ();

    fn visit<U: StochasticUnit>(self, unit: U) {
        struct On<'a, U>(U, Tile<'a>, &'a [f32], Noise, Spacing);
        impl<U: StochasticUnit> Kernel for On<'_, U> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                let Self(unit, mut tile, bias, noise, spacing) = self;
                let bias = tile.part(bias);
                let draws = u64::from(unit.draws());
                let first = (tile.row * tile.columns + tile.column) as u64;
                let mut noise = noise.skip(first * draws);
                let next_row = Jump::steps(tile.columns as u64 * draws);
                for i in 0..tile.values.nrows() {
                    let mut lanes = Lanes::new(simd, noise, &spacing);
                    noise = noise.jump(next_row);
                    let (ys, y_tail) = tile.values_of_row(i).as_chunks_mut::<LANES>();
                    let (bs, b_tail) = bias.as_chunks::<LANES>();
                    for (y, b) in ys.iter_mut().zip(bs) {
                        let x = F32::load(simd, y) + F32::load(simd, b);
                        unit.sample(x, &mut lanes).store(y);
                    }
                    if !y_tail.is_empty() {
                        let x = F32::load_partial(simd, y_tail) + F32::load_partial(simd, b_tail);
                        unit.sample(x, &mut lanes).store_partial(y_tail);
                    }
                }
            }
        }
        let spacing = Spacing::of(unit.draws());
        self.level.run(On(unit, self.tile, self.bias, self.noise, spacing));
    }
}
