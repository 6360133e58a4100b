//! Layer normalisation. `x` and its like are `[rows, columns]`; γ and β `[columns]`; mean and 1/σ `[rows]`.
//!
//! forward    x̂ = (x − mean) / σ,  σ² = Σ (x − mean)² / columns + ε,   y = γ x̂ + β
//! backward   dx = (g − (Σ g + x̂ Σ g x̂) / columns) / σ,  g = γ dy
//!            dγ = Σ dy x̂,   dβ = Σ dy, over the rows in order
//!
//! Ba, Kiros & Hinton 2016, arXiv:1607.06450. The variance takes two passes; all sums are in `f64`. Backward takes the mean
//! as it was saved, in `f32`: x̂ is off by up to 2⁻²⁴ |mean| / σ there, so rows far from 0 are better centred before.
//! Large x are shared out to the current rayon pool; the number of threads changes no bit.

use rayon::prelude::*;

use super::{
    check_epsilon,
    strips::{STRIP, Sums, add_to_sums, share, write_sums},
    sums::{row_squares_f64, row_sum_f64},
    whole_rows,
};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    parallel::{BLOCK, WORTH_THREADS},
    simd::{F64, LANES, Simd, load_up_to, reduce, store_up_to},
};

/// Layer normalisation with its learned scale γ and shift β.
#[derive(Clone, Copy, Debug)]
pub struct LayerNorm<'a> {
    /// γ, `[columns]`.
    pub gamma: &'a [f32],
    /// β, `[columns]`.
    pub beta: &'a [f32],
    /// ε > 0.
    pub epsilon: f32,
}

/// What forward saves for backward, `[rows]` each.
#[derive(Debug)]
pub struct Moments<'a> {
    /// The mean.
    pub mean: &'a mut [f32],
    /// 1/σ.
    pub inverse_std: &'a mut [f32],
}

/// y = γ (x − mean) / σ + β for each row, saving the mean and 1/σ.
///
/// ```
/// use halfwave_kernels::{Level, rows::{LayerNorm, Moments, layer_norm}};
/// let norm = LayerNorm { gamma: &[1.0; 2], beta: &[0.5; 2], epsilon: 1e-12 };
/// let (mut y, mut mean, mut inverse_std) = ([0.0; 2], [0.0], [0.0]);
/// let saved = Moments { mean: &mut mean, inverse_std: &mut inverse_std };
/// layer_norm(Level::best(), norm, &[2.0, 4.0], &mut y, saved);
/// assert_eq!((y, mean, inverse_std), ([-0.5, 1.5], [3.0], [1.0]));
/// ```
///
/// # Panics
/// If the lengths do not fit, or ε is not above 0.
pub fn layer_norm(level: Level, norm: LayerNorm<'_>, x: &[f32], y: &mut [f32], saved: Moments<'_>) {
    same_length("x", x.len(), "y", y.len());
    same_length("beta", norm.beta.len(), "gamma", norm.gamma.len());
    whole_rows(x.len(), norm.gamma.len());
    check_epsilon(norm.epsilon);
    let rows = x.len().checked_div(norm.gamma.len()).unwrap_or(0);
    same_length("mean", saved.mean.len(), "rows", rows);
    same_length("inverse_std", saved.inverse_std.len(), "rows", rows);
    let Moments { mean, inverse_std } = saved;
    if x.len() < WORTH_THREADS {
        return level.run(Forward { norm, x, y, saved: Moments { mean, inverse_std } });
    }
    let (rows, block) = block(norm.gamma.len());
    (x.par_chunks(block), y.par_chunks_mut(block))
        .into_par_iter()
        .zip((mean.par_chunks_mut(rows), inverse_std.par_chunks_mut(rows)))
        .for_each(|((x, y), (mean, inverse_std))| {
            level.run(Forward { norm, x, y, saved: Moments { mean, inverse_std } });
        });
}

/// dx, dγ and dβ, overwritten, from x and what [`layer_norm`] saved.
///
/// ```
/// use halfwave_kernels::{Level, rows::layer_norm_backward};
/// let (mut dx, mut dgamma, mut dbeta) = ([0.0; 2], [0.0; 2], [0.0; 2]);
/// layer_norm_backward(
///     Level::best(), &[1.0; 2], &[2.0, 4.0], (&[3.0], &[1.0]), &[5.0, 7.0],
///     &mut dx, (&mut dgamma, &mut dbeta),
/// );
/// // Two values are always normalised to −1 and 1.
/// assert_eq!((dx, dgamma, dbeta), ([0.0; 2], [-5.0, 7.0], [5.0, 7.0]));
/// ```
///
/// # Panics
/// If the lengths do not fit.
pub fn layer_norm_backward(
    level: Level,
    gamma: &[f32],
    x: &[f32],
    (mean, inverse_std): (&[f32], &[f32]),
    dy: &[f32],
    dx: &mut [f32],
    (dgamma, dbeta): (&mut [f32], &mut [f32]),
) {
    same_length("x", x.len(), "dx", dx.len());
    same_length("dy", dy.len(), "dx", dx.len());
    same_length("dgamma", dgamma.len(), "gamma", gamma.len());
    same_length("dbeta", dbeta.len(), "gamma", gamma.len());
    whole_rows(x.len(), gamma.len());
    let rows = x.len().checked_div(gamma.len()).unwrap_or(0);
    same_length("mean", mean.len(), "rows", rows);
    same_length("inverse_std", inverse_std.len(), "rows", rows);
    let share = share(gamma.len(), x.len());
    let parameters = |(number, (dgamma, dbeta)): (usize, (&mut [f32], &mut [f32]))| {
        let (first, columns) = (number * share, gamma.len());
        level.run(ParameterGradients { first, columns, x, mean, inverse_std, dy, dgamma, dbeta });
    };
    if x.len() < WORTH_THREADS {
        level.run(Backward { gamma, x, mean, inverse_std, dy, dx });
        return dgamma
            .chunks_mut(share)
            .zip(dbeta.chunks_mut(share))
            .enumerate()
            .for_each(parameters);
    }
    let (rows, block) = block(gamma.len());
    (x.par_chunks(block), dy.par_chunks(block), dx.par_chunks_mut(block))
        .into_par_iter()
        .zip((mean.par_chunks(rows), inverse_std.par_chunks(rows)))
        .for_each(|((x, dy, dx), (mean, inverse_std))| {
            level.run(Backward { gamma, x, mean, inverse_std, dy, dx });
        });
    (dgamma.par_chunks_mut(share), dbeta.par_chunks_mut(share))
        .into_par_iter()
        .enumerate()
        .for_each(parameters);
}

