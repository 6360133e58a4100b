//! Batch normalisation. `x` and its like are `[rows, channels]`; all else `[channels]`.
//!
//! training   x̂ = (x − mean) / σ,  mean and σ² = Σ (x − mean)² / rows + ε over the rows,   y = γ x̂ + β
//!            running ← (1 − m) running + m · (mean, Σ (x − mean)² / (rows − 1))
//! inference  the same with the running mean and variance
//! backward   dx = γ/σ (dy − (dβ + x̂ dγ) / rows),   dγ = Σ dy x̂,   dβ = Σ dy, over the rows in order
//!
//! Ioffe & Szegedy 2015, arXiv:1502.03167. The variance takes two passes; all sums are in `f64`. Backward takes the
//! mean as it was saved, in `f32`: x̂ is off by up to 2⁻²⁴ |mean| / σ there. Large x are shared out to the current rayon
//! pool, the sums by columns: the number of threads changes no bit.

use std::ops::Range;

use super::{
    check_epsilon,
    strips::{
        STRIP, Sums, add_to_sums, blocks_of_rows, columns, strips, sums_of_strip, write_sums,
    },
    whole_rows,
};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    simd::{F64, LANES, Simd, load_up_to, store_up_to},
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
    if x.is_empty() {
        return;
    }
    let rows = (x.len() / channels) as f64;
    for strip in strips(channels) {
        let [mean, squares] = &sums_of_strip(&strip, x.len(), |strip, out| {
            level.run(Statistics { x, channels, strip, out });
        });
        let mut scale = [0.0; STRIP];
        for (i, c) in strip.clone().enumerate() {
            let variance = squares[i] / rows;
            let inverse = 1.0 / (variance + f64::from(norm.epsilon)).sqrt();
            scale[i] = f64::from(norm.gamma[c]) * inverse;
            saved.mean[c] = mean[i] as f32;
            saved.inverse_std[c] = inverse as f32;
            let mix = |old: f32, new: f64| {
                ((1.0 - f64::from(momentum)) * f64::from(old) + f64::from(momentum) * new) as f32
            };
            let unbiased = squares[i] / (rows - 1.0).max(1.0);
            running.mean[c] = mix(running.mean[c], mean[i]);
            running.variance[c] = mix(running.variance[c], unbiased);
        }
        let beta = widened(&norm.beta[strip.clone()]);
        Affine { strip, channels, mean, scale: &scale, beta: &beta }.apply(level, x, y);
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
    let channels = norm.gamma.len();
    for strip in strips(channels) {
        let mean = widened(&mean[strip.clone()]);
        let beta = widened(&norm.beta[strip.clone()]);
        let mut scale = widened(&norm.gamma[strip.clone()]);
        for (scale, &variance) in scale.iter_mut().zip(&variance[strip.clone()]) {
            *scale /= (f64::from(variance) + f64::from(norm.epsilon)).sqrt();
        }
        Affine { strip, channels, mean: &mean, scale: &scale, beta: &beta }.apply(level, x, y);
    }
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
    if x.is_empty() {
        dgamma.fill(0.0);
        dbeta.fill(0.0);
        return;
    }
    let channels = gamma.len();
    let rows = (x.len() / channels) as f64;
    for strip in strips(channels) {
        let normal = |columns: Range<usize>| Normal {
            mean: widened(&mean[columns.clone()]),
            inverse: widened(&inverse_std[columns.clone()]),
            strip: columns,
            channels,
        };
        let mut sums = sums_of_strip(&strip, x.len(), |columns, out| {
            level.run(GradientSums { normal: &normal(columns), x, dy, out });
        });
        write_sums(&sums[0], &mut dgamma[strip.clone()]);
        write_sums(&sums[1], &mut dbeta[strip.clone()]);
        let mut scale = widened(&gamma[strip.clone()]);
        let normal = normal(strip);
        for i in 0..STRIP {
            scale[i] *= normal.inverse[i];
            sums[0][i] /= rows;
            sums[1][i] /= rows;
        }
        blocks_of_rows(channels, [x, dy], dx, |[x, dy], dx| {
            level.run(Backward { normal: &normal, sums: &sums, scale: &scale, x, dy, dx });
        });
    }
}

/// The values of a strip in `f64`; those past the end are 0.
fn widened(values: &[f32]) -> [f64; STRIP] {
    let mut out = [0.0; STRIP];
    for (out, &value) in out.iter_mut().zip(values) {
        *out = f64::from(value);
    }
    out
}

/// Sums down the columns of a strip: their means, then the sums of the squares of what is left.
struct Statistics<'a> {
    x: &'a [f32],
    channels: usize,
    strip: Range<usize>,
    out: [&'a mut [f64]; 2],
}

