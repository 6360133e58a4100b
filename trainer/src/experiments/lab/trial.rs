//! One variant with one seed: trained epoch by epoch, looked at after each, tested once at the end.

use std::ops::ControlFlow;

use halfwave_datasets::Dataset;
use halfwave_kernels::Level;

use super::setting::{Model, Setting};
use crate::{
    Error, TrainError,
    checkpoint::{Memory, Place, Places},
    metrics::accuracy,
    network::{HeadStatistics, LayerStatistics, Network, Validated, Watch},
    observe::{
        Epoch, Observer,
        models::{Trained, trained},
    },
    own::Preprocessing,
    rnn::Rnn,
    samples::Samples,
};

/// Rows that statistics of layers and gradients are taken from.
const PROBED: usize = 500;

pub(super) struct Sets<'a> {
    pub(super) fit: &'a Dataset,
    pub(super) validation: &'a Dataset,
    /// Test images, or those of validation.
    pub(super) measured: &'a Dataset,
    /// What all three have passed.
    pub(super) preprocessing: Preprocessing,
}

/// What one run of a variant showed.
#[derive(Clone, Debug)]
pub(super) struct Trial {
    /// On the images to measure on, after the last epoch; of a guess, if the run diverged.
    pub(super) accuracy: f64,
    /// The same with noise on the images, where the setting has some.
    pub(super) noisy: Option<f64>,
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
        let labels = setting.labels(sets.fit, seed);
        let fit = Samples { labels: &labels, ..Samples::from(sets.fit) };
        let probe =
            sets.validation.subset(&(0..sets.validation.rows().min(PROBED)).collect::<Vec<_>>());
        let (config, activations) = match setting.model(sets.fit) {
            Model::Network(config, activations) => (config, activations),
            Model::Recurrent(config) => {
                let mut rnn = Rnn::new(&config, fit.width, sets.fit.classes(), seed)?;
                let gradients = rnn.gradients(level, &probe)?.hidden_norms;
                let look = Look { gradients, ..Look::default() };
                let mut trial = Self { looks: vec![look], ..Self::untrained(sets) };
                let mut watched = Watched { trial: &mut trial, next: observer };
                let done = rnn.fit(level, fit, Some(sets.validation.into()), run, &mut watched);
                let test =
                    || Ok(accuracy(&sets.measured.labels, &rnn.predict(level, sets.measured)?));
                return trial.tested(done, test);
            }
        };
        let mut network = Network::new(&config, seed)?;
        let first = Look::new(level, &network, &probe, &activations, None)?;
        let trial = Self { looks: vec![first], ..Self::untrained(sets) };
        let mut looks =
            Looks { level, probe: &probe, activations: &activations, trial, failed: None };
        let done = network.fit_watched(
            level,
            fit,
            Some(sets.validation.into()),
            setting.epochs,
            run,
            observer,
            Some(&mut looks),
        );
        let done = looks.failed.map_or(done, Err);
        if done.is_ok() {
            let done = Trained::network(run, &network, &probe).after(&sets.preprocessing);
            trained(observer, level, &done)?;
        }
        let test = |set: &Dataset| Ok(network.evaluate(level, set)?.confusion.accuracy());
        let mut trial = looks.trial.tested(done, || test(sets.measured))?;
        if let Some(noisy) = setting.with_test_noise(sets.measured, seed) {
            let guess = trial.diverged.as_ref().map(|_| trial.accuracy);
            trial.noisy = Some(guess.map_or_else(|| test(&noisy), Ok)?);
        }
        Ok(trial)
    }

    /// What a guess would reach.
    fn untrained(sets: &Sets<'_>) -> Self {
        Self {
            accuracy: 1.0 / sets.measured.classes() as f64,
            noisy: None,
            validation: Vec::new(),
            looks: vec![Look::default()],
            seconds: 0.0,
            diverged: None,
        }
    }

    /// With the accuracy, unless the training diverged.
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

/// Looks at the network after each epoch.
struct Looks<'a> {
    level: Level,
    probe: &'a Dataset,
    activations: &'a [usize],
    trial: Trial,
    failed: Option<TrainError>,
}

impl Watch for Looks<'_> {
    fn look(&mut self, network: &Network, validated: Validated) -> ControlFlow<()> {
        self.trial.validation.push(validated.accuracy);
        self.trial.seconds += validated.seconds;
        let before = self.trial.looks.last();
        match Look::new(self.level, network, self.probe, self.activations, before) {
            Ok(look) => self.trial.looks.push(look),
            Err(error) => self.failed = Some(error),
        }
        if self.failed.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn places(&mut self) -> Places<'_> {
        vec![("looks".into(), Place::Memory(&mut self.trial))]
    }
}

/// Seconds; for each epoch its accuracy and its look; the sides of the last look. The look before training is there
/// anyhow, and says how many numbers a look is.
impl Memory for Trial {
    fn numbers(&self) -> Vec<f64> {
        let mut all = vec![self.seconds];
        for (look, accuracy) in self.looks.iter().skip(1).zip(&self.validation) {
            all.push(*accuracy);
            all.extend(look.layers.iter().flat_map(LayerStatistics::numbers));
            all.extend(&look.gradients);
            all.extend(look.head.iter().flat_map(|head| [head.unreached, head.gradient]));
            all.extend(look.crossed);
        }
        if let [_, .., last] = &self.looks[..] {
            all.extend(last.sides.iter().map(|&side| f64::from(u8::from(side))));
        }
        all
    }

    fn recall(&mut self, numbers: &[f64]) -> bool {
        let Some(first) = self.looks.first().cloned() else { return false };
        let Some((&seconds, rest)) = numbers.split_first() else { return false };
        let (layers, gradients) = (first.layers.len(), first.gradients.len());
        let width = 1 + LayerStatistics::NUMBERS * layers + gradients + 2 + 1;
        let sides = if rest.is_empty() { 0 } else { first.sides.len() };
        let Some(looked) = rest.len().checked_sub(sides) else { return false };
        if !looked.is_multiple_of(width) {
            return false;
        }
        let (looked, sides) = rest.split_at(looked);
        (self.seconds, self.validation) = (seconds, Vec::new());
        for numbers in looked.chunks_exact(width) {
            self.validation.push(numbers[0]);
            let (of_layers, others) = numbers[1..].split_at(LayerStatistics::NUMBERS * layers);
            let (gradients, others) = others.split_at(gradients);
            let of_layers = of_layers.chunks_exact(LayerStatistics::NUMBERS);
            let layers = first.layers.iter().zip(of_layers);
            self.looks.push(Look {
                layers: layers.map(|(layer, numbers)| layer.with(numbers)).collect(),
                gradients: gradients.to_vec(),
                head: Some(HeadStatistics { unreached: others[0], gradient: others[1] }),
                sides: Vec::new(),
                crossed: Some(others[2]),
            });
        }
        if let [_, .., last] = &mut self.looks[..] {
            last.sides = sides.iter().map(|&side| side != 0.0).collect();
        }
        true
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
        self.trial.seconds += epoch.seconds;
        self.next.epoch(epoch);
    }

    fn next(&mut self) -> Option<&mut dyn Observer> {
        Some(self.next)
    }
}
