//! Means and samples of whole slices, on one thread or on the current rayon pool.

use rayon::prelude::*;

use super::{StochasticUnit, Unit, Visitor, ssu::Ssu};
use crate::{
    dispatch::{Kernel, Level},
    elementwise::{Stores, map, same_length},
    parallel::{BLOCK, WORTH_THREADS},
    rng::{Lanes, Noise, Spacing},
    simd::{InOut, LANES, Simd, load_up_to, store_up_to},
};

/// The means of `unit` at pre-activations `x`.
///
/// | unit | mean | worst error |
/// |---|---|---|
/// | Bernoulli | σ(x) | .78 ULP |
/// | Gaussian | x | 0 |
/// | NReLU | x Φ(x/s) + s φ(x/s), s = √σ(x) | .51 ULP |
/// | SSU(N) | Σ σ(x − i + ½), i = 1 … N | .51 ULP |
/// | Binomial(n) | n σ(x) | 1 ULP |
/// | truncated Gaussian | x + φ(x)/Φ(x) | .51 ULP |
/// | dReLU | p₊ μ(x₊) − p₋ μ(x₋)/√γ, μ the one above, x₊ = x − θ, x₋ = −(x + θ)/√γ | .51 ULP, and 3·10⁻⁹ of the larger term |
///
/// For N → ∞ that of SSU(N) is ln(1 + eˣ) to within .0106: [`forward`](crate::forward) of
/// [`Kind::Softplus`](crate::Kind::Softplus).
///
/// ```
/// use halfwave_kernels::{Level, units::{self, Unit}};
/// let mut y = [0.0; 3];
/// units::mean(Level::best(), Unit::Binomial { trials: 10 }, &[-200.0, 0.0, 200.0], &mut y);
/// assert_eq!(y, [0.0, 5.0, 10.0]);
/// ```
///
/// # Panics
/// If `x` and `out` differ in length, or the unit's parameter is out of its range.
pub fn mean(level: Level, unit: Unit, x: &[f32], out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    unit.visit(Mean { level, xy: InOut::new(x, out) });
}

/// [`mean`] in place.
///
/// ```
/// use halfwave_kernels::{Level, units::{self, Unit}};
/// let mut x = [-200.0, 0.0, 200.0];
/// units::mean_in_place(Level::best(), Unit::Bernoulli, &mut x);
/// assert_eq!(x, [0.0, 0.5, 1.0]);
/// ```
///
/// # Panics
/// If the unit's parameter is out of its range.
pub fn mean_in_place(level: Level, unit: Unit, x: &mut [f32]) {
    unit.visit(Mean { level, xy: InOut::in_place(x) });
}

/// Samples `unit` at pre-activations `x`; element i takes the draws from i · [`Unit::draws`] on.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::{self, Unit}};
/// let mut h = [0.0; 4];
/// let noise = Stream::new(1).at(0);
/// units::sample(Level::best(), Unit::Bernoulli, noise, &[-200.0, -200.0, 200.0, 200.0], &mut h);
/// assert_eq!(h, [0.0, 0.0, 1.0, 1.0]);
/// ```
///
/// # Panics
/// If `x` and `out` differ in length, or the unit's parameter is out of its range.
pub fn sample(level: Level, unit: Unit, noise: Noise, x: &[f32], out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    unit.visit(Sample { level, noise, xy: InOut::new(x, out) });
}

/// [`sample`] in place.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::{self, Unit}};
/// let mut x = [-200.0, 200.0];
/// units::sample_in_place(Level::best(), Unit::Ssu { copies: 5 }, Stream::new(1).at(0), &mut x);
/// assert_eq!(x, [0.0, 5.0]);
/// ```
///
/// # Panics
/// If the unit's parameter is out of its range.
pub fn sample_in_place(level: Level, unit: Unit, noise: Noise, x: &mut [f32]) {
    unit.visit(Sample { level, noise, xy: InOut::in_place(x) });
}

/// [`mean`] and [`sample`] in one pass over `x`, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::{self, Unit}};
/// let (mut p, mut h) = ([0.0; 2], [0.0; 2]);
/// let noise = Stream::new(1).at(0);
/// units::sample_with_mean(Level::best(), Unit::Bernoulli, noise, &[0.0, 200.0], &mut p, &mut h);
/// assert_eq!(p, [0.5, 1.0]);
/// assert_eq!(h[1], 1.0);
/// ```
///
/// # Panics
/// If the three differ in length, or the unit's parameter is out of its range.
pub fn sample_with_mean(
    level: Level,
    unit: Unit,
    noise: Noise,
    x: &[f32],
    mean: &mut [f32],
    out: &mut [f32],
) {
    same_length("x", x.len(), "mean", mean.len());
    same_length("x", x.len(), "out", out.len());
    unit.visit(Both { level, noise, x, mean, out });
}

