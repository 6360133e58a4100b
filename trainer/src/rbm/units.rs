//! What training has to know of a unit: its distribution, the data that it can take, and the hidden
//! unit's part of the free energy.
//!
//! ```text
//! visible     base measure                   energy        given x = h Wᵀ + b
//! Bernoulli   {0, 1}                         −b v          1 with probability σ(x)
//! Gaussian    Lebesgue                       (v − b)²/2    N(x, 1)                    σ: `sigma.rs`
//! Potts(K)    one of K consecutive is 1      −Σ b v        softmax(x)
//! ```
//!
//! A hidden unit has base measure m(dh), given its input x = v W + c the density e^(x h) m(dh) / e^Γ(x), and
//! in the free energy the term −Γ(x), Γ(x) = ln ∫ e^(x h) m(dh). The mean is Γ'(x).
//!
//! ```text
//! hidden               base measure m                               Γ(x)
//! Bernoulli            {0, 1}                                       ln(1 + eˣ)
//! Binomial(n)          {0 … n}, times n over h                      n ln(1 + eˣ)
//! SSU(N)               {0, 1}ᴺ, copy i times e^(½ − i)              Σ ln(1 + e^(x − i + ½))
//! Gaussian             e^(−h²/2) dh / √(2π)                         x²/2
//! truncated Gaussian   e^(−h²/2) dh on h ≥ 0                        G(x) = ln(√(π/2) erfcx(−x/√2))
//! dReLU(γ, θ)          e^(−h²/2 − θ h) dh on h ≥ 0,                 ln(e^G(x − θ) + s e^G(−s (x + θ))),
//!                      e^(−γ h²/2 + θ h) dh on h < 0                s = 1/√γ
//! NReLU                none                                         none
//! ```
//!
//! NReLU is a way to sample and belongs to no joint energy (Li et al. 2016, arXiv:1611.03879, section 2);
//! SSU(N), of which it is the fast approximation, has one.
//!
//! Sources: Nair & Hinton, ICML 2010; Teh & Hinton, NIPS 2001; Welling, Rosen-Zvi & Hinton, NIPS 2004
//! (exponential families); Su et al., AAAI 2017 (truncated Gaussian); Tubiana, Cocco & Monasson, eLife 8, 2019 (dReLU).

use std::{fmt, str::FromStr};

use halfwave_kernels::{Kind, units::Unit};

use super::special::{ln_double_rectifier, ln_rectified_gaussian, softplus};
use crate::{TrainError, buffers::find, samples::Rows};

/// The distribution of the visible units.
///
/// ```
/// use halfwave_trainer::rbm::Visible;
/// assert_eq!("potts(21)".parse(), Ok(Visible::Potts { categories: 21 }));
/// assert_eq!(Visible::Gaussian.to_string(), "gaussian");
/// assert!("potts(1)".parse::<Visible>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Visible {
    /// v = 1 with probability σ(x); data from 0 to 1.
    #[default]
    Bernoulli,
    /// v = x + N(0, 1); data of zero mean and unit variance. [`RbmConfig::sigma_rate`](super::RbmConfig::sigma_rate)
    /// has other variances learned.
    Gaussian,
    /// Groups of consecutive units of which one is 1, number k with probability e^(xₖ) / Σ e^(xⱼ); data that
    /// are one-hot in each group.
    Potts {
        /// Units of a group, from 2 to [`Visible::MAX_CATEGORIES`].
        categories: u32,
    },
}

impl Visible {
    /// The largest number of categories.
    pub const MAX_CATEGORIES: u32 = 65_536;

    pub(super) fn check(self) -> Result<(), TrainError> {
        let holds = match self {
            Self::Potts { categories } => (2..=Self::MAX_CATEGORIES).contains(&categories),
            _ => true,
        };
        TrainError::require(holds, "visible", "potts(2) to potts(65536)", self)
    }

    /// That so many units make whole groups.
    pub(crate) fn check_units(self, units: usize) -> Result<(), TrainError> {
        TrainError::require(units > 0, "visible units", "at least 1", units)?;
        let whole = units.is_multiple_of(self.group());
        TrainError::require(whole, "visible units", "a whole number of groups of categories", units)
    }

    /// Units that share one draw, one distribution and one place of the data.
    pub(crate) fn group(self) -> usize {
        match self {
            Self::Potts { categories } => categories as usize,
            Self::Bernoulli | Self::Gaussian => 1,
        }
    }

    /// Draws that samples of so many units take.
    pub(super) fn draws(self, units: usize) -> u64 {
        (units / self.group()) as u64
    }

    /// The kernels' unit and its mean, where a visible unit is alone.
    pub(super) fn unit(self) -> Option<(Unit, Kind)> {
        match self {
            Self::Bernoulli => Some((Unit::Bernoulli, Kind::Sigmoid)),
            Self::Gaussian => Some((Unit::Gaussian, Kind::Identity)),
            Self::Potts { .. } => None,
        }
    }

    /// That finite data `x [rows, width]` are states of the units.
    pub(super) fn check_states(self, x: &[f32], width: usize) -> Result<(), TrainError> {
        match self {
            Self::Gaussian => Ok(()),
            Self::Bernoulli => match find(x, width, |v| (0.0..=1.0).contains(&v)) {
                Some((row, column, value)) => Err(TrainError::Visible { row, column, value }),
                None => Ok(()),
            },
            Self::Potts { categories } => {
                let categories = categories as usize;
                let one_hot = |group: &[f32]| {
                    group.iter().all(|&v| v == 0.0 || v == 1.0)
                        && group.iter().filter(|&&v| v == 1.0).count() == 1
                };
                match x.chunks_exact(categories).position(|group| !one_hot(group)) {
                    Some(at) => {
                        let at = at * categories;
                        Err(TrainError::OneHot { row: at / width, column: at % width, categories })
                    }
                    None => Ok(()),
                }
            }
        }
    }

