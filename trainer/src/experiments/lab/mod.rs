//! The laboratory: variants of one network on one data set, over the same seeds, and what differs.
//!
//! A laboratory experiment is a TOML file: settings that all variants share, then for each variant what it changes.
//! Variants share weights' seeds, shuffles and rows, so that differences between them are paired.

mod report;
mod setting;
mod trial;

use std::borrow::Cow;

use halfwave_datasets::{Dataset, preprocess::Standardiser, split::stratified_split};
use serde::Deserialize;
use toml::{Table, Value};

use super::{
    Context, Run,
    part::Part,
    sets::{Parts, Set},
};
use crate::{Error, config, observe::Recorder, own::Preprocessing, result::Outcome};
use report::Report;
use setting::Setting;
use trial::{Sets, Trial};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    set: Set,
    part: Part,
    /// Training, validation and test images, at most.
    rows: [usize; 3],
    report: Vec<Measure>,
    /// Validation accuracy that counts as learned.
    target: f64,
    /// The variant that the others are compared with.
    reference: String,
    /// Further pairs that are compared, the first with the second.
    #[serde(default)]
    compare: Vec<[String; 2]>,
    /// Whether each pixel is brought to zero mean and unit variance, by the training images.
    #[serde(default)]
    standardise: bool,
    base: Table,
    variants: Table,
}

/// What is reported beside the accuracy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Measure {
    /// Epochs until the validation accuracy is that of `target`.
    Epochs,
    /// Share of activations that are exactly 0, over all layers.
    Zeros,
    /// Share of units that are 0 on all validation images, over all layers; and over time.
    Dead,
    /// Mean activation of each layer.
    Mean,
    /// Variance of the activations of each layer; and before training.
    Variance,
    /// Norm of the gradient of the weights, layer by layer, before training, and of the first layer over time; of
    /// recurrent networks that of the hidden units, step by step, before training.
    Gradients,
    /// What the head asks: the norm of the gradient of the outputs, and the share of images whose right output is dead;
    /// before training and over time.
    Head,
    /// Share of hidden units times images that changed from on to off or back, in the first epoch and the last; and over
    /// time. A unit's boundary moved across these images.
    Boundaries,
    /// Seconds of an epoch.
    Seconds,
}

/// A laboratory experiment.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Config {
    set: Set,
    part: Part,
    rows: [usize; 3],
    report: Vec<Measure>,
    target: f64,
    standardise: bool,
    /// The reference first.
    variants: Vec<(String, Setting)>,
    /// Numbers of variants that are compared, the first with the second: all others with the reference, then further pairs.
    pairs: Vec<[usize; 2]>,
}

