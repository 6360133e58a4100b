//! Figure 3: error of rectifier networks on MNIST against how many of their activations are exactly 0, which the weight of
//! an L1 penalty sets.

use serde::Deserialize;

use super::{
    super::{Context, Run, part::Part},
    SOURCE,
    parts::{Images, Parts, Set},
    training::{Model, Trained, Tuning},
};
use crate::{
    Error, TrainError,
    network::Network,
    optim::{not_negative, positive},
    result::{Figure, Line, Outcome, Row, Stroke},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Config {
    part: Part,
    validation: usize,
    most_training_images: usize,
    weights: Vec<f32>,
    networks: usize,
    rate: f32,
    tuning: Tuning,
}

/// Figure 3, the middle of the cloud read off: exact zeros and error in percent.
const PUBLISHED: [(f64, f64); 5] =
    [(77.5, 1.38), (85.0, 1.45), (90.0, 1.6), (94.5, 1.83), (98.5, 2.3)];

/// So many numbers, evenly from one of the list to the next.
fn between(list: &[f32], count: usize) -> Vec<f32> {
    let last = list.len().saturating_sub(1);
    let at = |i: usize| {
        let place = (i * last) as f32 / count.saturating_sub(1).max(1) as f32;
        let left = place.floor() as usize;
        let (a, b) = (list[left], list[(left + 1).min(last)]);
        a + (b - a) * (place - place.floor())
    };
    (0..count).map(at).collect()
}

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let images = Images::load(Set::Mnist, self.validation, self.most_training_images, locator)?;
        let parts = images.parts(self.part);
        let Parts { fit, classes, .. } = parts;
        let metric = format!("{} error", self.part.name());
        let (mut rows, mut points) = (Vec::new(), Vec::new());
        for weight in between(&self.weights, self.networks) {
            let tuning = Tuning { l1: weight, ..self.tuning.clone() };
            let mut all: Vec<Trained> = Vec::new();
            for &seed in seeds {
                let config = tuning.network(Model::Rectifier, self.rate, fit.width, classes);
                let network = Network::new(&config, seed)?;
                let run = format!("L1 {weight}, seed {seed}");
                all.push(tuning.train(level, network, parts, &run, &mut **observer)?);
            }
            let model = format!("L1 penalty of {weight}");
            let errors: Vec<f64> = all.iter().map(|trained| trained.error).collect();
            let zeros: Vec<f64> = all.iter().map(|trained| mean(&trained.zeros[1])).collect();
            points.extend(zeros.iter().zip(&errors).map(|(z, e)| (100.0 * z, 100.0 * e)));
            rows.push(Row::percent("MNIST, rectifiers", &model, &metric, &errors));
            rows.push(Row::percent("MNIST, rectifiers", &model, "exact zeros", &zeros));
        }
        let ours = Line { stroke: Stroke::Dots, ..Line::new("rectifier networks", points) };
        let published = Line {
            stroke: Stroke::Dashed,
            colour: Some(6),
            ..Line::new("published, read off", PUBLISHED.to_vec())
        };
        let lines = match self.part {
            Part::Test => vec![ours, published],
            Part::Validation => vec![ours],
        };
        let figure = Figure::Lines {
            name: "glorot-sparsity".into(),
            title: format!("MNIST: {metric} against exact zeros, each network a dot"),
            x: "exact zeros, %".into(),
            y: "error, %".into(),
            logarithmic: false,
            lines,
        };
        Ok(Outcome { rows, notes: self.notes(), figures: vec![figure] })
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

impl Config {
    /// What would else be found after a long time.
    fn check(&self) -> Result<(), TrainError> {
        TrainError::require(!self.weights.is_empty(), "weights", "at least one", "[]")?;
        TrainError::require(self.networks > 0, "networks", "at least 1", 0)?;
        self.weights.iter().try_for_each(|&weight| not_negative("weights", weight))?;
        positive("rate", self.rate)?;
        let most = self.most_training_images;
        TrainError::require(most > 0, "most_training_images", "at least 1", most)?;
        self.tuning.check_without_penalty()
    }

    fn notes(&self) -> Vec<String> {
        vec![
            format!(
                "{}. Zeros are those of all hidden layers on validation images, the mean of the layers.",
                self.tuning.note()
            ),
            format!(
                "{SOURCE}, Figure 3, read off: 200 networks (here --set networks=200), penalties of 0 to .01; errors of 1.25 to 1.5 % at 73 to 82 % \
                 zeros, 1.4 to 1.5 at 85, 1.6 at 90, 1.65 to 2 at 93 to 96, 2.1 to 2.5 at 98 to 99: flat until 85 %."
            ),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_those_of_the_list_and_between() {
        let list = [0.0, 0.001, 0.01];
        assert_eq!(between(&list, 3), list);
        assert_eq!(between(&list, 1), [0.0]);
        let many = between(&list, 201);
        assert_eq!((many[0], many[100], many[200]), (0.0, 0.001, 0.01));
        assert!(many.is_sorted() && (many[50] - 0.0005).abs() < 1e-8);
        assert_eq!(between(&[0.5], 2), [0.5, 0.5]);
    }
}
