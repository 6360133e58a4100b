//! Z as a sum over all states of one layer.
//!
//! ```text
//! over the hidden states     ln Z = ln Σ_h exp(c h + ln m(h) + ln Z_v(h Wᵀ + b))
//! over the visible states    ln Z = ln Σ_v exp(b v + Σ Γ(v W + c))
//! ```
//!
//! m is the base measure of the hidden units and Γ their log-partition function; `partition.rs` has Z_v.
//!
//! All is in `f64`. States are visited unit by unit, so that those which begin alike share the sums over
//! their beginning, and every input is a sum of as many terms as the layer has units.

use halfwave_kernels::{
    Level,
    rng::{self, Stream},
    units::Unit,
};
use rayon::prelude::*;

use super::{
    super::{Rbm, Visible, units::log_partition},
    log_sum_exp,
    partition::{softplus_sum, visible_partition, wide},
};
use crate::{TrainError, buffers::zeros};

/// A state of one unit: the logarithm of its weight, and what it adds to the inputs of the other layer,
/// `factor` times row `row` of the matrix.
#[derive(Clone, Copy, Debug)]
struct Choice {
    weight: f64,
    row: usize,
    factor: f64,
}

/// The layer whose states are visited.
struct Layer<'a> {
    rbm: &'a Rbm,
    side: Side,
    /// Each unit's states.
    units: Vec<Vec<Choice>>,
    /// W, or Wᵀ where the hidden layer is visited: a row for each unit of this layer.
    weights: Vec<f64>,
    /// Of the other layer.
    bias: Vec<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Visible,
    Hidden,
}

/// States of the first units that are tasks of their own.
const TASKS: usize = 256;

impl Rbm {
    /// States that can be visited at most: those of 20 binary units.
    pub const MAX_STATES: u64 = 1 << 20;

    /// ln Z, the logarithm of the sum of e^(−F(v)) over all v, to rounding errors of `f64`, by the sum over
    /// all states of the layer that has fewer. One layer must be discrete, with up to
    /// [`Rbm::MAX_STATES`] states: 20 Bernoulli units, for example.
    ///
    /// ```
    /// use halfwave_kernels::units::Unit;
    /// use halfwave_trainer::rbm::{Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 1);
    /// let rbm = Rbm::from_parameters(&config, &[2.0, 1.0], &[0.0, 0.0], &[-1.0], 1)?;
    /// // h = 0 leaves both visible units free; h = 1 weighs e⁻¹ and gives them the inputs 2 and 1.
    /// let z = 4.0 + (-1.0_f64).exp() * (1.0 + 2.0_f64.exp()) * (1.0 + 1.0_f64.exp());
    /// assert!((rbm.log_z_exact()? - z.ln()).abs() < 1e-14);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// [`TrainError::NoEnergy`] for NReLU, [`TrainError::TooManyStates`].
    pub fn log_z_exact(&self) -> Result<f64, TrainError> {
        Ok(log_sum_exp(&Layer::smaller(self)?.log_weights()) + self.log_volume())
    }

    /// So many `rows` of independent samples of the visible units, `[rows, visible]`, from the machine's own
    /// distribution: not the ends of chains. `seed` is that of the noise. For machines as those of
    /// [`Rbm::log_z_exact`].
    ///
    /// ```
    /// use halfwave_kernels::{Level, units::Unit};
    /// use halfwave_trainer::rbm::{Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Bernoulli, Unit::Bernoulli, 1);
    /// let rbm = Rbm::from_parameters(&config, &[0.0, 0.0], &[200.0, -200.0], &[0.0], 1)?;
    /// assert_eq!(rbm.exact_samples(Level::best(), 2, 7)?, [1.0, 0.0, 1.0, 0.0]);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Rbm::log_z_exact`].
    pub fn exact_samples(
        &self,
        level: Level,
        rows: usize,
        seed: u64,
    ) -> Result<Vec<f32>, TrainError> {
        let layer = Layer::smaller(self)?;
        let weights = layer.log_weights();
        let log_z = log_sum_exp(&weights);
        let mut total = 0.0;
        let cumulative: Vec<f64> = weights
            .iter()
            .map(|weight| {
                total += (weight - log_z).exp();
                total
            })
            .collect();
        let stream = Stream::new(seed);
        let mut draws = zeros("random numbers", &[rows, 2])?;
        rng::bits(level, stream.at(0), &mut draws);
        let mut states = Vec::new();
        for draw in draws.as_chunks::<2>().0 {
            let u = (f64::from(draw[0]) + f64::from(draw[1]) / 2.0_f64.powi(32)) / 2.0_f64.powi(32);
            let at = cumulative.partition_point(|&p| p <= u * total).min(weights.len() - 1);
            layer.push_state(at, &mut states);
        }
        Ok(match layer.side {
            Side::Visible => states,
            Side::Hidden => self.visible_sample(level, stream.at(draws.len() as u64), &states),
        })
    }
}

