//! The settings of an RBM and of its training.

use halfwave_kernels::units::Unit;
use serde::{Deserialize, Serialize};

use super::{noise::NreluNoise, units::Visible};
use crate::{
    TrainError,
    optim::{Schedule, positive, share},
};

/// The settings of an RBM and of its training. [`RbmConfig::new`] has Hinton's recipe.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RbmConfig {
    /// The visible units.
    #[serde(with = "crate::by_name")]
    pub visible: Visible,
    /// The hidden units.
    #[serde(with = "crate::by_name")]
    pub hidden: Unit,
    /// Number of hidden units.
    pub hidden_units: usize,
    /// Whether hidden units have biases. Without them, and with rectifiers, features are proportional to
    /// the data (Nair & Hinton 2010, section 3); biases are 0 then, or stay as
    /// [`Rbm::from_parameters`](super::Rbm::from_parameters) has them.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub hidden_biases: bool,
    /// Variance of the noise of NReLU hidden units.
    #[serde(default, skip_serializing_if = "is_default")]
    pub nrelu_noise: NreluNoise,
    /// Step size, on the mean gradient of a mini-batch.
    pub learning_rate: f32,
    /// Factor on the step size with which the standard deviations σ of Gaussian visible units are learned, through ln σ²;
    /// with 0 they stay as they are: 1, or those of [`Rbm::with_sigma`](super::Rbm::with_sigma).
    #[serde(default)]
    pub sigma_rate: f32,
    /// How the step size changes from epoch to epoch.
    #[serde(default)]
    pub schedule: Schedule,
    /// Momentum of the first epochs.
    pub initial_momentum: f32,
    /// Momentum from then on.
    pub final_momentum: f32,
    /// Epochs with the initial momentum.
    pub momentum_epoch: usize,
    /// Coefficient of the L2 penalty's gradient, on weights only.
    pub weight_decay: f32,
    /// Coefficient of the L1 penalty's gradient, on weights only.
    #[serde(default)]
    pub l1: f32,
    /// Largest Euclidean norm of a hidden unit's incoming weights; after a step, larger ones are scaled
    /// back to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_norm: Option<f32>,
    /// k, the Gibbs steps of the negative phase.
    #[serde(default = "one")]
    pub steps: usize,
    /// Where the chains of the negative phase start.
    #[serde(default)]
    pub chains: Chains,
    /// What the visible units hand on within a chain; by default the means for CD-1, samples for CD-k,
    /// persistent chains and where σ is learned. The chain has the model's distribution with samples only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_states: Option<States>,
    /// What the hidden units hand on within a chain; `mean` is mean-field CD (Welling & Hinton 2002).
    #[serde(default = "sample")]
    pub hidden_states: States,
    /// Hidden activity that is wanted, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparsity: Option<Sparsity>,
    /// Offsets that the gradient is centred by, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centring: Option<Centring>,
    /// Rows of a mini-batch.
    pub batch: usize,
    /// Epochs of one call of [`Rbm::fit`](super::Rbm::fit).
    pub epochs: usize,
}

/// Where the chains of the negative phase start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Chains {
    /// At the data of the step: CD-k (Hinton 2002).
    #[default]
    Data,
    /// Where they stood after the step before: PCD-k (Younes 1989; Tieleman 2008). There are as many
    /// as rows in a mini-batch; they start at the data of the first one.
    Persistent,
}

/// What the units of a layer hand on to the other layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum States {
    /// Their means.
    Mean,
    /// Samples.
    Sample,
}

/// A penalty on hidden units whose activity is not as wanted (Hinton 2010, section 11).
///
/// q ← decay · q + (1 − decay) · mean of a₀ over the batch; cost · (q − target) is taken from every a₀ of
/// the positive phase, and so from the gradients of the hidden biases and of the weights. For Bernoulli
/// units it is the gradient of the cross-entropy between target and q.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sparsity {
    /// The activity that is wanted.
    pub target: f32,
    /// Share of the running mean q that stays each step, in \[0, 1).
    pub decay: f32,
    /// Weight of the penalty.
    pub cost: f32,
}

/// The centred gradient (Montavon & Müller 2012; Melchior, Fischer & Wiskott, JMLR 2016), by running means μ of
/// the data and λ of their hidden statistics. The energy stays that of the plain machine: the centred one's
/// biases b' and c' are b = b' − W λ and c = c' − μ W. Formulas in `averages.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Centring {
    /// Share of the running means that a mini-batch replaces, in (0, 1]; .01 in Melchior et al.
    pub rate: f32,
}

fn yes() -> bool {
    true
}

