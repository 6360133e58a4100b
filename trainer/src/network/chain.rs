//! The layers of a network in their order: forward, backward, evaluation.

use halfwave_kernels::{
    Level,
    rng::{Noise, Stream},
};

use super::{Head, draws::Draws};
use crate::{
    TrainError,
    buffers::{within, zeros},
    layers::{self, Backward, Gate, Layer, LayerConfig, Mode},
    train::{Diverged, WEIGHT_LIMIT},
};

/// Rows that evaluation takes at a time, and numbers that a layer then holds at most (but for one row).
const EVALUATION_ROWS: usize = 512;
const EVALUATION_NUMBERS: usize = 1 << 22;

/// Layers; the outputs of the last are the head's.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) layers: Vec<Layer>,
    /// The shape of a row of x, then of each layer's outputs.
    pub(crate) shapes: Vec<Vec<usize>>,
    /// The lowest layer that is trained: backward ends there.
    lowest: usize,
}

/// Memory of one forward and backward.
pub(crate) struct Tape {
    /// Rows of the batch at hand, and at most.
    rows: usize,
    batch: usize,
    pub(crate) layers: Vec<layers::Tape>,
    /// Gradients of the outputs of each layer, behind its gate: those of z = x W + b, where there is a product.
    /// Empty for a layer that works in place, on those of the layer below.
    gradients: Vec<Vec<f32>>,
    /// Gradient of the inputs of the lowest trained layer, if it cannot do without.
    unused: Vec<f32>,
    /// Loss of each row.
    losses: Vec<f32>,
}

impl Tape {
    /// For up to `batch` rows.
    pub(crate) fn new(chain: &Chain, batch: usize, mode: Mode) -> Result<Self, TrainError> {
        let gradient = |(l, layer): (usize, &Layer)| {
            let rows = if l < chain.lowest || layer.ops().in_place() { 0 } else { batch };
            zeros("the gradients of a layer", &[rows, chain.width(l + 1)])
        };
        let needs = chain.layers[chain.lowest].ops().needs_dx();
        let unused = if needs { batch } else { 0 };
        Ok(Self {
            rows: 0,
            batch,
            layers: chain.tapes(batch, mode)?,
            gradients: chain.layers.iter().enumerate().map(gradient).collect::<Result<_, _>>()?,
            unused: zeros("the gradients of a layer", &[unused, chain.width(chain.lowest)])?,
            losses: zeros("the losses", &[batch])?,
        })
    }

    /// For rows of zeros and ones: if the lowest trained layer is dense, it multiplies by their ones only.
    pub(crate) fn compress(mut self, chain: &Chain) -> Self {
        if let Layer::Dense(_) = chain.layers[chain.lowest] {
            self.layers[chain.lowest].ones = Some(layers::Ones::default());
        }
        self
    }

    /// Rows of the last forward pass.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The rows at hand of a buffer for all.
    fn part<'a>(&self, values: &'a [f32]) -> &'a [f32] {
        &values[..values.len() / self.batch * self.rows]
    }

    /// Inputs of trained layer `l` and the gradient of its outputs, `[rows, _]` both, after a backward pass from
    /// `x`.
    pub(crate) fn operands<'a>(&'a self, x: &'a [f32], l: usize) -> [&'a [f32]; 2] {
        let below = top(&self.layers[..l]).map_or(x, |output| self.part(output));
        [below, self.part(&self.gradients[l])]
    }

    /// The outputs of the last layer, `[rows, classes]`.
    pub(crate) fn logits(&self) -> &[f32] {
        top(&self.layers).map_or(&[], |output| self.part(output))
    }

    /// The outputs of the last layer, the memory for their gradient, and that for the losses of rows.
    pub(crate) fn last(&mut self) -> (&[f32], &mut [f32], &mut [f32]) {
        let gradient = self.gradients.iter_mut().rev().find(|gradient| !gradient.is_empty());
        let (Some(output), Some(dz)) = (top(&self.layers), gradient) else {
            return (&[], &mut [], &mut []);
        };
        let length = dz.len() / self.batch * self.rows;
        (&output[..length], &mut dz[..length], &mut self.losses[..self.rows])
    }

    /// The sum of the losses; leaves the gradient of the outputs of the last layer.
    pub(crate) fn loss(&mut self, level: Level, head: Head, labels: &[u32]) -> f64 {
        let (output, dz, losses) = self.last();
        head.loss(level, output, labels, losses, dz);
        losses.iter().map(|&loss| f64::from(loss)).sum()
    }

    /// Of each row, after [`Tape::loss`].
    pub(crate) fn losses(&self) -> &[f32] {
        &self.losses[..self.rows]
    }

    /// That the gradients are finite, as far as those of the biases, sums over all rows, tell.
    pub(crate) fn check(&self) -> Result<(), Diverged> {
        let finite = |x: &[f32]| x.iter().all(|x| x.is_finite());
        let all_finite = |tape: &layers::Tape| tape.gradients().iter().all(|g| finite(g));
        match self.layers.iter().position(|tape| !all_finite(tape)) {
            Some(l) => Err(Diverged(format!("a gradient of layer {} is not finite", l + 1))),
            None => Ok(()),
        }
    }
}

