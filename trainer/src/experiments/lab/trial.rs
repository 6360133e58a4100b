//! One variant with one seed: trained epoch by epoch, looked at after each, tested once at the end.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use halfwave_datasets::Dataset;
use halfwave_kernels::Level;

use super::setting::Setting;
use crate::{
    Error, TrainError,
    metrics::accuracy,
    network::{LayerStatistics, Network},
    observe::{Epoch, Observer},
    rnn::Rnn,
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
    /// Of the hidden activations on validation images: before training, then after each epoch.
    pub(super) layers: Vec<Vec<LayerStatistics>>,
    /// Norms of the weights' gradients before training.
    pub(super) gradients: Vec<f64>,
    /// Seconds of training.
    pub(super) seconds: f64,
    /// Why it stopped early.
    pub(super) diverged: Option<String>,
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
        let (config, activations) = setting.network(&sets.fit);
        let labels = setting.labels(&sets.fit, seed);
        let fit = Dataset { labels, ..sets.fit.clone() };
        let probe =
            sets.validation.subset(&(0..sets.validation.rows().min(PROBED)).collect::<Vec<_>>());
        if let Some(config) = setting.recurrent(&fit)? {
            let mut rnn = Rnn::new(&config, fit.width, fit.classes(), seed)?;
            let gradients = rnn.gradients(level, &probe)?.hidden_norms;
            let mut trial = Self { gradients, ..Self::untrained(sets) };
            let mut watched = Watched { trial: &mut trial, next: observer };
            let start = Instant::now();
            let done = rnn.fit(level, &fit, Some((&sets.validation).into()), run, &mut watched);
            trial.seconds = start.elapsed().as_secs_f64();
            return trial
                .tested(done, || Ok(accuracy(&sets.test.labels, &rnn.predict(level, sets.test)?)));
        }
        let mut network = Network::new(&config, seed)?;
        let statistics = |network: &Network| {
            let mut all = network.statistics(level, &probe.x[..]);
            all.retain(|layer| activations.contains(&layer.layer));
            all
        };
        let mut trial = Self {
            layers: vec![statistics(&network)],
            gradients: network.gradient_norms(level, &probe)?,
            ..Self::untrained(sets)
        };
        let start = Instant::now();
        let mut looking = Duration::ZERO;
        let done = network.fit_watched(
            level,
            &fit,
            (&sets.validation).into(),
            setting.epochs,
            run,
            observer,
            &mut |network, accuracy| {
                let start = Instant::now();
                trial.validation.push(accuracy);
                trial.layers.push(statistics(network));
                looking += start.elapsed();
                ControlFlow::Continue(())
            },
        );
        trial.seconds = (start.elapsed() - looking).as_secs_f64();
        trial.tested(done, || Ok(network.evaluate(level, sets.test)?.confusion.accuracy()))
    }

    /// What a guess would reach.
    fn untrained(sets: &Sets<'_>) -> Self {
        Self {
            accuracy: 1.0 / sets.test.classes() as f64,
            validation: Vec::new(),
            layers: vec![Vec::new()],
            gradients: Vec::new(),
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