// serde hands over references.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature is serde's")]
fn is_yes(value: &bool) -> bool {
    *value
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> usize {
    1
}

fn sample() -> States {
    States::Sample
}

impl RbmConfig {
    /// Keys that need not be written where they have their defaults.
    pub(crate) const OPTIONAL: [&str; 7] = [
        "schedule",
        "hidden_biases",
        "nrelu_noise",
        "max_norm",
        "visible_states",
        "sparsity",
        "centring",
    ];

    /// CD-1, momentum .5, after 5 epochs .9, weight decay 10⁻⁴, batches of 100, 10 epochs; the learning rate
    /// is .1, or .001 where a unit has no upper bound (Hinton 2010, sections 6 to 10 and 13.2).
    #[must_use]
    pub fn new(visible: Visible, hidden: Unit, hidden_units: usize) -> Self {
        let bounded = visible != Visible::Gaussian && hidden == Unit::Bernoulli;
        Self {
            visible,
            hidden,
            hidden_units,
            hidden_biases: true,
            nrelu_noise: NreluNoise::Sigmoid,
            learning_rate: if bounded { 0.1 } else { 1e-3 },
            sigma_rate: 0.0,
            schedule: Schedule::Constant,
            initial_momentum: 0.5,
            final_momentum: 0.9,
            momentum_epoch: 5,
            weight_decay: 1e-4,
            l1: 0.0,
            max_norm: None,
            steps: 1,
            chains: Chains::Data,
            visible_states: None,
            hidden_states: States::Sample,
            sparsity: None,
            centring: None,
            batch: 100,
            epochs: 10,
        }
    }

    /// What the visible units hand on within a chain.
    pub(super) fn visible_states(&self) -> States {
        let cd_1 = self.steps == 1 && self.chains == Chains::Data && self.sigma_rate == 0.0;
        self.visible_states.unwrap_or(if cd_1 { States::Mean } else { States::Sample })
    }

    pub(crate) fn check(&self) -> Result<(), TrainError> {
        let at_least_1 = |name, value| TrainError::require(value > 0, name, "at least 1", value);
        at_least_1("hidden_units", self.hidden_units)?;
        at_least_1("batch", self.batch)?;
        at_least_1("steps", self.steps)?;
        self.visible.check()?;
        let parameter = "copies or trials from 1 to 65536, gamma from 0.0009765625 to 1024, theta from -100 to 100";
        TrainError::require(self.hidden.check().is_ok(), "hidden", parameter, self.hidden)?;
        let holds = self.nrelu_noise.is_papers() || self.hidden == Unit::Nrelu;
        let expected = "sigmoid, where hidden units are not nrelu";
        TrainError::require(holds, "nrelu_noise", expected, "another variance")?;
        positive("learning_rate", self.learning_rate)?;
        let holds = self.sigma_rate >= 0.0 && self.sigma_rate.is_finite();
        TrainError::require(holds, "sigma_rate", "a finite number, 0 or above", self.sigma_rate)?;
        let holds = self.sigma_rate == 0.0 || self.visible == Visible::Gaussian;
        let expected = "0, where visible units are not gaussian";
        TrainError::require(holds, "sigma_rate", expected, self.sigma_rate)?;
        self.schedule.check()?;
        share("initial_momentum", self.initial_momentum)?;
        share("final_momentum", self.final_momentum)?;
        share("weight_decay", self.weight_decay)?;
        share("l1", self.l1)?;
        if let Some(norm) = self.max_norm {
            positive("max_norm", norm)?;
        }
        if self.chains == Chains::Persistent {
            let expected = "sample, where chains are persistent: means are no state of a chain";
            for states in [self.hidden_states, self.visible_states()] {
                TrainError::require(states == States::Sample, "states", expected, "mean")?;
            }
        }
        if let Some(Sparsity { target, decay, cost }) = self.sparsity {
            positive("sparsity.target", target)?;
            share("sparsity.decay", decay)?;
            positive("sparsity.cost", cost)?;
        }
        if let Some(Centring { rate }) = self.centring {
            let holds = rate > 0.0 && rate <= 1.0;
            TrainError::require(holds, "centring.rate", "above 0 to 1", rate)?;
            let expected =
                "true, where the gradient is centred: its offsets are part of the biases";
            TrainError::require(self.hidden_biases, "hidden_biases", expected, self.hidden_biases)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use toml::Table;

    use super::*;

    #[test]
    fn every_key_is_written_or_optional() {
        let plain = RbmConfig::new(Visible::Gaussian, Unit::Nrelu, 3);
        // No field from `plain`: a new one has to be thought of here.
        let full = RbmConfig {
            visible: Visible::Gaussian,
            hidden: Unit::Nrelu,
            hidden_units: 3,
            hidden_biases: false,
            nrelu_noise: NreluNoise::One,
            learning_rate: 0.1,
            sigma_rate: 1.0,
            schedule: Schedule::Constant,
            initial_momentum: 0.5,
            final_momentum: 0.9,
            momentum_epoch: 5,
            weight_decay: 0.0,
            l1: 0.0,
            max_norm: Some(1.0),
            steps: 1,
            chains: Chains::Data,
            visible_states: Some(States::Mean),
            hidden_states: States::Sample,
            sparsity: Some(Sparsity { target: 0.1, decay: 0.9, cost: 0.1 }),
            centring: Some(Centring { rate: 0.1 }),
            batch: 10,
            epochs: 1,
        };
        let keys = |config| Table::try_from(config).unwrap().keys().cloned().collect::<Vec<_>>();
        let mut known = keys(plain);
        known.retain(|key| !RbmConfig::OPTIONAL.contains(&key.as_str()));
        known.extend(RbmConfig::OPTIONAL.map(String::from));
        known.sort_unstable();
        let mut all = keys(full);
        all.sort_unstable();
        assert_eq!(known, all);
    }
}
