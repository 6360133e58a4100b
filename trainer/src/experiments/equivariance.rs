//! Scaling all intensities by α, through rectifiers without biases: f(α x) = α f(x), and cosines stay (Nair &
//! Hinton 2010, section 3). Binary units and rectifiers with biases stand beside them; then what it buys where
//! the scanner of the test images has another gain than that of the training images.

use halfwave_datasets::Dataset;
use halfwave_kernels::Level;
use serde::Deserialize;

use super::{
    Context, Run,
    features::{self, Logistic},
    sets::{self, Set, first_found},
};
use crate::{
    Error,
    buffers::wide_dot,
    metrics::accuracy,
    observe::Observer,
    rbm::{Rbm, RbmConfig},
    result::{Figure, Line, Outcome, Row, Stroke},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    sets: Vec<Set>,
    train_rows: usize,
    test_rows: usize,
    alphas: Vec<f32>,
    gains: Vec<f32>,
    /// Without biases; its size is that of all machines.
    nrelu: RbmConfig,
    /// On the features of the first, scaled to at most 1.
    second: RbmConfig,
    bernoulli: RbmConfig,
    logistic: Logistic,
}

/// From an image to features.
#[derive(Clone, Debug)]
enum Features {
    Pixels,
    One(Box<Rbm>),
    /// The second on the features of the first, divided by their largest.
    Two(Box<[Rbm; 2]>, f32),
}

impl Features {
    fn of(&self, level: Level, x: &[f32]) -> Vec<f32> {
        match self {
            Self::Pixels => x.to_vec(),
            Self::One(rbm) => rbm.features(level, x),
            Self::Two(rbms, largest) => {
                let mut h = rbms[0].features(level, x);
                h.iter_mut().for_each(|h| *h /= largest);
                rbms[1].features(level, &h)
            }
        }
    }
}

/// How far features of α x are from α f(x), and cosines from those of x: the largest of all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Difference {
    /// ‖f(α x) − α f(x)‖ / ‖α f(x)‖.
    relative: f64,
    /// |cos(f(α x), f(y)) − cos(f(x), f(y))|, where y is the next row.
    cosine: f64,
}

/// 0 where a vector is 0.
fn cosine(a: &[f32], b: &[f32]) -> f64 {
    let norms = (wide_dot(a, a) * wide_dot(b, b)).sqrt();
    if norms == 0.0 { 0.0 } else { wide_dot(a, b) / norms }
}

impl Difference {
    /// Of features `scaled` = f(α x) and `plain` = f(x), both `[rows, width]`.
    fn new(alpha: f32, scaled: &[f32], plain: &[f32], width: usize) -> Self {
        let rows = plain.len() / width;
        let row = |x: &[f32], i: usize| -> Vec<f32> { x[i * width..][..width].to_vec() };
        let mut largest = Self::default();
        for i in 0..rows {
            let (s, p, next) = (row(scaled, i), row(plain, i), row(plain, (i + 1) % rows));
            let alpha = f64::from(alpha);
            let square =
                s.iter().zip(&p).map(|(&s, &p)| (f64::from(s) - alpha * f64::from(p)).powi(2));
            let norm = alpha * wide_dot(&p, &p).sqrt();
            if norm > 0.0 {
                largest.relative = largest.relative.max(square.sum::<f64>().sqrt() / norm);
            }
            let moved = (cosine(&s, &next) - cosine(&p, &next)).abs();
            largest.cosine = largest.cosine.max(moved);
        }
        largest
    }
}

/// A model of the comparison.
struct Model {
    name: &'static str,
    features: Features,
    /// Whether features are divided by their norm before the classifier.
    normalised: bool,
}

impl Model {
    /// What the classifier sees.
    fn input(&self, level: Level, x: &[f32], rows: usize) -> Vec<f32> {
        let mut h = self.features.of(level, x);
        if self.normalised {
            let width = h.len() / rows;
            for h in h.chunks_exact_mut(width) {
                let norm = wide_dot(h, h).sqrt() as f32;
                if norm > 0.0 {
                    h.iter_mut().for_each(|h| *h /= norm);
                }
            }
        }
        h
    }
}

