//! What the training loop does with a network.

use std::ops::ControlFlow;

use halfwave_kernels::Level;
use rayon::prelude::*;

use super::{Network, NetworkConfig, Validated, Watch, chain::Tape};
use crate::{
    TrainError,
    buffers::zeros,
    checkpoint::Places,
    layers::{Mode, Step},
    observe::Epoch,
    samples::{Rows, Samples},
    train::{Diverged, Learner, Metrics, Progress, Sums},
};

/// One call of `fit`: the model, the data, and all memory that a step needs.
pub(super) struct Fit<'a> {
    network: &'a mut Network,
    level: Level,
    train: Samples<'a>,
    validation: Option<Samples<'a>>,
    tape: Tape,
    /// The mini-batch, `[batch, features]`.
    x: Vec<f32>,
    labels: Vec<u32>,
    /// Of the epoch so far.
    sums: Sums,
    watch: Option<&'a mut dyn Watch>,
}

impl<'a> Fit<'a> {
    pub(super) fn new(
        network: &'a mut Network,
        level: Level,
        train: Samples<'a>,
        validation: Option<Samples<'a>>,
        watch: Option<&'a mut dyn Watch>,
    ) -> Result<Self, TrainError> {
        let batch = network.config.batch;
        let mut tape = Tape::new(&network.chain, batch, Mode::Training)?;
        if matches!(train.rows, Rows::Binary(_)) {
            tape = tape.compress(&network.chain);
        }
        let x = zeros("a mini-batch", &[batch, train.width])?;
        let (labels, sums) = (Vec::with_capacity(batch), Sums::default());
        Ok(Self { network, level, train, validation, tape, x, labels, sums, watch })
    }
}

impl Network {
    /// The step of the optimiser at this progress on all parameters, after a backward pass from `x [rows, input]`.
    ///
    /// The gradients of dense weights are products that become updates tile by tile. The layers have nothing to
    /// do with each other by now: the threads share all of them out at once.
    pub(crate) fn update(&mut self, level: Level, x: &[f32], tape: &Tape, at: Progress) {
        let NetworkConfig { optimiser, schedule, .. } = self.config;
        let optimiser = optimiser.scaled(schedule.factor(at.epochs));
        let (t, scale) = (at.steps + 1, 1.0 / tape.rows() as f32);
        let step = Step { level, optimiser, t, scale };
        let layers = self.chain.layers.par_iter_mut().zip(&mut self.states);
        layers.enumerate().filter(|(_, (layer, _))| layer.is_trained()).for_each(
            |(l, (layer, states))| {
                let [x, dz] = tape.operands(x, l);
                let layer = layer.ops_mut();
                layer.update(step, x, dz, &tape.layers[l], states);
                layer.end_of_step(&tape.layers[l]);
            },
        );
    }
}

impl Learner for Fit<'_> {
    fn step(&mut self, at: Progress, rows: &[u32]) -> Result<(), Diverged> {
        let width = self.train.width;
        let x = &mut self.x[..rows.len() * width];
        self.train.rows.gather(width, rows, x);
        self.labels.clear();
        self.labels.extend(rows.iter().map(|&row| self.train.labels[row as usize]));

        self.network.forward(self.level, x, &mut self.tape, at.steps);
        let (head, classes) = (self.network.config.head, self.network.chain.outputs());
        let loss = self.tape.loss(self.level, head, &self.labels);
        let predicted = self.tape.logits().chunks_exact(classes).map(|z| head.predict(z));
        self.sums.add(loss, &self.labels, predicted)?;
        let x = &self.x[..rows.len() * width];
        self.network.chain.backward(self.level, x, &mut self.tape);
        self.tape.check()?;
        self.network.update(self.level, x, &self.tape, at);
        Ok(())
    }

    fn readable(&self) -> Result<(), TrainError> {
        self.train.rows.readable()?;
        self.validation.map_or(Ok(()), |data| data.rows.readable())
    }

    fn is_sound(&self) -> bool {
        self.network.chain.is_sound()
    }

    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged> {
        let mut metrics = self.sums.metrics();
        if let Some(data) = self.validation {
            let tested = self.network.loss_and_classes(self.level, data);
            let (loss, predicted) = tested.map_err(|error| Diverged(error.to_string()))?;
            if !loss.is_finite() {
                return Err(Diverged(format!("the validation loss is {loss}")));
            }
            let right = predicted.iter().zip(data.labels).filter(|(a, b)| a == b).count();
            metrics.push(("validation_loss", loss));
            metrics.push(("validation_accuracy", right as f64 / predicted.len() as f64));
        }
        Ok(metrics)
    }

    fn look(&mut self, at: Progress, epoch: &Epoch<'_>) -> ControlFlow<()> {
        // Whoever looks may keep the network.
        self.network.progress = at;
        match &mut self.watch {
            Some(watch) => watch.look(self.network, Validated::new(epoch)),
            None => ControlFlow::Continue(()),
        }
    }

    fn places(&mut self) -> Places<'_> {
        let (_, mut all) = self.network.progress_and_places();
        all.extend(self.sums.places());
        all.extend(self.watch.as_mut().map(|watch| watch.places()).into_iter().flatten());
        all
    }

    fn flop(&self) -> u64 {
        self.network.chain.flop()
    }

    fn lower(&self) -> String {
        format!("the learning rate (now {})", self.network.config.optimiser.learning_rate())
    }
}