    /// That finite data `x [rows, width]` can be learned from: those of a Gaussian unit vary.
    pub(super) fn check_variation(self, x: Rows<'_>, width: usize) -> Result<(), TrainError> {
        if self != Self::Gaussian {
            return Ok(());
        }
        let (mut first, mut constant) = (vec![0.0; width], vec![true; width]);
        x.gather(width, &[0], &mut first);
        x.for_each(width, |x| {
            for row in x.chunks_exact(width) {
                let values = row.iter().zip(&first);
                constant.iter_mut().zip(values).for_each(|(c, (v, f))| *c &= v == f);
            }
        });
        match constant.iter().position(|&constant| constant) {
            Some(column) => Err(TrainError::Constant { column, value: first[column] }),
            None => Ok(()),
        }
    }

    /// The bias with which a unit of no input has the mean of the data, `sum` over `rows`, where it is
    /// finite: one case in every category is added (Hinton 2010, section 8.1).
    pub(super) fn bias(self, sum: f64, rows: f64) -> f64 {
        match self {
            Self::Bernoulli => ((sum + 1.0) / (rows - sum + 1.0)).ln(),
            Self::Gaussian => sum / rows,
            Self::Potts { categories } => ((sum + 1.0) / (rows + f64::from(categories))).ln(),
        }
    }

    /// Minus the logarithm of base measure and bias: the visible term of the free energy of one row.
    /// Those of a Gaussian unit are divided by σ.
    pub(super) fn energy(self, v: &[f64], bias: &[f64]) -> f64 {
        let terms = v.iter().zip(bias);
        match self {
            Self::Gaussian => terms.map(|(v, b)| 0.5 * (v - b) * (v - b)).sum(),
            Self::Bernoulli | Self::Potts { .. } => -terms.map(|(v, b)| v * b).sum::<f64>(),
        }
    }
}

impl FromStr for Visible {
    type Err = TrainError;

    fn from_str(text: &str) -> Result<Self, TrainError> {
        let potts = |text: &str| {
            let digits = text.strip_prefix("potts(")?.strip_suffix(')')?;
            let categories =
                digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
            let visible = Self::Potts { categories };
            visible.check().is_ok().then_some(visible)
        };
        match text {
            "bernoulli" => Ok(Self::Bernoulli),
            "gaussian" => Ok(Self::Gaussian),
            _ => potts(text).ok_or_else(|| {
                let expected =
                    "bernoulli, gaussian, or potts with 2 to 65536 categories, as in potts(21)";
                TrainError::setting("visible", expected, text)
            }),
        }
    }
}

impl fmt::Display for Visible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bernoulli => f.pad("bernoulli"),
            Self::Gaussian => f.pad("gaussian"),
            Self::Potts { categories } => f.pad(&format!("potts({categories})")),
        }
    }
}

/// The activation that gives a hidden unit's statistic, where it is one. The statistic is the mean, but
/// max(0, x) of NReLU, whose mean belongs to no model: see `cd.rs`.
pub(super) fn statistic(hidden: Unit) -> Option<Kind> {
    let is_one = matches!(hidden, Unit::Bernoulli | Unit::Gaussian | Unit::Nrelu);
    hidden.activation().filter(|_| is_one)
}

/// The spectral norm of W below which a machine with Gaussian visible units has a density for sure; `None` where a
/// hidden unit's mean is bounded, and every W has one. It is √γ of the softer side of the unit's energy, γ h²/2.
pub(super) fn norm_limit(hidden: Unit) -> Option<f64> {
    match hidden {
        Unit::Gaussian | Unit::Nrelu | Unit::TruncatedGaussian => Some(1.0),
        Unit::Drelu { gamma, .. } => Some(f64::from(gamma).sqrt().min(1.0)),
        _ => None,
    }
}

/// Γ(x), the hidden unit's term of the free energy with its sign changed; `None` for NReLU, which has no
/// energy. The table in this file has formulas and base measures.
///
/// ```
/// use halfwave_kernels::units::Unit;
/// use halfwave_trainer::rbm::log_partition;
/// assert_eq!(log_partition(Unit::Gaussian, 3.0), Some(4.5));
/// assert_eq!(log_partition(Unit::Nrelu, 3.0), None);
/// ```
#[must_use]
pub fn log_partition(hidden: Unit, x: f64) -> Option<f64> {
    match hidden {
        Unit::Bernoulli => Some(softplus(x)),
        Unit::Binomial { trials } => Some(f64::from(trials) * softplus(x)),
        Unit::Ssu { copies } => Some(
            (1..=copies)
                .map(|i| softplus(x - f64::from(i) + 0.5))
                // What follows adds up to less than twice the first term that is left out.
                .take_while(|&term| term > 1e-20)
                .sum(),
        ),
        Unit::Gaussian => Some(0.5 * x * x),
        Unit::TruncatedGaussian => Some(ln_rectified_gaussian(x)),
        Unit::Drelu { gamma, theta } => Some(ln_double_rectifier(gamma.into(), theta.into(), x)),
        _ => None,
    }
}