fn scaled(x: &[f32], factor: f32) -> Vec<f32> {
    x.iter().map(|x| x * factor).collect()
}

impl Run for Config {
    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        self.check()?;
        let rows = [self.train_rows, self.test_rows];
        // By model, then by α or gain, a value for each seed.
        let mut differences: Vec<Vec<Vec<Difference>>> = Vec::new();
        let mut accuracies: Vec<Vec<Vec<f64>>> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        let mut set = Set::Optdigits;
        for &seed in seeds {
            let (found, parts) =
                first_found(&self.sets, |set| sets::Parts::load(set, rows, seed, locator))?;
            set = found;
            let models = self.models(level, &parts, seed, &mut **observer)?;
            names = models.iter().map(|model| model.name).collect();
            differences.resize(models.len(), vec![Vec::new(); self.alphas.len()]);
            accuracies.resize(models.len(), vec![Vec::new(); self.gains.len()]);
            for (m, model) in models.iter().enumerate() {
                let plain = model.features.of(level, &parts.test.x);
                let width = plain.len() / parts.test.rows();
                for (i, &alpha) in self.alphas.iter().enumerate() {
                    let moved = model.features.of(level, &scaled(&parts.test.x, alpha));
                    differences[m][i].push(Difference::new(alpha, &moved, &plain, width));
                }
                let reached = self.accuracies(level, &parts, model, seed, &mut **observer)?;
                accuracies[m].iter_mut().zip(reached).for_each(|(all, one)| all.push(one));
            }
        }
        let mut outcome = Outcome { notes: self.notes(set), ..Outcome::default() };
        self.report_differences(set, &names, &differences, &mut outcome);
        self.report_accuracies(set, &names, &accuracies, &mut outcome);
        Ok(outcome)
    }
}

impl Config {
    fn check(&self) -> Result<(), Error> {
        let positive =
            |all: &[f32]| !all.is_empty() && all.iter().all(|&x| x > 0.0 && x.is_finite());
        if !positive(&self.alphas) || !positive(&self.gains) {
            return Err(Error::Usage("alphas, gains: expected numbers above 0".into()));
        }
        if self.nrelu.hidden_biases || self.second.hidden_biases {
            let text = "nrelu, second: expected hidden_biases = false, which is what is shown";
            return Err(Error::Usage(text.into()));
        }
        Ok(())
    }

