//! What the training loop does with an RBM.

use halfwave_kernels::{
    Level,
    gemm::{self, Update},
    update,
};

use super::{
    Rbm, RbmConfig, Velocity, Visible,
    cd::Step,
    config::{Chains, States},
    energy::Compared,
    norms::{limit_columns, spectral_norm},
    sigma::Sigma,
    units::norm_limit,
};
use crate::{
    TrainError,
    buffers::{matrix_mut, within, zeros},
    checkpoint::{Place, Places},
    samples::Rows,
    train::{Diverged, Learner, Metrics, Progress, WEIGHT_LIMIT},
};

/// One call of `fit`: the machine, the data, and all memory that a step needs.
pub(super) struct Fit<'a> {
    rbm: &'a mut Rbm,
    level: Level,
    x: Rows<'a>,
    /// Of the rows of x, with mean 1.
    weights: Option<&'a [f32]>,
    compared: Option<Compared>,
    step: Step,
    /// A factor for each hidden unit's weights.
    factors: Vec<f32>,
    /// Squared reconstruction errors of the epoch so far, and of how many values.
    error: f64,
    values: usize,
}

impl<'a> Fit<'a> {
    pub(super) fn new(
        rbm: &'a mut Rbm,
        level: Level,
        x: Rows<'a>,
        weights: Option<&'a [f32]>,
        compared: Option<Compared>,
    ) -> Result<Self, TrainError> {
        let step = Step::new(rbm)?;
        let factors = zeros("the factors of the weights", &[rbm.hidden_units()])?;
        Ok(Self { rbm, level, x, weights, compared, step, factors, error: 0.0, values: 0 })
    }

    /// Whether nothing is weighted, centred or wanted of the activity.
    fn is_plain(&self) -> bool {
        let config = &self.rbm.config;
        self.weights.is_none() && config.sparsity.is_none() && config.centring.is_none()
    }

    /// Whether the ends of the chains are the reconstructions of the data, by means.
    fn reconstructs(&self) -> bool {
        let config = &self.rbm.config;
        (config.steps, config.chains) == (1, Chains::Data)
            && config.visible_states() == States::Mean
            && self.is_plain()
    }

    /// Momentum on all parameters, penalties on W; then the chains and the running means, which stand as
    /// they were if the step diverged.
    fn update(&mut self, rows: usize, epochs: u64) -> Result<(), Diverged> {
        let hidden_units = self.rbm.hidden_units();
        let Rbm { config, weights, visible_bias, hidden_bias, sigma, velocity, .. } =
            &mut *self.rbm;
        let initial = epochs < config.momentum_epoch as u64;
        let momentum = if initial { config.initial_momentum } else { config.final_momentum };
        let learning_rate = config.learning_rate * config.schedule.factor(epochs);
        let level = self.level;
        // The gradient is that of the log-likelihood, which is to grow.
        let scale = -1.0 / rows as f32;
        let plain = update::Momentum {
            learning_rate,
            momentum,
            weight_decay: 0.0,
            l1: 0.0,
            nesterov: false,
        };
        if let (Some(step), Some(sigma)) = (&mut self.step.sigma, &*sigma) {
            let learning_rate = learning_rate * config.sigma_rate;
            step.advance(level, update::Momentum { learning_rate, ..plain }, scale, sigma)?;
        }
        let (weight_decay, l1) = (config.weight_decay, config.l1);
        let step = update::Momentum { weight_decay, l1, ..plain };
        let Velocity { weights: velocity, biases } = velocity;
        let velocity = matrix_mut(velocity, hidden_units);
        let update = Update::Momentum { step, scale, velocity };
        let [v, h] = self.step.states(visible_bias.len(), hidden_units, rows);
        gemm::matmul_update(level, v.transpose(), h, update, matrix_mut(weights, hidden_units));
        let gradient = &mut self.step.biases;
        if let Some(sigma) = sigma {
            sigma.multiply(&mut gradient.visible);
        }
        let (vb, vc) = (&mut biases.visible, &mut biases.hidden);
        update::momentum(level, plain, scale, &gradient.visible, vb, visible_bias);
        if config.hidden_biases {
            update::momentum(level, plain, scale, &gradient.hidden, vc, hidden_bias);
        }
        if let Some(sigma) = sigma {
            match &mut self.step.sigma {
                Some(step) => step.take(sigma, visible_bias),
                None => sigma.follow(visible_bias),
            }
        }
        if let Some(limit) = config.max_norm {
            limit_columns(weights, limit, &mut self.factors);
        }
        if config.chains == Chains::Persistent {
            let states = self.step.chains(self.rbm, rows);
            let chains = &mut self.rbm.chains;
            if chains.is_empty() {
                chains.extend_from_slice(states);
            } else {
                chains[..states.len()].copy_from_slice(states);
            }
        }
        std::mem::swap(&mut self.rbm.averages, &mut self.step.averages);
        Ok(())
    }
}

