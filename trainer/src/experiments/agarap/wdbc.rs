//! Agarap's 30–128–64–32–2 on WDBC, with a softmax and a ReLU head: Table 9.
//!
//! A 70/30 split and cross-validation, both stratified; the last epoch counts.

use std::borrow::Cow;

use halfwave_datasets::{
    Dataset, load,
    preprocess::Standardiser,
    split::{Fold, stratified_folds, stratified_split},
};
use halfwave_kernels::Level;
use serde::Deserialize;

use super::{
    super::{Context, Run, classifier::Classifier, part::Part},
    Model, Protocol, Tested, one_network,
};
use crate::{
    Error,
    network::{Evaluation, Head, Network, NetworkConfig},
    observe::{
        Observer, Recorder,
        models::{Trained, trained},
    },
    own::Preprocessing,
    result::{Figure, Outcome},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Config {
    part: Part,
    protocol: Protocol,
    heads: Vec<Head>,
    folds: usize,
    test_fraction: f64,
    mlp: Classifier,
}

/// The part whose networks can be kept: each fold has one too, but none that is better.
const SPLIT: &str = "split";

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let data = load("wdbc", context.locator)?.train;
        let Context { level, seeds, ref mut observer, .. } = *context;
        let mut outcome = Outcome { notes: self.notes(), ..Outcome::default() };
        let mut recorder = Recorder::new(&mut **observer);
        let mut lines = Vec::new();
        for (i, &head) in self.heads.iter().enumerate() {
            let mut tested = Tested::new("wdbc", Model::Ffnn, head, self.part);
            for &seed in seeds {
                let run = format!("{}, seed {seed}", tested.name());
                let data = self.rows(&data, seed)?;
                let run = Job { config: self, level, data: &data, head, seed, run };
                let (folds, measured) = match self.protocol {
                    Protocol::Published => run.published(&mut recorder)?,
                    Protocol::Honest => run.honest(&mut recorder)?,
                };
                tested.folds.push(folds);
                tested.measured.push(measured);
            }
            outcome.rows.extend(tested.rows("WDBC", self.protocol));
            outcome.figures.extend(tested.heat_maps("WDBC", self.protocol, &data));
            lines.extend(tested.lines(i));
        }
        outcome.figures.push(Figure::Lines {
            name: "wdbc-folds".into(),
            title: format!("WDBC: accuracy by fold, {}", self.protocol.name()),
            x: "fold".into(),
            y: "accuracy (%)".into(),
            logarithmic: false,
            lines,
        });
        outcome.figures.push(Figure::Curves {
            name: "wdbc-loss".into(),
            title: "WDBC: training loss, all folds and seeds".into(),
            y: "loss (nats)".into(),
            series: recorder.series("loss"),
        });
        Ok(outcome)
    }
}

/// The networks of one head and seed.
struct Job<'a> {
    config: &'a Config,
    level: Level,
    data: &'a Dataset,
    head: Head,
    seed: u64,
    run: String,
}

