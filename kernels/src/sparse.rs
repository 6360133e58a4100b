//! Rows of zeros and ones times dense weights: sums of the weights' rows.
//!
//! ```text
//! x [rows, width] of zeros and ones, W [width, outputs], b [outputs], y and z [rows, outputs]
//!
//! forward    z[i] = Σ_{j: x[i,j]=1} W[j] + b      y = f(z)
//! gradient   dW[j] = Σ_{i: x[i,j]=1} dz[i]        for the columns j that have a one
//! ```
//!
//! The order of a sum is that of the indices, from +0 on, and the bias comes last: for finite weights the bits are those of
//! the dense product of the same numbers, on every level and for any number of threads. (0 · ∞ is NaN there, and left out
//! here.) A column that a row has twice counts twice.

use rayon::prelude::*;

use crate::{
    activations::Kind,
    dispatch::{Kernel, Level},
    elementwise::{forward, forward_in_place, same_length},
    simd::{F32, LANES, Simd, load_up_to, store_up_to},
};

/// Rows of zeros and ones: where the ones of each row begin, and the columns of the ones.
///
/// ```
/// use halfwave_kernels::sparse::BinaryRows;
/// // [[1, 0, 1], [0, 0, 0]]
/// let x = BinaryRows::new(3, &[0, 2, 2], &[0, 2]);
/// assert_eq!((x.rows(), x.width(), x.row(0)), (2, 3, &[0, 2][..]));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BinaryRows<'a> {
    width: usize,
    offsets: &'a [usize],
    columns: &'a [u32],
}

impl<'a> BinaryRows<'a> {
    /// `offsets` is `[rows + 1]`: the ones of row i are in the columns `columns[offsets[i]..offsets[i + 1]]`.
    ///
    /// # Panics
    /// If the offsets do not ascend from 0 to the number of columns, or a column is not below `width`.
    #[must_use]
    #[track_caller]
    pub fn new(width: usize, offsets: &'a [usize], columns: &'a [u32]) -> Self {
        assert!(
            offsets.first() == Some(&0) && offsets.is_sorted(),
            "the offsets must ascend from 0"
        );
        same_length("columns", columns.len(), "ones", offsets[offsets.len() - 1]);
        let largest = columns.iter().max().map_or(0, |&column| column as usize);
        assert!(
            columns.is_empty() || largest < width,
            "column {largest} is not below the width, which is {width}"
        );
        Self { width, offsets, columns }
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The columns of the ones of row `i`.
    ///
    /// # Panics
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, i: usize) -> &'a [u32] {
        &self.columns[self.offsets[i]..self.offsets[i + 1]]
    }
}

/// `out[i]` = Σ `weights[j]` over the ones j of row i, in their order: x W. `weights` is `[width, outputs]`, `out`
/// `[rows, outputs]`. With the rows of xᵀ and dz for the weights, it is the gradient of W.
///
/// ```
/// use halfwave_kernels::{Level, sparse::{BinaryRows, product}};
/// let x = BinaryRows::new(3, &[0, 2, 2], &[0, 2]);
/// let mut out = [f32::NAN; 4];
/// product(Level::best(), x, &[1.0, 2.0, 10.0, 20.0, 100.0, 200.0], &mut out);
/// assert_eq!(out, [101.0, 202.0, 0.0, 0.0]);
/// ```
///
/// # Panics
/// If the lengths do not fit.
pub fn product(level: Level, x: BinaryRows<'_>, weights: &[f32], out: &mut [f32]) {
    let outputs = outputs(x, weights, out);
    rows_of(x, outputs, out).for_each(|(columns, out)| {
        level.run(SumRows { columns, weights, bias: None, out });
    });
}

/// y = f(x W + b). `bias` is `[outputs]`, the rest as in [`product`].
///
/// ```
/// use halfwave_kernels::{Kind, Level, sparse::{BinaryRows, affine}};
/// let x = BinaryRows::new(2, &[0, 2, 3], &[0, 1, 1]);
/// let mut y = [f32::NAN; 2];
/// affine(Level::best(), x, &[1.0, -2.0], &[0.5], Kind::Relu, &mut y);
/// assert_eq!(y, [0.0, 0.0]);
/// affine(Level::best(), x, &[1.0, -2.0], &[0.5], Kind::Identity, &mut y);
/// assert_eq!(y, [-0.5, -1.5]);
/// ```
///
/// # Panics
/// If the lengths do not fit.
pub fn affine(
    level: Level,
    x: BinaryRows<'_>,
    weights: &[f32],
    bias: &[f32],
    kind: Kind,
    y: &mut [f32],
) {
    let outputs = outputs(x, weights, y);
    same_length("bias", bias.len(), "outputs", outputs);
    rows_of(x, outputs, y).for_each(|(columns, y)| {
        level.run(SumRows { columns, weights, bias: Some(bias), out: y });
        if kind != Kind::Identity {
            forward_in_place(level, kind, y);
        }
    });
}

/// z = x W + b and y = f(z), for activations whose derivative needs z: see [`Kind::saved`]. Shapes as in [`affine`].
///
/// # Panics
/// If the lengths do not fit.
pub fn affine_both(
    level: Level,
    x: BinaryRows<'_>,
    weights: &[f32],
    bias: &[f32],
    kind: Kind,
    [z, y]: [&mut [f32]; 2],
) {
    let outputs = outputs(x, weights, z);
    same_length("bias", bias.len(), "outputs", outputs);
    same_length("y", y.len(), "z", z.len());
    rows_of(x, outputs, z).zip(y.par_chunks_mut(outputs.max(1))).for_each(|((columns, z), y)| {
        level.run(SumRows { columns, weights, bias: Some(bias), out: z });
        forward(level, kind, z, y);
    });
}

