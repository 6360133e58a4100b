//! Stochastic units: from a pre-activation to a sample, in one pass.
//!
//! One file each, and one line of the table. Every unit takes one draw an element, so element i of a
//! call uses draw i from where its [`Noise`] stands: no rejection, no order.

mod bernoulli;
mod gaussian;
mod nrelu;

use std::{fmt, str::FromStr};

use rayon::prelude::*;

use crate::{
    activations::Kind,
    dispatch::{Kernel, Level},
    elementwise::same_length,
    parallel::{BLOCK, WORTH_THREADS},
    rng::{Lanes, Noise},
    simd::{F32, LANES, Simd, U32},
};

/// A distribution of one real number given its pre-activation x.
pub(crate) trait StochasticUnit: Copy + Send + Sync {
    /// Snake case, as on the command line.
    const NAME: &'static str;
    /// The deterministic unit that takes its place where nothing is sampled.
    const ACTIVATION: Kind;

    /// A sample, from 32 uniform random bits.
    fn sample<S: Simd>(self, x: F32<S>, bits: U32<S>) -> F32<S>;
}

/// Work to be done with one unit, chosen at run time.
pub(crate) trait Visitor {
    /// What the work returns.
    type Output;
    /// The work.
    fn visit<U: StochasticUnit>(self, unit: U) -> Self::Output;
}

macro_rules! units {
    ($($(#[$doc:meta])* $variant:ident = $type:path;)*) => {
        /// A stochastic unit, chosen at run time.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Unit {
            $($(#[$doc])* $variant,)*
        }

        impl Unit {
            /// All stochastic units.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in snake case, as on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => <$type as StochasticUnit>::NAME,)* }
            }

            /// The deterministic unit that takes its place where nothing is sampled: the mean of a
            /// Bernoulli or Gaussian unit, and max(0, x) for NReLU (Nair & Hinton 2010, section 2), whose
            /// mean is another function.
            #[must_use]
            pub const fn activation(self) -> Kind {
                match self { $(Self::$variant => <$type as StochasticUnit>::ACTIVATION,)* }
            }

            #[inline]
            pub(crate) fn visit<V: Visitor>(self, visitor: V) -> V::Output {
                match self { $(Self::$variant => visitor.visit($type),)* }
            }
        }
    };
}

units! {
    /// 1 with probability σ(x), else 0.
    Bernoulli = bernoulli::Bernoulli;
    /// x + N(0, 1).
    Gaussian = gaussian::Gaussian;
    /// max(0, x + N(0, σ(x))), with *variance* σ(x); Nair & Hinton 2010.
    Nrelu = nrelu::Nrelu;
}

/// No stochastic unit has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown unit `{0}`; the units are {names}", names = Unit::ALL.iter().map(|unit| unit.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownUnit(String);

impl FromStr for Unit {
    type Err = UnknownUnit;

    fn from_str(name: &str) -> Result<Self, UnknownUnit> {
        Self::ALL
            .iter()
            .copied()
            .find(|unit| unit.name() == name)
            .ok_or_else(|| UnknownUnit(name.into()))
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Samples `unit` at pre-activations `x`; element i takes draw i of `noise`.
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
/// If `x` and `out` differ in length.
pub fn sample(level: Level, unit: Unit, noise: Noise, x: &[f32], out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    out.copy_from_slice(x);
    sample_in_place(level, unit, noise, out);
}

/// [`sample`] in place.
pub fn sample_in_place(level: Level, unit: Unit, noise: Noise, x: &mut [f32]) {
    unit.visit(InPlace { level, noise, x });
}

/// [`sample`] on the current rayon pool, with the same bits.
///
/// # Panics
/// If `x` and `out` differ in length.
pub fn par_sample(level: Level, unit: Unit, noise: Noise, x: &[f32], out: &mut [f32]) {
    same_length("x", x.len(), "out", out.len());
    if out.len() < WORTH_THREADS {
        return sample(level, unit, noise, x, out);
    }
    (x.par_chunks(BLOCK), out.par_chunks_mut(BLOCK)).into_par_iter().enumerate().for_each(
        |(block, (x, out))| sample(level, unit, noise.skip((block * BLOCK) as u64), x, out),
    );
}

/// [`sample_in_place`] on the current rayon pool, with the same bits.
pub fn par_sample_in_place(level: Level, unit: Unit, noise: Noise, x: &mut [f32]) {
    if x.len() < WORTH_THREADS {
        return sample_in_place(level, unit, noise, x);
    }
    x.par_chunks_mut(BLOCK).enumerate().for_each(|(block, x)| {
        sample_in_place(level, unit, noise.skip((block * BLOCK) as u64), x);
    });
}

struct InPlace<'a> {
    level: Level,
    noise: Noise,
    x: &'a mut [f32],
}

impl Visitor for InPlace<'_> {
    type Output = ();

    fn visit<U: StochasticUnit>(self, unit: U) {
        struct On<'a, U>(U, Noise, &'a mut [f32]);
        impl<U: StochasticUnit> Kernel for On<'_, U> {
            type Output = ();
            #[inline(always)]
            fn run<S: Simd>(self, simd: S) {
                let Self(unit, noise, x) = self;
                let mut lanes = Lanes::new(simd, noise);
                let (whole, tail) = x.as_chunks_mut::<LANES>();
                for x in whole {
                    unit.sample(F32::load(simd, x), lanes.next()).store(x);
                }
                if !tail.is_empty() {
                    unit.sample(F32::load_partial(simd, tail), lanes.next()).store_partial(tail);
                }
            }
        }
        self.level.run(On(unit, self.noise, self.x));
    }
}
