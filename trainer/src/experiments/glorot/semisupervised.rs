//! Figure 4: what pre-training on all pairs is worth where only a share of them has labels, for rectifier and tanh
//! networks on NORB.

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
    /// Labelled, in (0, 1].
    shares: Vec<f64>,
    data: Data,
    tuning: Tuning,
    auto_encoder: Pretraining,
    rectifier: Rates,
    tanh: Rates,
}

/// Of auto-encoders and of back-propagation.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rates {
    auto_encoder: f32,
    tuning: f32,
}

const MODELS: [Model; 2] = [Model::Rectifier, Model::Tanh];
const STARTS: [&str; 2] = ["not pre-trained", "pre-trained"];

/// Read off Figure 4, ± .4: the share in percent; error of rectifier and tanh, each by [`STARTS`].
const PUBLISHED: [(f64, [[f64; 2]; 2]); 5] = [
    (4.0, [[45.0, 38.0], [44.0, 41.5]]),
    (21.0, [[25.2, 23.8], [25.8, 24.4]]),
    (43.0, [[20.9, 20.1], [22.3, 21.0]]),
    (64.0, [[18.6, 18.0], [20.5, 19.5]]),
    (100.0, [[16.4, 16.5], [19.3, 17.7]]),
];

/// A network: model and start, both by number.
const VARIANTS: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

fn name((model, start): (usize, usize)) -> String {
    format!("{}, {}", MODELS[model].name(), STARTS[start])
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let loaded = self.data.load(locator)?;
        // By share and variant.
        let mut errors = vec![[const { Vec::new() }; VARIANTS.len()]; self.shares.len()];
        for &seed in seeds {
            let sets = Sets::new(&loaded, seed)?;
            let all = pairs::parts(&sets, self.part);
            let labelled: Vec<_> = self
                .shares
                .iter()
                .map(|&share| labelled(&sets, share, seed))
                .collect::<Result<_, Error>>()?;
            for (m, model) in MODELS.into_iter().enumerate() {
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
                    for (v, &variant) in VARIANTS.iter().enumerate().filter(|(_, v)| v.0 == m) {
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
    fn rates(&self, model: Model) -> Rates {
        if model == Model::Tanh { self.tanh } else { self.rectifier }
    }

    /// What would else be found after a long time.
    fn check(&self) -> Result<(), TrainError> {
        TrainError::require(!self.shares.is_empty(), "shares", "at least one", "[]")?;
        for &share in &self.shares {
            let holds = share > 0.0 && share <= 1.0;
            TrainError::require(holds, "shares", "above 0 and at most 1", share)?;
        }
        for model in MODELS {
            let Rates { auto_encoder, tuning } = self.rates(model);
            positive("tuning", tuning)?;
            self.auto_encoder.check(model, auto_encoder, &self.tuning.hidden)?;
        }
        self.data.check()?;
        self.tuning.check()
    }

    fn report(&self, origin: Origin, errors: &[[Vec<f64>; VARIANTS.len()]]) -> Outcome {
        let metric = format!("{} error", self.part.name());
        let (mut rows, mut notes) = (Vec::new(), Vec::new());
        for (&share, errors) in self.shares.iter().zip(errors) {
            let setting = format!("{}, {} % labelled", origin.title(), 100.0 * share);
            for (errors, &variant) in errors.iter().zip(&VARIANTS) {
                let row = Row::percent(&setting, &name(variant), &metric, errors);
                let published = PUBLISHED.iter().find(|(p, _)| (p - 100.0 * share).abs() < 1e-9);
                let published = published.filter(|_| self.part == Part::Test);
                let source = format!("{SOURCE}, Figure 4, read off");
                rows.push(match published {
                    Some((_, values)) => origin.beside(row, values[variant.0][variant.1], &source),
                    None => row,
                });
            }
            for (a, b) in [(1, 0), (3, 2), (0, 2), (1, 3)] {
                let model = format!("{} - {}", name(VARIANTS[a]), name(VARIANTS[b]));
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
            Line::new(name(VARIANTS[v]), points)
        };
        let figure = Figure::Lines {
            name: "glorot-semisupervised".into(),
            title: format!("{}: {metric} against the share of labelled pairs", origin.title()),
            x: "labelled, %".into(),
            y: "error, %".into(),
            logarithmic: false,
            lines: (0..VARIANTS.len()).map(line).collect(),
        };
        notes.insert(
            0,
            format!(
                "{}. Pre-training on all pairs to fit on, without labels; a linear decoder for the pairs themselves, \
                 which are centred; the validation pairs have all their labels.",
                self.tuning.note()
            ),
        );
        Outcome { rows, notes, figures: vec![figure] }
    }
}
