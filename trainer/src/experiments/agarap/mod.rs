//! The experiments of Agarap 2018, arXiv:1803.08375v1 and v2: softmax and ReLU heads on MNIST, Fashion-MNIST and
//! WDBC.
//!
//! Under the published protocol one network goes through all folds, so that from the second on it is tested on
//! rows that it has trained on.

pub(super) mod images;
mod published;
pub(super) mod wdbc;

use halfwave_datasets::{Dataset, split::Fold};
use halfwave_kernels::Level;
use serde::Deserialize;

use super::{classifier, part::Part};
use crate::{
    TrainError,
    metrics::Confusion,
    network::{Evaluation, Head, Network},
    observe::Observer,
    result::{Figure, Line, Row, Stroke},
};
use published::{Model, Published};

/// Where figures stand that the paper does not print.
const NOTEBOOKS: &str = "notebooks of 22 March 2018";

/// How networks meet folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Protocol {
    /// What the notebooks run: one network through all folds, with the optimiser's state, then tested.
    Published,
    /// Fresh weights for each fold and for the test; what prepares the data sees training rows only.
    Honest,
}

/// Trains one network on fold after fold and tests it on what each leaves out.
fn one_network(
    level: Level,
    network: &mut Network,
    data: &Dataset,
    folds: &[Fold],
    run: &str,
    observer: &mut dyn Observer,
) -> Result<Vec<Evaluation>, TrainError> {
    let fold = |(i, fold): (usize, &Fold)| {
        let run = format!("{run}, fold {}", i + 1);
        network.fit(level, &data.subset(&fold.train), None, &run, observer)?;
        network.evaluate(level, &data.subset(&fold.test))
    };
    folds.iter().enumerate().map(fold).collect()
}

/// What came of one kind of network.
struct Tested {
    set: &'static str,
    model: Model,
    head: Head,
    part: Part,
    /// For each seed, of all folds in their order.
    folds: Vec<Vec<Evaluation>>,
    /// Of the rows of `part`, for each seed.
    measured: Vec<Evaluation>,
}

fn accuracy(evaluation: &Evaluation) -> f64 {
    evaluation.confusion.accuracy()
}

impl Tested {
    fn new(set: &'static str, model: Model, head: Head, part: Part) -> Self {
        Self { set, model, head, part, folds: Vec::new(), measured: Vec::new() }
    }

    /// What it is called in results.
    fn name(&self) -> String {
        name(self.model, self.head)
    }

