//! One variant with one seed: trained epoch by epoch, looked at after each, tested once at the end.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use halfwave_datasets::Dataset;
use halfwave_kernels::Level;

use super::setting::{Model, Setting};
use crate::{
    Error, TrainError,
    metrics::accuracy,
    network::{HeadStatistics, LayerStatistics, Network, Validated},
    observe::{Epoch, Observer},
    rnn::Rnn,
    samples::Samples,
};

/// Rows that statistics of layers and gradients are taken from.
const PROBED: usize = 500;

pub(super) struct Sets<'a> {
    pub(super) fit: Dataset,
    pub(super) validation: Dataset,
    pub(super) test: &'a Dataset,
}

/// What one run of a variant showed.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// On the test images, after the last epoch; of a guess, if the run diverged.
    pub(super) accuracy: f64,
    /// On the validation images, after each epoch.
    pub(super) validation: Vec<f64>,
    /// Before training, then after each epoch.
    pub(super) looks: Vec<Look>,
    /// Seconds of training.
    pub(super) seconds: f64,
    /// Why it stopped early.
    pub(super) diverged: Option<String>,
}

/// What a network is like on some validation images.
#[derive(Clone, Debug, Default)]
pub(super) struct Look {
    /// Of the hidden activations.
    pub(super) layers: Vec<LayerStatistics>,
    /// Norms of the weights' gradients; of a recurrent network those of the hidden units, step by step.
    pub(super) gradients: Vec<f64>,
    /// None of a recurrent network.
    pub(super) head: Option<HeadStatistics>,
    /// Whether each hidden activation is above 0 on each image.
    sides: Vec<bool>,
    /// Share of these that changed since the look before, if there was one.
    pub(super) crossed: Option<f64>,
}

impl Look {
    fn new(
        level: Level,
        network: &Network,
        probe: &Dataset,
        activations: &[usize],
        before: Option<&Self>,
    ) -> Result<Self, TrainError> {
        let mut layers = network.statistics(level, &probe.x[..]);
        layers.retain(|layer| activations.contains(&layer.layer));
        let sides = network.sides(level, &probe.x, activations);
        let crossed = before.map(|before| {
            let changed = sides.iter().zip(&before.sides).filter(|(now, then)| now != then);
            changed.count() as f64 / sides.len().max(1) as f64
        });
        Ok(Self {
            layers,
            gradients: network.gradient_norms(level, probe)?,
            head: Some(network.head_statistics(level, probe)?),
            sides,
            crossed,
        })
    }
}

impl Trial {
    pub(super) fn new(
        level: Level,
        setting: &Setting,
        sets: &Sets<'_>,
        seed: u64,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<Self, Error> {
        let labels = setting.labels(&sets.fit, seed);
        let fit = Samples { labels: &labels, ..Samples::from(&sets.fit) };
        let probe =
            sets.validation.subset(&(0..sets.validation.rows().min(PROBED)).collect::<Vec<_>>());
        let (config, activations) = match setting.model(&sets.fit) {
            Model::Network(config, activations) => (config, activations),
            Model::Recurrent(config) => {
                let mut rnn = Rnn::new(&config, fit.width, sets.fit.classes(), seed)?;
                let gradients = rnn.gradients(level, &probe)?.hidden_norms;
                let look = Look { gradients, ..Look::default() };
                let mut trial = Self { looks: vec![look], ..Self::untrained(sets) };
                let mut watched = Watched { trial: &mut trial, next: observer };
                let start = Instant::now();
                let done = rnn.fit(level, fit, Some((&sets.validation).into()), run, &mut watched);
                trial.seconds = start.elapsed().as_secs_f64();
                let test = || Ok(accuracy(&sets.test.labels, &rnn.predict(level, sets.test)?));
                return trial.tested(done, test);
            }
        };
        let mut network = Network::new(&config, seed)?;
        let look = |network: &Network, before: Option<&Look>| {
            Look::new(level, network, &probe, &activations, before)
        };
        let mut trial = Self { looks: vec![look(&network, None)?], ..Self::untrained(sets) };
        let mut failed = None;
        let start = Instant::now();
        let mut looking = Duration::ZERO;
        let done = network.fit_watched(
            level,
            fit,
            (&sets.validation).into(),
            setting.epochs,
            run,
            observer,
            &mut |network, Validated { accuracy, .. }| {
                let start = Instant::now();
                trial.validation.push(accuracy);
                match look(network, trial.looks.last()) {
                    Ok(look) => trial.looks.push(look),
                    Err(error) => failed = Some(error),
                }
                looking += start.elapsed();
                if failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        trial.seconds = (start.elapsed() - looking).as_secs_f64();
        let done = failed.map_or(done, Err);
        trial.tested(done, || Ok(network.evaluate(level, sets.test)?.confusion.accuracy()))
    }

    /// What a guess would reach.
    fn untrained(sets: &Sets<'_>) -> Self {
        Self {
            accuracy: 1.0 / sets.test.classes() as f64,
            validation: Vec::new(),
            looks: vec![Look::default()],
            seconds: 0.0,
            diverged: None,
        }
    }

    /// With the accuracy on the test images, unless the training diverged.
    fn tested(
        mut self,
        done: Result<(), TrainError>,
        test: impl FnOnce() -> Result<f64, TrainError>,
    ) -> Result<Self, Error> {
        match done {
            Ok(()) => self.accuracy = test()?,
            Err(error @ TrainError::Diverged { .. }) => self.diverged = Some(error.to_string()),
            Err(error) => return Err(error.into()),
        }
        Ok(self)
    }

    /// Epochs until the accuracy on validation images was `target`.
    pub(super) fn epochs_to(&self, target: f64) -> Option<usize> {
        self.validation.iter().position(|&accuracy| accuracy >= target).map(|epoch| epoch + 1)
    }
}

/// Keeps the accuracy on validation images of each epoch.
struct Watched<'a> {
    trial: &'a mut Trial,
    next: &'a mut dyn Observer,
}

impl Observer for Watched<'_> {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        let found = epoch.metrics.iter().find(|(name, _)| *name == "validation_accuracy");
        self.trial.validation.extend(found.map(|&(_, accuracy)| accuracy));
        self.next.epoch(epoch);
    }
}