impl Job<'_> {
    /// One network through all folds of the split's training rows, on raw features; then its test rows.
    fn published(
        &self,
        observer: &mut dyn Observer,
    ) -> Result<(Vec<Evaluation>, Evaluation), Error> {
        let Self { config, level, data, head, seed, ref run } = *self;
        let Fold { train, test } = stratified_split(&data.labels, config.test_fraction, seed)?;
        let (train, test) = (data.subset(&train), data.subset(&test));
        let folds = stratified_folds(&train.labels, config.folds, seed)?;
        let smallest = folds.iter().map(|fold| fold.train.len()).min().unwrap_or(1);
        let all = config.mlp.network(head, &train)?;
        let (batch, epochs) = (all.batch.min(smallest), all.epochs.div_ceil(config.folds));
        let mut network = Network::new(&NetworkConfig { batch, epochs, ..all }, seed)?;
        let of_folds = one_network(level, &mut network, &train, &folds, run, observer)?;
        trained(observer, level, &Trained::network(run, &network, &train))?;
        Ok((of_folds, network.evaluate(level, &test)?))
    }

    /// A network for each fold of all rows, and one for the split; features standardised.
    fn honest(&self, observer: &mut dyn Observer) -> Result<(Vec<Evaluation>, Evaluation), Error> {
        let Self { config, level, data, head, seed, ref run } = *self;
        let mut fresh = |fold: &Fold, what: &str| -> Result<Evaluation, Error> {
            let (train, test, preprocessing) = standardised(data, fold)?;
            let (sets, run) = ([&train, &test], format!("{run}, {what}"));
            let (network, evaluation) =
                config.mlp.evaluation(level, head, sets, seed, &run, observer)?;
            if what == SPLIT {
                let done = Trained::network(&run, &network, &train).after(&preprocessing);
                trained(observer, level, &done)?;
            }
            Ok(evaluation)
        };
        let folds = stratified_folds(&data.labels, config.folds, seed)?;
        let of_folds = folds.iter().enumerate();
        let of_folds = of_folds.map(|(i, fold)| fresh(fold, &format!("fold {}", i + 1)));
        let of_folds = of_folds.collect::<Result<_, Error>>()?;
        let split = stratified_split(&data.labels, config.test_fraction, seed)?;
        Ok((of_folds, fresh(&split, SPLIT)?))
    }
}

impl Config {
    /// All rows, or without those of the test.
    fn rows<'a>(&self, all: &'a Dataset, seed: u64) -> Result<Cow<'a, Dataset>, Error> {
        Ok(match self.part {
            Part::Test => Cow::Borrowed(all),
            Part::Validation => {
                let split = stratified_split(&all.labels, self.test_fraction, seed)?;
                Cow::Owned(all.subset(&split.train))
            }
        })
    }

    fn notes(&self) -> Vec<String> {
        let ours = match self.protocol {
            Protocol::Honest => format!(
                "features standardised by mean and deviation of the training rows of each fold or split; fresh \
                 weights for each, those of one seed the same; {} epochs of batches of {}; the last epoch counts, \
                 nothing is selected on test rows; folds (of all rows) and splits are stratified and depend on the \
                 seed. n counts folds times seeds.",
                self.mlp.epochs, self.mlp.batch
            ),
            Protocol::Published => format!(
                "raw features; one network goes through {} folds of the split's training rows with its weights and \
                 the state of its optimiser, {} epochs each of batches of {}, so that only fold 1 is of rows that it \
                 has not seen; then it is tested. Folds and splits depend on the seed.",
                self.folds,
                self.mlp.epochs.div_ceil(self.folds.max(1)),
                self.mlp.batch
            ),
        };
        let part = match self.part {
            Part::Test => "",
            Part::Validation => {
                " The rows of each seed's test are left out; folds and split are made of the others."
            }
        };
        vec![
            format!("WDBC, {}: {ours}{part}", self.protocol.name()),
            "WDBC, published: the notebooks standardise the features but pass the raw ones on; one model goes \
             through all ten folds without being reset (10 x 32 epochs of batches of 256), so the published \
             cross-validation figures are contaminated; the published split has no seed. The paper's text has \
             two hidden layers, the notebooks three (128, 64, 32), as here."
                .into(),
            "WDBC, ReLU head: class scores are max(0, z) divided by their sum, with cross-entropy, which is what \
             Keras 2.1.2 computes for the paper's equations 6-8. A row whose true class has a score of 0 gives \
             no gradient, so this head can die. Where all outputs are 0, Keras has 0/0; here the probability is \
             clipped to 1e-7 as elsewhere: a loss of 16.118, no gradient, and class 0 is named. Precision, recall \
             and F1 are weighted by support."
                .into(),
        ]
    }
}

/// Training and test rows, both by the mean and deviation of the training rows, and these.
fn standardised(data: &Dataset, fold: &Fold) -> Result<(Dataset, Dataset, Preprocessing), Error> {
    let (mut train, mut test) = (data.subset(&fold.train), data.subset(&fold.test));
    let standardiser = Standardiser::fit(&train.x, train.width)?;
    standardiser.apply(&mut train.x)?;
    standardiser.apply(&mut test.x)?;
    Ok((train, test, Preprocessing { standardiser: Some(standardiser), pca: None }))
}