impl TryFrom<Written> for Config {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written {
            set,
            part,
            rows,
            report,
            target,
            reference,
            compare,
            standardise,
            base,
            variants,
        } = written;
        let variant = |(name, change): (String, Value)| {
            let Value::Table(change) = change else {
                return Err(format!("variants.{name}: expected a table"));
            };
            let setting = config::typed::<Setting>(config::merge(base.clone(), change));
            let setting = setting.map_err(|error| format!("variants.{name}: {error}"))?;
            setting.check().map_err(|error| format!("variants.{name}: {error}"))?;
            Ok((name, setting))
        };
        let mut variants = variants.into_iter().map(variant).collect::<Result<Vec<_>, _>>()?;
        let at = variants.iter().position(|(name, _)| *name == reference);
        let at = at.ok_or_else(|| format!("reference: no variant is called {reference}"))?;
        variants[..=at].rotate_right(1);
        let number = |name: &String| {
            let at = variants.iter().position(|(other, _)| other == name);
            at.ok_or_else(|| format!("compare: no variant is called {name}"))
        };
        let mut pairs: Vec<[usize; 2]> = (1..variants.len()).map(|i| [i, 0]).collect();
        for [model, reference] in &compare {
            pairs.push([number(model)?, number(reference)?]);
        }
        if rows.contains(&0) {
            return Err("rows: expected at least 1 of each".into());
        }
        Ok(Self { set, part, rows, report, target, standardise, variants, pairs })
    }
}

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let [_, _, tested] = self.rows;
        let Parts { train, test } =
            Parts::load(self.set, [usize::MAX, tested], 0, context.locator)?;
        // What would else be found after the variants before it.
        for (name, setting) in &self.variants {
            let model = setting.model(&train).check(&train);
            model.map_err(|error| Error::Usage(format!("variants.{name}: {error}")))?;
        }
        let mut recorder = Recorder::new(&mut *context.observer);
        let mut trials: Vec<Vec<Trial>> = vec![Vec::new(); self.variants.len()];
        let mut rows = [0; 3];
        for &seed in context.seeds {
            let [mut fit, mut validation] = self.parts(&train, seed)?;
            rows = [fit.rows(), validation.rows(), test.rows()];
            let mut test = Cow::Borrowed(&test);
            let mut preprocessing = Preprocessing::default();
            if self.standardise {
                let standardiser = Standardiser::fit(&fit.x, fit.width)?;
                for set in [&mut fit, &mut validation, test.to_mut()] {
                    standardiser.apply(&mut set.x)?;
                }
                preprocessing.standardiser = Some(standardiser);
            }
            let measured = match self.part {
                Part::Test => &*test,
                Part::Validation => &validation,
            };
            let sets = Sets { fit: &fit, validation: &validation, measured, preprocessing };
            for ((name, setting), trials) in self.variants.iter().zip(&mut trials) {
                let run = format!("{name}, seed {seed}");
                trials.push(Trial::new(context.level, setting, &sets, seed, &run, &mut recorder)?);
            }
        }
        let names = self.variants.iter().map(|(name, _)| name.as_str()).collect();
        let report = Report { config: self, rows, names, trials: &trials };
        Ok(report.outcome(&recorder))
    }
}

impl Config {
    /// Whether there is a recurrent network among the variants.
    fn recurrent(&self) -> bool {
        self.variants.iter().any(|(_, setting)| setting.is_recurrent())
    }

    /// Rows to train on and to look at while training, drawn by the seed, as many of each class as in the whole.
    fn parts(&self, train: &Dataset, seed: u64) -> Result<[Dataset; 2], Error> {
        let [fit, validation, _] = self.rows;
        let share = (validation as f64 / train.rows() as f64).min(0.5);
        let split = stratified_split(&train.labels, share, seed)?;
        let first = |rows: &[usize], most: usize| train.subset(&rows[..rows.len().min(most)]);
        Ok([first(&split.train, fit), first(&split.test, validation)])
    }
}

#[cfg(test)]
mod tests {
    use halfwave_datasets::Locator;
    use halfwave_kernels::Level;

    use super::super::embedded;
    use super::*;
    use crate::{
        observe::Silent,
        result::{Figure, Row},
    };

    fn read(change: &str) -> Result<Config, String> {
        let mut table = embedded(include_str!("../configs/lab-mlp.toml"));
        config::set(&mut table, &change.parse().unwrap()).map_err(|error| error.to_string())?;
        config::typed(table).map_err(|error| error.to_string())
    }

    #[test]
    fn variants_change_the_base() {
        let config = read("base.epochs=3").unwrap();
        assert!(config.variants.len() > 5);
        assert!(config.variants.iter().all(|(_, setting)| setting.epochs == 3));
        assert_eq!(config.variants[0].0, "relu");
    }

