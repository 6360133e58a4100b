//! What a network consists of: its layers with the shapes of their outputs and their parameters.

use std::fmt;

/// The layers of a network, for people.
///
/// ```
/// use halfwave_kernels::Kind;
/// use halfwave_trainer::network::{Head, MlpConfig, Network};
/// use halfwave_trainer::optim::{Optimiser, Schedule};
/// let config = MlpConfig {
///     sizes: vec![30, 16, 2], activation: Kind::Relu, dropout: 0.0, head: Head::Softmax,
///     optimiser: Optimiser::adam(), schedule: Schedule::Constant, batch: 64, epochs: 20,
/// };
/// let text = Network::mlp(&config, 1)?.summary().to_string();
/// assert_eq!(text, "\
/// layer          output        parameters
/// dense          16                   496
/// dense          2                     34
/// total                               530
/// ");
/// # Ok::<(), halfwave_trainer::TrainError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// From the input to the classes.
    pub layers: Vec<LayerSummary>,
}

/// A layer of a [`Summary`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerSummary {
    /// What it is, e.g. `conv`.
    pub name: &'static str,
    /// The shape of a row of its outputs.
    pub output: Vec<usize>,
    /// Numbers that are trained.
    pub parameters: usize,
}

impl Summary {
    /// Numbers that are trained.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.layers.iter().map(|layer| layer.parameters).sum()
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<14} {:<12} {:>11}", "layer", "output", "parameters")?;
        for LayerSummary { name, output, parameters } in &self.layers {
            let output: Vec<_> = output.iter().map(ToString::to_string).collect();
            writeln!(f, "{name:<14} {:<12} {parameters:>11}", output.join(" x "))?;
        }
        writeln!(f, "{:<14} {:<12} {:>11}", "total", "", self.parameters())
    }
}
