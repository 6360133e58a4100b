//! Rows, comparisons and figures of a laboratory experiment.

use super::{Config, Measure, trial::Trial};
use crate::{
    experiments::paired,
    network::LayerStatistics,
    observe::Recorder,
    report::number,
    result::{Figure, Line, Outcome, Row, Series},
};

pub(super) struct Report<'a> {
    pub(super) config: &'a Config,
    pub(super) names: Vec<&'a str>,
    /// Of each variant, a trial for each seed.
    pub(super) trials: &'a [Vec<Trial>],
}

impl Report<'_> {
    pub(super) fn outcome(&self, recorder: &Recorder<'_>) -> Outcome {
        let mut outcome = Outcome { notes: vec![self.protocol()], ..Outcome::default() };
        let title = self.config.set.title();
        let setting = format!("{title}, {} training images", self.config.rows[0]);
        for (name, trials) in self.variants() {
            outcome.rows.extend(self.rows(&setting, name, trials));
            let diverged = trials.iter().filter_map(|trial| trial.diverged.as_ref());
            let diverged: Vec<_> = diverged.collect();
            if let Some(first) = diverged.first() {
                outcome.notes.push(format!(
                    "{name}: {} of {} runs diverged and count as a guess: {first}.",
                    diverged.len(),
                    trials.len()
                ));
            }
        }
        self.compare(&mut outcome);
        outcome.figures.push(Figure::Curves {
            name: "validation-accuracy".into(),
            title: format!("{title}: accuracy on validation images"),
            y: "accuracy".into(),
            series: recorder.series("validation_accuracy"),
        });
        if self.shows(Measure::Dead) {
            outcome.figures.push(Figure::Curves {
                name: "dead-units".into(),
                title: format!(
                    "{title}: share of units that are 0 on all images, before and after each epoch"
                ),
                y: "dead units".into(),
                series: self.over_time(dead),
            });
        }
        if self.shows(Measure::Gradients) {
            outcome.figures.push(self.gradients());
        }
        outcome
    }

    fn variants(&self) -> impl Iterator<Item = (&str, &[Trial])> {
        self.names.iter().copied().zip(self.trials.iter().map(Vec::as_slice))
    }

    fn shows(&self, measure: Measure) -> bool {
        self.config.report.contains(&measure)
    }

    fn rows(&self, setting: &str, model: &str, trials: &[Trial]) -> Vec<Row> {
        let row = |metric: &str, of: &dyn Fn(&Trial) -> f64| {
            let values: Vec<f64> = trials.iter().map(of).collect();
            Row::new(setting, model, metric, "", &values)
        };
        let percent = |metric: &str, of: &dyn Fn(&Trial) -> f64| {
            let values: Vec<f64> = trials.iter().map(of).collect();
            Row::percent(setting, model, metric, &values)
        };
        let mut rows = vec![percent("accuracy", &|trial| trial.accuracy)];
        for measure in &self.config.report {
            match measure {
                Measure::Epochs => rows.extend(self.epochs(setting, model, trials)),
                Measure::Zeros => rows.push(percent("exact zeros", &|trial| zeros(last(trial)))),
                Measure::Dead => rows.push(percent("dead units", &|trial| dead(last(trial)))),
                Measure::Mean => rows.extend(by_layer(trials).map(|l| {
                    row(&format!("mean activation, layer {}", l + 1), &|trial| last(trial)[l].mean)
                })),
                Measure::Variance => rows.extend(by_layer(trials).map(|l| {
                    let metric = format!("variance at the start, layer {}", l + 1);
                    row(&metric, &|trial| trial.layers[0][l].variance)
                })),
                Measure::Gradients => {
                    let ratio = |trial: &Trial| match trial.gradients[..] {
                        [first, .., last] if last > 0.0 => first / last,
                        _ => 0.0,
                    };
                    rows.push(row("gradient of the first layer / the last", &ratio));
                }
                Measure::Seconds => {
                    let seconds =
                        |trial: &Trial| trial.seconds / trial.validation.len().max(1) as f64;
                    rows.push(row("seconds an epoch", &seconds));
                }
            }
        }
        rows
    }

    /// Over the runs that got there; none if none did.
    fn epochs(&self, setting: &str, model: &str, trials: &[Trial]) -> Option<Row> {
        let target = self.config.target;
        let epochs: Vec<f64> =
            trials.iter().filter_map(|trial| trial.epochs_to(target)).map(|n| n as f64).collect();
        let metric = format!("epochs to {} %", number(100.0 * target, None));
        (!epochs.is_empty()).then(|| Row::new(setting, model, &metric, "", &epochs))
    }

    /// Accuracies minus those of the reference, seed by seed.
    fn compare(&self, outcome: &mut Outcome) {
        let accuracies = |trials: &[Trial]| -> Vec<f64> {
            trials.iter().map(|trial| 100.0 * trial.accuracy).collect()
        };
        let reference = accuracies(&self.trials[self.config.reference]);
        let name = self.names[self.config.reference];
        for (_, (model, trials)) in
            self.variants().enumerate().filter(|&(at, _)| at != self.config.reference)
        {
            let values = accuracies(trials);
            let setting = format!("minus {name}, by seed");
            let (row, note) =
                paired::difference(&setting, model, "accuracy", "points", [&values, &reference]);
            outcome.rows.push(row);
            outcome.notes.extend(note);
        }
    }

    fn over_time(&self, of: fn(&[LayerStatistics]) -> f64) -> Vec<Series> {
        let run = |trial: &Trial| trial.layers.iter().map(|layers| of(layers)).collect();
        let series = |(name, trials): (&str, &[Trial])| Series {
            label: name.into(),
            runs: trials.iter().map(run).collect(),
        };
        self.variants().map(series).collect()
    }

    /// Means over seeds of the norms at the start.
    fn gradients(&self) -> Figure {
        let line = |(name, trials): (&str, &[Trial])| {
            let layers = trials.first().map_or(0, |trial| trial.gradients.len());
            let mean = |l: usize| {
                trials.iter().map(|trial| trial.gradients[l]).sum::<f64>() / trials.len() as f64
            };
            let points = (0..layers).map(|l| (l as f64 + 1.0, mean(l)));
            // A logarithm has no place for 0.
            Line::new(name, points.filter(|(_, norm)| *norm > 0.0).collect())
        };
        Figure::Lines {
            name: "gradient-norms".into(),
            title: format!(
                "{}: norm of the weights' gradient before training",
                self.config.set.title()
            ),
            x: "layer, from the input".into(),
            y: "norm".into(),
            logarithmic: true,
            lines: self.variants().map(line).collect(),
        }
    }

    fn protocol(&self) -> String {
        let [fit, validation, test] = self.config.rows;
        format!(
            "{}: at most {fit} images to train on and {validation} to look at while training, drawn by the seed; {test} \
             of the published test images, read once, after the last epoch. All variants share seeds. Learning rates are \
             the configuration's, one for all variants unless it says otherwise: they were not tuned for each.",
            self.config.set.title()
        )
    }
}

/// After the last epoch.
fn last(trial: &Trial) -> &[LayerStatistics] {
    trial.layers.last().map_or(&[], Vec::as_slice)
}

fn mean(layers: &[LayerStatistics], of: impl Fn(&LayerStatistics) -> f64) -> f64 {
    layers.iter().map(of).sum::<f64>() / layers.len().max(1) as f64
}

fn dead(layers: &[LayerStatistics]) -> f64 {
    mean(layers, |layer| layer.dead)
}

fn zeros(layers: &[LayerStatistics]) -> f64 {
    mean(layers, |layer| layer.zeros)
}

/// The hidden layers.
fn by_layer(trials: &[Trial]) -> std::ops::Range<usize> {
    0..trials.first().map_or(0, |trial| last(trial).len())
}
