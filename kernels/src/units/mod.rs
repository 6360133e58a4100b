//! Stochastic units: from a pre-activation to its mean, to a sample, or to both, in one pass.
//!
//! One file each, and one line of the table. A unit takes a fixed number d of draws an element
//! ([`Unit::draws`]), and element i of a call has draws i·d to i·d + d − 1 from where its [`Noise`] stands:
//! no rejection, no order, so that batch splits, threads and instruction sets change no bit.
//!
//! NaN gives NaN, as mean and as sample. [`potts`] has units of which one in a group is on.
//!
//! [`Noise`]: crate::rng::Noise

mod bernoulli;
mod binomial;
mod drelu;
mod drivers;
mod gaussian;
mod nrelu;
pub mod potts;
mod ssu;
mod truncated_gaussian;

use std::{fmt, ops::RangeInclusive, str::FromStr};

pub use drivers::{
    mean, mean_in_place, par_mean, par_mean_in_place, par_sample, par_sample_in_place,
    par_sample_with_mean, sample, sample_in_place, sample_with_mean, ssu_variance,
};

use crate::{
    activations::Kind,
    rng::Lanes,
    simd::{F32, Simd},
};

/// A distribution of one real number given its pre-activation x.
pub(crate) trait StochasticUnit: Copy + Send + Sync {
    /// Snake case, as on the command line.
    const NAME: &'static str;
    /// The activation that takes its place where nothing is sampled, if there is one.
    const ACTIVATION: Option<Kind>;

    /// Draws that a sample takes, at least 1.
    #[inline(always)]
    fn draws(self) -> u32 {
        1
    }

    /// The mean of the distribution.
    fn mean<S: Simd>(self, x: F32<S>) -> F32<S>;

    /// A sample, from [`StochasticUnit::draws`] draws of the lanes.
    fn sample<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> F32<S>;

    /// Both, with the same bits.
    #[inline(always)]
    fn sample_with_mean<S: Simd>(self, x: F32<S>, lanes: &mut Lanes<S>) -> (F32<S>, F32<S>) {
        (self.mean(x), self.sample(x, lanes))
    }
}

/// Work to be done with one unit, chosen at run time.
pub(crate) trait Visitor {
    /// What the work returns.
    type Output;
    /// The work.
    fn visit<U: StochasticUnit>(self, unit: U) -> Self::Output;
}

/// `units! { Variant = module; Variant { parameter: type = first in range } = module; ... }`, where `first` is
/// the value in [`Unit::ALL`].
macro_rules! units {
    ($(
        $(#[$doc:meta])*
        $variant:ident $({
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $first:literal in $range:expr),+
        })? = $module:ident;
    )*) => {
        /// A stochastic unit, chosen at run time.
        ///
        /// ```
        /// use halfwave_kernels::units::Unit;
        /// let unit: Unit = "ssu(8)".parse()?;
        /// assert_eq!(unit, Unit::Ssu { copies: 8 });
        /// assert_eq!(unit.to_string(), "ssu(8)");
        /// assert_eq!(unit.draws(), 8);
        /// assert!("ssu(0)".parse::<Unit>().is_err());
        /// assert_eq!("drelu(4,0.5)".parse(), Ok(Unit::Drelu { gamma: 4.0, theta: 0.5 }));
        /// # Ok::<(), halfwave_kernels::units::UnitError>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Unit {
            $($(#[$doc])* $variant $({ $($(#[$field_doc])* $field: $type),+ })?,)*
        }

        impl Unit {
            /// All stochastic units, those with parameters at one of their values.
            pub const ALL: &'static [Self] = &[$(Self::$variant $({ $($field: $first),+ })?),*];

            /// The name in snake case, without parameters.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => <$module::$variant as StochasticUnit>::NAME,)*
                }
            }

            /// The activation that takes its place where nothing is sampled: the mean of a Bernoulli or
            /// Gaussian unit; for others, whose mean is another function ([`mean`]): max(0, x) for NReLU
            /// (Nair & Hinton 2010, section 2) and for the truncated Gaussian, of which it is the mode; the
            /// mean for N → ∞ for SSU; the mean's share of the trials for a binomial unit. dReLU has none
            /// but its mean.
            #[must_use]
            pub const fn activation(self) -> Option<Kind> {
                match self {
                    $(Self::$variant { .. } => <$module::$variant as StochasticUnit>::ACTIVATION,)*
                }
            }

            /// 32-bit draws that a sample takes.
            #[must_use]
            pub fn draws(self) -> u32 {
                match self {
                    $(Self::$variant $({ $($field),+ })? => {
                        StochasticUnit::draws($module::$variant { $($($field),+)? })
                    })*
                }
            }

            /// Whether the parameters, if there are any, are in their ranges.
            ///
            /// ```
            /// use halfwave_kernels::units::Unit;
            /// assert!(Unit::Binomial { trials: 10 }.check().is_ok());
            /// assert!(Unit::Binomial { trials: 0 }.check().is_err());
            /// assert!(Unit::Drelu { gamma: f32::NAN, theta: 0.0 }.check().is_err());
            /// ```
            ///
            /// # Errors
            /// [`UnitError::Parameter`].
            pub fn check(self) -> Result<(), UnitError> {
                match self {
                    $(Self::$variant $({ $($field),+ })? => {
                        $($(within(self.name(), stringify!($field), &$range, (Some($field), $field))?;)+)?
                    })*
                }
                Ok(())
            }

            /// The same unit with these parameters, in their order.
            fn with_arguments<'a>(
                self,
                arguments: &mut impl Iterator<Item = &'a str>,
            ) -> Result<Self, UnitError> {
                Ok(match self {
                    $(Self::$variant { .. } => Self::$variant $({
                        $($field: within(
                            self.name(), stringify!($field), &$range, read(arguments.next()),
                        )?),+
                    })?,)*
                })
            }

            /// # Panics
            /// If the unit has a parameter that is none.
            #[inline]
            #[track_caller]
            pub(crate) fn visit<V: Visitor>(self, visitor: V) -> V::Output {
                self.expect_valid();
                match self {
                    $(Self::$variant $({ $($field),+ })? => {
                        visitor.visit($module::$variant { $($($field),+)? })
                    })*
                }
            }
        }

        impl fmt::Display for Unit {
            /// As it is read: `ssu(8)`, `drelu(4,0.5)`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$variant $({ $($field),+ })? => {
                        let arguments: &[String] = &[$($($field.to_string()),+)?];
                        match arguments {
                            [] => f.pad(self.name()),
                            some => f.pad(&format!("{}({})", self.name(), some.join(","))),
                        }
                    })*
                }
            }
        }
    };
}