    /// None of networks that were trained on fewer rows, so that others could be held out.
    fn published(&self) -> Option<&'static Published> {
        Published::of(self.set, self.model, self.head).filter(|_| self.part == Part::Test)
    }

    /// Of all seeds, fold `i`.
    fn of_fold(&self, i: usize, value: impl Fn(&Evaluation) -> f64) -> Vec<f64> {
        self.folds.iter().filter_map(|folds| folds.get(i)).map(value).collect()
    }

    /// Accuracy and loss over the folds, and of single folds under the published protocol; then of the rows of `part`.
    fn rows(&self, title: &str, protocol: Protocol) -> Vec<Row> {
        let (name, published) = (self.name(), self.published());
        let folds = self.folds.first().map_or(0, Vec::len);
        let of_folds = format!("{title}, {folds} folds, {}", protocol.name());
        let beside = |row: Row, value: Option<(f64, Option<f64>)>, what: &str| match value {
            Some((value, std)) => {
                let row = row.beside(value, std, &source(what));
                match protocol.differs(self.set) {
                    Some(differs) => row.not_comparable(differs),
                    None => row,
                }
            }
            None => row,
        };
        let all = |value: &dyn Fn(&Evaluation) -> f64| -> Vec<f64> {
            self.folds.iter().flatten().map(value).collect()
        };
        let row = Row::percent(&of_folds, &name, "accuracy", &all(&accuracy));
        let table = published.map_or_else(String::new, |p| format!("table {}", p.table));
        let mean = published.map(|p| (p.folds_accuracy.0, Some(p.folds_accuracy.1)));
        let mut rows = vec![beside(row, mean, &table)];
        rows.push(Row::new(&of_folds, &name, "loss", "nats", &all(&|e| e.loss)));
        if protocol == Protocol::Published {
            rows.extend(self.rows_of_folds(&of_folds));
        }
        let setting = format!("{title}, {}, {}", self.part.name(), protocol.name());
        let confusions: Vec<Confusion> =
            self.measured.iter().map(|e| e.confusion.clone()).collect();
        let scores = classifier::rows(&setting, &name, &confusions).into_iter().enumerate();
        rows.extend(scores.map(|(i, row)| {
            let value = published.map(|p| (p.test[i], None));
            beside(
                row,
                value,
                &format!("{table}; 4 digits from the confusion matrices of the {NOTEBOOKS}"),
            )
        }));
        let losses: Vec<f64> = self.measured.iter().map(|e| e.loss).collect();
        let loss = Row::new(&setting, &name, "loss", "nats", &losses);
        rows.push(beside(loss, published.map(|p| (p.test_loss, None)), NOTEBOOKS));
        rows
    }

    /// The first fold, the only one of rows that the network has not seen; all of them where the paper has a
    /// table.
    fn rows_of_folds(&self, setting: &str) -> Vec<Row> {
        let folds = self.folds.first().map_or(0, Vec::len);
        let table = self.published().and_then(Published::table_of_folds);
        let shown = if table.is_some() { folds } else { folds.min(1) };
        let mut rows = Vec::new();
        for i in 0..shown {
            let (name, number) = (self.name(), i + 1);
            let accuracy = self.of_fold(i, accuracy);
            let accuracy =
                Row::percent(setting, &name, &format!("accuracy, fold {number}"), &accuracy);
            let loss = self.of_fold(i, |e| e.loss);
            let loss = Row::new(setting, &name, &format!("loss, fold {number}"), "nats", &loss);
            let (of_accuracy, of_loss) =
                self.published().and_then(|p| p.folds.get(i)).copied().unzip();
            let source = table.map_or(source(NOTEBOOKS), |table| source(&format!("table {table}")));
            let beside = |row: Row, value: Option<f64>| match value {
                Some(value) => row.beside(value, None, &source),
                None => row,
            };
            rows.extend([beside(accuracy, of_accuracy), beside(loss, of_loss)]);
        }
        rows
    }

    /// Confusion matrices, summed over the seeds: of all folds, unless these are of rows that the network has
    /// trained on, and of those of `part`.
    fn heat_maps(&self, title: &str, protocol: Protocol, data: &Dataset) -> Vec<Figure> {
        let map = |what: &str, of: &mut dyn Iterator<Item = &Evaluation>| {
            let file = format!("{}-confusion-{}-{what}", self.set, self.name().replace(' ', "-"));
            let title = format!("{title}, {}, {what} (all seeds)", self.name());
            let confusions: Vec<Confusion> = of.map(|e| e.confusion.clone()).collect();
            classifier::heat_map(file.to_lowercase(), title, data, &confusions)
        };
        let honest = protocol == Protocol::Honest;
        let folds = honest.then(|| map("folds", &mut self.folds.iter().flatten()));
        folds.into_iter().chain([map(self.part.name(), &mut self.measured.iter())]).collect()
    }

    /// Mean accuracy by fold, and the published one dashed, in the colour of that number.
    fn lines(&self, colour: usize) -> Vec<Line> {
        let folds = self.folds.first().map_or(0, Vec::len);
        let mean = |i: usize| {
            let values = self.of_fold(i, accuracy);
            100.0 * values.iter().sum::<f64>() / values.len() as f64
        };
        let points = |value: &dyn Fn(usize) -> f64, count: usize| {
            (0..count).map(|i| ((i + 1) as f64, value(i))).collect::<Vec<_>>()
        };
        let ours = Line { colour: Some(colour), ..Line::new(self.name(), points(&mean, folds)) };
        let dashed = self.published().map(|published| {
            let label = format!("{}, published", self.name());
            let points = points(&|i| published.folds[i].0, published.folds.len());
            Line { colour: Some(colour), stroke: Stroke::Dashed, ..Line::new(label, points) }
        });
        [ours].into_iter().chain(dashed).collect()
    }
}

fn name(model: Model, head: Head) -> String {
    format!("{} {}", model.name(), classifier::name(head))
}

/// Where a figure is published.
fn source(what: &str) -> String {
    format!("Agarap 2018, arXiv:1803.08375v2, {what}")
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Published => "published protocol",
            Self::Honest => "honest protocol",
        }
    }

    /// What differs from the published figures of this set, if they are not to be compared.
    fn differs(self, set: &str) -> Option<&'static str> {
        match (self, set) {
            (Self::Published, _) => None,
            (Self::Honest, "wdbc") => Some(
                "there the network is kept from fold to fold, trained for 320 epochs, and has raw features",
            ),
            (Self::Honest, _) => {
                Some("there the network is kept from fold to fold, and trained for 320 epochs")
            }
        }
    }
}