/// The outputs of the highest layer that has its own.
fn top(tapes: &[layers::Tape]) -> Option<&[f32]> {
    tapes.iter().rev().map(|tape| &tape.output[..]).find(|output| !output.is_empty())
}

impl Chain {
    /// The layers, of which at least one is trained, with the weights that `draws` has for them.
    pub(super) fn new(
        configs: &[LayerConfig],
        shapes: Vec<Vec<usize>>,
        draws: &Draws,
    ) -> Result<Self, TrainError> {
        let layers = configs.iter().zip(&shapes).enumerate();
        let layers: Vec<Layer> = layers
            .map(|(l, (config, input))| config.build(input, draws.weights(l)))
            .collect::<Result<_, _>>()?;
        let lowest = layers.iter().position(Layer::is_trained).unwrap_or_default();
        Ok(Self { layers, shapes, lowest })
    }

    /// Numbers of a row of x (0), or of the outputs of the layer below `l`.
    pub(super) fn width(&self, l: usize) -> usize {
        self.shapes[l].iter().product()
    }

    /// Floating-point operations of the products of a row in a step: forward, gradients of the weights, and, but for the
    /// lowest trained layer, of the inputs.
    pub(crate) fn flop(&self) -> u64 {
        let products = self.layers.iter().enumerate().filter(|(_, layer)| layer.has_weights());
        let flop = products.map(|(l, layer)| {
            let (_, positions) = self.shapes[l + 1].split_last().unwrap_or((&0, &[]));
            let positions: usize = positions.iter().product();
            let passes = if l == self.lowest { 2 } else { 3 };
            2 * passes * (layer.parameters()[0].len() * positions) as u64
        });
        flop.sum()
    }

    /// Features of a row.
    pub(crate) fn inputs(&self) -> usize {
        self.width(0)
    }

    /// Classes.
    pub(crate) fn outputs(&self) -> usize {
        self.width(self.layers.len())
    }

    fn tapes(&self, batch: usize, mode: Mode) -> Result<Vec<layers::Tape>, TrainError> {
        self.layers.iter().map(|layer| layer.ops().tape(batch, mode)).collect()
    }