units! {
    /// 1 with probability σ(x), else 0.
    Bernoulli = bernoulli;
    /// x + N(0, 1).
    Gaussian = gaussian;
    /// max(0, x + N(0, σ(x))), with *variance* σ(x); Nair & Hinton 2010, section 2.
    Nrelu = nrelu;
    /// The sum of Bernoulli copies i = 1 … N with probabilities σ(x − i + ½); Nair & Hinton 2010,
    /// section 2.
    Ssu {
        /// N, from 1 to [`Unit::MAX_PARAMETER`].
        copies: u32 = 8 in 1..=Unit::MAX_PARAMETER
    } = ssu;
    /// The sum of n Bernoulli units with the same probability σ(x).
    Binomial {
        /// n, from 1 to [`Unit::MAX_PARAMETER`].
        trials: u32 = 8 in 1..=Unit::MAX_PARAMETER
    } = binomial;
    /// N(x, 1) on the condition that it is ≥ 0.
    TruncatedGaussian = truncated_gaussian;
    /// dReLU, a double rectifier: density ∝ exp(x h − h²/2 − θ h) for h ≥ 0 and exp(x h − γ h²/2 + θ h) for
    /// h < 0 (Tubiana, Cocco & Monasson 2019), with the same γ and θ in all units of a layer.
    Drelu {
        /// γ, how much stiffer than positive values negative ones are, from 2⁻¹⁰ to 2¹⁰; Gaussian at 1, and
        /// with θ = 0 the truncated Gaussian for γ → ∞.
        gamma: f32 = 4.0 in 1.0 / 1024.0..=1024.0,
        /// θ, the threshold, from −100 to 100: above 0 the mode is 0 for |x| ≤ θ, below there are two modes.
        theta: f32 = 0.5 in -100.0..=100.0
    } = drelu;
}

impl Unit {
    /// The largest number of copies or trials. Sums of so many are exact in `f32`.
    pub const MAX_PARAMETER: u32 = 65_536;

    /// Panics if a parameter is out of its range.
    #[track_caller]
    pub(crate) fn expect_valid(self) {
        if let Err(error) = self.check() {
            panic!("{error}");
        }
    }
}

/// The parameter, if it is in its range; `found` says what it is.
fn within<T: PartialOrd + fmt::Display>(
    unit: &'static str,
    name: &'static str,
    range: &RangeInclusive<T>,
    (value, found): (Option<T>, impl fmt::Display),
) -> Result<T, UnitError> {
    let error = || UnitError::Parameter {
        unit,
        name,
        expected: format!("from {} to {}", range.start(), range.end()),
        found: found.to_string(),
    };
    value.filter(|value| range.contains(value)).ok_or_else(error)
}

/// A number from its text, without a needless sign.
fn read<T: FromStr>(text: Option<&str>) -> (Option<T>, &str) {
    let text = text.unwrap_or_default();
    (text.parse().ok().filter(|_| !text.starts_with('+')), text)
}

/// A name or parameter that belongs to no stochastic unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// No stochastic unit has this name.
    #[error("unknown unit `{0}`; the units are {names}", names = Unit::ALL.iter().map(Unit::to_string).collect::<Vec<_>>().join(", "))]
    Unknown(String),
    /// The unit's parameter is missing, no number, or not in its range.
    #[error("{unit}: expected {name} {expected}, as in `{example}`; found `{found}`", example = example(unit))]
    Parameter {
        /// Name of the unit.
        unit: &'static str,
        /// Name of the parameter.
        name: &'static str,
        /// Its range.
        expected: String,
        /// What is there instead.
        found: String,
    },
}

/// The unit of this name with parameters.
fn example(name: &str) -> String {
    Unit::ALL.iter().find(|unit| unit.name() == name).map(Unit::to_string).unwrap_or_default()
}

impl FromStr for Unit {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (name, arguments) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, arguments)) => (name, Some(arguments)),
            None => (text, None),
        };
        let unknown = || UnitError::Unknown(text.into());
        let unit = Self::ALL.iter().copied().find(|u| u.name() == name).ok_or_else(unknown)?;
        let mut arguments = arguments.into_iter().flat_map(|text| text.split(','));
        let unit = unit.with_arguments(&mut arguments)?;
        arguments.next().map_or(Ok(unit), |_| Err(unknown()))
    }
}
