//! What the outputs of the layers are like, and the gradients that reach them.

use halfwave_datasets::Dataset;
use halfwave_kernels::Level;
use serde::Serialize;

use super::{Network, chain::Tape};
use crate::{TrainError, layers::Mode, samples::Rows};

/// What the outputs of a layer are on some rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerStatistics {
    /// Number of the layer, from 0.
    pub layer: usize,
    /// What it is, e.g. `dense`.
    pub name: &'static str,
    /// Over rows, positions and units.
    pub mean: f64,
    /// Population variance over the same.
    pub variance: f64,
    /// Share of the outputs that are exactly 0.
    pub zeros: f64,
    /// Share of the units (channels of an image) that are exactly 0 on all rows and positions.
    pub dead: f64,
}

impl LayerStatistics {
    /// How many numbers they are.
    pub(crate) const NUMBERS: usize = 4;

    pub(crate) fn numbers(&self) -> [f64; Self::NUMBERS] {
        [self.mean, self.variance, self.zeros, self.dead]
    }

    /// Those of the same layer at another time.
    pub(crate) fn with(&self, numbers: &[f64]) -> Self {
        let Self { layer, name, .. } = *self;
        let [mean, variance, zeros, dead] = [0, 1, 2, 3].map(|i| numbers[i]);
        Self { layer, name, mean, variance, zeros, dead }
    }
}

/// What a head asks of the outputs z, before an activation on them, if there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct HeadStatistics {
    /// Share of the rows that are not learned and whose right output has no gradient: it is dead for them.
    pub(crate) unreached: f64,
    /// ‖∂L/∂z‖₂, mean over the rows.
    pub(crate) gradient: f64,
}

/// The loss of a row that is learned, at most.
const LEARNED: f32 = 1e-3;

/// Sums over rows.
struct Sums {
    count: usize,
    sum: f64,
    squares: f64,
    zeros: usize,
    alive: Vec<bool>,
}

impl Sums {
    fn add(&mut self, outputs: &[f32]) {
        self.count += outputs.len();
        for row in outputs.chunks_exact(self.alive.len()) {
            for (&y, alive) in row.iter().zip(&mut self.alive) {
                let y = f64::from(y);
                self.sum += y;
                self.squares += y * y;
                self.zeros += usize::from(y == 0.0);
                *alive |= y != 0.0;
            }
        }
    }
}

impl Network {
    /// Statistics of each layer that has outputs of its own in inference, on `x [rows, input]`.
    ///
    /// # Panics
    /// If `x` is no whole number of rows, or has rows of another width.
    #[must_use]
    pub fn statistics<'a>(&self, level: Level, x: impl Into<Rows<'a>>) -> Vec<LayerStatistics> {
        let units = self.chain.shapes[1..].iter().map(|shape| shape.last().copied().unwrap_or(1));
        let new =
            |units| Sums { count: 0, sum: 0.0, squares: 0.0, zeros: 0, alive: vec![false; units] };
        let mut all: Vec<Sums> = units.map(new).collect();
        x.into().for_each(self.chain.inputs(), |x| {
            self.chain.for_each_chunk(level, x, |rows, tapes| {
                for (l, (sums, tape)) in all.iter_mut().zip(tapes).enumerate() {
                    if !tape.output.is_empty() {
                        sums.add(&tape.output[..rows * self.chain.width(l + 1)]);
                    }
                }
            });
        });
        let layers = all.iter().zip(self.layers()).enumerate();
        let layers = layers.filter(|(_, (sums, _))| sums.count > 0);
        let statistics = layers.map(|(layer, (sums, of))| {
            let count = sums.count as f64;
            let mean = sums.sum / count;
            let dead = sums.alive.iter().filter(|alive| !**alive).count() as f64;
            LayerStatistics {
                layer,
                name: of.name(),
                mean,
                variance: (sums.squares / count - mean * mean).max(0.0),
                zeros: sums.zeros as f64 / count,
                dead: dead / sums.alive.len() as f64,
            }
        });
        statistics.collect()
    }

    /// Of each layer that has outputs of its own, the last one left out, the share of outputs for the rows of `x` that
    /// are exactly 0.
    ///
    /// # Panics
    /// If `x` is no whole number of rows, or has rows of another width.
    #[must_use]
    pub fn sparsity<'a>(&self, level: Level, x: impl Into<Rows<'a>>) -> Vec<f64> {
        let mut layers = self.statistics(level, x);
        layers.pop();
        layers.iter().map(|layer| layer.zeros).collect()
    }

    /// Whether each output of these layers is above 0 for `x [rows, input]`: on which side of its units' boundaries each row
    /// lies, where the layers are rectifiers.
    ///
    /// # Panics
    /// If `x` is no whole number of rows.
    pub(crate) fn sides(&self, level: Level, x: &[f32], layers: &[usize]) -> Vec<bool> {
        let mut sides = Vec::new();
        self.chain.for_each_chunk(level, x, |rows, tapes| {
            for &l in layers {
                let outputs = &tapes[l].output;
                let outputs = outputs.get(..rows * self.chain.width(l + 1)).unwrap_or_default();
                sides.extend(outputs.iter().map(|&y| y > 0.0));
            }
        });
        sides
    }

    /// What the head asks of the network on `data`, without dropout and noise.
    ///
    /// # Errors
    /// Those of [`Network::gradients`].
    pub(crate) fn head_statistics(
        &self,
        level: Level,
        data: &Dataset,
    ) -> Result<HeadStatistics, TrainError> {
        self.check_data(data.into())?;
        let mut tape = Tape::new(&self.chain, data.rows(), Mode::Noiseless)?;
        self.forward(level, &data.x, &mut tape, self.progress.steps);
        tape.loss(level, self.config.head, &data.labels);
        let losses = tape.losses().to_vec();
        let dz = self.chain.backward_last(level, &data.x, &mut tape);
        let rows = dz.chunks_exact(self.classes()).zip(&data.labels).zip(&losses);
        let unreached = |((dz, label), loss): &((&[f32], &u32), &f32)| {
            **loss > LEARNED && dz[**label as usize] == 0.0
        };
        let norm = |dz: &[f32]| dz.iter().map(|dz| f64::from(dz * dz)).sum::<f64>().sqrt();
        let count = data.rows() as f64;
        Ok(HeadStatistics {
            unreached: rows.clone().filter(unreached).count() as f64 / count,
            gradient: rows.map(|((dz, _), _)| norm(dz)).sum::<f64>() / count,
        })
    }

    /// ‖∂L/∂W‖₂ of the weights of each dense and convolutional layer, from the input on; L is the mean loss of a row
    /// of `data`, without dropout and noise.
    ///
    /// # Errors
    /// Those of [`Network::gradients`].
    pub fn gradient_norms(&self, level: Level, data: &Dataset) -> Result<Vec<f64>, TrainError> {
        let gradients = self.gradients(level, data, Mode::Noiseless)?.parameters;
        let trained = self.layers().iter().filter(|layer| layer.is_trained());
        let norms = trained.zip(gradients).filter(|(layer, _)| layer.has_weights());
        let norm = |weights: &[f32]| {
            weights.iter().map(|&w| f64::from(w) * f64::from(w)).sum::<f64>().sqrt()
        };
        Ok(norms.map(|(_, [weights, _])| norm(&weights) / data.rows() as f64).collect())
    }
}
