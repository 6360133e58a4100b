//! Agarap's 30–128–64–32–2 on WDBC, with a softmax and a ReLU head (arXiv:1803.08375v1, v2).
//!
//! Cross-validation and a 70/30 split, both stratified; features are standardised by what the training
//! rows say; the last epoch counts.

use halfwave_datasets::{
    Dataset, load,
    preprocess::Standardiser,
    split::{Fold, stratified_folds, stratified_split},
};
use serde::Deserialize;

use super::{
    Context, Run,
    classifier::{self, Classifier},
};
use crate::{
    Error,
    metrics::Confusion,
    network::Head,
    observe::Recorder,
    result::{Figure, Outcome, Row},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    heads: Vec<Head>,
    folds: usize,
    test_fraction: f64,
    mlp: Classifier,
}

const FOLDS_SOURCE: &str = "Agarap 2018, arXiv:1803.08375v2 (notebooks of 22 March 2018): not comparable, \
    the network is kept from fold to fold, so that nine of ten folds are tested on rows that it had trained on";
const SPLIT_SOURCE: &str = "Agarap 2018, arXiv:1803.08375v2, table 9: 70/30 split, raw features; \
    4 digits from the confusion matrices of the notebooks";

/// Published for a head: mean and standard deviation over the folds; accuracy, precision, recall and F1
/// of the split. In percent.
fn published(head: Head) -> ((f64, f64), [f64; 4]) {
    match head {
        Head::Softmax => ((91.2051, 4.2234), [92.3977, 92.43, 92.40, 92.33]),
        Head::NormalisedRelu => ((87.9551, 9.9112), [90.6433, 91.49, 90.64, 90.36]),
    }
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let data = load("wdbc", context.locator)?.train;
        let mut outcome = Outcome { notes: self.notes(), ..Outcome::default() };
        let mut recorder = Recorder::new(context.observer);
        let folds = format!("WDBC, {}-fold cross-validation", self.folds);
        let split = format!("WDBC, {:.0} % test split", 100.0 * self.test_fraction);
        let mut rows: [Vec<Row>; 2] = Default::default();
        for &head in &self.heads {
            let (model, mut tested) = (classifier::name(head), <[Vec<Confusion>; 2]>::default());
            let mut test = |fold: &Fold, seed, run: String| {
                let (train, test) = standardised(&data, fold)?;
                let sets = [&train, &test];
                let level = context.level;
                let tested = self.mlp.confusion(level, head, sets, seed, &run, &mut recorder)?;
                Ok::<_, Error>(tested)
            };
            for &seed in context.seeds {
                for (i, fold) in
                    stratified_folds(&data.labels, self.folds, seed)?.iter().enumerate()
                {
                    let run = format!("{model}, seed {seed}, fold {}", i + 1);
                    tested[0].push(test(fold, seed, run)?);
                }
                let fold = stratified_split(&data.labels, self.test_fraction, seed)?;
                tested[1].push(test(&fold, seed, format!("{model}, seed {seed}, split"))?);
            }
            let ((mean, std), of_split) = published(head);
            let mut of_folds = classifier::rows(&folds, model, &tested[0]);
            of_folds[0] = of_folds[0].clone().beside(mean, Some(std), FOLDS_SOURCE);
            rows[0].extend(of_folds);
            let beside = classifier::rows(&split, model, &tested[1]).into_iter().zip(of_split);
            rows[1].extend(beside.map(|(row, value)| row.beside(value, None, SPLIT_SOURCE)));
            for (tested, how) in tested.iter().zip(["folds", "split"]) {
                let file =
                    format!("wdbc-confusion-{}-{how}", model.replace(' ', "-").to_lowercase());
                let title = format!("WDBC, {model}, {how} (all seeds)");
                outcome.figures.push(classifier::heat_map(file, title, &data, tested));
            }
        }
        outcome.rows = rows.concat();
        outcome.figures.push(Figure::Curves {
            name: "wdbc-loss".into(),
            title: "WDBC: training loss, all folds and seeds".into(),
            y: "loss".into(),
            series: recorder.series("loss"),
        });
        Ok(outcome)
    }
}

impl Config {
    fn notes(&self) -> Vec<String> {
        vec![
            format!(
                "WDBC, ours: features standardised by mean and deviation of the training rows of each fold or \
                 split; fresh weights for each; {} epochs of batches of {}; the last epoch counts, nothing is \
                 selected on test rows; folds and splits are stratified and depend on the seed. n counts folds \
                 times seeds.",
                self.mlp.epochs, self.mlp.batch
            ),
            "WDBC, published: the notebooks standardise the features but pass the raw ones on; one model goes \
             through all ten folds without being reset (10 x 32 epochs of batches of 256), so the published \
             cross-validation figures are contaminated; the published split has no seed. The paper's text has \
             two hidden layers, the notebooks three (128, 64, 32), as here."
                .into(),
            "WDBC, ReLU head: class scores are max(0, z) divided by their sum, with cross-entropy, which is what \
             Keras 2.1.2 computes for the paper's equations 6-8. A row whose true class has a score of 0 gives \
             no gradient, so this head can die. Precision, recall and F1 are weighted by support."
                .into(),
        ]
    }
}

/// Training and test rows, both by the mean and deviation of the training rows.
fn standardised(data: &Dataset, fold: &Fold) -> Result<(Dataset, Dataset), Error> {
    let (mut train, mut test) = (data.subset(&fold.train), data.subset(&fold.test));
    let standardiser = Standardiser::fit(&train.x, train.width)?;
    standardiser.apply(&mut train.x)?;
    standardiser.apply(&mut test.x)?;
    Ok((train, test))
}
