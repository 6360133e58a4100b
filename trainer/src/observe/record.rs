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
        let mut all: Vec<Series> = Vec::new();
        for run in &self.runs {
            let values: Vec<f64> =
                run.epochs.iter().filter_map(|epoch| value(epoch, metric)).collect();
            if values.is_empty() {
                continue;
            }
            let label = run.name.split(',').next().unwrap_or_default();
            match all.iter_mut().find(|series| series.label == label) {
                Some(series) => series.runs.push(values),
                None => all.push(Series { label: label.into(), runs: vec![values] }),
            }
        }
        all
    }
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
        assert_eq!(series[0], Series { label: "a".into(), runs: vec![vec![3.0, 2.0], vec![5.0]] });
        assert_eq!(series[0].mean(), [4.0, 2.0]);
        assert_eq!(series.len(), 2);
        assert!(recorder.series("accuracy").is_empty());
    }
}
