//! Figure 4: what pre-training on all pairs is worth where only a share of them has labels, on NORB; and, where all have
//! them, the column NORB of Table 1.

use halfwave_datasets::split::stratified_split;
use serde::Deserialize;

use super::{
    super::{
        Context, Run,
        nair_hinton_norb::sets::{Data, Order, Origin, Set, Sets},
        paired,
        part::Part,
    },
    SOURCE, pairs,
    parts::Parts,
    training::{Model, Pretraining, Tuning},
};
use crate::{
    Error, TrainError,
    network::Network,
    optim::positive,
    result::{Figure, Line, Outcome, Row},
    samples::{Images, Samples},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Config {
    part: Part,
    models: Vec<Model>,
    /// Labelled, in (0, 1].
    shares: Vec<f64>,
    data: Data,
    tuning: Tuning,
    auto_encoder: Pretraining,
    rectifier: Rates,
    tanh: Rates,
    softplus: Rates,
}

/// Of auto-encoders and of back-propagation.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rates {
    auto_encoder: f32,
    tuning: f32,
}

const STARTS: [&str; 2] = ["not pre-trained", "pre-trained"];

/// Table 1, where all pairs have labels; else read off Figure 4, ± .4: error in percent by [`STARTS`], and where it stands.
fn published(share: f64, model: Model) -> Option<([f64; 2], &'static str)> {
    if share == 1.0 {
        let errors = match model {
            Model::Rectifier => [16.40, 16.46],
            Model::Tanh => [19.29, 17.66],
            Model::Softplus => [17.68, 19.19],
        };
        return Some((errors, "Table 1"));
    }
    let errors = match (model, (100.0 * share).round()) {
        (Model::Rectifier, 4.0) => [45.0, 38.0],
        (Model::Rectifier, 21.0) => [25.2, 23.8],
        (Model::Rectifier, 43.0) => [20.9, 20.1],
        (Model::Rectifier, 64.0) => [18.6, 18.0],
        (Model::Tanh, 4.0) => [44.0, 41.5],
        (Model::Tanh, 21.0) => [25.8, 24.4],
        (Model::Tanh, 43.0) => [22.3, 21.0],
        (Model::Tanh, 64.0) => [20.5, 19.5],
        _ => return None,
    };
    Some((errors, "Figure 4, read off"))
}

/// A network: its model and, by number, how it begins.
type Variant = (Model, usize);

fn name((model, start): Variant) -> String {
    format!("{}, {}", model.name(), STARTS[start])
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let loaded = self.data.load(locator)?;
        // By share and variant.
        let variants = self.variants();
        let mut errors = vec![vec![Vec::new(); variants.len()]; self.shares.len()];
        for &seed in seeds {
            let sets = Sets::new(&loaded, seed)?;
            let all = pairs::parts(&sets, self.part);
            let labelled: Vec<_> = self
                .shares
                .iter()
                .map(|&share| labelled(&sets, share, seed))
                .collect::<Result<_, Error>>()?;
            for &model in &self.models {
                let (rates, hidden) = (self.rates(model), &self.tuning.hidden);
                let stack = self.auto_encoder.stack(
                    level,
                    model,
                    rates.auto_encoder,
                    hidden,
                    all,
                    (loaded.origin.title(), seed),
                    &mut **observer,
                )?;
                for (s, (rows, labels)) in labelled.iter().enumerate() {
                    let images = Images { rows, ..sets.images(Set::Fit, Order::Cameras) };
                    let parts = Parts { fit: Samples::images(images, labels), ..all };
                    for (v, &variant) in variants.iter().enumerate().filter(|(_, v)| v.0 == model) {
                        let (width, classes) = (all.fit.width, all.classes);
                        let mut config = self.tuning.network(model, rates.tuning, width, classes);
                        config.batch = config.batch.min(rows.len());
                        let mut network = Network::new(&config, seed)?;
                        if variant.1 == 1 {
                            stack.unroll(&mut network)?;
                        }
                        let share = 100.0 * self.shares[s];
                        let run = format!("{} {share} % labelled, seed {seed}", name(variant));
                        let trained =
                            self.tuning.train(level, network, parts, &run, &mut **observer)?;
                        errors[s][v].push(trained.error);
                    }
                }
            }
        }
        let mut outcome = self.report(loaded.origin, &errors);
        outcome.notes.push(pairs::note(loaded.origin));
        Ok(outcome)
    }
}