    /// `[rows, _]` of what goes into layer `l`: of `x`, or of the nearest outputs below.
    fn input<'a>(
        &self,
        x: &'a [f32],
        below: &'a [layers::Tape],
        l: usize,
        rows: usize,
    ) -> &'a [f32] {
        top(&below[..l]).map_or(x, |output| &output[..rows * self.width(l)])
    }

    fn forward_into(
        &self,
        level: Level,
        x: &[f32],
        tapes: &mut [layers::Tape],
        noise: impl Fn(usize) -> Noise,
    ) {
        let rows = x.len() / self.inputs();
        for (l, layer) in self.layers.iter().enumerate() {
            let (below, this) = tapes.split_at_mut(l);
            layer.ops().forward(level, self.input(x, below, l, rows), &mut this[0], noise(l));
        }
    }

    /// Forward of `x [rows, inputs]`; `noise` is where the draws of a layer are.
    pub(crate) fn forward(
        &self,
        level: Level,
        x: &[f32],
        tape: &mut Tape,
        noise: impl Fn(usize) -> Noise,
    ) {
        tape.rows = x.len() / self.inputs();
        self.forward_into(level, x, &mut tape.layers, noise);
    }

    /// What is left to do to a gradient of the outputs of layer `l`.
    fn gate<'a>(
        &self,
        x: &'a [f32],
        tapes: &'a [layers::Tape],
        l: usize,
        rows: usize,
    ) -> Option<Gate<'a>> {
        let below = || l.checked_sub(1).and_then(|below| self.gate(x, tapes, below, rows));
        let length = rows * self.width(l + 1);
        self.layers[l].ops().gate(self.input(x, tapes, l, rows), &tapes[l], length, &below)
    }

    /// The gradient that [`Tape::loss`] left, of y = f(z), becomes that of z.
    pub(crate) fn backward_last<'a>(
        &self,
        level: Level,
        x: &[f32],
        tape: &'a mut Tape,
    ) -> &'a [f32] {
        let Tape { rows, ref layers, ref mut gradients, .. } = *tape;
        let gradient = gradients.iter_mut().rev().find(|gradient| !gradient.is_empty());
        let dz = gradient.map_or(&mut [][..], |dz| &mut dz[..rows * self.outputs()]);
        if let Some(gate) = self.gate(x, layers, self.layers.len() - 1, rows) {
            gate.apply(level, dz);
        }
        dz
    }

    /// Backward from the gradient that [`Tape::loss`] left: the gradients of all layers' inputs, and of those
    /// parameters that are no products. The layers may then be updated in any order.
    pub(crate) fn backward(&self, level: Level, x: &[f32], tape: &mut Tape) {
        self.backward_last(level, x, tape);
        let Tape { rows, ref mut layers, ref mut gradients, ref mut unused, .. } = *tape;
        for (l, layer) in self.layers.iter().enumerate().skip(self.lowest).rev() {
            let layer = layer.ops();
            let (below, this) = layers.split_at_mut(l);
            let gate = (l > self.lowest).then(|| self.gate(x, below, l - 1, rows)).flatten();
            let (of_below, of_this) = gradients.split_at_mut(l);
            let mut of_below = of_below.iter_mut().rev().find(|gradient| !gradient.is_empty());
            let (dy, dx) = if layer.in_place() {
                let Some(dy) = of_below else { continue };
                (dy, None)
            } else {
                if l == self.lowest {
                    of_below = (!unused.is_empty()).then_some(unused);
                }
                (&mut of_this[0], of_below)
            };
            let dy = &mut dy[..rows * self.width(l + 1)];
            let dx = dx.map(|dx| &mut dx[..rows * self.width(l)]);
            let x = self.input(x, below, l, rows);
            layer.backward(Backward { level, x, dy, dx, gate }, &mut this[0]);
        }
    }

    /// The gradients of all parameters after a backward pass from `x`.
    pub(crate) fn gradients(&self, level: Level, x: &[f32], tape: &Tape) -> Vec<[Vec<f32>; 2]> {
        let trained = self.layers.iter().enumerate().filter(|(_, layer)| layer.is_trained());
        let gradients = trained.map(|(l, layer)| {
            let [x, dz] = tape.operands(x, l);
            layer.ops().gradients(level, x, dz, &tape.layers[l])
        });
        gradients.collect()
    }

    /// Whether no weight is beyond [`WEIGHT_LIMIT`].
    pub(crate) fn is_sound(&self) -> bool {
        let mut parameters = self.layers.iter().flat_map(Layer::parameters);
        parameters.all(|parameters| within(parameters, WEIGHT_LIMIT))
    }

    /// Calls `f` with the outputs of each row of `x [rows, inputs]`.
    ///
    /// # Panics
    /// If `x` is no whole number of rows.
    pub(crate) fn evaluate(&self, level: Level, x: &[f32], mut f: impl FnMut(&[f32])) {
        let outputs = self.outputs();
        self.for_each_chunk(level, x, |rows, tapes| {
            if let Some(last) = top(tapes) {
                last[..rows * outputs].chunks_exact(outputs).for_each(&mut f);
            }
        });
    }

    /// Calls `f` with some rows' number and the tapes of inference on them, until all rows of `x [rows, inputs]` were
    /// met.
    ///
    /// # Panics
    /// If `x` is no whole number of rows.
    pub(crate) fn for_each_chunk(
        &self,
        level: Level,
        x: &[f32],
        mut f: impl FnMut(usize, &[layers::Tape]),
    ) {
        let inputs = self.inputs();
        assert!(x.len().is_multiple_of(inputs), "{} values are no whole rows", x.len());
        let widest = (0..self.shapes.len()).map(|l| self.width(l)).max().unwrap_or(1);
        let rows = (EVALUATION_NUMBERS / widest).clamp(1, EVALUATION_ROWS);
        let mut tapes = self
            .tapes(rows.min(x.len() / inputs), Mode::Inference)
            .expect("memory for the outputs of some rows");
        for x in x.chunks(rows * inputs) {
            let rows = x.len() / inputs;
            self.forward_into(level, x, &mut tapes, |_| Stream::new(0).at(0));
            f(rows, &tapes);
        }
    }
}
