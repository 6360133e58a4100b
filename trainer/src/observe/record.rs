//! Remembers the metrics of epochs, for learning curves.

use super::{Epoch, Observer};
use crate::result::Series;

/// Passes epochs on, and remembers their metrics.
pub struct Recorder<'a> {
    next: &'a mut dyn Observer,
    runs: Vec<Run>,
}

struct Run {
    name: String,
    epochs: Vec<Vec<(&'static str, f64)>>,
}

impl<'a> Recorder<'a> {
    /// Passes all epochs on to `next`.
    pub fn new(next: &'a mut dyn Observer) -> Self {
        Self { next, runs: Vec::new() }
    }

    /// The lines of one metric: runs of one model (the part of their name before the first comma)
    /// form one series.
    #[must_use]
    pub fn series(&self, metric: &str) -> Vec<Series> {
        series(&self.runs, metric)
    }

    /// The losses of trainings that were validated: those of each model, and beside them those on its validation set.
    pub(crate) fn validated(&self) -> Vec<[Series; 2]> {
        let validated = |run: &&Run| run.epochs.iter().any(|e| value(e, VALIDATION).is_some());
        let runs = || self.runs.iter().filter(validated);
        let beside = |series: Series| Series {
            label: format!("{}, validation", series.label),
            beside: true,
            ..series
        };
        let pairs = series(runs(), "loss").into_iter().zip(series(runs(), VALIDATION));
        pairs.map(|(loss, validation)| [loss, beside(validation)]).collect()
    }
}

const VALIDATION: &str = "validation_loss";

fn series<'a>(runs: impl IntoIterator<Item = &'a Run>, metric: &str) -> Vec<Series> {
    let mut all: Vec<Series> = Vec::new();
    for run in runs {
        let values: Vec<f64> = run.epochs.iter().filter_map(|epoch| value(epoch, metric)).collect();
        if values.is_empty() {
            continue;
        }
        let label = run.name.split(',').next().unwrap_or_default();
        match all.iter_mut().find(|series| series.label == label) {
            Some(series) => series.runs.push(values),
            None => all.push(Series::new(label, vec![values])),
        }
    }
    all
}

fn value(metrics: &[(&'static str, f64)], name: &str) -> Option<f64> {
    metrics.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
}

impl Observer for Recorder<'_> {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        let metrics = epoch.metrics.to_vec();
        match self.runs.last_mut() {
            Some(run) if run.name == epoch.run => run.epochs.push(metrics),
            _ => self.runs.push(Run { name: epoch.run.into(), epochs: vec![metrics] }),
        }
        self.next.epoch(epoch);
    }

    fn next(&mut self) -> Option<&mut dyn Observer> {
        Some(self.next)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Silent, *};

    #[test]
    fn runs_of_one_model_form_one_series() {
        let mut silent = Silent;
        let mut recorder = Recorder::new(&mut silent);
        for (run, loss) in [("a, seed 1", 3.0), ("a, seed 1", 2.0), ("a, seed 2", 5.0), ("b", 1.0)]
        {
            recorder.epoch(&Epoch::once(run, 1, &[("loss", loss)]));
        }
        let series = recorder.series("loss");
        assert_eq!(series[0], Series::new("a", vec![vec![3.0, 2.0], vec![5.0]]));
        assert_eq!(series[0].mean(), [4.0, 2.0]);
        assert_eq!(series.len(), 2);
        assert!(recorder.series("accuracy").is_empty());
        assert!(recorder.validated().is_empty());
    }

    /// Runs of the same model that are not validated are left out.
    #[test]
    fn validation_stands_beside_training() {
        let mut silent = Silent;
        let mut recorder = Recorder::new(&mut silent);
        recorder.epoch(&Epoch::once("a, seed 1", 1, &[("loss", 9.0)]));
        let both = [("loss", 1.0), ("validation_loss", 2.0)];
        recorder.epoch(&Epoch::once("a, seed 1, rate 2", 1, &both));
        let [[loss, validation]] = &recorder.validated()[..] else { panic!("one model") };
        assert_eq!(*loss, Series::new("a", vec![vec![1.0]]));
        assert_eq!((&validation.label[..], validation.beside), ("a, validation", true));
        assert_eq!(validation.runs, [[2.0]]);
    }
}
