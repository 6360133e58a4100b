//! Sums over rows, in `f64`: sixteen lanes, whole vectors in order, the tail, then one tree.

use super::whole_rows;
use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    simd::{F32, F64, LANES, Simd, load_up_to, reduce},
};

/// `out[i]` = Σⱼ `x[i, j]`, summed in `f64` and rounded once. `x` is `[out.len(), columns]`.
///
/// ```
/// use halfwave_kernels::{Level, rows::row_sums};
/// let mut sums = [0.0; 2];
/// row_sums(Level::best(), &[1.0, 2.0, 3.0, 4.0], 2, &mut sums);
/// assert_eq!(sums, [3.0, 7.0]);
/// ```
///
/// # Panics
/// If the lengths do not fit.
pub fn row_sums(level: Level, x: &[f32], columns: usize, out: &mut [f32]) {
    whole_rows(x.len(), columns);
    same_length("x", x.len(), "rows × columns", out.len() * columns);
    level.run(RowSums { x, columns, out });
}

struct RowSums<'a> {
    x: &'a [f32],
    columns: usize,
    out: &'a mut [f32],
}

impl Kernel for RowSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        if self.columns == 0 {
            return self.out.fill(0.0);
        }
        for (row, out) in self.x.chunks_exact(self.columns).zip(self.out) {
            *out = row_sum_f64(simd, row) as f32;
        }
    }
}

/// Σ x.
#[inline(always)]
pub(super) fn row_sum_f64<S: Simd>(simd: S, x: &[f32]) -> f64 {
    let mut sum = F64::splat(simd, 0.0);
    for x in x.chunks(LANES) {
        sum = sum + load_up_to(simd, x).widen();
    }
    reduce::sum_f64(sum)
}

/// Σ x y.
#[inline(always)]
pub(super) fn row_dot_f64<S: Simd>(simd: S, x: &[f32], y: &[f32]) -> f64 {
    let mut sum = F64::splat(simd, 0.0);
    for (x, y) in x.chunks(LANES).zip(y.chunks(LANES)) {
        sum = load_up_to(simd, x).widen().mul_add(load_up_to(simd, y).widen(), sum);
    }
    reduce::sum_f64(sum)
}

/// Σ (x − mean)²; `x` is not empty.
#[inline(always)]
pub(super) fn row_squares_f64<S: Simd>(simd: S, x: &[f32], mean: f64) -> f64 {
    let mean = F64::splat(simd, mean);
    let mut sum = F64::splat(simd, 0.0);
    let (whole, tail) = x.as_chunks::<LANES>();
    for x in whole {
        let d = F32::load(simd, x).widen() - mean;
        sum = d.mul_add(d, sum);
    }
    if !tail.is_empty() {
        // The lanes past the end take the mean, and so add 0.
        let mut d = (F32::load_partial(simd, tail).widen() - mean).to_array();
        d[tail.len()..].fill(0.0);
        let d = F64::load(simd, &d);
        sum = d.mul_add(d, sum);
    }
    reduce::sum_f64(sum)
}
