//! Potts units, also called softmax or multinomial: groups of K consecutive numbers, of which one is 1 and
//! the others 0, number k with probability pₖ = e^(xₖ) / Σ e^(xⱼ) (Hinton 2010, section 13.1; Salakhutdinov,
//! Mnih & Hinton, ICML 2007); one draw a group.
//!
//! `x` is `[groups, states]`, row-major: a matrix `[rows, columns]` where K divides the columns is one too.
//!
//! The draw's 32 bits give u = (v + ½) 2⁻³², and state k is on where p₀ + … + pₖ, summed in order in `f64`, is
//! the first sum above u Σ p: a probability of 0 is never drawn, one of 1 always, and the others to 2⁻³².
//! A group with a NaN, or with an infinite maximum, is NaN in mean and sample.

use rayon::prelude::*;

use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    parallel::{BLOCK, WORTH_THREADS},
    rng::{Lanes, Noise},
    rows::{self, softmax_row, whole_rows},
    simd::{LANES, Simd},
};

/// The means of groups of `states`: their softmax.
///
/// ```
/// use halfwave_kernels::{Level, units::potts};
/// let mut p = [0.0; 4];
/// potts::mean(Level::best(), &[1.0, 1.0, 0.0, 200.0], 2, &mut p);
/// assert_eq!(p, [0.5, 0.5, 0.0, 1.0]);
/// ```
///
/// # Panics
/// If `x` and `out` differ in length, or `x` is no whole number of groups.
pub fn mean(level: Level, x: &[f32], states: usize, out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    out.copy_from_slice(x);
    rows::softmax_in_place(level, out, states);
}

/// Samples groups of `states`; group g takes draw g of `noise`.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::potts};
/// let mut h = [0.0; 6];
/// let x = [0.0, 200.0, 0.0, 0.0, 0.0, 200.0];
/// potts::sample(Level::best(), Stream::new(1).at(0), &x, 3, &mut h);
/// assert_eq!(h, [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
/// ```
///
/// # Panics
/// If `x` and `out` differ in length, or `x` is no whole number of groups.
pub fn sample(level: Level, noise: Noise, x: &[f32], states: usize, out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    out.copy_from_slice(x);
    sample_in_place(level, noise, out, states);
}

/// [`sample`] in place.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::potts};
/// let mut x = [0.0, 200.0, 0.0];
/// potts::sample_in_place(Level::best(), Stream::new(1).at(0), &mut x, 3);
/// assert_eq!(x, [0.0, 1.0, 0.0]);
/// ```
///
/// # Panics
/// If `x` is no whole number of groups.
pub fn sample_in_place(level: Level, noise: Noise, x: &mut [f32], states: usize) {
    whole_rows(x.len(), states);
    level.run(Sample { noise, mean: None, out: x, states });
}

/// [`mean`] and [`sample`] at once, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::potts};
/// let (mut p, mut h) = ([0.0; 2], [0.0; 2]);
/// potts::sample_with_mean(Level::best(), Stream::new(1).at(0), &[0.0, 200.0], 2, &mut p, &mut h);
/// assert_eq!((p, h), ([0.0, 1.0], [0.0, 1.0]));
/// ```
///
/// # Panics
/// If the three differ in length, or `x` is no whole number of groups.
pub fn sample_with_mean(
    level: Level,
    noise: Noise,
    x: &[f32],
    states: usize,
    mean: &mut [f32],
    out: &mut [f32],
) {
    same_length("x", x.len(), "mean", mean.len());
    same_length("x", x.len(), "out", out.len());
    whole_rows(x.len(), states);
    out.copy_from_slice(x);
    level.run(Sample { noise, mean: Some(mean), out, states });
}

/// Elements of a block, a whole number of groups.
fn block_of(states: usize) -> usize {
    (BLOCK / states.max(1)).max(1) * states
}

/// The noise of a block.
fn noise_of(noise: Noise, states: usize, block: usize) -> Noise {
    noise.skip((block * (block_of(states) / states)) as u64)
}

