//! MNIST by stacks of RBMs, unrolled and fine-tuned, with NReLU and with binary units; beside the same
//! networks from random weights.

use halfwave_datasets::{Dataset, load, split::stratified_split};
use halfwave_kernels::units::Unit;
use serde::Deserialize;

use super::{Context, Run, part::Part, pretraining::Pretraining};
use crate::{
    Error, TrainError,
    layers::LayerConfig,
    metrics::accuracy,
    network::{Head, MlpConfig, Network, NetworkConfig},
    observe::{
        Recorder,
        models::{Trained, trained},
    },
    optim::{Optimiser, Schedule, share},
    rbm::{RbmConfig, Visible},
    result::{Figure, Outcome, Row},
    stack::Stack,
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    models: Vec<Name>,
    hidden: Vec<usize>,
    part: Part,
    validation_fraction: f64,
    nrelu: Model,
    bernoulli: Model,
}

/// A kind of hidden unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    Nrelu,
    Bernoulli,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    rbm: Pretraining,
    tuning: Tuning,
}

/// Back-propagation; the last epoch counts. `input_dropout` is for pixels, `dropout` for hidden units.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tuning {
    optimiser: Optimiser,
    input_dropout: f32,
    dropout: f32,
    batch: usize,
    epochs: usize,
}

/// Of networks from random weights and pre-trained, in percent.
const PUBLISHED: [f64; 2] = [1.6, 1.2];
const SOURCE: &str = "quoted by Salakhutdinov & Hinton, AISTATS 2009: back-propagation from random weights, and a deep belief \
    network; other sizes and units";

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let mut recorder = Recorder::new(&mut **observer);
        let mut outcome = Outcome { notes: self.notes(), ..Outcome::default() };
        let loaded = load("mnist", locator)?;
        let (all, test) = (loaded.train, super::published_test("mnist", loaded.test)?);
        for &name in &self.models {
            let (unit, name, model) = self.model(name);
            let mut errors = [const { Vec::new() }; 2];
            for &seed in seeds {
                let split = stratified_split(&all.labels, self.validation_fraction, seed)?;
                let parts = (self.part == Part::Validation)
                    .then(|| (all.subset(&split.train), all.subset(&split.test)));
                let (train, test) = parts.as_ref().map_or((&all, &test), |(a, b)| (a, b));
                let configs = model.rbm.machines(Visible::Bernoulli, unit, &self.hidden);
                let run = format!("{name} RBMs, seed {seed}");
                let (x, width) = (&train.x, train.width);
                let stack = Stack::fit(level, x, width, &configs, seed, &run, &mut recorder)?;
                for (errors, (stack, how)) in
                    errors.iter_mut().zip([(None, "random"), (Some(&stack), "pre-trained")])
                {
                    let config = self.network(unit, &model.tuning, train)?;
                    let mut network = Network::new(&config, seed)?;
                    stack.map_or(Ok(()), |stack| stack.unroll(&mut network))?;
                    let run = format!("{name} {how}, seed {seed}");
                    network.fit(level, train, None, &run, &mut recorder)?;
                    trained(&mut recorder, level, &Trained::network(&run, &network, train))?;
                    let predicted = network.predict(level, &test.x);
                    errors.push(1.0 - accuracy(&test.labels, &predicted));
                }
            }
            let setting = match self.part {
                Part::Test => "MNIST, 10,000 test images",
                Part::Validation => "MNIST, training images that were not trained on",
            };
            let hows = ["not pre-trained", "pre-trained"];
            for ((errors, how), published) in errors.iter().zip(hows).zip(PUBLISHED) {
                let row = Row::percent(setting, &format!("{name}, {how}"), "error", errors);
                outcome.rows.push(self.part.beside(row, published, SOURCE));
            }
        }
        outcome.figures.push(Figure::Curves {
            name: "mnist-pretrain-loss".into(),
            title: "MNIST: training loss, all seeds".into(),
            y: "loss (nats)".into(),
            series: recorder.series("loss"),
        });
        Ok(outcome)
    }
}

impl Config {
    /// What would else be found after a long time.
    fn check(&self) -> Result<(), TrainError> {
        TrainError::require(!self.hidden.is_empty(), "hidden", "at least one size", "[]")?;
        TrainError::require(!self.models.is_empty(), "models", "at least one", "[]")?;
        for &name in &self.models {
            let (unit, _, model) = self.model(name);
            model
                .rbm
                .machines(Visible::Bernoulli, unit, &self.hidden)
                .iter()
                .try_for_each(RbmConfig::check)?;
            let Tuning { optimiser, input_dropout, dropout, batch, .. } = model.tuning;
            optimiser.check()?;
            share("input_dropout", input_dropout)?;
            share("dropout", dropout)?;
            TrainError::require(batch > 0, "batch", "at least 1", batch)?;
        }
        Ok(())
    }

    fn model(&self, name: Name) -> (Unit, &'static str, &Model) {
        match name {
            Name::Nrelu => (Unit::Nrelu, "NReLU", &self.nrelu),
            Name::Bernoulli => (Unit::Bernoulli, "binary", &self.bernoulli),
        }
    }

    fn network(
        &self,
        unit: Unit,
        tuning: &Tuning,
        train: &Dataset,
    ) -> Result<NetworkConfig, TrainError> {
        let Tuning { optimiser, input_dropout, dropout, batch, epochs } = *tuning;
        let config = MlpConfig {
            sizes: [&[train.width], &self.hidden[..], &[train.classes()]].concat(),
            activation: unit.activation().expect("NReLU and Bernoulli units have one"),
            dropout,
            head: Head::Softmax,
            optimiser,
            schedule: Schedule::Constant,
            batch,
            epochs,
        };
        let mut network = config.network()?;
        network.layers.insert(0, LayerConfig::Dropout { rate: input_dropout });
        Ok(network)
    }

    fn notes(&self) -> Vec<String> {
        let tuning = |model: &Model| {
            let Tuning { input_dropout, dropout, epochs, .. } = model.tuning;
            format!(
                "dropout of {input_dropout} of the pixels and {dropout} of the hidden units, {epochs} epochs"
            )
        };
        let part = match self.part {
            Part::Test => {
                "All 60,000 training images are trained on, and the test is read once, after the last epoch. \
                 Rate and dropout of NReLU were chosen on a part of the training images; dropout of pixels is that \
                 of Srivastava et al. 2014; settings of binary units were not tried"
            }
            Part::Validation => {
                "Errors are those on a part of the training images that is not trained on; the test is not read"
            }
        };
        vec![format!(
            "MNIST, ours: pixels in [0, 1]; RBMs by CD-1, layer by layer, without labels; then softmax and \
             back-propagation: {} (NReLU); {} (binary). {part}.",
            tuning(&self.nrelu),
            tuning(&self.bernoulli)
        )]
    }
}
