//! Section 4.1: (1/α) softplus(α x) between the softplus, α = 1, and the rectifier, α = ∞, on NORB without pre-training.

use serde::Deserialize;

use super::{
    super::{
        Context, Run,
        nair_hinton_norb::sets::{Data, Sets},
        paired,
        part::Part,
    },
    SOURCE, pairs,
    parts::Parts,
    training::{Tuning, rescaled_softplus},
};
use crate::{
    Error, TrainError,
    network::Network,
    optim::positive,
    result::{Outcome, Row},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Config {
    part: Part,
    alphas: Vec<f32>,
    rate: f32,
    data: Data,
    tuning: Tuning,
}

/// α and the test error on NORB, in percent.
const PUBLISHED: [(f32, f64); 6] =
    [(1.0, 17.68), (1.3, 17.53), (2.0, 16.9), (3.0, 16.66), (6.0, 16.54), (f32::INFINITY, 16.40)];

fn name(alpha: f32) -> String {
    if alpha.is_infinite() {
        "alpha infinite: rectifier".into()
    } else {
        format!("alpha = {alpha}")
    }
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let loaded = self.data.load(locator)?;
        let mut errors = vec![Vec::new(); self.alphas.len()];
        for &seed in seeds {
            let sets = Sets::new(&loaded, seed)?;
            let parts = pairs::parts(&sets, self.part);
            let Parts { fit, classes, .. } = parts;
            for (&alpha, errors) in self.alphas.iter().zip(&mut errors) {
                let layers = |units| rescaled_softplus(alpha, units);
                let config = self.tuning.network_of(&layers, self.rate, fit.width, classes);
                let network = Network::new(&config, seed)?;
                let run = format!("{}, seed {seed}", name(alpha));
                let trained = self.tuning.train(level, network, parts, &run, &mut **observer)?;
                errors.push(100.0 * trained.error);
            }
        }
        let origin = loaded.origin;
        let metric = format!("{} error", self.part.name());
        let setting = format!("{}, rescaled softplus", origin.title());
        let mut rows = Vec::new();
        for (&alpha, errors) in self.alphas.iter().zip(&errors) {
            let row = Row::new(&setting, &name(alpha), &metric, "%", errors);
            let published = PUBLISHED.iter().find(|(published, _)| *published == alpha);
            let published = published.filter(|_| self.part == Part::Test);
            let source = format!("{SOURCE}, section 4.1, layers of 4000 and 2000");
            rows.push(match published {
                Some(&(_, value)) => origin.beside(row, value, &source),
                None => row,
            });
        }
        let mut notes = vec![
            format!("{}. No pre-training, no penalty.", self.tuning.note()),
            pairs::note(origin),
        ];
        if let Some((last, others)) = errors.split_last() {
            for (&alpha, errors) in self.alphas.iter().zip(others) {
                let reference = self.alphas[others.len()];
                let model = format!("{} - {}", name(alpha), name(reference));
                let setting = format!("{setting}, differences");
                let (row, note) =
                    paired::difference(&setting, &model, &metric, "points", [errors, last]);
                rows.push(row);
                notes.extend(note);
            }
        }
        Ok(Outcome { rows, notes, figures: Vec::new() })
    }
}

impl Config {
    /// What would else be found after a long time.
    fn check(&self) -> Result<(), TrainError> {
        TrainError::require(!self.alphas.is_empty(), "alphas", "at least one", "[]")?;
        let holds = |&alpha: &f32| TrainError::require(alpha > 0.0, "alphas", "above 0", alpha);
        self.alphas.iter().try_for_each(holds)?;
        positive("rate", self.rate)?;
        self.data.check()?;
        self.tuning.check_without_penalty()
    }
}