impl Learner for Fit<'_> {
    fn step(&mut self, at: Progress, rows: &[u32]) -> Result<(), Diverged> {
        let visible = self.rbm.visible_units;
        let data = self.step.data(rows.len(), visible);
        self.x.gather(visible, rows, data);
        self.rbm.scale_in_place(data);
        self.step.phases(self.rbm, self.level, at.steps, rows.len());
        if self.step.sigma.is_some() || !self.is_plain() {
            let weights = self.weights.map(|w| rows.iter().map(|&row| w[row as usize]));
            self.step.count_rows(self.rbm, rows.len(), weights);
        }
        self.step.sigma_gradient(self.rbm, self.level, rows.len());
        if self.is_plain() {
            let error = self.step.plain_gradient(self.rbm, self.level, rows.len());
            if !error.is_finite() {
                return Err(Diverged(format!("the reconstruction error is {error}")));
            }
            self.error += error;
            self.values += rows.len() * visible;
        } else {
            self.step.general_gradient(self.rbm, self.level, rows.len());
        }
        if !self.step.is_finite() {
            return Err(Diverged("the mean of a unit is not finite".into()));
        }
        self.update(rows.len(), at.epochs)
    }

    fn readable(&self) -> Result<(), TrainError> {
        self.x.readable()
    }

    fn is_sound(&self) -> bool {
        let Rbm { weights, visible_bias, hidden_bias, .. } = &*self.rbm;
        [weights, visible_bias, hidden_bias].iter().all(|x| within(x, WEIGHT_LIMIT))
    }

    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged> {
        let (error, values) = if self.reconstructs() {
            (self.error, self.values)
        } else {
            let (rows, visible) = (self.rbm.config.batch, self.rbm.visible_units);
            let first: Vec<u32> = (0..rows as u32).collect();
            let data = self.step.data(rows, visible);
            self.x.gather(visible, &first, data);
            self.rbm.scale_in_place(data);
            (self.step.reconstruction_error(self.rbm, self.level, rows), rows * visible)
        };
        (self.error, self.values) = (0.0, 0);
        let mut metrics = vec![("reconstruction_error", error / values as f64)];
        let Rbm { weights, config, direction, .. } = &mut *self.rbm;
        if config.visible == Visible::Gaussian && norm_limit(config.hidden).is_some() {
            let norm = spectral_norm(weights, config.hidden_units, direction);
            metrics.push(("spectral_norm", norm));
        }
        if self.step.sigma.is_some() {
            let sigma = self.rbm.sigma().unwrap_or_default();
            let least = sigma.iter().copied().fold(f32::INFINITY, f32::min);
            metrics.push(("least_sigma", least.into()));
        }
        if let Some(compared) = &self.compared {
            metrics.push(("free_energy_gap", compared.gap(self.rbm)));
        }
        Ok(metrics)
    }

    fn places(&mut self) -> Places<'_> {
        let Rbm {
            config,
            weights,
            visible_bias,
            hidden_bias,
            sigma,
            velocity,
            chains,
            averages,
            direction,
            ..
        } = &mut *self.rbm;
        let Velocity { weights: of_weights, biases } = velocity;
        let hidden = hidden_bias.len();
        let mut all: Places<'_> = vec![
            ("weights".into(), Place::Fixed(weights)),
            ("visible_bias".into(), Place::Fixed(visible_bias)),
            ("hidden_bias".into(), Place::Fixed(hidden_bias)),
            ("velocity.weights".into(), Place::Fixed(of_weights)),
            ("velocity.visible_bias".into(), Place::Fixed(&mut biases.visible)),
            ("velocity.hidden_bias".into(), Place::Fixed(&mut biases.hidden)),
            ("chains".into(), Place::Growing(chains, config.batch * hidden)),
            ("direction".into(), Place::Growing(direction, hidden)),
            ("epoch.error".into(), Place::Number(&mut self.error)),
            ("epoch.values".into(), Place::Count(&mut self.values)),
        ];
        all.extend(averages.places());
        all.extend(sigma.iter_mut().flat_map(Sigma::places));
        all
    }

    /// Hidden units from the data, two products a step of a chain, and both phases of the gradient.
    fn flop(&self) -> u64 {
        let Rbm { config, weights, .. } = &*self.rbm;
        2 * weights.len() as u64 * (1 + 2 * config.steps as u64 + 2)
    }

    fn lower(&self) -> String {
        let RbmConfig { learning_rate, sigma_rate, .. } = self.rbm.config;
        match self.step.sigma {
            None => format!("the learning rate (now {learning_rate})"),
            Some(_) => {
                format!("the learning rate (now {learning_rate}) or sigma_rate (now {sigma_rate})")
            }
        }
    }
}
