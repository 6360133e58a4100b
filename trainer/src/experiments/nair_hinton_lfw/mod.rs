//! Nair & Hinton, ICML 2010, section 6 and Table 3: are two faces the same person's? A Siamese network of one
//! shared layer without biases on LFW, with NReLU and with binary units, pre-trained as an RBM or not.
//!
//! For each of the ten folds of View 2: train on the pairs of the nine others, test once on the 600 of the fold.

mod images;
mod jitter;

use halfwave_datasets::lfw;
use halfwave_kernels::{Level, units::Unit};
use serde::Deserialize;

use super::{Context, Run, paired};
use crate::{
    Error, TrainError,
    observe::{Epoch, Observer, Recorder},
    optim::{Optimiser, Schedule},
    rbm::{Rbm, RbmConfig, Visible},
    result::{Figure, Outcome, Row},
    siamese::{Siamese, SiameseConfig},
};
use images::Images;
use jitter::Jitter;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    hidden: Vec<usize>,
    folds: usize,
    mirror: bool,
    jitter: Jitter,
    nrelu: Model,
    bernoulli: Model,
}

/// How the networks of one kind of unit are trained.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Model {
    rbm: Pretraining,
    pre_trained: FineTuning,
    random: FineTuning,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pretraining {
    learning_rate: f32,
    final_momentum: f32,
    weight_decay: f32,
    batch: usize,
    epochs: usize,
}

/// The rate falls to 0 in a line.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FineTuning {
    learning_rate: f32,
    momentum: f32,
    batch: usize,
    epochs: usize,
}

/// A kind of unit, and whether the network starts as an RBM; with what Table 3 has for it, in percent.
struct Variant {
    unit: Unit,
    pre_trained: bool,
    published: (f64, f64),
}

/// Folds of View 2.
const FOLDS: usize = 10;

/// In the order of Table 3.
const VARIANTS: [Variant; 4] = [
    Variant { unit: Unit::Nrelu, pre_trained: false, published: (79.25, 1.73) },
    Variant { unit: Unit::Nrelu, pre_trained: true, published: (80.73, 1.34) },
    Variant { unit: Unit::Bernoulli, pre_trained: false, published: (77.68, 0.70) },
    Variant { unit: Unit::Bernoulli, pre_trained: true, published: (77.77, 1.09) },
];

const SOURCE: &str = "Nair & Hinton, ICML 2010, Table 3: up to 4000 units, faces turned and scaled by the places \
    of their eyes";

impl Variant {
    fn name(&self) -> String {
        let unit = if self.unit == Unit::Nrelu { "NReLU" } else { "binary" };
        format!("{unit}, {}", if self.pre_trained { "pre-trained" } else { "not pre-trained" })
    }
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let lfw = lfw::load(locator)?;
        let mut recorder = Recorder::new(&mut **observer);
        let mut outcome = Outcome { notes: self.notes(), ..Outcome::default() };
        // For each size and variant, the mean over the seeds in each fold.
        let mut reached = vec![[const { Vec::new() }; 4]; self.hidden.len()];
        for fold in 0..self.folds {
            let images = Images::new(&lfw, fold, self.mirror, &self.jitter)?;
            for (reached, &hidden) in reached.iter_mut().zip(&self.hidden) {
                for (reached, variant) in reached.iter_mut().zip(&VARIANTS) {
                    let mut sum = 0.0;
                    for &seed in seeds {
                        let run = Training { config: self, level, images: &images, hidden, seed };
                        let name = format!(
                            "{}, {hidden} units, fold {}, seed {seed}",
                            variant.name().replace(", ", " "),
                            fold + 1
                        );
                        let (accuracy, filters) = run.accuracy(variant, &name, &mut recorder)?;
                        sum += accuracy;
                        if fold == 0 && seed == seeds[0] {
                            outcome.figures.extend(filters);
                        }
                    }
                    reached.push(sum / seeds.len() as f64);
                }
            }
        }
        for (&hidden, reached) in self.hidden.iter().zip(&reached) {
            let (rows, notes) = table(self.folds, hidden, reached);
            outcome.rows.extend(rows);
            outcome.notes.extend(notes);
        }
        outcome.figures.push(Figure::Curves {
            name: "lfw-loss".into(),
            title: "LFW: training loss, all folds, sizes and seeds".into(),
            y: "loss of a pair (nats)".into(),
            series: recorder.series("loss"),
        });
        Ok(outcome)
    }
}