/// Σ p (1 − p) with p = σ(x − i + ½), i = 1 … `copies`: the variance of SSU. Worst error .51 ULP.
///
/// For N → ∞ it is σ(x) to within .0042: [`forward`](crate::forward) of
/// [`Kind::Sigmoid`](crate::Kind::Sigmoid), and the variance of NReLU before its rectifier.
///
/// ```
/// use halfwave_kernels::{Level, units};
/// let mut variance = [0.0];
/// units::ssu_variance(Level::best(), 1, &[0.5], &mut variance);
/// assert_eq!(variance, [0.25]);
/// ```
///
/// # Panics
/// If `x` and `out` differ in length, or `copies` is not from 1 to [`Unit::MAX_PARAMETER`].
pub fn ssu_variance(level: Level, copies: u32, x: &[f32], out: &mut [f32]) {
    struct Variance<'a>(Ssu, InOut<'a>);
    impl Kernel for Variance<'_> {
        type Output = ();
        #[inline(always)]
        fn run<S: Simd>(self, simd: S) {
            let Self(ssu, xy) = self;
            map(
                simd,
                Stores::Cached,
                xy,
                #[inline(always)]
                |x| ssu.variance(x),
            );
        }
    }
    same_length("x", x.len(), "out", out.len());
    Unit::Ssu { copies }.expect_valid();
    level.run(Variance(Ssu { copies }, InOut::new(x, out)));
}

/// [`mean`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, units::{self, Unit}};
/// let mut y = [0.0; 2];
/// units::par_mean(Level::best(), Unit::Bernoulli, &[0.0, 200.0], &mut y);
/// assert_eq!(y, [0.5, 1.0]);
/// ```
///
/// # Panics
/// As [`mean`].
pub fn par_mean(level: Level, unit: Unit, x: &[f32], out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    if out.len() < WORTH_THREADS {
        return mean(level, unit, x, out);
    }
    (x.par_chunks(BLOCK), out.par_chunks_mut(BLOCK))
        .into_par_iter()
        .for_each(|(x, out)| mean(level, unit, x, out));
}

/// [`mean_in_place`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, units::{self, Unit}};
/// let mut x = [0.0, 200.0];
/// units::par_mean_in_place(Level::best(), Unit::Bernoulli, &mut x);
/// assert_eq!(x, [0.5, 1.0]);
/// ```
///
/// # Panics
/// As [`mean_in_place`].
pub fn par_mean_in_place(level: Level, unit: Unit, x: &mut [f32]) {
    if x.len() < WORTH_THREADS {
        return mean_in_place(level, unit, x);
    }
    x.par_chunks_mut(BLOCK).for_each(|x| mean_in_place(level, unit, x));
}

/// The noise of a block.
fn noise_of(unit: Unit, noise: Noise, block: usize) -> Noise {
    noise.skip((block * BLOCK) as u64 * u64::from(unit.draws()))
}

/// [`sample`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::{self, Unit}};
/// let (x, noise) = ([0.5; 100], Stream::new(1).at(0));
/// let (mut one, mut par) = ([0.0; 100], [0.0; 100]);
/// units::sample(Level::best(), Unit::TruncatedGaussian, noise, &x, &mut one);
/// units::par_sample(Level::best(), Unit::TruncatedGaussian, noise, &x, &mut par);
/// assert_eq!(one, par);
/// ```
///
/// # Panics
/// As [`sample`].
pub fn par_sample(level: Level, unit: Unit, noise: Noise, x: &[f32], out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    if out.len() < WORTH_THREADS {
        return sample(level, unit, noise, x, out);
    }
    (x.par_chunks(BLOCK), out.par_chunks_mut(BLOCK))
        .into_par_iter()
        .enumerate()
        .for_each(|(block, (x, out))| sample(level, unit, noise_of(unit, noise, block), x, out));
}

