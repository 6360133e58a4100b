//! Batch normalisation. `x` and its like are `[rows, channels]`; all else `[channels]`.
//!
//! training   x̂ = (x − mean) / σ,  mean and σ² = Σ (x − mean)² / rows + ε over the rows,   y = γ x̂ + β
//!            running ← (1 − m) running + m · (mean, Σ (x − mean)² / (rows − 1))
//! inference  the same with the running mean and variance
//! backward   dx = γ/σ (dy − (dβ + x̂ dγ) / rows),   dγ = Σ dy x̂,   dβ = Σ dy, over the rows in order
//!
//! Ioffe & Szegedy 2015, arXiv:1502.03167. The variance takes two passes; all sums are in `f64`.

use super::{
    check_epsilon,
    strips::{STRIP, Sums, add_to_sums, columns, strips, write_sums},
    whole_rows,
};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    simd::{LANES, Simd, load_up_to, store_up_to},
};

/// Batch normalisation with its learned scale γ and shift β.
#[derive(Clone, Copy, Debug)]
pub struct BatchNorm<'a> {
    /// γ, `[channels]`.
    pub gamma: &'a [f32],
    /// β, `[channels]`.
    pub beta: &'a [f32],
    /// ε > 0.
    pub epsilon: f32,
}

/// Statistics over batches, for inference.
#[derive(Debug)]
pub struct Running<'a> {
    /// The mean, `[channels]`.
    pub mean: &'a mut [f32],
    /// The unbiased variance, `[channels]`.
    pub variance: &'a mut [f32],
    /// m: the weight of the newest batch, in \[0, 1\]; .1 is usual.
    pub momentum: f32,
}

/// What training saves for backward, `[channels]` each.
#[derive(Debug)]
pub struct BatchMoments<'a> {
    /// The batch's mean.
    pub mean: &'a mut [f32],
    /// 1/σ of the batch.
    pub inverse_std: &'a mut [f32],
}

impl BatchNorm<'_> {
    #[track_caller]
    fn check(&self, x: &[f32], y: &[f32]) {
        same_length("x", x.len(), "y", y.len());
        same_length("beta", self.beta.len(), "gamma", self.gamma.len());
        whole_rows(x.len(), self.gamma.len());
        check_epsilon(self.epsilon);
    }
}

/// y from the statistics of this batch, which are saved for backward and added to the running ones.
///
/// A batch of one row has variance 0; an empty one changes nothing.
///
/// ```
/// use halfwave_kernels::{Level, rows::{BatchMoments, BatchNorm, Running, batch_norm}};
/// let norm = BatchNorm { gamma: &[1.0], beta: &[0.5], epsilon: 1e-12 };
/// let (mut y, mut mean, mut inverse_std) = ([0.0; 2], [0.0], [0.0]);
/// let saved = BatchMoments { mean: &mut mean, inverse_std: &mut inverse_std };
/// let running = Running { mean: &mut [0.0], variance: &mut [1.0], momentum: 0.1 };
/// batch_norm(Level::best(), norm, &[2.0, 4.0], &mut y, saved, running);
/// assert_eq!((y, mean, inverse_std), ([-0.5, 1.5], [3.0], [1.0]));
/// ```
///
/// # Panics
/// If the lengths do not fit, ε is not above 0, or the momentum is outside of \[0, 1\].
pub fn batch_norm(
    level: Level,
    norm: BatchNorm<'_>,
    x: &[f32],
    y: &mut [f32],
    saved: BatchMoments<'_>,
    running: Running<'_>,
) {
    norm.check(x, y);
    let channels = norm.gamma.len();
    same_length("mean", saved.mean.len(), "gamma", channels);
    same_length("inverse_std", saved.inverse_std.len(), "gamma", channels);
    same_length("running mean", running.mean.len(), "gamma", channels);
    same_length("running variance", running.variance.len(), "gamma", channels);
    let momentum = running.momentum;
    assert!((0.0..=1.0).contains(&momentum), "momentum is {momentum}, but must be in [0, 1]");
    if !x.is_empty() {
        level.run(Training { norm, x, y, saved, running });
    }
}

