//! Table 1, MNIST, CIFAR-10 and NISTP: rectifier, tanh and softplus networks of three hidden layers, from stacked denoising
//! auto-encoders or not; and how many activations of rectifiers are exactly 0.

use serde::Deserialize;

use super::{
    super::{Context, Run, paired, part::Part},
    SOURCE,
    parts::{Images, Parts, Set},
    training::{Model, Pretraining, Trained, Tuning},
};
use crate::{
    Error, TrainError,
    network::Network,
    observe::Recorder,
    optim::positive,
    result::{Figure, Outcome, Row},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Config {
    sets: Vec<Set>,
    models: Vec<Model>,
    part: Part,
    most_training_images: usize,
    tuning: Tuning,
    auto_encoder: Pretraining,
    mnist: Settings,
    cifar10: Settings,
    nistp: Settings,
}

/// What is chosen for a set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    validation: usize,
    rectifier: Rates,
    tanh: Rates,
    softplus: Rates,
}

/// Of auto-encoders, and of back-propagation from random and from pre-trained weights.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rates {
    auto_encoder: f32,
    random: f32,
    pre_trained: f32,
}

/// How weights begin: without and with pre-training.
const STARTS: [&str; 2] = ["not pre-trained", "pre-trained"];

/// Table 1, error in percent: of a set and a model, by [`STARTS`].
fn published(set: Set, model: Model) -> [f64; 2] {
    match (set, model) {
        (Set::Mnist, Model::Rectifier) => [1.43, 1.20],
        (Set::Mnist, Model::Tanh) => [1.57, 1.16],
        (Set::Mnist, Model::Softplus) => [1.77, 1.17],
        (Set::Cifar10, Model::Rectifier) => [50.86, 49.96],
        (Set::Cifar10, Model::Tanh) => [52.62, 50.79],
        (Set::Cifar10, Model::Softplus) => [53.20, 49.52],
        (Set::Nistp, Model::Rectifier) => [32.64, 32.86],
        (Set::Nistp, Model::Tanh) => [36.46, 35.89],
        (Set::Nistp, Model::Softplus) => [35.48, 33.27],
    }
}

/// Section 4.1: average share of exact zeros in the hidden layers of the rectifier networks, in percent.
fn published_zeros(set: Set) -> f64 {
    match set {
        Set::Mnist => 83.4,
        Set::Cifar10 => 72.0,
        Set::Nistp => 68.0,
    }
}

/// What came of one model on one set, for each seed, by [`STARTS`].
struct Results {
    model: Model,
    trained: [Vec<Trained>; 2],
}

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let mut outcome = Outcome { notes: self.notes(), ..Outcome::default() };
        let mut recorder = Recorder::new(&mut **observer);
        for &set in &self.sets {
            let settings = self.settings(set);
            let most = self.most_training_images;
            let images = Images::load(set, settings.validation, most, locator)?;
            let parts = images.parts(self.part);
            let mut results = Vec::new();
            for &model in &self.models {
                let rates = settings.rates(model);
                let mut trained = [const { Vec::new() }; 2];
                for &seed in seeds {
                    let hidden = &self.tuning.hidden;
                    let stack = self.auto_encoder.stack(
                        level,
                        model,
                        rates.auto_encoder,
                        hidden,
                        parts,
                        (set.title(), seed),
                        &mut recorder,
                    )?;
                    if seed == seeds[0] {
                        outcome.figures.push(filters(set, model, stack.filters()));
                    }
                    let starts = [(None, rates.random), (Some(&stack), rates.pre_trained)];
                    for (i, (stack, rate)) in starts.into_iter().enumerate() {
                        let Parts { fit, classes, .. } = parts;
                        let config = self.tuning.network(model, rate, fit.width, classes);
                        let mut network = Network::new(&config, seed)?;
                        stack.map_or(Ok(()), |stack| stack.unroll(&mut network))?;
                        let (title, name) = (set.title(), model.name());
                        let run = format!("{title} {name} {}, seed {seed}", STARTS[i]);
                        let result =
                            self.tuning.train(level, network, parts, &run, &mut recorder)?;
                        trained[i].push(result);
                    }
                }
                results.push(Results { model, trained });
            }
            self.report(set, &results, &mut outcome);
        }
        outcome.figures.push(Figure::Curves {
            name: "glorot-validation".into(),
            title: "Accuracy on validation images, all seeds".into(),
            y: "accuracy".into(),
            series: recorder.series("validation_accuracy"),
        });
        Ok(outcome)
    }
}

/// The first layer of auto-encoders.
fn filters(set: Set, model: Model, weights: &[f32]) -> Figure {
    let (name, title) = (model.name(), set.title());
    Figure::Filters {
        name: format!("{}-filters-{name}", set.name()),
        title: format!("Filters of the first denoising auto-encoder with {name} units on {title}"),
        weights: weights.to_vec(),
        shape: set.shape(),
    }
}

impl Config {
    fn settings(&self, set: Set) -> &Settings {
        match set {
            Set::Mnist => &self.mnist,
            Set::Cifar10 => &self.cifar10,
            Set::Nistp => &self.nistp,
        }
    }