/// The rows of Table 3 and the differences, with what their intervals say, from the accuracy in each fold.
/// Training parts of folds overlap, so differences are not independent and the intervals rather too narrow.
fn table(folds: usize, hidden: usize, reached: &[Vec<f64>; 4]) -> (Vec<Row>, Vec<String>) {
    let setting = format!("LFW, View 2, {folds} folds, {hidden} hidden units");
    let mut rows: Vec<Row> = VARIANTS
        .iter()
        .zip(reached)
        .map(|(variant, reached)| {
            let (mean, std) = variant.published;
            let row = Row::percent(&setting, &variant.name(), "accuracy", reached);
            row.beside(mean, Some(std), SOURCE)
        })
        .collect();
    let [nrelu, nrelu_rbm, binary, binary_rbm] = reached;
    let setting = format!("{setting}, differences over the folds");
    let mut notes = Vec::new();
    for (model, first, second) in [
        ("pre-trained: NReLU - binary", nrelu_rbm, binary_rbm),
        ("not pre-trained: NReLU - binary", nrelu, binary),
        ("NReLU: pre-trained - not", nrelu_rbm, nrelu),
        ("binary: pre-trained - not", binary_rbm, binary),
    ] {
        let points =
            [first, second].map(|values| values.iter().map(|v| 100.0 * v).collect::<Vec<_>>());
        let values = [&points[0][..], &points[1]];
        let (row, note) = paired::difference(&setting, model, "accuracy", "points", values);
        rows.push(row);
        notes.extend(note);
    }
    (rows, notes)
}

/// One network on one fold.
struct Training<'a> {
    config: &'a Config,
    level: Level,
    images: &'a Images,
    hidden: usize,
    seed: u64,
}

impl Training<'_> {
    /// Accuracy on the test fold, and the filters of the RBM if there is one.
    fn accuracy(
        &self,
        variant: &Variant,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(f64, Option<Figure>), Error> {
        let Self { level, images, .. } = *self;
        let model = self.config.model(variant.unit);
        let tuning = if variant.pre_trained { &model.pre_trained } else { &model.random };
        let config = tuning.config(variant.unit, self.hidden);
        let mut network = Siamese::new(&config, lfw::WIDTH, self.seed)?;
        let mut filters = None;
        if variant.pre_trained {
            let config = model.rbm.config(variant.unit, self.hidden);
            let mut rbm = Rbm::new(&config, lfw::WIDTH, self.seed)?;
            rbm.fit(level, images.training(), &format!("RBM of {run}"), observer)?;
            network.set_weights(rbm.weights())?;
            filters = Some(self.filters(variant.unit, &rbm));
        }
        network.fit(level, &images.x, &images.train, None, run, observer)?;
        let cosines = images.averages(&network.cosines(level, &images.x, &images.test)?);
        let probabilities = network.probabilities(&cosines);
        let right =
            probabilities.iter().zip(images.answers()).filter(|(p, same)| (**p > 0.5) == *same);
        let accuracy = right.count() as f64 / probabilities.len() as f64;
        let run = &format!("{run}, test");
        observer.epoch(&Epoch::once(run, 1, &[("test_accuracy", accuracy)]));
        Ok((accuracy, filters))
    }

    fn filters(&self, unit: Unit, rbm: &Rbm) -> Figure {
        let hidden = self.hidden;
        Figure::Filters {
            name: format!("lfw-filters-{unit}-{hidden}"),
            title: format!("LFW: filters of the {unit} RBM with {hidden} units (fold 1)"),
            weights: rbm.weights().to_vec(),
            shape: lfw::SHAPE,
        }
    }
}

impl Pretraining {
    fn config(&self, unit: Unit, hidden: usize) -> RbmConfig {
        RbmConfig {
            hidden_biases: false,
            learning_rate: self.learning_rate,
            final_momentum: self.final_momentum,
            weight_decay: self.weight_decay,
            batch: self.batch,
            epochs: self.epochs,
            ..RbmConfig::new(Visible::Gaussian, unit, hidden)
        }
    }
}

impl FineTuning {
    fn config(&self, unit: Unit, hidden: usize) -> SiameseConfig {
        let Self { learning_rate, momentum, batch, epochs } = *self;
        SiameseConfig {
            activation: unit.activation().expect("NReLU and Bernoulli units have one"),
            hidden_units: hidden,
            optimiser: Optimiser::sgd(learning_rate, momentum),
            schedule: Schedule::Linear { epochs: epochs.max(1) },
            batch,
            epochs,
        }
    }
}