    /// Everything but the data, in seconds.
    #[test]
    fn variants_are_trained_and_compared() {
        let mut table = embedded(include_str!("../configs/lab-mlp.toml"));
        for change in [
            "set=\"optdigits\"",
            "rows=[400, 200, 300]",
            "report=[\"epochs\", \"zeros\", \"dead\", \"mean\", \"variance\", \"gradients\", \"head\", \"boundaries\", \"seconds\"]",
            "target=0.5",
            "base.hidden=[32, 16]",
            "base.batch=20",
            "base.optimiser.learning_rate=0.01",
            "base.epochs=6",
        ] {
            config::set(&mut table, &change.parse().unwrap()).unwrap();
        }
        let config: Config = config::typed(table).unwrap();
        let locator = Locator::new(None);
        let (level, seeds, observer) = (Level::best(), &[1, 2][..], &mut Silent);
        let mut context = Context { level, seeds, locator: &locator, observer };
        let outcome = config.run(&mut context).unwrap();
        assert!(outcome.rows.iter().all(|row| row.value.is_finite()), "{:?}", outcome.rows);
        let of = |model: &str, metric: &str| {
            let row = outcome.rows.iter().find(|row| row.model == model && row.metric == metric);
            row.unwrap_or_else(|| panic!("{model} {metric}")).clone()
        };
        let relu = of("relu", "accuracy");
        assert!(relu.value > 80.0 && relu.n == 2, "{relu:?}");
        assert!((20.0..80.0).contains(&of("relu", "exact zeros").value));
        assert!(of("tanh", "mean activation, layer 2").value.abs() < 0.5);
        let difference =
            outcome.rows.iter().find(|row| row.unit == "points" && row.model == "tanh");
        let expected = of("tanh", "accuracy").value - relu.value;
        assert!((difference.unwrap().value - expected).abs() < 1e-9);
        assert!(
            (0.1..0.9).contains(&(of("relu", "boundaries crossed, first epoch").value / 100.0))
        );
        assert_eq!(of("relu", "dead right outputs, before training").value, 0.0);
        let files: Vec<_> = outcome.figures.iter().map(Figure::file).collect();
        for file in [
            "dead-units.svg",
            "dead-units-layer-1.svg",
            "dead-units-layer-2.svg",
            "zeros-by-layer.svg",
        ] {
            assert!(files.iter().any(|name| name == file), "{file}: {files:?}");
        }
        assert_eq!(files.len(), 8 + 3);
    }

    /// With the test unread, the accuracy is that of the validation images after the last epoch.
    #[test]
    fn the_test_can_be_left_unread() {
        #[derive(Default)]
        struct Last(f64);
        impl crate::observe::Observer for Last {
            fn epoch(&mut self, epoch: &crate::observe::Epoch<'_>) {
                let metric = epoch.metrics.iter().find(|(name, _)| *name == "validation_accuracy");
                self.0 = metric.map_or(f64::NAN, |(_, value)| *value);
            }
        }
        let mut table = embedded(include_str!("../configs/lab-selu.toml"));
        for change in ["set=\"optdigits\"", "rows=[400, 150, 300]", "base.epochs=2"] {
            config::set(&mut table, &change.parse().unwrap()).unwrap();
        }
        let accuracies = ["test", "validation"].map(|part| {
            let mut table = table.clone();
            config::set(&mut table, &format!("part={part}").parse().unwrap()).unwrap();
            let config: Config = config::typed(table).unwrap();
            let (locator, level, seeds) = (Locator::new(None), Level::best(), &[1][..]);
            let mut last = Last::default();
            let mut context = Context { level, seeds, locator: &locator, observer: &mut last };
            let outcome = config.run(&mut context).unwrap();
            let (name, _) = config.variants.last().unwrap();
            let of = |row: &&Row| row.model == *name && row.metric == "accuracy";
            (outcome.rows.iter().find(of).unwrap().value, 100.0 * last.0)
        });
        let [(test, seen), (validation, also_seen)] = accuracies;
        assert_eq!(seen, also_seen, "the same training");
        assert!((validation - seen).abs() < 1e-9 && (test - seen).abs() > 1e-9, "{accuracies:?}");
    }

