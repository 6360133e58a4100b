//! The layers of an MLP in their order: forward, backward, evaluation.

use halfwave_kernels::{Kind, Level, rng::Noise, rows};

use super::{Head, MlpConfig, draws::Draws};
use crate::{
    TrainError,
    buffers::zeros,
    layers::{Dense, DenseTape, Dropout},
};

/// Rows that evaluation takes at a time.
const EVALUATION_ROWS: usize = 512;

/// Dense layers; the last has no activation, its outputs are the head's.
#[derive(Clone, Debug)]
pub(super) struct Network {
    pub(super) layers: Vec<Dense>,
}

/// Memory of one forward and backward.
pub(super) struct Tape {
    /// Rows of the batch at hand.
    rows: usize,
    pub(super) layers: Vec<LayerTape>,
    /// Loss of each row.
    losses: Vec<f32>,
}

/// The part of one layer.
pub(super) struct LayerTape {
    dense: DenseTape,
    dropout: Option<Dropout>,
    /// Gradient of what goes into the activation, `[batch, outputs]`.
    dz: Vec<f32>,
    /// Gradient of the biases, summed over the batch.
    pub(super) bias: Vec<f32>,
}

impl LayerTape {
    /// What the layer above sees, `[batch, outputs]`.
    fn output(&self) -> &[f32] {
        self.dropout.as_ref().map_or(&self.dense.output, |dropout| &dropout.output)
    }
}

impl Tape {
    /// For up to `batch` rows; without dropout layers where the rate is 0.
    pub(super) fn new(network: &Network, batch: usize, dropout: f32) -> Result<Self, TrainError> {
        let last = network.layers.len() - 1;
        let layer = |(l, dense): (usize, &Dense)| {
            let drops = l < last && dropout > 0.0;
            Ok(LayerTape {
                dense: dense.tape(batch)?,
                dropout: drops.then(|| Dropout::new(dropout, batch, dense.outputs)).transpose()?,
                dz: zeros("the gradients of a layer", &[batch, dense.outputs])?,
                bias: zeros("the gradients of a layer", &[dense.outputs])?,
            })
        };
        let layers =
            network.layers.iter().enumerate().map(layer).collect::<Result<_, TrainError>>()?;
        Ok(Self { rows: 0, layers, losses: zeros("the losses", &[batch])? })
    }

    /// Input of layer `l`, `[rows, inputs]`, and the gradient of what goes into its activation, `[rows,
    /// outputs]`, after a backward pass from `x`: the gradient of its weights is xᵀ dz.
    pub(super) fn operands<'a>(&'a self, x: &'a [f32], l: usize) -> [&'a [f32]; 2] {
        let of = |values: &'a [f32], batch: usize| &values[..values.len() / batch * self.rows];
        let batch = self.losses.len();
        let input = if l == 0 { x } else { of(self.layers[l - 1].output(), batch) };
        [input, of(&self.layers[l].dz, batch)]
    }

    /// The outputs of the last layer, `[rows, classes]`.
    pub(super) fn logits(&self, classes: usize) -> &[f32] {
        let last = &self.layers[self.layers.len() - 1];
        &last.dense.output[..self.rows * classes]
    }

    /// The sum of the losses; leaves the gradient of the last layer.
    pub(super) fn loss(&mut self, level: Level, head: Head, labels: &[u32]) -> f64 {
        let last = self.layers.len() - 1;
        let LayerTape { dense, dz, .. } = &mut self.layers[last];
        let length = dz.len() / self.losses.len() * self.rows;
        let losses = &mut self.losses[..self.rows];
        head.loss(level, &dense.output[..length], labels, losses, &mut dz[..length]);
        losses.iter().map(|&loss| f64::from(loss)).sum()
    }
}

impl Network {
    pub(super) fn new(config: &MlpConfig, draws: &Draws) -> Result<Self, TrainError> {
        let last = config.sizes.len() - 2;
        let layer = |(l, size): (usize, &[usize])| {
            let activation = if l == last { Kind::Identity } else { config.activation };
            // Uniform variates have the same bits on every level.
            Dense::glorot(Level::best(), size[0], size[1], activation, draws.weights(l))
        };
        let layers =
            config.sizes.windows(2).enumerate().map(layer).collect::<Result<_, TrainError>>()?;
        Ok(Self { layers })
    }

    /// Features of a row.
    pub(super) fn inputs(&self) -> usize {
        self.layers[0].inputs
    }

    /// Classes.
    pub(super) fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].outputs
    }

    /// Forward of `x [rows, inputs]`; `mask` is where the dropout mask of a hidden layer is drawn.
    pub(super) fn forward(
        &self,
        level: Level,
        x: &[f32],
        tape: &mut Tape,
        mask: impl Fn(usize) -> Noise,
    ) {
        let rows = x.len() / self.inputs();
        tape.rows = rows;
        for (l, layer) in self.layers.iter().enumerate() {
            let (below, this) = tape.layers.split_at_mut(l);
            let LayerTape { dense, dropout, .. } = &mut this[0];
            let x = below.last().map_or(x, |below| &below.output()[..rows * layer.inputs]);
            layer.forward(level, x, dense);
            if let Some(dropout) = dropout {
                dropout.forward(level, mask(l), &dense.output[..rows * layer.outputs]);
            }
        }
    }

    /// Backward from the gradient that [`Tape::loss`] left: the gradients of all layers' inputs and biases.
    /// The weights may then be updated in any order.
    pub(super) fn backward(&self, level: Level, tape: &mut Tape) {
        let rows = tape.rows;
        for (l, layer) in self.layers.iter().enumerate().rev() {
            let (below, this) = tape.layers.split_at_mut(l);
            let LayerTape { dz, bias, .. } = &mut this[0];
            let dz = &dz[..rows * layer.outputs];
            rows::column_sums(level, dz, bias);
            if let Some(LayerTape { dense, dropout, dz: dz_below, .. }) = below.last_mut() {
                let dz_below = &mut dz_below[..rows * layer.inputs];
                layer.backward_input(level, dz, &self.layers[l - 1], dense, dz_below);
                if let Some(dropout) = dropout {
                    dropout.backward(dz_below);
                }
            }
        }
    }

    /// Calls `f` with the outputs of each row of `x [rows, inputs]`, without dropout.
    ///
    /// # Panics
    /// If `x` is no whole number of rows.
    pub(super) fn evaluate(&self, level: Level, x: &[f32], mut f: impl FnMut(&[f32])) {
        assert!(x.len().is_multiple_of(self.inputs()), "{} values are no whole rows", x.len());
        let rows = (x.len() / self.inputs()).min(EVALUATION_ROWS);
        let tapes = self.layers.iter().map(|layer| layer.tape(rows));
        let mut layers: Vec<DenseTape> =
            tapes.collect::<Result<_, _>>().expect("memory for the outputs of some rows");
        for x in x.chunks(EVALUATION_ROWS * self.inputs()) {
            let rows = x.len() / self.inputs();
            for (l, layer) in self.layers.iter().enumerate() {
                let (below, this) = layers.split_at_mut(l);
                let x = below.last().map_or(x, |below| &below.output[..rows * layer.inputs]);
                layer.forward(level, x, &mut this[0]);
            }
            if let Some(last) = layers.last() {
                last.output[..rows * self.outputs()].chunks_exact(self.outputs()).for_each(&mut f);
            }
        }
    }
}
