//! Rows, comparisons and figures of a laboratory experiment.

use super::{
    Config, Measure,
    trial::{Look, Trial},
};
use crate::{
    experiments::{paired, part::Part},
    network::LayerStatistics,
    observe::Recorder,
    report::number,
    result::{Figure, Line, Outcome, Row, Series},
};

/// On images with the noise of the setting.
const NOISY: &str = "accuracy on noisy images";

type Accuracy = fn(&Trial) -> Option<f64>;

/// What an axis of gradients shows.
const NORM: &str = "norm of the gradient";

pub(super) struct Report<'a> {
    pub(super) config: &'a Config,
    /// To train on, to look at while training, and to test on.
    pub(super) rows: [usize; 3],
    pub(super) names: Vec<&'a str>,
    /// Of each variant, a trial for each seed.
    pub(super) trials: &'a [Vec<Trial>],
}

impl Report<'_> {
    pub(super) fn outcome(&self, recorder: &Recorder<'_>) -> Outcome {
        let mut outcome = Outcome { notes: vec![self.protocol()], ..Outcome::default() };
        let title = self.config.set.title();
        let setting = format!("{title}, {} training images", self.rows[0]);
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
        outcome
            .figures
            .extend(self.config.report.iter().flat_map(|&measure| self.figures(measure)));
        outcome
    }

    /// What a measure shows in pictures.
    fn figures(&self, measure: Measure) -> Vec<Figure> {
        const AROUND: &str = "before and after each epoch";
        let gradients = |trial: &Trial| Some(trial.looks[0].gradients.clone());
        match measure {
            Measure::Dead => {
                let of = |l: Option<usize>| {
                    let name = l.map_or_else(String::new, |l| format!("-layer-{}", l + 1));
                    let place = l.map_or_else(String::new, |l| format!(" of layer {}", l + 1));
                    let what = format!("share of units{place} that are 0 on all images, {AROUND}");
                    self.over_time(&format!("dead-units{name}"), ["dead units", &what], |look| {
                        l.map_or_else(
                            || Some(dead(&look.layers)),
                            |l| Some(look.layers.get(l)?.dead),
                        )
                    })
                };
                let layers = self.trials.iter().map(|trials| by_layer(trials).end).max();
                let each = (0..layers.unwrap_or(0)).filter(|_| layers > Some(1)).map(Some);
                [None].into_iter().chain(each).map(of).collect()
            }
            Measure::Zeros => vec![self.by_layer(
                "zeros-by-layer",
                "share of exact zeros after the last epoch",
                false,
                |trial| {
                    let zeros = || last(trial).iter().map(|layer| layer.zeros).collect();
                    trial.diverged.is_none().then(zeros)
                },
            )],
            Measure::Gradients if self.config.recurrent() => vec![self.by_layer(
                "gradient-norms",
                "norm of the gradient of the hidden units before training",
                true,
                gradients,
            )],
            Measure::Gradients => vec![
                self.by_layer(
                    "gradient-norms",
                    "norm of the weights' gradient before training",
                    true,
                    gradients,
                ),
                self.over_time(
                    "gradients-over-time",
                    [NORM, &format!("norm of the first layer's gradient, {AROUND}")],
                    |look| look.gradients.first().copied(),
                ),
            ],
            Measure::Head => vec![
                self.over_time(
                    "dead-outputs",
                    ["images", &format!("share of images whose right output is dead, {AROUND}")],
                    |look| look.head.map(|head| head.unreached),
                ),
                self.over_time(
                    "head-gradients",
                    [NORM, &format!("norm of the outputs' gradient, {AROUND}")],
                    |look| look.head.map(|head| head.gradient),
                ),
            ],
            Measure::Boundaries => vec![self.over_time(
                "boundaries",
                ["share", "units × images that changed sides in an epoch"],
                |look| look.crossed,
            )],
            Measure::Variance => vec![self.by_layer(
                "variances",
                "variance of activations before training",
                true,
                |trial| Some(first(trial).iter().map(|layer| layer.variance).collect()),
            )],
            Measure::Epochs | Measure::Mean | Measure::Seconds => Vec::new(),
        }
    }

    fn variants(&self) -> impl Iterator<Item = (&str, &[Trial])> {
        self.names.iter().copied().zip(self.trials.iter().map(Vec::as_slice))
    }

    fn rows(&self, setting: &str, model: &str, trials: &[Trial]) -> Vec<Row> {
        // A network may overflow before it diverges.
        let row_of = |trials: &[Trial], metric: &str, of: &dyn Fn(&Trial) -> f64| {
            let values: Vec<f64> =
                trials.iter().map(of).filter(|value| value.is_finite()).collect();
            (!values.is_empty()).then(|| Row::new(setting, model, metric, "", &values))
        };
        let row = |metric: &str, of: &dyn Fn(&Trial) -> f64| row_of(trials, metric, of);
        let percent = |metric: &str, of: &dyn Fn(&Trial) -> f64| {
            let values: Vec<f64> = trials.iter().map(of).collect();
            Row::percent(setting, model, metric, &values)
        };
        // A training that diverged has no last epoch.
        let trained: Vec<Trial> =
            trials.iter().filter(|trial| trial.diverged.is_none()).cloned().collect();
        let share = |metric: &str, of: &dyn Fn(&Trial) -> f64| {
            let values: Vec<f64> = trained.iter().map(of).collect();
            (!values.is_empty()).then(|| Row::percent(setting, model, metric, &values))
        };
        let mut rows = vec![percent("accuracy", &|trial| trial.accuracy)];
        let noisy: Option<Vec<f64>> = trials.iter().map(|trial| trial.noisy).collect();
        rows.extend(noisy.map(|noisy| Row::percent(setting, model, NOISY, &noisy)));
        for measure in &self.config.report {
            match measure {
                Measure::Epochs => rows.extend(self.epochs(setting, model, trials)),
                Measure::Zeros => rows.extend(share("exact zeros", &|trial| zeros(last(trial)))),
                Measure::Dead => rows.extend(share("dead units", &|trial| dead(last(trial)))),
                Measure::Mean => rows.extend(by_layer(trials).filter_map(|l| {
                    let metric = format!("mean activation, layer {}", l + 1);
                    row_of(&trained, &metric, &|trial| last(trial)[l].mean)
                })),
                Measure::Variance => {
                    let looks: [(&str, &[Trial], Layers); 2] =
                        [(" before training", trials, first), ("", &trained, last)];
                    for (when, trials, look) in looks {
                        rows.extend(by_layer(trials).filter_map(|l| {
                            let metric = format!("variance of activations{when}, layer {}", l + 1);
                            row_of(trials, &metric, &|trial| look(trial)[l].variance)
                        }));
                    }
                }
                Measure::Gradients => {
                    let ratio = |trial: &Trial| match trial.looks[0].gradients[..] {
                        [first, .., last] if last > 0.0 => first / last,
                        _ => 0.0,
                    };
                    let metric = format!("gradient of the first {0} / the last", self.place());
                    rows.extend(row(&metric, &ratio));
                }
                Measure::Head => {
                    for (when, at) in [("before training", 0), ("after the first epoch", 1)] {
                        let head = |trial: &Trial| trial.looks.get(at).and_then(|look| look.head);
                        if trials.iter().any(|trial| head(trial).is_none()) {
                            continue;
                        }
                        let dead = |trial: &Trial| head(trial).map_or(0.0, |head| head.unreached);
                        rows.push(percent(&format!("dead right outputs, {when}"), &dead));
                        let norm = |trial: &Trial| head(trial).map_or(0.0, |head| head.gradient);
                        rows.extend(row(&format!("gradient of the outputs, {when}"), &norm));
                    }
                }
                Measure::Boundaries => {
                    let crossed = |look: Option<&Look>| look.and_then(|look| look.crossed);
                    let first = |trial: &Trial| crossed(trial.looks.get(1)).unwrap_or(0.0);
                    let last = |trial: &Trial| crossed(trial.looks.last()).unwrap_or(0.0);
                    rows.push(percent("boundaries crossed, first epoch", &first));
                    rows.push(percent("boundaries crossed, last epoch", &last));
                }
                Measure::Seconds => {
                    let seconds =
                        |trial: &Trial| trial.seconds / trial.validation.len().max(1) as f64;
                    rows.extend(row("seconds an epoch", &seconds));
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

    /// Accuracies minus those of what they are compared with, seed by seed.
    fn compare(&self, outcome: &mut Outcome) {
        let kinds: [(&str, Accuracy); 2] =
            [("accuracy", |trial| Some(trial.accuracy)), (NOISY, |trial| trial.noisy)];
        for &[model, reference] in &self.config.pairs {
            let setting = format!("minus {}, by seed", self.names[reference]);
            for (metric, of) in kinds {
                let [Some(values), Some(others)] = [model, reference].map(|i| {
                    let values = self.trials[i].iter().map(|trial| Some(100.0 * of(trial)?));
                    values.collect::<Option<Vec<f64>>>()
                }) else {
                    continue;
                };
                let name = self.names[model];
                let (row, note) =
                    paired::difference(&setting, name, metric, "points", [&values, &others]);
                outcome.rows.push(row);
                outcome.notes.extend(note);
            }
        }
    }

    /// What gradients are counted by.
    fn place(&self) -> &'static str {
        if self.config.recurrent() { "step" } else { "layer" }
    }

    /// A line for each variant and seed; `y` is the axis, then what the title says.
    fn over_time(
        &self,
        name: &str,
        [y, what]: [&str; 2],
        of: impl Fn(&Look) -> Option<f64>,
    ) -> Figure {
        let run = |trial: &Trial| trial.looks.iter().filter_map(&of).collect();
        let series =
            |(name, trials): (&str, &[Trial])| Series::new(name, trials.iter().map(run).collect());
        Figure::Curves {
            name: name.into(),
            title: format!("{}: {what}", self.config.set.title()),
            y: y.into(),
            series: self.variants().map(series).collect(),
        }
    }

    /// Means over seeds of what each layer has, over those that have it.
    fn by_layer(
        &self,
        name: &str,
        y: &str,
        logarithmic: bool,
        of: impl Fn(&Trial) -> Option<Vec<f64>>,
    ) -> Figure {
        let line = |(name, trials): (&str, &[Trial])| {
            let all: Vec<Vec<f64>> = trials.iter().filter_map(&of).collect();
            let layers = all.first().map_or(0, Vec::len);
            let mean = |l: usize| all.iter().map(|of| of[l]).sum::<f64>() / all.len() as f64;
            let points = (0..layers).map(|l| (l as f64 + 1.0, mean(l)));
            // A logarithm has no place for 0.
            let has_place = |value: f64| value.is_finite() && (!logarithmic || value > 0.0);
            Line::new(name, points.filter(|&(_, value)| has_place(value)).collect())
        };
        Figure::Lines {
            name: name.into(),
            title: format!("{}: {y}", self.config.set.title()),
            x: format!("{}, from the input", self.place()),
            y: y.into(),
            logarithmic,
            lines: self.variants().map(line).collect(),
        }
    }

    fn protocol(&self) -> String {
        let [fit, validation, test] = self.rows;
        let pixels = if self.config.standardise {
            "of zero mean and unit variance each, by the training images"
        } else {
            "in [0, 1]"
        };
        let measured = match self.config.part {
            Part::Test => format!(
                "{test} test images, of the published ones or, where there are none, of a fifth of the set drawn by seed 0, \
                 read once, after the last epoch"
            ),
            Part::Validation => {
                "accuracies are those of the latter, and the test is not read".into()
            }
        };
        format!(
            "{}: {fit} images to train on and {validation} to look at while training, drawn by the seed; {measured}; \
             pixels {pixels}. All variants share seeds. Learning \
             rates are the configuration's, one for all variants unless it says otherwise: they were not tuned for each. \
             Means, variances, zeros and dead units are those of validation images after the last epoch, of the n runs that \
             did not diverge; epochs to an accuracy are over the n runs that got there.",
            self.config.set.title()
        )
    }
}

type Layers = fn(&Trial) -> &[LayerStatistics];

fn first(trial: &Trial) -> &[LayerStatistics] {
    trial.looks.first().map_or(&[], |look| &look.layers)
}

/// After the last epoch.
fn last(trial: &Trial) -> &[LayerStatistics] {
    trial.looks.last().map_or(&[], |look| &look.layers)
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
