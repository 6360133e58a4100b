//! What experiments with networks that classify have in common.

use halfwave_datasets::Dataset;
use halfwave_kernels::{Kind, Level};
use serde::Deserialize;

use crate::{
    TrainError,
    layers::LayerConfig,
    metrics::Confusion,
    network::{Evaluation, Head, MlpConfig, Network, NetworkConfig},
    observe::Observer,
    optim::{Optimiser, Schedule},
    result::{Figure, Row},
};

/// The hidden part of an MLP and its training; the data say how many inputs and classes it has.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Classifier {
    pub(super) hidden: Vec<usize>,
    #[serde(with = "crate::by_name")]
    pub(super) activation: Kind,
    pub(super) dropout: f32,
    pub(super) batch: usize,
    pub(super) epochs: usize,
    pub(super) optimiser: Optimiser,
    #[serde(default)]
    pub(super) schedule: Schedule,
}

impl Classifier {
    /// The network that `train` takes.
    pub(super) fn network(&self, head: Head, train: &Dataset) -> Result<NetworkConfig, TrainError> {
        let mlp = MlpConfig {
            sizes: [&[train.width], &self.hidden[..], &[train.classes()]].concat(),
            activation: self.activation,
            dropout: self.dropout,
            head,
            optimiser: self.optimiser,
            schedule: self.schedule,
            batch: self.batch.min(train.rows()),
            epochs: self.epochs,
        };
        mlp.network()
    }

    /// Trains a fresh network and tests it once, after the last epoch.
    pub(super) fn evaluation(
        &self,
        level: Level,
        head: Head,
        sets: [&Dataset; 2],
        seed: u64,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<(Network, Evaluation), TrainError> {
        let [train, test] = sets;
        let mut network = Network::new(&self.network(head, train)?, seed)?;
        network.fit(level, train, None, run, observer)?;
        let evaluation = network.evaluate(level, test)?;
        Ok((network, evaluation))
    }
}

/// A network, but for its head and training.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layers {
    input: Vec<usize>,
    layers: Vec<LayerConfig>,
}

impl Layers {
    pub(super) fn network(
        &self,
        head: Head,
        optimiser: Optimiser,
        batch: usize,
        epochs: usize,
    ) -> NetworkConfig {
        let Self { input, layers } = self.clone();
        let schedule = Schedule::Constant;
        NetworkConfig { input, layers, head, optimiser, schedule, batch, epochs }
    }
}

/// The layers of a network with the shapes of their outputs, for a note.
pub(super) fn layers(network: &Network) -> String {
    let summary = network.summary();
    let layers = summary.layers.iter().map(|layer| {
        let output: Vec<_> = layer.output.iter().map(ToString::to_string).collect();
        format!("{} {}", layer.name, output.join("x"))
    });
    let layers: Vec<_> = layers.collect();
    format!("{} parameters: {}", summary.parameters(), layers.join(", "))
}

/// What a head is called in results.
pub(super) fn name(head: Head) -> &'static str {
    match head {
        Head::Softmax => "softmax head",
        Head::NormalisedRelu => "ReLU head",
        Head::Logistic => "logistic head",
        Head::SquaredError => "squared-error head",
    }
}

/// Accuracy, and support-weighted precision, recall and F1.
pub(super) fn rows(setting: &str, model: &str, confusions: &[Confusion]) -> Vec<Row> {
    let row = |metric: &str, score: fn(&Confusion) -> f64| {
        let values: Vec<f64> = confusions.iter().map(score).collect();
        Row::percent(setting, model, metric, &values)
    };
    vec![
        row("accuracy", Confusion::accuracy),
        row("precision", |confusion| confusion.weighted().precision),
        row("recall", |confusion| confusion.weighted().recall),
        row("F1", |confusion| confusion.weighted().f1),
    ]
}

/// The sum of the matrices as a heat map.
pub(super) fn heat_map(name: String, title: String, set: &Dataset, all: &[Confusion]) -> Figure {
    let mut counts = vec![0; set.classes() * set.classes()];
    for confusion in all {
        counts.iter_mut().zip(confusion.counts()).for_each(|(sum, count)| *sum += count);
    }
    Figure::Confusion { name, title, classes: set.class_names.clone(), counts }
}