    fn models(
        &self,
        level: Level,
        parts: &sets::Parts,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Vec<Model>, Error> {
        let x = &parts.train.x;
        let mut train = |config: &RbmConfig, x: &[f32], width: usize, name: &str| {
            let mut rbm = Rbm::new(config, width, seed)?;
            rbm.fit(level, x, &format!("{name}, seed {seed}"), observer)?;
            Ok::<Rbm, Error>(rbm)
        };
        let width = parts.train.width;
        let first = train(&self.nrelu, x, width, "NReLU without biases")?;
        let mut h = first.features(level, x);
        let largest = h.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        h.iter_mut().for_each(|h| *h /= largest);
        let second = train(&self.second, &h, first.hidden_units(), "second layer")?;
        let with = RbmConfig { hidden_biases: true, ..self.nrelu.clone() };
        let with = train(&with, x, width, "NReLU with biases")?;
        let binary = train(&self.bernoulli, x, width, "Bernoulli")?;
        let one = |rbm: &Rbm| Features::One(Box::new(rbm.clone()));
        let two = Features::Two(Box::new([first.clone(), second]), largest);
        let model = |name, features, normalised| Model { name, features, normalised };
        Ok(vec![
            model("pixels", Features::Pixels, false),
            model("pixels, normalised", Features::Pixels, true),
            model("Bernoulli", one(&binary), false),
            model("Bernoulli, normalised", one(&binary), true),
            model("NReLU with biases, normalised", one(&with), true),
            model("NReLU, no biases", one(&first), false),
            model("NReLU, no biases, normalised", one(&first), true),
            model("two layers of NReLU, no biases, normalised", two, true),
        ])
    }

    /// Accuracy on the test images at each gain of a model that is trained at gain 1.
    fn accuracies(
        &self,
        level: Level,
        parts: &sets::Parts,
        model: &Model,
        seed: u64,
        observer: &mut dyn Observer,
    ) -> Result<Vec<f64>, Error> {
        let input = |set: &Dataset, gain: f32| {
            let x = model.input(level, &scaled(&set.x, gain), set.rows());
            let width = x.len() / set.rows();
            Dataset::new(x, &[width], set.labels.clone(), &set.class_names)
        };
        let mut at_1 = features::Parts::new(input(&parts.train, 1.0)?, input(&parts.test, 1.0)?);
        at_1.divide(self.logistic.validation_fraction, seed)?;
        let standardiser = at_1.standardise()?;
        let run = format!("{} for logistic regression, seed {seed}", model.name);
        let classifier = self.logistic.fit(level, &at_1, seed, &run, observer)?;
        let at = |&gain: &f32| {
            let mut test = input(&parts.test, gain)?;
            standardiser.apply(&mut test.x)?;
            Ok(accuracy(&test.labels, &classifier.predict(level, &test.x)))
        };
        self.gains.iter().map(at).collect()
    }

    fn report_differences(
        &self,
        set: Set,
        names: &[&str],
        differences: &[Vec<Vec<Difference>>],
        outcome: &mut Outcome,
    ) {
        let low = self.alphas.iter().copied().fold(f32::MAX, f32::min);
        let high = self.alphas.iter().copied().fold(f32::MIN, f32::max);
        let setting = format!("{}, images times α = {low} to {high}: the largest", set.name());
        let seeds = differences.first().and_then(|of| of.first()).map_or(0, Vec::len);
        let mut lines = Vec::new();
        for (name, of_model) in names.iter().zip(differences) {
            // Norms change nothing here, and pixels have no units.
            let name = name.trim_end_matches(", normalised");
            if name == "pixels" || lines.iter().any(|line: &Line| line.label == name) {
                continue;
            }
            let largest = |metric: &dyn Fn(&Difference) -> f64| -> Vec<f64> {
                let of_seed = |s: usize| of_model.iter().map(|a| metric(&a[s])).fold(0.0, f64::max);
                (0..seeds).map(of_seed).collect()
            };
            let relative = "‖f(αx) − α f(x)‖ / ‖α f(x)‖";
            let cosine = "change of a cosine";
            outcome.rows.push(Row::new(&setting, name, relative, "", &largest(&|d| d.relative)));
            outcome.rows.push(Row::new(&setting, name, cosine, "", &largest(&|d| d.cosine)));
            let mean =
                |of: &Vec<Difference>| of.iter().map(|d| d.cosine).sum::<f64>() / seeds as f64;
            let points = self.alphas.iter().zip(of_model);
            let points = points.map(|(&alpha, of)| (f64::from(alpha).log2(), mean(of)));
            // Dashed, it is seen on the line of one layer.
            let stroke = dashed(name.starts_with("two"));
            lines.push(Line { stroke, ..Line::new(name, points.collect()) });
        }
        outcome.figures.push(Figure::Lines {
            name: "equivariance-cosine".into(),
            title: format!("{}: how far a cosine moves when one image is scaled by α", set.name()),
            x: "log₂ α".into(),
            y: "largest change of a cosine".into(),
            logarithmic: false,
            lines,
        });
    }

    fn report_accuracies(
        &self,
        set: Set,
        names: &[&str],
        accuracies: &[Vec<Vec<f64>>],
        outcome: &mut Outcome,
    ) {
        for (i, gain) in self.gains.iter().enumerate() {
            let setting = format!("{}, trained at gain 1, tested at gain {gain}", set.name());
            for (name, of_model) in names.iter().zip(accuracies) {
                outcome.rows.push(Row::percent(&setting, name, "accuracy", &of_model[i]));
            }
        }
        let mean = |of: &[f64]| 100.0 * of.iter().sum::<f64>() / of.len() as f64;
        let line = |(name, of_model): (&&str, &Vec<Vec<f64>>)| {
            let points = self.gains.iter().zip(of_model);
            let points = points.map(|(&gain, of)| (f64::from(gain).log2(), mean(of)));
            Line {
                stroke: dashed(name.starts_with("pixels")),
                ..Line::new(*name, points.collect())
            }
        };
        outcome.figures.push(Figure::Lines {
            name: "equivariance-gain".into(),
            title: format!("{}: another gain in the test than in training", set.name()),
            x: "log₂ of the test gain (training: 0)".into(),
            y: "accuracy %".into(),
            logarithmic: false,
            // What is not normalised moves with every gain; the table has it.
            lines: names
                .iter()
                .zip(accuracies)
                .filter(|(name, _)| name.starts_with("pixels") || name.ends_with("normalised"))
                .map(line)
                .collect(),
        });
    }

    fn notes(&self, set: Set) -> Vec<String> {
        vec![
            format!(
                "{}: at most {} training and {} test images in [0, 1]; RBMs of {} hidden units by CD-1, trained at gain 1. \
                 Features are max(0, v W) or σ(v W + c), without noise; normalised is divided by the Euclidean norm. \
                 Logistic regression on features, standardised by the training rows.",
                set.name(),
                self.train_rows,
                self.test_rows,
                self.nrelu.hidden_units
            ),
            "Gain is a factor on all intensities, without clipping and without rounding to bytes. Normalised pixels \
             are as indifferent to it as normalised features of rectifiers without biases; binary units and biases \
             are what breaks it."
                .into(),
        ]
    }
}

fn dashed(is: bool) -> Stroke {
    if is { Stroke::Dashed } else { Stroke::Solid }
}

#[cfg(test)]
mod tests {
    use halfwave_kernels::units::Unit;