/// Checks the shapes and returns the number of outputs.
#[track_caller]
fn outputs(x: BinaryRows<'_>, weights: &[f32], out: &[f32]) -> usize {
    let outputs = weights.len().checked_div(x.width).unwrap_or(0);
    same_length("weights", weights.len(), "width × outputs", x.width * outputs);
    same_length("out", out.len(), "rows × outputs", x.rows() * outputs);
    outputs
}

/// The ones of each row with its part of `out`.
fn rows_of<'a>(
    x: BinaryRows<'a>,
    outputs: usize,
    out: &'a mut [f32],
) -> impl IndexedParallelIterator<Item = (&'a [u32], &'a mut [f32])> {
    let rows = out.par_chunks_mut(outputs.max(1)).enumerate();
    rows.map(move |(i, out)| (x.row(i), out))
}

/// Vectors whose sums stay in registers while the rows pass: sixteen columns each.
const VECTORS: usize = 4;

/// One row of the product.
struct SumRows<'a> {
    columns: &'a [u32],
    weights: &'a [f32],
    bias: Option<&'a [f32]>,
    out: &'a mut [f32],
}

impl SumRows<'_> {
    /// The sums of the `N` vectors of columns from `first` on.
    #[inline(always)]
    fn sum<S: Simd, const N: usize>(&self, simd: S, first: usize) -> [F32<S>; N] {
        let mut sums = [F32::splat(simd, 0.0); N];
        for &column in self.columns {
            let row = &self.weights[column as usize * self.out.len() + first..][..N * LANES];
            let row = row.as_chunks::<LANES>().0;
            for (sum, weights) in sums.iter_mut().zip(row) {
                *sum = *sum + F32::load(simd, weights);
            }
        }
        sums
    }

    /// The sums of the last columns from `first` on, fewer than a vector.
    #[inline(always)]
    fn sum_of_tail<S: Simd>(&self, simd: S, first: usize) -> F32<S> {
        let mut sum = F32::splat(simd, 0.0);
        let tail = self.out.len() - first;
        for &column in self.columns {
            let row = &self.weights[column as usize * self.out.len() + first..][..tail];
            sum = sum + F32::load_partial(simd, row);
        }
        sum
    }

    /// Stores up to sixteen sums, with their biases, from column `first` on.
    #[inline(always)]
    fn finish<S: Simd>(&mut self, simd: S, sum: F32<S>, first: usize) {
        let last = self.out.len().min(first + LANES);
        let sum = match self.bias {
            Some(bias) => sum + load_up_to(simd, &bias[first..last]),
            None => sum,
        };
        store_up_to(sum, &mut self.out[first..last]);
    }
}

impl Kernel for SumRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        let outputs = self.out.len();
        let mut first = 0;
        while first + VECTORS * LANES <= outputs {
            let sums = self.sum::<S, VECTORS>(simd, first);
            for (k, sum) in sums.into_iter().enumerate() {
                self.finish(simd, sum, first + k * LANES);
            }
            first += VECTORS * LANES;
        }
        while first + LANES <= outputs {
            let [sum] = self.sum::<S, 1>(simd, first);
            self.finish(simd, sum, first);
            first += LANES;
        }
        if first < outputs {
            let sum = self.sum_of_tail(simd, first);
            self.finish(simd, sum, first);
        }
    }
}

/// xᵀ without its empty rows: the columns of x that have a one, and which rows these ones are in. Keeps its memory
/// from batch to batch.
///
/// ```
/// use halfwave_kernels::{Level, sparse::{BinaryRows, Columns, product}};
/// let x = BinaryRows::new(3, &[0, 2, 3], &[0, 2, 2]);
/// let mut columns = Columns::default();
/// columns.fill(x);
/// assert_eq!(columns.columns(), [0, 2]);
/// // The gradient of the weights' rows 0 and 2, from dz [2, 1].
/// let mut gradient = [f32::NAN; 2];
/// product(Level::best(), columns.rows(), &[0.5, 1.0], &mut gradient);
/// assert_eq!(gradient, [0.5, 1.5]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Columns {
    /// Rows of x.
    batch: usize,
    columns: Vec<u32>,
    offsets: Vec<usize>,
    rows: Vec<u32>,
    /// Of each column of x: how many ones, then where the next one goes.
    places: Vec<usize>,
}

impl Columns {
    /// Those of `x`, in place of what was there.
    pub fn fill(&mut self, x: BinaryRows<'_>) {
        let Self { batch, columns, offsets, rows, places } = self;
        *batch = x.rows();
        places.clear();
        places.resize(x.width, 0);
        x.columns.iter().for_each(|&column| places[column as usize] += 1);
        columns.clear();
        offsets.clear();
        offsets.push(0);
        let mut ones = 0;
        for (column, place) in (0..).zip(places.iter_mut()).filter(|(_, place)| **place > 0) {
            columns.push(column);
            (*place, ones) = (ones, ones + *place);
            offsets.push(ones);
        }
        rows.clear();
        rows.resize(ones, 0);
        for (i, row) in (0..).zip(0..x.rows()) {
            for &column in x.row(row) {
                let place = &mut places[column as usize];
                rows[*place] = i;
                *place += 1;
            }
        }
    }

    /// The columns of x that have a one, ascending.
    #[must_use]
    pub fn columns(&self) -> &[u32] {
        &self.columns
    }

    /// For each of [`Columns::columns`] the rows of x that have a one there, ascending.
    #[must_use]
    pub fn rows(&self) -> BinaryRows<'_> {
        let offsets = if self.offsets.is_empty() { &[0] } else { &self.offsets[..] };
        BinaryRows { width: self.batch, offsets, columns: &self.rows }
    }
}