/// A share of the pairs to fit on, of each class alike, and their labels.
fn labelled(sets: &Sets<'_>, share: f64, seed: u64) -> Result<(Vec<u32>, Vec<u32>), Error> {
    let all = sets.samples(Set::Fit, Order::Cameras);
    let images = sets.images(Set::Fit, Order::Cameras);
    if share == 1.0 {
        return Ok((images.rows.to_vec(), all.labels.to_vec()));
    }
    let chosen = stratified_split(all.labels, share, seed)?.test;
    let of = |values: &[u32]| chosen.iter().map(|&at| values[at]).collect();
    Ok((of(images.rows), of(all.labels)))
}

impl Config {
    fn variants(&self) -> Vec<Variant> {
        self.models.iter().flat_map(|&model| [(model, 0), (model, 1)]).collect()
    }

    fn rates(&self, model: Model) -> Rates {
        match model {
            Model::Rectifier => self.rectifier,
            Model::Tanh => self.tanh,
            Model::Softplus => self.softplus,
        }
    }

    /// What would else be found after a long time.
    fn check(&self) -> Result<(), TrainError> {
        TrainError::require(!self.models.is_empty(), "models", "at least one", "[]")?;
        TrainError::require(!self.shares.is_empty(), "shares", "at least one", "[]")?;
        for &share in &self.shares {
            let holds = share > 0.0 && share <= 1.0;
            TrainError::require(holds, "shares", "above 0 and at most 1", share)?;
        }
        for &model in &self.models {
            let Rates { auto_encoder, tuning } = self.rates(model);
            positive("tuning", tuning)?;
            self.auto_encoder.check(model, auto_encoder, &self.tuning.hidden)?;
        }
        self.data.check()?;
        self.tuning.check()
    }

    fn report(&self, origin: Origin, errors: &[Vec<Vec<f64>>]) -> Outcome {
        let variants = self.variants();
        let metric = format!("{} error", self.part.name());
        let (mut rows, mut notes) = (Vec::new(), Vec::new());
        for (&share, errors) in self.shares.iter().zip(errors) {
            let setting = format!("{}, {} % labelled", origin.title(), 100.0 * share);
            for (errors, &variant) in errors.iter().zip(&variants) {
                let row = Row::percent(&setting, &name(variant), &metric, errors);
                let (model, start) = variant;
                let published = published(share, model).filter(|_| self.part == Part::Test);
                rows.push(match published {
                    Some((values, place)) => {
                        origin.beside(row, values[start], &format!("{SOURCE}, {place}"))
                    }
                    None => row,
                });
            }
            // What pre-training adds to each model, then the first model beside the others.
            let pre_training = (0..variants.len()).step_by(2).map(|v| (v + 1, v));
            let models = (2..variants.len()).map(|v| (v % 2, v));
            for (a, b) in pre_training.chain(models) {
                let model = format!("{} - {}", name(variants[a]), name(variants[b]));
                let points =
                    [a, b].map(|i| errors[i].iter().map(|e| 100.0 * e).collect::<Vec<_>>());
                let setting = format!("{setting}, differences");
                let values = [&points[0][..], &points[1]];
                let (row, note) = paired::difference(&setting, &model, &metric, "points", values);
                rows.push(row);
                notes.extend(note);
            }
        }
        let line = |v: usize| {
            let mean = |errors: &Vec<f64>| errors.iter().sum::<f64>() / errors.len() as f64;
            let points = self.shares.iter().zip(errors);
            let mut points: Vec<_> =
                points.map(|(share, errors)| (100.0 * share, 100.0 * mean(&errors[v]))).collect();
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            Line::new(name(variants[v]), points)
        };
        let figure = Figure::Lines {
            name: "glorot-semisupervised".into(),
            title: format!("{}: {metric} against the share of labelled pairs", origin.title()),
            x: "labelled, %".into(),
            y: "error, %".into(),
            logarithmic: false,
            lines: (0..variants.len()).map(line).collect(),
        };
        notes.insert(
            0,
            format!(
                "{}. Pre-training on all pairs to fit on, without labels; a linear decoder for the pairs themselves, \
                 which are centred; the validation pairs have all their labels.",
                self.tuning.note()
            ),
        );
        // One share has no course.
        let figures = (self.shares.len() > 1).then_some(figure).into_iter().collect();
        Outcome { rows, notes, figures }
    }
}
