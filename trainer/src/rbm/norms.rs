//! Norms of the weights: of each hidden unit's, which can be bounded, and of the whole matrix.

use rayon::prelude::*;

use crate::buffers::dot;

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

/// Rows that one task takes.
const ROWS: usize = 64;

/// The largest singular value of W `[visible, hidden]`, from below, by power iteration; `direction [hidden]`,
/// where the last call ended, or empty, is where this one starts. One pass over W an iteration: h ← Wᵀ W h.
///
/// With Gaussian visible and Gaussian hidden units there is a density if and only if it is below 1; with
/// truncated Gaussian ones that is enough. With NReLU the chains can run away above 1.
pub(super) fn spectral_norm(weights: &[f32], hidden: usize, direction: &mut Vec<f32>) -> f64 {
    const ITERATIONS: usize = 20;
    const CHANGE: f64 = 1e-3;
    if direction.is_empty() {
        let longest = weights.chunks_exact(hidden).max_by(|a, b| dot(a, a).total_cmp(&dot(b, b)));
        direction.extend_from_slice(longest.unwrap_or_default());
    }
    let mut last = 0.0;
    for _ in 0..ITERATIONS {
        let length = dot(direction, direction).sqrt();
        if length == 0.0 {
            break;
        }
        direction.iter_mut().for_each(|h| *h /= length);
        let h = &*direction;
        let blocks: Vec<(f64, Vec<f32>)> = weights
            .par_chunks(ROWS * hidden)
            .map(|block| {
                let (mut square, mut sums) = (0.0, vec![0.0; hidden]);
                for row in block.chunks_exact(hidden) {
                    let t = dot(row, h);
                    square += f64::from(t) * f64::from(t);
                    sums.iter_mut().zip(row).for_each(|(sum, w)| *sum += t * w);
                }
                (square, sums)
            })
            .collect();
        let now = blocks.iter().map(|(square, _)| square).sum::<f64>().sqrt();
        direction.fill(0.0);
        for (_, sums) in &blocks {
            direction.iter_mut().zip(sums).for_each(|(h, sum)| *h += sum);
        }
        let change = now - last;
        last = now;
        if change.abs() <= CHANGE * now {
            break;
        }
    }
    last
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
        let (mut direction, w) = (Vec::new(), [3.0, 0.0, 4.0, 5.0]);
        spectral_norm(&w, 2, &mut direction);
        let found = spectral_norm(&w, 2, &mut direction);
        assert!((found - 3.0 * 5.0_f64.sqrt()).abs() < 1e-4, "{found}");
        assert_eq!(spectral_norm(&[0.0; 6], 3, &mut Vec::new()), 0.0);
    }
}
