//! Norms of the weights: of each hidden unit's, which can be bounded, and of the whole matrix.

use halfwave_kernels::{
    Level,
    gemm::{self, Epilogue, MatRef},
};
use rayon::prelude::*;

use crate::buffers::{matrix, matrix_mut};

/// Columns that one task sums.
const COLUMNS: usize = 256;

/// Scales the columns of W `[visible, hidden]` whose Euclidean norm is above `limit` back to it (Srivastava
/// et al., JMLR 15, 2014, section 5.1). `factors [hidden]` is memory.
pub(super) fn limit_columns(weights: &mut [f32], limit: f32, factors: &mut [f32]) {
    let hidden = factors.len();
    let w = &*weights;
    factors.par_chunks_mut(COLUMNS).enumerate().for_each(|(i, factors)| {
        factors.fill(0.0);
        for row in w.chunks_exact(hidden) {
            let row = &row[i * COLUMNS..][..factors.len()];
            factors.iter_mut().zip(row).for_each(|(sum, w)| *sum += w * w);
        }
        factors
            .iter_mut()
            .for_each(|f| *f = if *f > limit * limit { limit / f.sqrt() } else { 1.0 });
    });
    if factors.iter().any(|&factor| factor != 1.0) {
        weights.par_chunks_exact_mut(hidden).for_each(|row| {
            row.iter_mut().zip(&*factors).for_each(|(w, factor)| *w *= factor);
        });
    }
}

/// The largest singular value of W `[visible, hidden]`, from below, by power iteration from the longest row.
///
/// With Gaussian visible and Gaussian hidden units there is a density if and only if it is below 1; with
/// truncated Gaussian ones that is enough. With NReLU the chains can run away above 1.
pub(super) fn spectral_norm(level: Level, weights: &[f32], hidden: usize) -> f64 {
    const ITERATIONS: usize = 100;
    const CHANGE: f64 = 1e-4;
    let w = matrix(weights, hidden);
    let norm = |x: &[f32]| x.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let longest = weights.chunks_exact(hidden).max_by(|a, b| norm(a).total_cmp(&norm(b)));
    let mut h = longest.map_or_else(Vec::new, <[f32]>::to_vec);
    let mut v = vec![0.0; w.nrows()];
    let mut last = 0.0;
    for _ in 0..ITERATIONS {
        let length = norm(&h);
        if length == 0.0 {
            break;
        }
        h.iter_mut().for_each(|h| *h = (f64::from(*h) / length) as f32);
        product(level, &h, w.transpose(), &mut v);
        let now = norm(&v);
        if (now - last).abs() <= CHANGE * now {
            return now;
        }
        last = now;
        product(level, &v, w, &mut h);
    }
    last
}

fn product(level: Level, x: &[f32], w: MatRef<'_, f32>, out: &mut [f32]) {
    let width = out.len();
    gemm::matmul(level, matrix(x, x.len()), w, matrix_mut(out, width), Epilogue::None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_columns_are_cut_and_short_ones_keep_their_bits() {
        let mut w = vec![3.0, 0.1, 4.0, 0.2];
        limit_columns(&mut w, 1.0, &mut [0.0; 2]);
        assert_eq!((w[1], w[3]), (0.1, 0.2));
        assert!((w[0] - 0.6).abs() < 1e-6 && (w[2] - 0.8).abs() < 1e-6, "{w:?}");
    }

    #[test]
    fn the_spectral_norm_is_the_largest_singular_value() {
        // Singular values 3 √5 and √5.
        let found = spectral_norm(Level::best(), &[3.0, 0.0, 4.0, 5.0], 2);
        assert!((found - 3.0 * 5.0_f64.sqrt()).abs() < 1e-3, "{found}");
        assert_eq!(spectral_norm(Level::best(), &[0.0; 6], 3), 0.0);
    }
}
