//! The models, what is published of them, and the rows of the results.

use std::collections::BTreeMap;

use halfwave_kernels::Kind;

use super::{Task, corpus::AMAZON};
use crate::result::Row;

/// A network.
#[derive(Clone, Copy, Debug)]
pub(super) struct Variant {
    /// Hidden layers.
    pub(super) layers: usize,
    pub(super) activation: Kind,
    pub(super) pre_trained: bool,
    /// Table 2 of the paper, on OpenTable: RMSE of the stars.
    rmse: Option<(f64, f64)>,
    /// The same: percent of hidden units that are 0; of the input, without hidden layers.
    sparsity: Option<(f64, f64)>,
    /// The paper's accuracy on Amazon, in percent.
    accuracy: Option<f64>,
}

const fn variant(layers: usize, activation: Kind, pre_trained: bool) -> Variant {
    Variant { layers, activation, pre_trained, rmse: None, sparsity: None, accuracy: None }
}

/// In the order of Table 2, then networks that are not pre-trained.
pub(super) const VARIANTS: [Variant; 7] = [
    Variant {
        rmse: Some((0.885, 0.006)),
        sparsity: Some((99.4, 0.0)),
        ..variant(0, Kind::Identity, false)
    },
    Variant {
        rmse: Some((0.807, 0.004)),
        sparsity: Some((28.9, 0.2)),
        ..variant(1, Kind::Relu, true)
    },
    Variant {
        rmse: Some((0.746, 0.004)),
        sparsity: Some((53.9, 0.7)),
        accuracy: Some(78.95),
        ..variant(3, Kind::Relu, true)
    },
    Variant {
        rmse: Some((0.774, 0.008)),
        sparsity: Some((0.0, 0.0)),
        ..variant(3, Kind::Tanh, true)
    },
    variant(1, Kind::Relu, false),
    variant(3, Kind::Relu, false),
    variant(3, Kind::Tanh, false),
];

const OPEN_TABLE: &str = "Glorot, Bordes & Bengio 2011, Table 2";
const ON_AMAZON: &str =
    "Glorot, Bordes & Bengio 2011, section 4.2, on these domains; Zhou et al. 2010: 73.72";

impl Variant {
    pub(super) fn name(&self) -> String {
        let kind = if self.activation == Kind::Relu { "rectifier" } else { "tanh" };
        let start = if self.pre_trained { "pre-trained" } else { "not pre-trained" };
        match self.layers {
            0 => "no hidden layer".into(),
            1 => format!("{kind}, 1 layer, {start}"),
            layers => format!("{kind}, {layers} layers, {start}"),
        }
    }
}

