//! What the training loop does with a recurrent network.

use halfwave_kernels::Level;

use super::{B, C, Rnn, pass::Pass};
use crate::{
    TrainError,
    buffers::within,
    checkpoint::{Place, Places},
    losses::Head,
    samples::Samples,
    train::{Diverged, Learner, Metrics, Progress, Sums, WEIGHT_LIMIT},
};

/// One call of `fit`.
pub(super) struct Fit<'a> {
    rnn: &'a mut Rnn,
    level: Level,
    train: Samples<'a>,
    validation: Option<Samples<'a>>,
    pass: Pass,
    labels: Vec<u32>,
    /// Of the epoch so far, as the longest gradient.
    sums: Sums,
    longest: f64,
}

impl<'a> Fit<'a> {
    pub(super) fn new(
        rnn: &'a mut Rnn,
        level: Level,
        train: Samples<'a>,
        validation: Option<Samples<'a>>,
    ) -> Result<Self, TrainError> {
        let (pass, sums) = (Pass::new(rnn, rnn.config.batch)?, Sums::default());
        let labels = Vec::with_capacity(rnn.config.batch);
        Ok(Self { rnn, level, train, validation, pass, labels, sums, longest: 0.0 })
    }
}

impl Learner for Fit<'_> {
    fn step(&mut self, at: Progress, rows: &[u32]) -> Result<(), Diverged> {
        let Self { rnn, level, train, pass, labels, sums, longest, .. } = self;
        labels.clear();
        labels.extend(rows.iter().map(|&row| train.labels[row as usize]));
        pass.forward(rnn, *level, train.rows, rows);
        let loss = pass.loss(*level, labels);
        let predicted = pass.logits().chunks_exact(rnn.classes).map(|z| Head::Softmax.predict(z));
        sums.add(loss, labels, predicted)?;
        pass.backward(rnn, *level, false);
        let square: f64 = pass.gradients.iter().flatten().map(|&g| f64::from(g).powi(2)).sum();
        let norm = square.sqrt() / rows.len() as f64;
        if !norm.is_finite() {
            return Err(Diverged(format!("the norm of the gradient is {norm}")));
        }
        *longest = longest.max(norm);
        let kept = match rnn.config.clip {
            Some(clip) if norm > f64::from(clip) => f64::from(clip) / norm,
            _ => 1.0,
        };
        let (t, scale) = (at.steps + 1, (kept / rows.len() as f64) as f32);
        let Rnn { config, parameters, states, .. } = &mut **rnn;
        let all = parameters.iter_mut().zip(states).zip(&pass.gradients).enumerate();
        for (which, ((parameters, state), gradient)) in all {
            if [B, C].contains(&which) {
                config.optimiser.update(*level, t, scale, gradient, state, parameters);
            } else {
                config.optimiser.update_weights(*level, t, scale, gradient, state, parameters);
            }
        }
        Ok(())
    }

    fn readable(&self) -> Result<(), TrainError> {
        self.train.rows.readable()?;
        self.validation.map_or(Ok(()), |data| data.rows.readable())
    }

    fn is_sound(&self) -> bool {
        self.rnn.parameters.iter().all(|parameters| within(parameters, WEIGHT_LIMIT))
    }

    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged> {
        let mut metrics = self.sums.metrics();
        metrics.push(("gradient_norm", std::mem::take(&mut self.longest)));
        if let Some(data) = self.validation {
            let predicted = self.rnn.predict(self.level, data);
            let predicted = predicted.map_err(|error| Diverged(error.to_string()))?;
            metrics
                .push(("validation_accuracy", crate::metrics::accuracy(data.labels, &predicted)));
        }
        Ok(metrics)
    }

    fn places(&mut self) -> Places<'_> {
        let mut all = self.sums.places();
        all.push(("epoch.longest_gradient".into(), Place::Number(&mut self.longest)));
        let parameters = self.rnn.parameters.iter_mut().zip(&mut self.rnn.states);
        for ((parameters, state), name) in parameters.zip(["W", "U", "b", "V", "c"]) {
            all.push((name.into(), Place::Fixed(parameters)));
            all.extend(state.places(name));
        }
        all
    }

    /// Each product forward, for the gradient of its weights and, but for that of x, of what it multiplied.
    fn flop(&self) -> u64 {
        let [w, u, _, v, _] = &self.rnn.parameters;
        let [w, u, v] = [w, u, v].map(|weights| 2 * weights.len() as u64);
        self.rnn.config.steps as u64 * (2 * w + 3 * u) + 3 * v
    }

    fn lower(&self) -> String {
        format!("the learning rate (now {})", self.rnn.config.optimiser.learning_rate())
    }
}