/// y from the running statistics, `[channels]` each.
///
/// ```
/// use halfwave_kernels::{Level, rows::{BatchNorm, batch_norm_inference}};
/// let norm = BatchNorm { gamma: &[1.0], beta: &[1.0], epsilon: 1e-12 };
/// let mut y = [0.0; 2];
/// batch_norm_inference(Level::best(), norm, (&[3.0], &[4.0]), &[2.0, 4.0], &mut y);
/// assert_eq!(y, [0.5, 1.5]);
/// ```
///
/// # Panics
/// If the lengths do not fit, or ε is not above 0.
pub fn batch_norm_inference(
    level: Level,
    norm: BatchNorm<'_>,
    (mean, variance): (&[f32], &[f32]),
    x: &[f32],
    y: &mut [f32],
) {
    norm.check(x, y);
    same_length("mean", mean.len(), "gamma", norm.gamma.len());
    same_length("variance", variance.len(), "gamma", norm.gamma.len());
    level.run(Inference { norm, mean, variance, x, y });
}

/// dx, dγ and dβ, overwritten, from x and what [`batch_norm`] saved.
///
/// ```
/// use halfwave_kernels::{Level, rows::batch_norm_backward};
/// let (mut dx, mut dgamma, mut dbeta) = ([0.0; 2], [0.0], [0.0]);
/// batch_norm_backward(
///     Level::best(), &[1.0], &[2.0, 4.0], (&[3.0], &[1.0]), &[5.0, 7.0],
///     &mut dx, (&mut dgamma, &mut dbeta),
/// );
/// // Two values are always normalised to −1 and 1.
/// assert_eq!((dx, dgamma, dbeta), ([0.0; 2], [2.0], [12.0]));
/// ```
///
/// # Panics
/// If the lengths do not fit.
pub fn batch_norm_backward(
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
    whole_rows(x.len(), gamma.len());
    same_length("mean", mean.len(), "gamma", gamma.len());
    same_length("inverse_std", inverse_std.len(), "gamma", gamma.len());
    same_length("dgamma", dgamma.len(), "gamma", gamma.len());
    same_length("dbeta", dbeta.len(), "gamma", gamma.len());
    level.run(Backward { gamma, x, mean, inverse_std, dy, dx, dgamma, dbeta });
}

/// The values of a strip in `f64`; those past the end are 0.
fn widened(values: &[f32]) -> [f64; STRIP] {
    let mut out = [0.0; STRIP];
    for (out, &value) in out.iter_mut().zip(values) {
        *out = f64::from(value);
    }
    out
}

/// y = (x − mean) · scale + β for a strip of all rows.
#[inline(always)]
fn apply<S: Simd>(
    simd: S,
    (mean, scale, beta): (&[f64; STRIP], &[f64; STRIP], &[f64; STRIP]),
    x: &[f32],
    y: &mut [f32],
) {
    for (i, (x, y)) in x.chunks(LANES).zip(y.chunks_mut(LANES)).enumerate() {
        let d = load_up_to(simd, x).widen() - columns(simd, mean, i);
        let y_new = d.mul_add(columns(simd, scale, i), columns(simd, beta, i));
        store_up_to(y_new.narrow(), y);
    }
}

struct Training<'a> {
    norm: BatchNorm<'a>,
    x: &'a [f32],
    y: &'a mut [f32],
    saved: BatchMoments<'a>,
    running: Running<'a>,
}

