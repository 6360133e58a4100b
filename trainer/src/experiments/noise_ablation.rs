//! Does the variance of NReLU's noise matter? 0, σ(x)², σ(x) (Nair & Hinton 2010) and 1, in RBMs by CD-1: reconstruction, activity, and features for logistic regression.
//!
//! Seeds share weights, shuffles and normal variates over the variances, so that differences are paired.

use halfwave_kernels::{Level, rng::Stream};
use serde::Deserialize;

use super::{
    Context, Run,
    features::{self, Logistic, Parts},
    paired,
    sets::{self, Set, first_found},
};
use crate::{
    Error,
    observe::Recorder,
    rbm::{NreluNoise, Rbm, RbmConfig},
    result::{Figure, Outcome, Row},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    sets: Vec<Set>,
    noises: Vec<NreluNoise>,
    train_rows: usize,
    test_rows: usize,
    rbm: RbmConfig,
    logistic: Logistic,
}

/// What one variance reaches, a value for each seed.
#[derive(Clone, Debug, Default)]
struct Reached {
    accuracy: Vec<f64>,
    /// Mean squared error of a pixel, from noiseless hidden units.
    clean: Vec<f64>,
    /// The same from samples.
    sampled: Vec<f64>,
    active: Vec<f64>,
}

const PAPERS: NreluNoise = NreluNoise::Sigmoid;

fn name(noise: NreluNoise) -> &'static str {
    match noise {
        NreluNoise::None => "V = 0",
        NreluNoise::SigmoidSquared => "V = σ(x)²",
        NreluNoise::Sigmoid => "V = σ(x), the paper's",
        NreluNoise::One => "V = 1",
    }
}

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        let rows = [self.train_rows, self.test_rows];
        let (set, loaded) =
            first_found(&self.sets, |set| sets::Parts::load(set, rows, 0, locator))?;
        let mut parts = Parts::new(loaded.train, loaded.test);
        let mut recorder = Recorder::new(&mut **observer);
        let mut all = vec![Reached::default(); self.noises.len()];
        for &seed in seeds {
            parts.divide(self.logistic.validation_fraction, seed)?;
            for (&noise, reached) in self.noises.iter().zip(&mut all) {
                let config = RbmConfig { nrelu_noise: noise, ..self.rbm.clone() };
                let (rbm, accuracy) = features::named_rbm(
                    level,
                    &parts,
                    (name(noise), &config),
                    &self.logistic,
                    seed,
                    &mut recorder,
                )?;
                reached.accuracy.push(accuracy);
                reached.measure(level, &rbm, &parts.test.x, seed);
            }
        }
        let mut outcome = Outcome { notes: vec![self.note(set)], ..Outcome::default() };
        self.report(set, &all, &mut outcome);
        outcome.figures.push(Figure::Curves {
            name: "noise-reconstruction".into(),
            title: format!(
                "{}: reconstruction error while training, by variance of the noise",
                set.name()
            ),
            y: "mean squared error of a pixel, from samples".into(),
            series: recorder.series("reconstruction_error"),
        });
        Ok(outcome)
    }
}

impl Reached {
    fn measure(&mut self, level: Level, rbm: &Rbm, x: &[f32], seed: u64) {
        let error = |v: &[f32]| {
            let squares = x.iter().zip(v).map(|(a, b)| f64::from(a - b).powi(2));
            squares.sum::<f64>() / x.len() as f64
        };
        self.clean.push(error(&rbm.reconstruct(level, x)));
        let h = rbm.hidden_sample(level, Stream::new(seed).at(0), x);
        self.sampled.push(error(&rbm.visible_mean(level, &h)));
        let h = rbm.features(level, x);
        self.active.push(h.iter().filter(|&&h| h > 0.0).count() as f64 / h.len() as f64);
    }
}

impl Config {
    fn report(&self, set: Set, all: &[Reached], outcome: &mut Outcome) {
        let setting = &format!("{}, {} NReLU units by CD-1", set.name(), self.rbm.hidden_units);
        for (&noise, reached) in self.noises.iter().zip(all) {
            let model = name(noise);
            outcome.rows.extend([
                Row::percent(setting, model, "accuracy on features", &reached.accuracy),
                Row::new(setting, model, "squared error, noiseless h", "", &reached.clean),
                Row::new(setting, model, "squared error, sampled h", "", &reached.sampled),
                Row::percent(setting, model, "active units", &reached.active),
            ]);
        }
        let Some(at) = self.noises.iter().position(|&noise| noise == PAPERS) else { return };
        let setting = "minus the paper's variance, by seed";
        for (&noise, reached) in self.noises.iter().zip(all).filter(|(noise, _)| **noise != PAPERS)
        {
            let percent = |values: &[f64]| values.iter().map(|v| 100.0 * v).collect::<Vec<_>>();
            let accuracies = [&reached.accuracy, &all[at].accuracy].map(|v| percent(v));
            let model = name(noise);
            for (row, note) in [
                paired::difference(
                    setting,
                    model,
                    "accuracy on features",
                    "points",
                    [&accuracies[0], &accuracies[1]],
                ),
                paired::difference(
                    setting,
                    model,
                    "squared error, noiseless h",
                    "",
                    [&reached.clean, &all[at].clean],
                ),
            ] {
                outcome.rows.push(row);
                outcome.notes.extend(note);
            }
        }
    }

    fn note(&self, set: Set) -> String {
        let RbmConfig { epochs, learning_rate, hidden_units, .. } = self.rbm;
        format!(
            "{}: at most {} training images, in [0, 1] as probabilities; {hidden_units} NReLU units, CD-1, {epochs} \
             epochs at {learning_rate}; the statistics of the gradient are max(0, x) for every variance, so that noise acts \
             on reconstructions only. Logistic regression on standardised max(0, v W + c), without noise; accuracy \
             and errors on at most {} test images, of the published ones or, where there are none, of a fifth of the set drawn by a seed. No published comparison of variances was found.",
            set.name(),
            self.train_rows,
            self.test_rows,
        )
    }
}