impl Config {
    fn model(&self, unit: Unit) -> &Model {
        if unit == Unit::Nrelu { &self.nrelu } else { &self.bernoulli }
    }

    /// What would else be found after a long time.
    fn check(&self) -> Result<(), TrainError> {
        TrainError::require(!self.hidden.is_empty(), "hidden", "at least one size", "[]")?;
        let holds = (1..=FOLDS).contains(&self.folds);
        TrainError::require(holds, "folds", "1 to 10, those of View 2", self.folds)?;
        self.jitter.check()?;
        for &hidden in &self.hidden {
            TrainError::require(hidden > 0, "hidden", "at least 1 unit", hidden)?;
            for variant in &VARIANTS {
                let model = self.model(variant.unit);
                model.rbm.config(variant.unit, hidden).check()?;
                model.pre_trained.config(variant.unit, hidden).check()?;
                model.random.config(variant.unit, hidden).check()?;
            }
        }
        Ok(())
    }

    fn notes(&self) -> Vec<String> {
        let mirror = if self.mirror {
            "each image stands for its mirror image too, in pre-training, in training and, by the mean of four \
             cosines, in the test (not in the paper)"
        } else {
            "without mirror images"
        };
        let copies = match self.jitter {
            Jitter { views: 0, .. } => String::new(),
            Jitter { views, .. } => {
                format!(
                    " In training, {views} moved, turned and scaled copies of each (not in the paper)."
                )
            }
        };
        vec![
            format!(
                "LFW, ours: deep-funneled images (the paper: by the places of the eyes), central 144x144 pixels \
                 averaged to 32x32x3, zero mean for each image, divided by one number fitted on the training \
                 images; {mirror}.{copies} The pairs of nine folds are trained on, the tenth is tested once, after the \
                 last epoch; no fold chooses anything. RBMs see the images of the nine folds' pairs only. Rates \
                 and epochs were chosen on View 1, by its own test part, whose people are among those of View 2: \
                 that is what View 1 is for.",
            ),
            "LFW, both: one shared layer without biases, cosine of the features, P(same) = sigmoid(w d + b); RBMs \
             with Gaussian visible units by CD-1, without hidden biases; NReLU without noise after pre-training. \
             Mean and deviation are over folds (of means over seeds). Differences: of the same folds, with an \
             interval by Student's t; training parts overlap, so it is rather too narrow."
                .into(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(change: &str) -> Config {
        super::super::changed(include_str!("../configs/nair-hinton-lfw.toml"), change)
    }

    #[test]
    fn settings_that_make_no_sense_are_errors_before_data_are_read() {
        assert_eq!(config("hidden=[1000, 2000, 4000]").check(), Ok(()));
        for (change, name) in [
            ("hidden=[]", "hidden"),
            ("hidden=[10, 0]", "hidden"),
            ("folds=0", "folds"),
            ("folds=11", "folds"),
            ("jitter={views=2, ways=0, shift=1.0, scale=0.0, turn=0.0}", "jitter.ways"),
            ("jitter.shift=-1", "jitter.shift"),
            ("jitter.scale=0.6", "jitter.scale"),
            ("nrelu.rbm.learning_rate=0", "learning_rate"),
            ("bernoulli.rbm.batch=0", "batch"),
            ("nrelu.pre_trained.momentum=1", "momentum"),
            ("bernoulli.random.batch=0", "batch"),
        ] {
            let error = config(change).check().unwrap_err();
            assert!(matches!(error, TrainError::Setting { name: n, .. } if n == name), "{error}");
        }
    }

    #[test]
    fn the_table_has_the_four_rows_of_the_paper_and_their_differences() {
        let reached = [0.79, 0.81, 0.77, 0.78].map(|mean| vec![mean - 0.01, mean + 0.01]);
        let (rows, notes) = table(2, 4000, &reached);
        assert_eq!((rows.len(), notes.len()), (4 + 4, 4));
        let published: Vec<f64> =
            rows.iter().flat_map(|row| &row.published).map(|p| p.value).collect();
        assert_eq!(published, [79.25, 80.73, 77.68, 77.77]);
        assert_eq!(rows[1].model, "NReLU, pre-trained");
        assert!((rows[1].value - 81.0).abs() < 1e-9 && (rows[4].value - 3.0).abs() < 1e-9);
    }
}