    /// What would else be found after a long time.
    fn check(&self) -> Result<(), TrainError> {
        TrainError::require(!self.sets.is_empty(), "sets", "at least one", "[]")?;
        TrainError::require(!self.models.is_empty(), "models", "at least one", "[]")?;
        let most = self.most_training_images;
        TrainError::require(most > 0, "most_training_images", "at least 1", most)?;
        self.tuning.check()?;
        for (&set, model) in self.sets.iter().flat_map(|set| Model::ALL.map(|model| (set, model))) {
            let Rates { auto_encoder, random, pre_trained } = self.settings(set).rates(model);
            positive("random", random)?;
            positive("pre_trained", pre_trained)?;
            self.auto_encoder.check(model, auto_encoder, &self.tuning.hidden)?;
        }
        Ok(())
    }

    /// Table 1, the differences of its rows, and the zeros of rectifiers.
    fn report(&self, set: Set, results: &[Results], outcome: &mut Outcome) {
        let hidden: Vec<String> = self.tuning.hidden.iter().map(ToString::to_string).collect();
        let part = self.part.name();
        let setting =
            format!("{}, {} images, hidden layers of {}", set.title(), part, hidden.join(", "));
        let errors = |results: &Results, start: usize| -> Vec<f64> {
            results.trained[start].iter().map(|trained| 100.0 * trained.error).collect()
        };
        let name = |model: Model, start: usize| format!("{}, {}", model.name(), STARTS[start]);
        for (start, of) in results.iter().flat_map(|of| [(0, of), (1, of)]) {
            let metric = format!("{part} error");
            let row = Row::new(&setting, &name(of.model, start), &metric, "%", &errors(of, start));
            let published = published(set, of.model)[start];
            let source = format!("{SOURCE}, Table 1");
            outcome.rows.push(self.part.beside(row, published, &source));
        }
        let find = |model| results.iter().find(|of| of.model == model);
        let mut difference = |a: (Model, usize), b: (Model, usize)| {
            let (Some(of_a), Some(of_b)) = (find(a.0), find(b.0)) else { return };
            let model = format!("{} - {}", name(a.0, a.1), name(b.0, b.1));
            let values = [errors(of_a, a.1), errors(of_b, b.1)];
            let setting = format!("{}, differences", set.title());
            let values = [&values[0][..], &values[1]];
            let (row, note) = paired::difference(&setting, &model, "error", "points", values);
            outcome.rows.push(row);
            outcome.notes.extend(note);
        };
        use Model::{Rectifier, Softplus, Tanh};
        for (a, b) in [(Rectifier, Tanh), (Rectifier, Softplus), (Tanh, Softplus)] {
            difference((a, 0), (b, 0));
        }
        for model in Model::ALL {
            difference((model, 1), (model, 0));
        }
        if let Some(of) = find(Rectifier) {
            outcome.rows.extend(zeros(set, of));
        }
    }

    fn notes(&self) -> Vec<String> {
        let l1 = self.tuning.l1;
        let Pretraining { masking, epochs: pre_training, .. } = self.auto_encoder;
        let held_out = self.sets.iter().map(|&set| (self.settings(set).validation, set.title()));
        let held_out: Vec<String> = held_out.map(|(n, set)| format!("{n} of {set}")).collect();
        let part = match self.part {
            Part::Test => "the test is read once",
            Part::Validation => "errors are those on validation images, and the test is not read",
        };
        vec![
            format!(
                "{}. Pixels in [0, 1]; the last training images, {}, are for validation; L1 penalty of {l1} on the \
                 activations of rectifiers; {part}.",
                self.tuning.note(),
                held_out.join(", ")
            ),
            format!(
                "Pre-training: denoising auto-encoders, masking noise of {masking} in every layer, {pre_training} epochs each, \
                 on the images to fit on; decoders with weights of their own, softplus with quadratic cost for rectifier and \
                 softplus units, sigmoid with cross-entropy for tanh."
            ),
            "The paper does not print the noise of upper layers. Its outputs of half of the rectifiers are multiplied by -1: with weights above them that \
             are drawn from a distribution as wide on both sides, that is the same network with other draws, and is left out."
                .into(),
        ]
    }
}

impl Settings {
    fn rates(&self, model: Model) -> Rates {
        match model {
            Model::Rectifier => self.rectifier,
            Model::Tanh => self.tanh,
            Model::Softplus => self.softplus,
        }
    }
}

/// Share of exact zeros in each layer of the rectifier networks: before training, and after.
fn zeros(set: Set, Results { trained, .. }: &Results) -> Vec<Row> {
    let setting = format!("{}, exact zeros of rectifiers on validation images", set.title());
    let mut rows = Vec::new();
    for (trained, start) in trained.iter().zip(STARTS) {
        let layers = trained.first().map_or(0, |first| first.zeros[0].len());
        for (when, name) in ["before fine-tuning", "after"].into_iter().enumerate() {
            let model = format!("{start}, {name}");
            for layer in 0..layers {
                let values: Vec<f64> = trained.iter().map(|t| t.zeros[when][layer]).collect();
                let metric = format!("layer {}", layer + 1);
                rows.push(Row::percent(&setting, &model, &metric, &values));
            }
            let mean = |t: &Trained| t.zeros[when].iter().sum::<f64>() / layers as f64;
            let values: Vec<f64> = trained.iter().map(mean).collect();
            let row = Row::percent(&setting, &model, "average", &values);
            let published = format!("{SOURCE}, section 4.1; does not say which start");
            let row =
                if when == 1 { row.beside(published_zeros(set), None, &published) } else { row };
            rows.push(row);
        }
    }
    rows
}