impl<'a> Layer<'a> {
    /// The layer with fewer states.
    fn smaller(rbm: &'a Rbm) -> Result<Self, TrainError> {
        let config = &rbm.config;
        if log_partition(config.hidden, 0.0).is_none() {
            return Err(TrainError::NoEnergy { hidden: config.hidden.name() });
        }
        let groups = rbm.visible_units / config.visible.group();
        let visible = states_of_visible(config.visible).and_then(|n| power(n, groups));
        let hidden = states_of_hidden(config.hidden).and_then(|n| power(n, config.hidden_units));
        match (visible, hidden) {
            (Some(visible), Some(hidden)) if visible < hidden => Ok(Self::visible(rbm)),
            (_, Some(_)) => Ok(Self::hidden(rbm)),
            (Some(_), None) => Ok(Self::visible(rbm)),
            (None, None) => Err(TrainError::TooManyStates { limit: Rbm::MAX_STATES }),
        }
    }

    fn visible(rbm: &'a Rbm) -> Self {
        let bias = &rbm.visible_bias;
        let on = |row: usize| Choice { weight: bias[row].into(), row, factor: 1.0 };
        let group = rbm.config.visible.group();
        let states = |first: usize| match rbm.config.visible {
            Visible::Potts { .. } => (first..first + group).map(on).collect(),
            _ => vec![Choice { weight: 0.0, row: first, factor: 0.0 }, on(first)],
        };
        Self {
            rbm,
            side: Side::Visible,
            units: (0..rbm.visible_units).step_by(group).map(states).collect(),
            weights: wide(&rbm.weights),
            bias: wide(&rbm.hidden_bias),
        }
    }

    fn hidden(rbm: &'a Rbm) -> Self {
        let (units, measure) = (rbm.hidden_units(), log_measure(rbm.config.hidden));
        let states = |(row, &c): (usize, &f32)| {
            let of = |(h, m): (usize, &f64)| {
                let factor = h as f64;
                Choice { weight: m + f64::from(c) * factor, row, factor }
            };
            measure.iter().enumerate().map(of).collect()
        };
        let column = |j: usize| rbm.weights.iter().skip(j).step_by(units);
        Self {
            rbm,
            side: Side::Hidden,
            units: rbm.hidden_bias.iter().enumerate().map(states).collect(),
            weights: (0..units).flat_map(|j| column(j).map(|&w| f64::from(w))).collect(),
            bias: rbm.wide_units(&rbm.visible_bias),
        }
    }

    /// The logarithm of every state's weight, summed over the other layer; the last unit changes first.
    fn log_weights(&self) -> Vec<f64> {
        let count = |units: &[Vec<Choice>]| units.iter().map(Vec::len).product::<usize>();
        // The first units' states are the tasks.
        let fits = |&n: &usize| count(&self.units[..n]) <= TASKS;
        let shared = (0..=self.units.len()).take_while(fits).last().unwrap_or(0);
        let (first, rest) = self.units.split_at(shared);
        let mut weights = vec![0.0; count(&self.units)];
        weights.par_chunks_mut(count(rest)).enumerate().for_each(|(task, out)| {
            let (mut weight, mut inputs) = (0.0, self.bias.clone());
            for choice in choices(first, task) {
                weight += choice.weight;
                self.add(choice, &mut inputs);
            }
            // The inputs after each further unit.
            let mut memory = vec![inputs; rest.len() + 1];
            self.visit(rest, weight, &mut memory, &mut out.iter_mut());
        });
        weights
    }