/// What was measured, of each task, variant and domain: a value for each seed and fold.
#[derive(Default)]
pub(super) struct Measured(BTreeMap<(Measure, usize, &'static str, usize), Vec<f64>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Measure {
    /// Of a task: share that is right, or root of the mean squared error.
    Test(Task),
    /// Share of zeros among the hidden units, or the inputs where there are none, on the test rows.
    Sparsity(Task),
}

impl Measured {
    pub(super) fn add(
        &mut self,
        measure: Measure,
        variant: usize,
        (corpus, domain): (&'static str, usize),
        value: f64,
    ) {
        self.0.entry((measure, variant, corpus, domain)).or_default().push(value);
    }

    /// The values of each seed and fold, averaged over the domains.
    fn mean(&self, measure: Measure, variant: usize, corpus: &'static str) -> Vec<f64> {
        let domains = (0..).map_while(|domain| self.0.get(&(measure, variant, corpus, domain)));
        let domains: Vec<&Vec<f64>> = domains.collect();
        let count = domains.iter().map(|values| values.len()).min().unwrap_or(0);
        (0..count)
            .map(|i| domains.iter().map(|values| values[i]).sum::<f64>() / domains.len() as f64)
            .collect()
    }

    /// The rows of a corpus: means over its domains beside the published numbers, then each domain.
    pub(super) fn rows(
        &self,
        corpus: &'static str,
        domains: &[&'static str],
        folds: usize,
    ) -> Vec<Row> {
        let mut rows = Vec::new();
        let mean = if domains.len() > 1 {
            format!(", mean of {}", domains.join(", "))
        } else {
            String::new()
        };
        let setting = |of: &str| format!("{corpus}, {folds} folds{of}");
        for (measure, metric) in MEASURES {
            for (v, variant) in VARIANTS.iter().enumerate() {
                let values = self.mean(measure, v, corpus);
                if !values.is_empty() {
                    rows.push(row(&setting(&mean), variant, (measure, metric), &values, corpus));
                }
            }
        }
        for (d, domain) in domains.iter().enumerate().filter(|_| domains.len() > 1) {
            for (measure, metric) in MEASURES {
                for (v, variant) in VARIANTS.iter().enumerate() {
                    let values = self.0.get(&(measure, v, corpus, d));
                    if let (Some(values), Measure::Test(_)) = (values, measure) {
                        rows.push(row(
                            &setting(&format!(", {domain}")),
                            variant,
                            (measure, metric),
                            values,
                            "",
                        ));
                    }
                }
            }
        }
        rows
    }
}

const MEASURES: [(Measure, &str); 4] = [
    (Measure::Test(Task::Polarity), "accuracy"),
    (Measure::Sparsity(Task::Polarity), "zeros, polarity"),
    (Measure::Test(Task::Stars), "RMSE of expected stars"),
    (Measure::Sparsity(Task::Stars), "zeros, stars"),
];

/// Published numbers stand beside means over the domains of Amazon.
fn row(
    setting: &str,
    variant: &Variant,
    (measure, metric): (Measure, &str),
    values: &[f64],
    corpus: &str,
) -> Row {
    let name = variant.name();
    let row = match measure {
        Measure::Test(Task::Stars) => Row::new(setting, &name, metric, "", values),
        _ => Row::percent(setting, &name, metric, values),
    };
    let published = match measure {
        Measure::Test(Task::Polarity) => variant.accuracy.map(|value| (value, None, ON_AMAZON)),
        Measure::Test(Task::Stars) => {
            variant.rmse.map(|(value, std)| (value, Some(std), OPEN_TABLE))
        }
        Measure::Sparsity(Task::Stars) => {
            variant.sparsity.map(|(value, std)| (value, Some(std), OPEN_TABLE))
        }
        Measure::Sparsity(Task::Polarity) => None,
    };
    match published.filter(|_| corpus == AMAZON) {
        Some((value, std, source)) if source == OPEN_TABLE => {
            row.beside(value, std, source).not_comparable("reviews of restaurants there")
        }
        Some((value, std, source)) => row.beside(value, std, source),
        None => row,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_domains_and_rows_stand_beside_the_paper() {
        let mut measured = Measured::default();
        for (domain, value) in [(0, 0.7), (1, 0.9), (0, 0.6), (1, 0.6)] {
            measured.add(Measure::Test(Task::Polarity), 2, (AMAZON, domain), value);
            measured.add(Measure::Test(Task::Stars), 0, (AMAZON, domain), value);
        }
        let rows = measured.rows(AMAZON, &["books", "dvd"], 2);
        assert_eq!(rows.len(), 2 + 4);
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.model.as_str(), row.n, row.published.as_ref().map(|p| p.value)))
            .collect();
        let deep = "rectifier, 3 layers, pre-trained";
        assert_eq!(found[..2], [(deep, 2, Some(78.95)), ("no hidden layer", 2, Some(0.885))]);
        assert!((rows[0].value - 70.0).abs() < 1e-9 && (rows[1].value - 0.7).abs() < 1e-9);
        assert_eq!(rows[2].setting, "Amazon, 2 folds, books");
        assert!(rows[2..].iter().all(|row| row.published.is_none()));
        // The same numbers of other texts stand beside nothing.
        measured.add(Measure::Test(Task::Polarity), 2, ("other", 0), 0.5);
        let rows = measured.rows("other", &["other"], 2);
        assert!(rows.len() == 1 && rows[0].published.is_none());
    }
}
