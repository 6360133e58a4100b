//! Nair & Hinton, ICML 2010, section 5, Tables 1 and 2: which of five toys is on a stereo pair, or none? Networks
//! of one and of two hidden layers, NReLU and binary, pre-trained as RBMs or not; beside multinomial
//! regression on the pixels.
//!
//! On the jittered-cluttered NORB where its files are, else on synthetic pairs.

pub(super) mod sets;
mod table;

use halfwave_datasets::norb::{CLASSES, SHAPE, WIDTH};
use halfwave_kernels::{Kind, Level, units::Unit};
use serde::Deserialize;

use super::{Context, Run, pretraining::Pretraining};
use crate::{
    Error, TrainError,
    layers::LayerConfig,
    network::{Best, Criterion, Head, MlpConfig, Network, NetworkConfig, Stopping},
    observe::{Epoch, Observer, Recorder},
    optim::{Optimiser, Schedule},
    rbm::{RbmConfig, Visible},
    result::{Figure, Outcome},
    stack::Stack,
};
use sets::{Data, Order, Origin, Set, Sets};
use table::{VARIANTS, Variant};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    data: Data,
    hidden: [usize; 2],
    stopping: Stopping,
    pixels: Tuning,
    convolutional: Convolutional,
    nrelu: Model,
    bernoulli: Model,
}

/// How the networks of one kind of unit are trained.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    rbm: Pretraining,
    random: Tuning,
    pre_trained: Tuning,
}

/// Two convolutions with max-pooling, a dense layer, dropout.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Convolutional {
    filters: [usize; 2],
    kernel: usize,
    dense: usize,
    tuning: Tuning,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tuning {
    optimiser: Optimiser,
    dropout: f32,
    batch: usize,
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let loaded = self.data.load(locator)?;
        let origin = loaded.origin;
        let mut recorder = Recorder::new(&mut **observer);
        let mut figures = Vec::new();
        let (mut others, mut errors) =
            ([const { Vec::new() }; 2], [const { Vec::new() }; VARIANTS.len()]);
        for &seed in seeds {
            let sets = Sets::new(&loaded, seed)?;
            let training = Training { config: self, level, sets: &sets, seed };
            let networks =
                [self.pixels.network(Unit::Nrelu, &[]).network()?, self.convolutional.network()];
            for ((errors, network), (order, run)) in others
                .iter_mut()
                .zip(&networks)
                .zip([(Order::Cameras, "pixels"), (Order::Channels, "convolutional")])
            {
                let network = Network::new(network, seed)?;
                errors.push(training.error(network, order, run, &mut recorder)?);
            }
            for unit in [Unit::Nrelu, Unit::Bernoulli] {
                let stack = training.stack(unit, &mut recorder)?;
                if seed == seeds[0] {
                    figures.push(filters(unit, &stack));
                }
                for (errors, variant) in errors.iter_mut().zip(&VARIANTS) {
                    if variant.unit == unit {
                        errors.push(training.variant(variant, &stack, &mut recorder)?);
                    }
                }
            }
        }
        let (rows, notes) = table::table(origin, self.hidden, &others, &errors);
        figures.push(Figure::Curves {
            name: "norb-validation".into(),
            title: "Accuracy on toys held out of training, all seeds".into(),
            y: "accuracy".into(),
            series: recorder.series("validation_accuracy"),
        });
        let notes = [self.notes(origin, &loaded.norb), notes].concat();
        Ok(Outcome { rows, notes, figures })
    }
}

/// Both cameras, one above the other.
fn filters(unit: Unit, stack: &Stack) -> Figure {
    Figure::Filters {
        name: format!("norb-filters-{unit}"),
        title: format!("Filters of the {unit} RBM on pairs: left camera above, right camera below"),
        weights: stack.filters().to_vec(),
        shape: [SHAPE[0] * SHAPE[1], SHAPE[2], 1],
    }
}

/// The networks of one seed.
struct Training<'a> {
    config: &'a Config,
    level: Level,
    sets: &'a Sets<'a>,
    seed: u64,
}

impl Training<'_> {
    /// RBMs on the rows to fit on, without labels.
    fn stack(&self, unit: Unit, observer: &mut dyn Observer) -> Result<Stack, TrainError> {
        let Self { config, level, sets, seed } = *self;
        let configs = config.machines(unit);
        let run = format!("{unit} RBMs, seed {seed}");
        Stack::fit(
            level,
            sets.images(Set::Fit, Order::Cameras),
            WIDTH,
            &configs,
            seed,
            &run,
            observer,
        )
    }

    fn variant(
        &self,
        variant: &Variant,
        stack: &Stack,
        observer: &mut dyn Observer,
    ) -> Result<f64, TrainError> {
        let model = self.config.model(variant.unit);
        let tuning = if variant.pre_trained > 0 { &model.pre_trained } else { &model.random };
        let hidden = &self.config.hidden[..variant.layers];
        let config = tuning.network(variant.unit, hidden);
        let mut network = Network::mlp(&config, self.seed)?;
        stack.first(variant.pre_trained).unroll(&mut network)?;
        let sizes: Vec<String> = hidden.iter().map(ToString::to_string).collect();
        let run = format!("{} {}", variant.name().replace(", ", " "), sizes.join("-"));
        self.error(network, Order::Cameras, &run, observer)
    }

    /// Error on the test pairs, which are read once, by the network of the epoch that did best on those held out.
    fn error(
        &self,
        network: Network,
        order: Order,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<f64, TrainError> {
        let Self { config, level, sets, seed } = *self;
        let run = format!("{run}, seed {seed}");
        let stopping = config.stopping;
        let parts = [Set::Fit, Set::Validation].map(|set| sets.samples(set, order));
        let by = Criterion::Accuracy;
        let Best { network, epoch, .. } =
            network.fit_until(level, parts, stopping, by, &run, observer)?;
        let tested = network.evaluate(level, sets.samples(Set::Test, order))?;
        let error = 1.0 - tested.confusion.accuracy();
        let (run, metrics) = (&format!("{run}, test"), &[("test_error", error)]);
        observer.epoch(&Epoch::once(run, epoch, metrics));
        Ok(error)
    }
}