/// [`sample_in_place`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::{self, Unit}};
/// let mut x = [-200.0, 200.0];
/// units::par_sample_in_place(Level::best(), Unit::Bernoulli, Stream::new(1).at(0), &mut x);
/// assert_eq!(x, [0.0, 1.0]);
/// ```
///
/// # Panics
/// As [`sample_in_place`].
pub fn par_sample_in_place(level: Level, unit: Unit, noise: Noise, x: &mut [f32]) {
    if x.len() < WORTH_THREADS {
        return sample_in_place(level, unit, noise, x);
    }
    x.par_chunks_mut(BLOCK).enumerate().for_each(|(block, x)| {
        sample_in_place(level, unit, noise_of(unit, noise, block), x);
    });
}

/// [`sample_with_mean`] on the current rayon pool, with the same bits.
///
/// ```
/// use halfwave_kernels::{Level, rng::Stream, units::{self, Unit}};
/// let (mut p, mut h) = ([0.0; 2], [0.0; 2]);
/// let noise = Stream::new(1).at(0);
/// units::par_sample_with_mean(Level::best(), Unit::Nrelu, noise, &[-200.0, -9.0], &mut p, &mut h);
/// assert_eq!((p, h), ([0.0; 2], [0.0; 2]));
/// ```
///
/// # Panics
/// As [`sample_with_mean`].
pub fn par_sample_with_mean(
    level: Level,
    unit: Unit,
    noise: Noise,
    x: &[f32],
    mean: &mut [f32],
    out: &mut [f32],
) {
    same_length("x", x.len(), "mean", mean.len());
    same_length("x", x.len(), "out", out.len());
    if out.len() < WORTH_THREADS {
        return sample_with_mean(level, unit, noise, x, mean, out);
    }
    (x.par_chunks(BLOCK), mean.par_chunks_mut(BLOCK), out.par_chunks_mut(BLOCK))
        .into_par_iter()
        .enumerate()
        .for_each(|(block, (x, mean, out))| {
            sample_with_mean(level, unit, noise_of(unit, noise, block), x, mean, out);
        });
}

struct Mean<'a> {
    level: Level,
    xy: InOut<'a>,
}

impl Visitor for Mean<'_> {
    type Output = ();

    fn visit<U: StochasticUnit>(self, unit: U) {
        struct On<'a, U>(U, InOut<'a>);
        impl<U: StochasticUnit> Kernel for On<'_, U> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                let Self(unit, xy) = self;
                map(
                    simd,
                    Stores::Cached,
                    xy,
                    #[inline(always)]
                    |x| unit.mean(x),
                );
            }
        }
        self.level.run(On(unit, self.xy));
    }
}

struct Sample<'a> {
    level: Level,
    noise: Noise,
    xy: InOut<'a>,
}

impl Visitor for Sample<'_> {
    type Output = ();

    fn visit<U: StochasticUnit>(self, unit: U) {
        struct On<'a, U>(U, Noise, Spacing, InOut<'a>);
        impl<U: StochasticUnit> Kernel for On<'_, U> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                let Self(unit, noise, spacing, xy) = self;
                let mut lanes = Lanes::new(simd, noise, &spacing);
                map(
                    simd,
                    Stores::Cached,
                    xy,
                    #[inline(always)]
                    |x| unit.sample(x, &mut lanes),
                );
            }
        }
        self.level.run(On(unit, self.noise, Spacing::of(unit.draws()), self.xy));
    }
}

struct Both<'a> {
    level: Level,
    noise: Noise,
    x: &'a [f32],
    mean: &'a mut [f32],
    out: &'a mut [f32],
}

impl Visitor for Both<'_> {
    type Output = ();

    fn visit<U: StochasticUnit>(self, unit: U) {
        struct On<'a, U>(U, Noise, Spacing, &'a [f32], &'a mut [f32], &'a mut [f32]);
        impl<U: StochasticUnit> Kernel for On<'_, U> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                let Self(unit, noise, spacing, x, mean, out) = self;
                let mut lanes = Lanes::new(simd, noise, &spacing);
                let vectors = x.chunks(LANES).zip(mean.chunks_mut(LANES));
                for ((x, mean), out) in vectors.zip(out.chunks_mut(LANES)) {
                    let (m, y) = unit.sample_with_mean(load_up_to(simd, x), &mut lanes);
                    store_up_to(m, mean);
                    store_up_to(y, out);
                }
            }
        }
        let spacing = Spacing::of(unit.draws());
        self.level.run(On(unit, self.noise, spacing, self.x, self.mean, self.out));
    }
}