    fn visit<'o>(
        &self,
        rest: &[Vec<Choice>],
        weight: f64,
        memory: &mut [Vec<f64>],
        out: &mut impl Iterator<Item = &'o mut f64>,
    ) {
        let Some((unit, rest)) = rest.split_first() else {
            if let Some(out) = out.next() {
                *out = weight + self.other(&memory[0]);
            }
            return;
        };
        for &choice in unit {
            let (inputs, after) = memory.split_at_mut(1);
            after[0].copy_from_slice(&inputs[0]);
            self.add(choice, &mut after[0]);
            self.visit(rest, weight + choice.weight, after, out);
        }
    }

    /// inputs ← inputs + what the choice adds.
    fn add(&self, choice: Choice, inputs: &mut [f64]) {
        if choice.factor != 0.0 {
            let row = &self.weights[choice.row * self.bias.len()..][..self.bias.len()];
            inputs.iter_mut().zip(row).for_each(|(x, w)| *x += choice.factor * w);
        }
    }

    /// The logarithm of the sum over the other layer at these inputs.
    fn other(&self, x: &[f64]) -> f64 {
        let config = &self.rbm.config;
        match (self.side, config.hidden) {
            (Side::Hidden, _) => visible_partition(config.visible, &self.bias, x),
            (Side::Visible, Unit::Bernoulli) => softplus_sum(x),
            (Side::Visible, Unit::Binomial { trials }) => f64::from(trials) * softplus_sum(x),
            (Side::Visible, hidden) => {
                x.iter().map(|&x| log_partition(hidden, x).unwrap_or(f64::NAN)).sum()
            }
        }
    }

    /// Appends the values of state `at` of this layer.
    fn push_state(&self, at: usize, states: &mut Vec<f32>) {
        let units = &self.units;
        for (choice, unit) in choices(units, at).zip(units) {
            match (self.side, self.rbm.config.visible) {
                (Side::Visible, Visible::Potts { .. }) => {
                    states.extend(unit.iter().map(|c| f32::from(u8::from(c.row == choice.row))));
                }
                _ => states.push(choice.factor as f32),
            }
        }
    }
}

/// The choices of state `at` of the units, the last of which changes first.
fn choices(units: &[Vec<Choice>], at: usize) -> impl Iterator<Item = Choice> {
    let mut after: usize = units.iter().map(Vec::len).product();
    units.iter().map(move |unit| {
        after /= unit.len();
        unit[at / after % unit.len()]
    })
}

/// `states` to the power of `units`, if that is not too much.
fn power(states: u64, units: usize) -> Option<u64> {
    let count = u32::try_from(units).ok().and_then(|units| states.checked_pow(units));
    count.filter(|&count| count <= Rbm::MAX_STATES)
}

fn states_of_visible(visible: Visible) -> Option<u64> {
    match visible {
        Visible::Bernoulli => Some(2),
        Visible::Potts { categories } => Some(categories.into()),
        Visible::Gaussian => None,
    }
}

fn states_of_hidden(hidden: Unit) -> Option<u64> {
    match hidden {
        Unit::Bernoulli => Some(2),
        Unit::Binomial { trials: n } | Unit::Ssu { copies: n } => Some(u64::from(n) + 1),
        _ => None,
    }
}

/// ln m(h) for h = 0, 1, … of a discrete hidden unit: the binomial coefficient, and for SSU the sum of
/// e^(½ − i) … over the sets of h copies, e^(−h²/2) times the Gaussian binomial coefficient of q = 1/e.
fn log_measure(hidden: Unit) -> Vec<f64> {
    let (copies, stepped) = match hidden {
        Unit::Binomial { trials } => (trials, false),
        Unit::Ssu { copies } => (copies, true),
        _ => (1, false),
    };
    let mut measure = vec![0.0];
    for h in 1..=copies {
        let (left, h) = (f64::from(copies - h + 1), f64::from(h));
        let ratio = if stepped {
            0.5 - h + ((-left).exp_m1() / (-h).exp_m1()).ln()
        } else {
            (left / h).ln()
        };
        measure.push(measure[measure.len() - 1] + ratio);
    }
    measure
}