/// [`mean`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, units::potts};
/// let mut p = [0.0; 2];
/// potts::par_mean(Level::best(), &[1.0, 1.0], 2, &mut p);
/// assert_eq!(p, [0.5, 0.5]);
/// ```
///
/// # Panics
/// As [`mean`].
pub fn par_mean(level: Level, x: &[f32], states: usize, out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    whole_rows(x.len(), states);
    if out.len() < WORTH_THREADS {
        return mean(level, x, states, out);
    }
    let block = block_of(states);
    (x.par_chunks(block), out.par_chunks_mut(block))
        .into_par_iter()
        .for_each(|(x, out)| mean(level, x, states, out));
}

/// [`sample`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::potts};
/// let mut h = [0.0; 3];
/// potts::par_sample(Level::best(), Stream::new(1).at(0), &[0.0, 200.0, 0.0], 3, &mut h);
/// assert_eq!(h, [0.0, 1.0, 0.0]);
/// ```
///
/// # Panics
/// As [`sample`].
pub fn par_sample(level: Level, noise: Noise, x: &[f32], states: usize, out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    whole_rows(x.len(), states);
    if out.len() < WORTH_THREADS {
        return sample(level, noise, x, states, out);
    }
    let block = block_of(states);
    (x.par_chunks(block), out.par_chunks_mut(block))
        .into_par_iter()
        .enumerate()
        .for_each(|(i, (x, out))| sample(level, noise_of(noise, states, i), x, states, out));
}

/// [`sample_with_mean`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::potts};
/// let (mut p, mut h) = ([0.0; 2], [0.0; 2]);
/// potts::par_sample_with_mean(Level::best(), Stream::new(1).at(0), &[0.0, 200.0], 2, &mut p, &mut h);
/// assert_eq!((p, h), ([0.0, 1.0], [0.0, 1.0]));
/// ```
///
/// # Panics
/// As [`sample_with_mean`].
pub fn par_sample_with_mean(
    level: Level,
    noise: Noise,
    x: &[f32],
    states: usize,
    mean: &mut [f32],
    out: &mut [f32],
) {
    same_length("x", x.len(), "mean", mean.len());
    same_length("x", x.len(), "out", out.len());
    whole_rows(x.len(), states);
    if out.len() < WORTH_THREADS {
        return sample_with_mean(level, noise, x, states, mean, out);
    }
    let block = block_of(states);
    (x.par_chunks(block), mean.par_chunks_mut(block), out.par_chunks_mut(block))
        .into_par_iter()
        .enumerate()
        .for_each(|(i, (x, mean, out))| {
            sample_with_mean(level, noise_of(noise, states, i), x, states, mean, out);
        });
}

struct Sample<'a> {
    noise: Noise,
    mean: Option<&'a mut [f32]>,
    /// The pre-activations; becomes the sample.
    out: &'a mut [f32],
    states: usize,
}

impl Kernel for Sample<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { noise, mut mean, out, states } = self;
        let states = states.max(1);
        let mut lanes = Lanes::consecutive(simd, noise);
        for (i, sixteen) in out.chunks_mut(LANES * states).enumerate() {
            let mut bits = [0; LANES];
            lanes.next().store(&mut bits);
            for (j, (group, bits)) in sixteen.chunks_exact_mut(states).zip(bits).enumerate() {
                softmax_row(simd, group);
                if let Some(mean) = &mut mean {
                    mean[(i * LANES + j) * states..][..states].copy_from_slice(group);
                }
                one_hot(group, bits);
            }
        }
    }
}

/// Replaces the probabilities of a group by a sample.
#[inline(always)]
fn one_hot(group: &mut [f32], bits: u32) {
    let total: f64 = group.iter().map(|&p| f64::from(p)).sum();
    if total.is_nan() {
        return group.fill(f32::NAN);
    }
    // Below the total: (1 − 2⁻³³) of it does not round up to it.
    let target = (f64::from(bits) + 0.5) * (1.0 / 4_294_967_296.0) * total;
    let mut sum = 0.0;
    for p in group {
        let before = sum;
        sum += f64::from(*p);
        *p = if before <= target && target < sum { 1.0 } else { 0.0 };
    }
}