impl Kernel for Training<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let channels = self.norm.gamma.len();
        let rows = (self.x.len() / channels) as f64;
        let momentum = f64::from(self.running.momentum);
        for strip in strips(channels) {
            let mut sums: Sums<1> = [[0.0; STRIP]; 1];
            for x in self.x.chunks_exact(channels) {
                for (i, x) in x[strip.clone()].chunks(LANES).enumerate() {
                    add_to_sums(simd, &mut sums, i, [load_up_to(simd, x).widen()]);
                }
            }
            let mean = sums[0].map(|sum| sum / rows);
            let mut squares: Sums<1> = [[0.0; STRIP]; 1];
            for x in self.x.chunks_exact(channels) {
                for (i, x) in x[strip.clone()].chunks(LANES).enumerate() {
                    let d = load_up_to(simd, x).widen() - columns(simd, &mean, i);
                    add_to_sums(simd, &mut squares, i, [d * d]);
                }
            }
            let beta = widened(&self.norm.beta[strip.clone()]);
            let mut scale = [0.0; STRIP];
            for (i, c) in strip.clone().enumerate() {
                let variance = squares[0][i] / rows;
                let inverse = 1.0 / (variance + f64::from(self.norm.epsilon)).sqrt();
                scale[i] = f64::from(self.norm.gamma[c]) * inverse;
                self.saved.mean[c] = mean[i] as f32;
                self.saved.inverse_std[c] = inverse as f32;
                let mix = |old: f32, new: f64| {
                    ((1.0 - momentum) * f64::from(old) + momentum * new) as f32
                };
                let unbiased = squares[0][i] / (rows - 1.0).max(1.0);
                self.running.mean[c] = mix(self.running.mean[c], mean[i]);
                self.running.variance[c] = mix(self.running.variance[c], unbiased);
            }
            let rows = self.x.chunks_exact(channels).zip(self.y.chunks_exact_mut(channels));
            for (x, y) in rows {
                let (x, y) = (&x[strip.clone()], &mut y[strip.clone()]);
                apply(simd, (&mean, &scale, &beta), x, y);
            }
        }
    }
}

struct Inference<'a> {
    norm: BatchNorm<'a>,
    mean: &'a [f32],
    variance: &'a [f32],
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for Inference<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let channels = self.norm.gamma.len();
        for strip in strips(channels) {
            let mean = widened(&self.mean[strip.clone()]);
            let beta = widened(&self.norm.beta[strip.clone()]);
            let mut scale = widened(&self.norm.gamma[strip.clone()]);
            for (scale, &variance) in scale.iter_mut().zip(&self.variance[strip.clone()]) {
                *scale /= (f64::from(variance) + f64::from(self.norm.epsilon)).sqrt();
            }
            let rows = self.x.chunks_exact(channels).zip(self.y.chunks_exact_mut(channels));
            for (x, y) in rows {
                let (x, y) = (&x[strip.clone()], &mut y[strip.clone()]);
                apply(simd, (&mean, &scale, &beta), x, y);
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
    dgamma: &'a mut [f32],
    dbeta: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let channels = self.gamma.len();
        for strip in strips(channels) {
            let rows = (self.x.len() / channels) as f64;
            let mean = widened(&self.mean[strip.clone()]);
            let inverse = widened(&self.inverse_std[strip.clone()]);
            let mut sums: Sums<2> = [[0.0; STRIP]; 2];
            for (x, dy) in self.x.chunks_exact(channels).zip(self.dy.chunks_exact(channels)) {
                let values = x[strip.clone()].chunks(LANES).zip(dy[strip.clone()].chunks(LANES));
                for (i, (x, dy)) in values.enumerate() {
                    let (x, dy) = (load_up_to(simd, x).widen(), load_up_to(simd, dy).widen());
                    let normal = (x - columns(simd, &mean, i)) * columns(simd, &inverse, i);
                    add_to_sums(simd, &mut sums, i, [dy * normal, dy]);
                }
            }
            write_sums(&sums[0], &mut self.dgamma[strip.clone()]);
            write_sums(&sums[1], &mut self.dbeta[strip.clone()]);
            let mut scale = widened(&self.gamma[strip.clone()]);
            for i in 0..STRIP {
                scale[i] *= inverse[i];
                sums[0][i] /= rows;
                sums[1][i] /= rows;
            }
            let inputs = self.x.chunks_exact(channels).zip(self.dy.chunks_exact(channels));
            for ((x, dy), dx) in inputs.zip(self.dx.chunks_exact_mut(channels)) {
                let (x, dy) = (&x[strip.clone()], &dy[strip.clone()]);
                let values = x.chunks(LANES).zip(dy.chunks(LANES));
                let dx = &mut dx[strip.clone()];
                for (i, ((x, dy), dx)) in values.zip(dx.chunks_mut(LANES)).enumerate() {
                    let (x, dy) = (load_up_to(simd, x).widen(), load_up_to(simd, dy).widen());
                    let normal = (x - columns(simd, &mean, i)) * columns(simd, &inverse, i);
                    let common =
                        normal.mul_add(columns(simd, &sums[0], i), columns(simd, &sums[1], i));
                    store_up_to(((dy - common) * columns(simd, &scale, i)).narrow(), dx);
                }
            }
        }
    }
}