    #[test]
    fn wrong_settings_say_where() {
        let error = read("reference=\"rely\"").unwrap_err();
        assert!(error.contains("no variant is called rely"), "{error}");
        let compared = |pair: &str| {
            let text = include_str!("../configs/lab-mlp.toml");
            let mut table = embedded(&format!("compare = [[{pair}]]\n{text}"));
            config::set(&mut table, &"base.epochs=1".parse().unwrap()).unwrap();
            config::typed::<Config>(table).map_err(|error| error.to_string())
        };
        let pairs = compared("\"elu\", \"selu\"").unwrap();
        let last = pairs.pairs.last().unwrap().map(|i| pairs.variants[i].0.as_str());
        assert_eq!((pairs.pairs.len(), last), (pairs.variants.len(), ["elu", "selu"]));
        let error = compared("\"elu\", \"sleu\"").unwrap_err();
        assert!(error.contains("compare: no variant is called sleu"), "{error}");
        let error = read("variants.tanh.activation=\"tan\"").unwrap_err();
        assert!(error.contains("variants.tanh"), "{error}");
        assert!(read("rows=[0, 1, 1]").is_err());
        let rnn = |change: &str| {
            let mut table = embedded(include_str!("../configs/lab-rnn.toml"));
            config::set(&mut table, &change.parse().unwrap()).unwrap();
            config::typed::<Config>(table).map_err(|error| error.to_string())
        };
        assert!(rnn("base.epochs=1").is_ok());
        assert!(rnn("base.hidden=[10, 10]").unwrap_err().contains("one number of hidden units"));
        assert!(rnn("base.activation=\"prelu\"").unwrap_err().contains("without parameters"));
        assert!(rnn("base.body=\"mlp\"").unwrap_err().contains("for rnn only"));
    }

    /// What is said of it after the last epoch would be of a network that was hardly trained.
    #[test]
    fn a_run_that_diverges_is_a_guess_and_no_more() {
        let mut table = embedded(include_str!("../configs/lab-dying.toml"));
        for change in [
            "set=\"optdigits\"",
            "rows=[400, 200, 300]",
            "report=[\"zeros\", \"dead\", \"mean\"]",
            "base.hidden=[16]",
            "base.epochs=2",
            "base.optimiser.learning_rate=1e30",
        ] {
            config::set(&mut table, &change.parse().unwrap()).unwrap();
        }
        let config: Config = config::typed(table).unwrap();
        let (locator, level, seeds) = (Locator::new(None), Level::best(), &[1][..]);
        let mut context = Context { level, seeds, locator: &locator, observer: &mut Silent };
        let outcome = config.run(&mut context).unwrap();
        let of = |model: &str| -> Vec<_> {
            let rows = outcome.rows.iter().filter(|row| row.model == model && row.unit != "points");
            rows.map(|row| row.metric.as_str()).collect()
        };
        assert_eq!(of("relu"), ["accuracy"]);
        assert_eq!(
            of("relu_lower_rate"),
            ["accuracy", "exact zeros", "dead units", "mean activation, layer 1"]
        );
        assert!(outcome.notes.iter().any(|note| note.starts_with("relu: 1 of 1 runs diverged")));
        assert!(outcome.notes[0].contains("400 images to train on and 200 to look at"));
    }

    /// Found before the first variant is trained.
    #[test]
    fn a_variant_that_cannot_be_made_is_named() {
        let mut table = embedded(include_str!("../configs/lab-mlp.toml"));
        for change in ["set=\"optdigits\"", "base.hidden=[16, 0]"] {
            config::set(&mut table, &change.parse().unwrap()).unwrap();
        }
        let config: Config = config::typed(table).unwrap();
        let (locator, level, seeds) = (Locator::new(None), Level::best(), &[1][..]);
        let mut context = Context { level, seeds, locator: &locator, observer: &mut Silent };
        let error = config.run(&mut context).unwrap_err().to_string();
        assert!(error.contains("variants.relu: ") && error.contains("units"), "{error}");
    }
}
