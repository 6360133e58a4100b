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
mod drivers;
mod gaussian;
mod nrelu;
pub mod potts;
mod ssu;
mod truncated_gaussian;

use std::{fmt, str::FromStr};

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
    /// The deterministic unit that takes its place where nothing is sampled.
    const ACTIVATION: Kind;

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

/// `units! { Variant = type; Variant { parameter: first } = type; ... }`, where `first` is the value in
/// [`Unit::ALL`].
macro_rules! units {
    ($(
        $(#[$doc:meta])*
        $variant:ident $({ $(#[$field_doc:meta])* $field:ident: $first:literal })? = $module:ident;
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
        /// # Ok::<(), halfwave_kernels::units::UnitError>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Unit {
            $($(#[$doc])* $variant $({ $(#[$field_doc])* $field: u32 })?,)*
        }

        impl Unit {
            /// All stochastic units, those with a parameter at one of its values.
            pub const ALL: &'static [Self] = &[$(Self::$variant $({ $field: $first })?),*];

            /// The name in snake case, without parameter.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => <$module::$variant as StochasticUnit>::NAME,)*
                }
            }

            /// The deterministic unit that takes its place where nothing is sampled: the mean of a
            /// Bernoulli or Gaussian unit; for the others, whose mean is another function ([`mean`]):
            /// max(0, x) for NReLU (Nair & Hinton 2010, section 2) and for the truncated Gaussian, of
            /// which it is the mode; the mean for N → ∞ for SSU; the mean's share of the trials for
            /// a binomial unit.
            #[must_use]
            pub const fn activation(self) -> Kind {
                match self {
                    $(Self::$variant { .. } => <$module::$variant as StochasticUnit>::ACTIVATION,)*
                }
            }

            /// 32-bit draws that a sample takes.
            #[must_use]
            pub fn draws(self) -> u32 {
                match self {
                    $(Self::$variant $({ $field })? => {
                        StochasticUnit::draws($module::$variant { $($field)? })
                    })*
                }
            }

            /// The parameter's name and value.
            const fn parameter(self) -> Option<(&'static str, u32)> {
                match self {
                    $(Self::$variant $({ $field })? => units!(@ $($field)?),)*
                }
            }

            /// The same unit with another value of its parameter, if it has one.
            const fn with_parameter(self, value: u32) -> Self {
                let _ = value;
                match self {
                    $(Self::$variant { .. } => Self::$variant $({ $field: value })?,)*
                }
            }

            /// # Panics
            /// If the unit has a parameter that is none.
            #[inline]
            #[track_caller]
            pub(crate) fn visit<V: Visitor>(self, visitor: V) -> V::Output {
                self.expect_valid();
                match self {
                    $(Self::$variant $({ $field })? => visitor.visit($module::$variant { $($field)? }),)*
                }
            }
        }

    };
    (@ $field:ident) => { Some((stringify!($field), $field)) };
    (@) => { None };
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
        copies: 8
    } = ssu;
    /// The sum of n Bernoulli units with the same probability σ(x).
    Binomial {
        /// n, from 1 to [`Unit::MAX_PARAMETER`].
        trials: 8
    } = binomial;
    /// N(x, 1) on the condition that it is ≥ 0.
    TruncatedGaussian = truncated_gaussian;
}

impl Unit {
    /// The largest number of copies or trials. Sums of so many are exact in `f32`.
    pub const MAX_PARAMETER: u32 = 65_536;

    /// Whether the parameter, if there is one, is from 1 to [`Unit::MAX_PARAMETER`].
    ///
    /// ```
    /// use halfwave_kernels::units::Unit;
    /// assert!(Unit::Binomial { trials: 10 }.check().is_ok());
    /// assert!(Unit::Binomial { trials: 0 }.check().is_err());
    /// ```
    ///
    /// # Errors
    /// [`UnitError::Parameter`].
    pub fn check(self) -> Result<(), UnitError> {
        match self.parameter() {
            Some((name, value)) if !(1..=Self::MAX_PARAMETER).contains(&value) => {
                Err(UnitError::Parameter { unit: self.name(), name, found: value.to_string() })
            }
            _ => Ok(()),
        }
    }

    #[track_caller]
    fn expect_valid(self) {
        let checked = self.check();
        assert!(
            checked.is_ok(),
            "{self:?}: the parameter must be from 1 to {}",
            Self::MAX_PARAMETER
        );
    }
}

/// A name or parameter that belongs to no stochastic unit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnitError {
    /// No stochastic unit has this name.
    #[error("unknown unit `{0}`; the units are {names}", names = Unit::ALL.iter().map(Unit::to_string).collect::<Vec<_>>().join(", "))]
    Unknown(String),
    /// The unit's parameter is missing, no number, or not in its range.
    #[error("{unit}: expected {name} from 1 to {max}, as in `{unit}(8)`; found `{found}`", max = Unit::MAX_PARAMETER)]
    Parameter {
        /// Name of the unit.
        unit: &'static str,
        /// Name of the parameter.
        name: &'static str,
        /// What is there instead.
        found: String,
    },
}

impl FromStr for Unit {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        let (name, argument) = match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
            Some((name, argument)) => (name, Some(argument)),
            None => (text, None),
        };
        let unknown = || UnitError::Unknown(text.into());
        let unit = Self::ALL.iter().copied().find(|u| u.name() == name).ok_or_else(unknown)?;
        match (unit.parameter(), argument) {
            (None, None) => Ok(unit),
            (None, Some(_)) => Err(unknown()),
            (Some((name, _)), argument) => {
                let found = argument.unwrap_or_default();
                let digits = found.bytes().all(|byte| byte.is_ascii_digit());
                let value = found.parse().ok().filter(|_| digits);
                value
                    .map(|value| unit.with_parameter(value))
                    .filter(|unit| unit.check().is_ok())
                    .ok_or(UnitError::Parameter { unit: unit.name(), name, found: found.into() })
            }
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parameter() {
            None => f.pad(self.name()),
            Some((_, value)) => f.pad(&format!("{}({value})", self.name())),
        }
    }
}
