//! Memory of a training run, allocated once; views of it as matrices; copies into it.

use halfwave_kernels::gemm::{MatMut, MatRef};
use rayon::prelude::*;

use crate::TrainError;

/// `product of sizes` zeros, or an error where there is no such memory.
pub(crate) fn zeros<T: Clone + Default>(
    name: &'static str,
    sizes: &[usize],
) -> Result<Vec<T>, TrainError> {
    let mut buffer = Vec::new();
    let length = sizes.iter().try_fold(1, |product: usize, &size| product.checked_mul(size));
    length
        .and_then(|length| buffer.try_reserve_exact(length).ok().map(|()| length))
        .map(|length| buffer.resize(length, T::default()))
        .ok_or(TrainError::Memory { name })?;
    Ok(buffer)
}

/// `x [rows, columns]` as a matrix.
pub(crate) fn matrix(x: &[f32], columns: usize) -> MatRef<'_, f32> {
    MatRef::from_row_major_slice(x, x.len() / columns, columns)
}

/// `x [rows, columns]` as a matrix to write to.
pub(crate) fn matrix_mut(x: &mut [f32], columns: usize) -> MatMut<'_, f32> {
    let rows = x.len() / columns;
    MatMut::from_row_major_slice_mut(x, rows, columns)
}

/// Rows that one task copies: some 50 KiB of MNIST.
const ROWS: usize = 16;

/// out [indices, width] ← the rows of x [_, width] that `indices` name, in their order.
pub(crate) fn gather(x: &[f32], width: usize, indices: &[u32], out: &mut [f32]) {
    out.par_chunks_mut(ROWS * width).zip(indices.par_chunks(ROWS)).for_each(|(out, indices)| {
        for (out, &index) in out.chunks_exact_mut(width).zip(indices) {
            out.copy_from_slice(&x[index as usize * width..][..width]);
        }
    });
}

/// Row and column of the first value of `x [_, width]` for which `holds` is false.
pub(crate) fn find(
    x: &[f32],
    width: usize,
    holds: impl Fn(f32) -> bool,
) -> Option<(usize, usize, f32)> {
    let at = x.iter().position(|&value| !holds(value))?;
    Some((at / width, at % width, x[at]))
}

/// That `x` is at least one row of `width` finite numbers; returns the number of rows.
pub(crate) fn check_rows(x: &[f32], width: usize) -> Result<usize, TrainError> {
    if x.is_empty() {
        return Err(TrainError::Empty);
    }
    if !x.len().is_multiple_of(width) {
        let (name, found) = ("features of a row", x.len() % width);
        return Err(TrainError::Shape { name, expected: width, found });
    }
    match find(x, width, f32::is_finite) {
        Some((row, column, value)) => Err(TrainError::NotFinite { row, column, value }),
        None => Ok(x.len() / width),
    }
}

/// That all values of `x [_, width]` are 0 or 1.
pub(crate) fn check_binary(x: &[f32], width: usize) -> Result<(), TrainError> {
    match find(x, width, |v| v == 0.0 || v == 1.0) {
        Some((row, column, value)) => Err(TrainError::NotBinary { row, column, value }),
        None => Ok(()),
    }
}

/// Sums of `term(a, b)`: of 16 lanes, whatever the level, and of what is left after whole vectors.
#[inline]
fn partial_sums(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> [f32; 17] {
    const LANES: usize = 16;
    let (whole_a, tail_a) = a.as_chunks::<LANES>();
    let (whole_b, tail_b) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES + 1];
    for (a, b) in whole_a.iter().zip(whole_b) {
        for ((sum, &a), &b) in sums.iter_mut().zip(a).zip(b) {
            *sum += term(a, b);
        }
    }
    sums[LANES] = tail_a.iter().zip(tail_b).map(|(&a, &b)| term(a, b)).sum();
    sums
}

/// Σ a b, in partial sums that are added in order.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    partial_sums(a, b, |a, b| a * b).iter().sum()
}

/// Σ a b in `f64`.
pub(crate) fn wide_dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

/// Σ (a − b)², in partial sums that are added in order in `f64`.
pub(crate) fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    partial_sums(a, b, |a, b| (a - b) * (a - b)).iter().map(|&sum| f64::from(sum)).sum()
}

/// Whether all values are finite and no larger than `limit`.
pub(crate) fn within(x: &[f32], limit: f32) -> bool {
    x.par_chunks(1 << 14).all(|x| x.iter().all(|value| value.abs() <= limit))
}