impl Tuning {
    /// A network of one epoch a call. Without hidden layers its activation says nothing.
    fn network(&self, unit: Unit, hidden: &[usize]) -> MlpConfig {
        MlpConfig {
            sizes: [&[WIDTH], hidden, &[CLASSES.len()]].concat(),
            activation: unit.activation().expect("NReLU and Bernoulli units have one"),
            dropout: self.dropout,
            head: Head::Softmax,
            optimiser: self.optimiser,
            schedule: Schedule::Constant,
            batch: self.batch,
            epochs: 1,
        }
    }
}

impl Convolutional {
    fn network(&self) -> NetworkConfig {
        let [cameras, rows, columns] = SHAPE;
        let Tuning { optimiser, dropout, batch } = self.tuning;
        let stage = |filters| {
            let kernel = [self.kernel; 2];
            [LayerConfig::conv(filters, kernel, Kind::Relu), LayerConfig::max_pool([2, 2])]
        };
        let mut layers = self.filters.map(stage).concat();
        layers.extend([
            LayerConfig::Flatten,
            LayerConfig::dense(self.dense, Kind::Relu),
            LayerConfig::Dropout { rate: dropout },
            LayerConfig::dense(CLASSES.len(), Kind::Identity),
        ]);
        let (input, head) = (vec![rows, columns, cameras], Head::Softmax);
        let schedule = Schedule::Constant;
        NetworkConfig { input, layers, head, optimiser, schedule, batch, epochs: 1 }
    }
}

impl Config {
    fn model(&self, unit: Unit) -> &Model {
        if unit == Unit::Nrelu { &self.nrelu } else { &self.bernoulli }
    }

    fn machines(&self, unit: Unit) -> Vec<RbmConfig> {
        self.model(unit).rbm.machines(Visible::Gaussian, unit, &self.hidden)
    }

    /// What would else be found after a long time.
    fn check(&self) -> Result<(), TrainError> {
        self.data.check()?;
        self.stopping.check()?;
        for unit in [Unit::Nrelu, Unit::Bernoulli] {
            self.machines(unit).iter().try_for_each(RbmConfig::check)?;
            let Model { random, pre_trained, .. } = self.model(unit);
            for tuning in [random, pre_trained, &self.pixels] {
                Network::mlp(&tuning.network(unit, &self.hidden), 0)?;
            }
        }
        Network::new(&self.convolutional.network(), 0).map(|_| ())
    }

    fn notes(&self, origin: Origin, norb: &halfwave_datasets::norb::Norb) -> Vec<String> {
        let pairs = match origin {
            Origin::Files => "jittered-cluttered NORB".to_owned(),
            Origin::Synthetic => format!(
                "no NORB was found: synthetic stereo pairs in its place (seed {}; ellipsoids, boxes and \
                 cylinders on cluttered backgrounds, of the published numbers of classes, toys, poses and \
                 lightings). Errors on them are comparable with each other, and not with those on NORB",
                self.data.synthetic_seed
            ),
        };
        let (train, test) = (norb.train.rows(), norb.test.rows());
        let Stopping { epochs, patience } = self.stopping;
        vec![
            format!(
                "Pairs: {pairs}. {train} for training, of which all pairs of one toy of each class and as large a \
                 share of those without one are held out for stopping (other toys for each seed); {test} of other \
                 toys for the test. Averaged to 2x32x32; zero mean for each pair, divided by the average of the \
                 pixels' deviations."
            ),
            format!(
                "Ours: RBMs by CD-1 for {} (NReLU) and {} (binary) epochs, a layer at a time, on the rows to fit on; \
                 then softmax and back-propagation through all layers, for {epochs} epochs or until {patience} did \
                 not help; the network of the best epoch on the held-out toys is tested, once. The paper: 300 epochs \
                 of pre-training, 4000 and 2000 units, 291,600 training pairs (--full).",
                self.nrelu.rbm.epochs, self.bernoulli.rbm.epochs
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: &str) -> Config {
        super::super::changed(include_str!("../configs/nair-hinton-norb.toml"), change)
    }

    #[test]
    fn settings_that_make_no_sense_are_errors_before_data_are_read() {
        assert_eq!(config("hidden=[40, 20]").check(), Ok(()));
        for (change, name) in [
            ("hidden=[10, 0]", "hidden_units"),
            ("data.training_files=11", "data.training_files"),
            ("data.testing_files=0", "data.testing_files"),
            ("stopping.epochs=0", "stopping.epochs"),
            ("stopping.patience=0", "stopping.patience"),
            ("nrelu.rbm.first_rate=0", "learning_rate"),
            ("bernoulli.rbm.batch=0", "batch"),
            ("bernoulli.random.batch=0", "batch"),
            ("nrelu.pre_trained.dropout=1", "dropout"),
        ] {
            let error = config(change).check().unwrap_err();
            assert!(matches!(error, TrainError::Setting { name: n, .. } if n == name), "{error}");
        }
    }
}