    use super::*;
    use crate::rbm::Visible;

    fn rbm(hidden: Unit, bias: f32) -> Rbm {
        let config = RbmConfig::new(Visible::Bernoulli, hidden, 7);
        let weights: Vec<f32> = (0..35).map(|i| ((i * 37 % 11) as f32 - 5.0) / 7.0).collect();
        Rbm::from_parameters(&config, &weights, &[0.0; 5], &[bias; 7], 1).unwrap()
    }

    fn difference(features: &Features, alpha: f32) -> Difference {
        let x: Vec<f32> = (0..50).map(|i| (i * 29 % 17) as f32 / 17.0).collect();
        let plain = features.of(Level::best(), &x);
        let moved = features.of(Level::best(), &scaled(&x, alpha));
        Difference::new(alpha, &moved, &plain, plain.len() / 10)
    }

    #[test]
    fn rectifiers_without_biases_are_equivariant_and_others_are_not() {
        let one = Features::One(Box::new(rbm(Unit::Nrelu, 0.0)));
        for alpha in [0.25, 0.5, 2.0, 4.0] {
            assert_eq!(difference(&one, alpha), Difference::default(), "powers of two are exact");
        }
        for alpha in [0.1, 3.0, 10.0] {
            let found = difference(&one, alpha);
            assert!(found.relative < 1e-6 && found.cosine < 1e-6, "{alpha}: {found:?}");
            for other in [rbm(Unit::Nrelu, 0.5), rbm(Unit::Bernoulli, 0.0)] {
                let found = difference(&Features::One(Box::new(other)), alpha);
                assert!(found.relative > 0.01 && found.cosine > 1e-3, "{alpha}: {found:?}");
            }
        }
    }

    #[test]
    fn normalised_features_have_norm_1() {
        let features = Features::One(Box::new(rbm(Unit::Nrelu, 0.0)));
        let model = Model { name: "", features, normalised: true };
        let h = model.input(Level::best(), &[0.1, 0.2, 0.3, 0.4, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0], 2);
        assert!((wide_dot(&h[..7], &h[..7]) - 1.0).abs() < 1e-6);
        assert_eq!(h[7..], [0.0; 7]);
    }
}