impl Kernel for Statistics<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { x, channels, strip, out: [out_mean, out_squares] } = self;
        let rows = (x.len() / channels) as f64;
        let mut sums: Sums<1> = [[0.0; STRIP]; 1];
        for x in x.chunks_exact(channels) {
            for (i, x) in x[strip.clone()].chunks(LANES).enumerate() {
                add_to_sums(simd, &mut sums, i, [load_up_to(simd, x).widen()]);
            }
        }
        let mean = sums[0].map(|sum| sum / rows);
        let mut squares: Sums<1> = [[0.0; STRIP]; 1];
        for x in x.chunks_exact(channels) {
            for (i, x) in x[strip.clone()].chunks(LANES).enumerate() {
                let d = load_up_to(simd, x).widen() - columns(simd, &mean, i);
                add_to_sums(simd, &mut squares, i, [d * d]);
            }
        }
        out_mean.copy_from_slice(&mean[..strip.len()]);
        out_squares.copy_from_slice(&squares[0][..strip.len()]);
    }
}

/// y = (x − mean) · scale + β for a strip of all rows.
#[derive(Clone)]
struct Affine<'a> {
    strip: Range<usize>,
    channels: usize,
    mean: &'a [f64; STRIP],
    scale: &'a [f64; STRIP],
    beta: &'a [f64; STRIP],
}

impl Affine<'_> {
    fn apply(self, level: Level, x: &[f32], y: &mut [f32]) {
        blocks_of_rows(self.channels, [x, x], y, |[x, _], y| {
            level.run(AffineRows { affine: self.clone(), x, y });
        });
    }
}

struct AffineRows<'a> {
    affine: Affine<'a>,
    x: &'a [f32],
    y: &'a mut [f32],
}

impl Kernel for AffineRows<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Affine { strip, channels, mean, scale, beta } = self.affine;
        let rows = self.x.chunks_exact(channels).zip(self.y.chunks_exact_mut(channels));
        for (x, y) in rows {
            let (x, y) = (&x[strip.clone()], &mut y[strip.clone()]);
            for (i, (x, y)) in x.chunks(LANES).zip(y.chunks_mut(LANES)).enumerate() {
                let d = load_up_to(simd, x).widen() - columns(simd, mean, i);
                let y_new = d.mul_add(columns(simd, scale, i), columns(simd, beta, i));
                store_up_to(y_new.narrow(), y);
            }
        }
    }
}

/// x̂ = (x − mean) / σ of a strip.
struct Normal {
    strip: Range<usize>,
    channels: usize,
    mean: [f64; STRIP],
    inverse: [f64; STRIP],
}

impl Normal {
    /// dy and x̂ of sixteen columns.
    #[inline(always)]
    fn terms<S: Simd>(&self, simd: S, i: usize, x: &[f32], dy: &[f32]) -> [F64<S>; 2] {
        let (x, dy) = (load_up_to(simd, x).widen(), load_up_to(simd, dy).widen());
        [dy, (x - columns(simd, &self.mean, i)) * columns(simd, &self.inverse, i)]
    }
}

/// Σ dy x̂ and Σ dy over the rows in order.
struct GradientSums<'a> {
    normal: &'a Normal,
    x: &'a [f32],
    dy: &'a [f32],
    out: [&'a mut [f64]; 2],
}

impl Kernel for GradientSums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { normal, x, dy, out } = self;
        let mut sums: Sums<2> = [[0.0; STRIP]; 2];
        for (x, dy) in x.chunks_exact(normal.channels).zip(dy.chunks_exact(normal.channels)) {
            let strip = || normal.strip.clone();
            let values = x[strip()].chunks(LANES).zip(dy[strip()].chunks(LANES));
            for (i, (x, dy)) in values.enumerate() {
                let [dy, normal] = normal.terms(simd, i, x, dy);
                add_to_sums(simd, &mut sums, i, [dy * normal, dy]);
            }
        }
        for (out, sums) in out.into_iter().zip(&sums) {
            out.copy_from_slice(&sums[..out.len()]);
        }
    }
}

/// dx = (dy − means of dy x̂ x̂ and dy) · scale.
struct Backward<'a> {
    normal: &'a Normal,
    /// Means over the rows.
    sums: &'a Sums<2>,
    scale: &'a [f64; STRIP],
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { normal, sums, scale, x, dy, dx } = self;
        let channels = normal.channels;
        let inputs = x.chunks_exact(channels).zip(dy.chunks_exact(channels));
        for ((x, dy), dx) in inputs.zip(dx.chunks_exact_mut(channels)) {
            let strip = || normal.strip.clone();
            let values = x[strip()].chunks(LANES).zip(dy[strip()].chunks(LANES));
            for (i, ((x, dy), dx)) in values.zip(dx[strip()].chunks_mut(LANES)).enumerate() {
                let [dy, normal] = normal.terms(simd, i, x, dy);
                let common = normal.mul_add(columns(simd, &sums[0], i), columns(simd, &sums[1], i));
                store_up_to(((dy - common) * columns(simd, scale, i)).narrow(), dx);
            }
        }
    }
}