/// Rows that a thread takes at a time, and their elements.
fn block(columns: usize) -> (usize, usize) {
    let rows = BLOCK.div_ceil(columns);
    (rows, rows * columns)
}

struct Forward<'a> {
    norm: LayerNorm<'a>,
    x: &'a [f32],
    y: &'a mut [f32],
    saved: Moments<'a>,
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let LayerNorm { gamma, beta, epsilon } = self.norm;
        let columns = gamma.len().max(1);
        let saved = self.saved.mean.iter_mut().zip(self.saved.inverse_std);
        let rows = self.x.chunks_exact(columns).zip(self.y.chunks_exact_mut(columns));
        for ((x, y), (saved_mean, saved_inverse)) in rows.zip(saved) {
            let mean = row_sum_f64(simd, x) / columns as f64;
            let variance = row_squares_f64(simd, x, mean) / columns as f64;
            let inverse = 1.0 / (variance + f64::from(epsilon)).sqrt();
            (*saved_mean, *saved_inverse) = (mean as f32, inverse as f32);
            let (mean, inverse) = (F64::splat(simd, mean), F64::splat(simd, inverse));
            let parameters = gamma.chunks(LANES).zip(beta.chunks(LANES));
            let values = x.chunks(LANES).zip(y.chunks_mut(LANES));
            for ((x, y), (gamma, beta)) in values.zip(parameters) {
                let normal = (load_up_to(simd, x).widen() - mean) * inverse;
                let (gamma, beta) = (load_up_to(simd, gamma), load_up_to(simd, beta));
                store_up_to(normal.mul_add(gamma.widen(), beta.widen()).narrow(), y);
            }
        }
    }
}

struct Backward<'a> {
    gamma: &'a [f32],
    x: &'a [f32],
    mean: &'a [f32],
    inverse_std: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let columns = self.gamma.len().max(1);
        let saved = self.mean.iter().zip(self.inverse_std);
        let rows = self.x.chunks_exact(columns).zip(self.dy.chunks_exact(columns));
        let rows = rows.zip(self.dx.chunks_exact_mut(columns));
        for (((x, dy), dx), (&mean, &inverse)) in rows.zip(saved) {
            let mean = F64::splat(simd, f64::from(mean));
            let inverse = F64::splat(simd, f64::from(inverse));
            let (mut sum, mut dot) = (F64::splat(simd, 0.0), F64::splat(simd, 0.0));
            let values = x.chunks(LANES).zip(dy.chunks(LANES)).zip(self.gamma.chunks(LANES));
            for ((x, dy), gamma) in values {
                // Past the end, g is 0.
                let g = load_up_to(simd, gamma).widen() * load_up_to(simd, dy).widen();
                let normal = (load_up_to(simd, x).widen() - mean) * inverse;
                sum = sum + g;
                dot = g.mul_add(normal, dot);
            }
            let sum = F64::splat(simd, reduce::sum_f64(sum) / columns as f64);
            let dot = F64::splat(simd, reduce::sum_f64(dot) / columns as f64);
            let values = x.chunks(LANES).zip(dy.chunks(LANES)).zip(self.gamma.chunks(LANES));
            for (((x, dy), gamma), dx) in values.zip(dx.chunks_mut(LANES)) {
                let g = load_up_to(simd, gamma).widen() * load_up_to(simd, dy).widen();
                let normal = (load_up_to(simd, x).widen() - mean) * inverse;
                store_up_to(((-normal).mul_add(dot, g - sum) * inverse).narrow(), dx);
            }
        }
    }
}

/// Of the columns from `first` on, at most a strip.
struct ParameterGradients<'a> {
    first: usize,
    columns: usize,
    x: &'a [f32],
    mean: &'a [f32],
    inverse_std: &'a [f32],
    dy: &'a [f32],
    dgamma: &'a mut [f32],
    dbeta: &'a mut [f32],
}

impl Kernel for ParameterGradients<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let strip = || self.first..self.first + self.dgamma.len();
        let mut sums: Sums<2> = [[0.0; STRIP]; 2];
        let saved = self.mean.iter().zip(self.inverse_std);
        let rows = self.x.chunks_exact(self.columns).zip(self.dy.chunks_exact(self.columns));
        for ((x, dy), (&mean, &inverse)) in rows.zip(saved) {
            let mean = F64::splat(simd, f64::from(mean));
            let inverse = F64::splat(simd, f64::from(inverse));
            let values = x[strip()].chunks(LANES).zip(dy[strip()].chunks(LANES));
            for (i, (x, dy)) in values.enumerate() {
                let dy = load_up_to(simd, dy).widen();
                let normal = (load_up_to(simd, x).widen() - mean) * inverse;
                add_to_sums(simd, &mut sums, i, [dy * normal, dy]);
            }
        }
        write_sums(&sums[0], self.dgamma);
        write_sums(&sums[1], self.dbeta);
    }
}
