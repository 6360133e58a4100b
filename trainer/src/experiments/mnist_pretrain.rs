//! MNIST by stacks of RBMs, unrolled and fine-tuned, with NReLU and with binary units; beside the same
//! networks from random weights.

use halfwave_datasets::{Dataset, load, split::stratified_split};
use halfwave_kernels::{Level, units::Unit};
use serde::Deserialize;

use super::{Context, Run};
use crate::{
    Error, TrainError,
    metrics::accuracy,
    network::{Head, MlpConfig, Network},
    observe::{Epoch, Observer, Recorder},
    optim::Optimiser,
    rbm::{RbmConfig, Visible},
    result::{Figure, Outcome, Row},
    stack::Stack,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    hidden: Vec<usize>,
    validation_fraction: f64,
    nrelu: Model,
    bernoulli: Model,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    rbm: Pretraining,
    tuning: Tuning,
}

/// `first_rate` is for the RBM on pixels, `rate` for those above.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pretraining {
    first_rate: f32,
    rate: f32,
    weight_decay: f32,
    batch: usize,
    epochs: usize,
}

/// The best of the rates and epochs on validation rows is taken; then all training rows are used.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tuning {
    learning_rates: Vec<f32>,
    dropout: f32,
    batch: usize,
    epochs: usize,
}

const SOURCE: &str = "range of published pre-trained multi-layer perceptrons on MNIST, 1.2 to 1.6 %, its middle \
    (Hinton, Osindero & Teh 2006: 1.25 %, with generative fine-tuning)";

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        TrainError::require(!self.hidden.is_empty(), "hidden", "at least one size", "[]")?;
        let Context { level, seeds, locator, ref mut observer } = *context;
        let loaded = load("mnist", locator)?;
        let (train, test) = (loaded.train, super::published_test("mnist", loaded.test)?);
        let mut recorder = Recorder::new(&mut **observer);
        let mut outcome = Outcome { notes: self.notes(), ..Outcome::default() };
        for (unit, name, model) in
            [(Unit::Nrelu, "NReLU", &self.nrelu), (Unit::Bernoulli, "binary", &self.bernoulli)]
        {
            let mut errors = [const { Vec::new() }; 2];
            for &seed in seeds {
                let split = stratified_split(&train.labels, self.validation_fraction, seed)?;
                let sets = Sets {
                    fit: train.subset(&split.train),
                    validation: train.subset(&split.test),
                    train: &train,
                    test: &test,
                };
                let configs = self.machines(unit, &model.rbm);
                let run = format!("{name} RBMs, seed {seed}");
                let stack =
                    Stack::fit(level, &train.x, train.width, &configs, seed, &run, &mut recorder)?;
                for (errors, (stack, how)) in
                    errors.iter_mut().zip([(None, "random"), (Some(&stack), "pre-trained")])
                {
                    let training = Training { config: self, level, unit, model, stack, seed };
                    let run = format!("{name} {how}, seed {seed}");
                    errors.push(1.0 - training.accuracy(&sets, &run, &mut recorder)?);
                }
            }
            let setting = "MNIST, 10,000 test images";
            for (errors, how) in errors.iter().zip(["not pre-trained", "pre-trained"]) {
                let row = Row::percent(setting, &format!("{name}, {how}"), "test error", errors);
                let pre_trained = how == "pre-trained";
                outcome.rows.push(if pre_trained { row.beside(1.4, None, SOURCE) } else { row });
            }
        }
        outcome.figures.push(Figure::Curves {
            name: "mnist-pretrain-validation".into(),
            title: "MNIST: accuracy on validation rows, all rates and seeds".into(),
            y: "accuracy".into(),
            series: recorder.series("validation_accuracy"),
        });
        Ok(outcome)
    }
}

struct Sets<'a> {
    fit: Dataset,
    validation: Dataset,
    train: &'a Dataset,
    test: &'a Dataset,
}

/// One network.
struct Training<'a> {
    config: &'a Config,
    level: Level,
    unit: Unit,
    model: &'a Model,
    stack: Option<&'a Stack>,
    seed: u64,
}

impl Training<'_> {
    /// Accuracy on the test rows, which are read once.
    fn accuracy(
        &self,
        sets: &Sets<'_>,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<f64, TrainError> {
        let Tuning { learning_rates, epochs, .. } = &self.model.tuning;
        let mut best = Best { accuracy: f64::MIN, rate: 0.0, epochs: 0 };
        for &rate in learning_rates {
            let mut mlp = self.network(sets.train, rate, *epochs)?;
            let mut watch = Watch { best: &mut best, rate, next: &mut *observer };
            let run = format!("{run}, validation of rate {rate}");
            mlp.fit(self.level, &sets.fit, Some((&sets.validation).into()), &run, &mut watch)?;
        }
        let mut mlp = self.network(sets.train, best.rate, best.epochs)?;
        mlp.fit(self.level, sets.train, None, run, observer)?;
        Ok(accuracy(&sets.test.labels, &mlp.predict(self.level, &sets.test.x)))
    }

    fn network(&self, train: &Dataset, rate: f32, epochs: usize) -> Result<Network, TrainError> {
        let Tuning { dropout, batch, .. } = self.model.tuning;
        let config = MlpConfig {
            sizes: [&[train.width], &self.config.hidden[..], &[train.classes()]].concat(),
            activation: self.unit.activation().expect("NReLU and Bernoulli units have one"),
            dropout,
            head: Head::Softmax,
            optimiser: Optimiser::Adam {
                learning_rate: rate,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
            },
            batch,
            epochs,
        };
        let mut mlp = Network::mlp(&config, self.seed)?;
        if let Some(stack) = self.stack {
            stack.unroll(&mut mlp)?;
        }
        Ok(mlp)
    }
}

/// The rate and number of epochs that did best on validation rows; the first of equals.
struct Best {
    accuracy: f64,
    rate: f32,
    epochs: usize,
}

struct Watch<'a> {
    best: &'a mut Best,
    rate: f32,
    next: &'a mut dyn Observer,
}

impl Observer for Watch<'_> {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        for &(name, accuracy) in epoch.metrics {
            if name == "validation_accuracy" && accuracy > self.best.accuracy {
                *self.best = Best { accuracy, rate: self.rate, epochs: epoch.epoch };
            }
        }
        self.next.epoch(epoch);
    }
}

impl Config {
    fn machines(&self, unit: Unit, settings: &Pretraining) -> Vec<RbmConfig> {
        let Pretraining { first_rate, rate, weight_decay, batch, epochs } = *settings;
        let machine = |(l, &hidden): (usize, &usize)| {
            let visible = match (l, unit) {
                (0, _) | (_, Unit::Bernoulli) => Visible::Bernoulli,
                _ => Visible::Gaussian,
            };
            let learning_rate = if l == 0 { first_rate } else { rate };
            RbmConfig {
                learning_rate,
                weight_decay,
                batch,
                epochs,
                ..RbmConfig::new(visible, unit, hidden)
            }
        };
        self.hidden.iter().enumerate().map(machine).collect()
    }

    fn notes(&self) -> Vec<String> {
        vec![format!(
            "MNIST, ours: pixels in [0, 1]; RBMs by CD-1, layer by layer, on all 60,000 training images without \
             labels; then softmax and back-propagation by Adam with dropout of {} (NReLU) and {} (binary). Rate \
             and number of epochs are the best on {:.0} % of the training images; then all of them are used. The \
             test is read once.",
            self.nrelu.tuning.dropout,
            self.bernoulli.tuning.dropout,
            100.0 * self.validation_fraction
        )]
    }
}
