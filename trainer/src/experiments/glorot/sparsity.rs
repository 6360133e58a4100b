//! Figure 3: error of rectifier networks on MNIST against how many of their activations are exactly 0, which the weight of
//! an L1 penalty sets.

use serde::Deserialize;

use super::{
    super::{Context, Run},
    SOURCE,
    parts::{Images, Part, Parts, Set},
    training::{Model, Trained, Tuning},
};
use crate::{
    Error, TrainError,
    network::Network,
    optim::{not_negative, positive},
    result::{Figure, Line, Outcome, Row},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Config {
    part: Part,
    validation: usize,
    most_training_images: usize,
    weights: Vec<f32>,
    rate: f32,
    tuning: Tuning,
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let images = Images::load(Set::Mnist, self.validation, self.most_training_images, locator)?;
        let parts = images.parts(self.part);
        let Parts { fit, classes, .. } = parts;
        let metric = format!("{} error", self.part.name());
        let (mut rows, mut points) = (Vec::new(), Vec::new());
        for &weight in &self.weights {
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
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        let figure = Figure::Lines {
            name: "glorot-sparsity".into(),
            title: format!("MNIST: {metric} against exact zeros, each network a corner"),
            x: "exact zeros, %".into(),
            y: "error, %".into(),
            logarithmic: false,
            lines: vec![Line::new("rectifier networks", points)],
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
                "{SOURCE}, Figure 3, read off: 200 networks, penalties of 0 to .01; errors of 1.25 to 1.5 % at 73 to 82 % \
                 zeros, 1.4 to 1.5 at 85, 1.6 at 90, 1.65 to 2 at 93 to 96, 2.1 to 2.5 at 98 to 99: flat until 85 %."
            ),
        ]
    }
}
