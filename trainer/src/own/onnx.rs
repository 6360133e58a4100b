//! Networks as ONNX files, for other programs to run: inference, with what is done to data first.
//!
//! Input `x [rows, width]`, f32: rows of the data as `predict` takes them, colours last. Outputs: `outputs [rows, classes]`, what
//! the head sees; `probabilities`, where the head is a softmax; `class [rows]`, i64, the place of the largest output. Names of
//! classes are in the metadata, as JSON under `classes`. Images pass from layer to layer with their channels last, and are
//! transposed around a convolution: runtimes take pairs of transpositions away.
//!
//! Version 20 of the operators, which ONNX 1.15 brought (2023).

mod functions;
mod graph;
mod messages;

use halfwave_kernels::conv::Padding;
use prost::Message as _;

use self::{
    graph::{Graph, float, int, ints, text},
    messages::{Entry, Model, OperatorSet},
};
use super::preprocessing::Preprocessing;
use crate::{
    layers::{Layer, LayerConfig},
    network::{Head, Network},
};

/// Of the operators, and of the file's format (that of ONNX 1.15).
const OPERATORS: i64 = 20;
const FORMAT: i64 = 9;

/// Why a network cannot be exported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {number} ({name}) has no form in ONNX; take another activation")]
pub struct OnnxError {
    /// Which layer, from 1.
    pub number: usize,
    /// What it is.
    pub name: &'static str,
}

/// The bytes of a file.
pub(crate) fn bytes(
    network: &Network,
    preprocessing: &Preprocessing,
    classes: &[String],
) -> Result<Vec<u8>, OnnxError> {
    let mut graph = Graph::new("x", preprocessing.inputs(network.inputs()));
    prepare(&mut graph, preprocessing);
    let config = network.config();
    let mut shape = config.input.clone();
    if shape.len() > 1 {
        graph.reshape(&shape);
    }
    for (l, (layer, config)) in network.layers().iter().zip(&config.layers).enumerate() {
        // Products have a form: what has none is what is done to them.
        let name = match config {
            LayerConfig::Dense { activation, .. }
            | LayerConfig::Conv { activation, .. }
            | LayerConfig::Activation { activation } => activation.name(),
            _ => layer.name(),
        };
        let number = l + 1;
        let error = OnnxError { number, name };
        shape = config.plan(&shape).map_err(|_| error.clone())?.shape;
        apply(&mut graph, layer, config, &shape).then_some(()).ok_or(error)?;
    }
    graph.output("outputs", &shape);
    if config.head == Head::NormalisedRelu {
        // What is not above 0 is no class more than another.
        graph.apply("Relu", &[], &[]);
    }
    graph.largest("class");
    if config.head == Head::Softmax {
        graph.apply("Softmax", &[], &[int("axis", 1)]);
        graph.output("probabilities", &shape);
    }
    let names = serde_json::Value::from(classes).to_string();
    let model = Model {
        ir_version: FORMAT,
        producer_name: "halfwave".into(),
        producer_version: env!("CARGO_PKG_VERSION").into(),
        graph: Some(graph.message("network")),
        opset_import: vec![OperatorSet { domain: String::new(), version: OPERATORS }],
        metadata: vec![Entry { key: "classes".into(), value: names }],
    };
    Ok(model.encode_to_vec())
}

/// What is done to data, in double precision as here.
fn prepare(graph: &mut Graph, preprocessing: &Preprocessing) {
    if let Some(standardiser) = &preprocessing.standardiser {
        graph.cast(true);
        graph.with_f64("Sub", &standardiser.mean);
        graph.with_f64("Div", &standardiser.std);
        graph.cast(false);
    }
    if let Some(pca) = &preprocessing.pca {
        let (components, width) = (pca.variance.len(), pca.width());
        let column = |i: usize| (0..components).map(move |c| pca.components[c * width + i]);
        let axes: Vec<f64> = (0..width).flat_map(column).collect();
        graph.cast(true);
        graph.with_f64("Sub", &pca.mean);
        let axes = graph.f64(&[width, components], &axes);
        graph.apply("MatMul", &[&axes], &[]);
        graph.cast(false);
    }
}

/// One layer, whose outputs have this shape; false if it has no form.
fn apply(graph: &mut Graph, layer: &Layer, config: &LayerConfig, shape: &[usize]) -> bool {
    match (layer, config) {
        (Layer::Dense(dense), _) => {
            product(graph, [dense.inputs, dense.outputs], &dense.weights, &dense.bias);
            return functions::activation(graph, dense.activation);
        }
        (Layer::WeightNorm(layer), _) => {
            let bias = &layer.lengths_and_bias[layer.outputs..];
            product(graph, [layer.inputs, layer.outputs], &layer.effective(), bias);
        }
        (Layer::Conv(conv), &LayerConfig::Conv { kernel, stride, padding, .. }) => {
            let channels = conv.bias.len();
            let inputs = conv.weights.len() / (kernel[0] * kernel[1] * channels);
            let at = |o: usize, i: usize, k: usize| conv.weights[(k * inputs + i) * channels + o];
            let taps = kernel[0] * kernel[1];
            let weights: Vec<f32> = (0..channels)
                .flat_map(|o| (0..inputs).flat_map(move |i| (0..taps).map(move |k| at(o, i, k))))
                .collect();
            let weights = graph.f32(&[channels, inputs, kernel[0], kernel[1]], &weights);
            let bias = graph.f32(&[channels], &conv.bias);
            windows(graph, "Conv", &[&weights, &bias], kernel, stride, padding);
            return functions::activation(graph, conv.activation);
        }
        (Layer::MaxPool(_), &LayerConfig::MaxPool { window, stride, padding }) => {
            windows(graph, "MaxPool", &[], window, stride, padding);
        }
        (Layer::Flatten(_), _) => graph.reshape(shape),
        (Layer::BatchNorm(norm), &LayerConfig::BatchNorm { epsilon, .. }) => {
            // As inference does: one factor and one term for each channel.
            let of = norm.scale.iter().zip(&norm.shift);
            let moments = norm.running_mean.iter().zip(&norm.running_variance);
            let (factors, terms): (Vec<f32>, Vec<f32>) = of
                .zip(moments)
                .map(|((&scale, &shift), (&mean, &variance))| {
                    let [scale, shift, mean, variance] =
                        [scale, shift, mean, variance].map(f64::from);
                    let factor = scale / (variance + f64::from(epsilon)).sqrt();
                    (factor as f32, (shift - mean * factor) as f32)
                })
                .unzip();
            graph.with("Mul", &factors);
            graph.with("Add", &terms);
        }
        (Layer::LayerNorm(norm), &LayerConfig::LayerNorm { epsilon }) => {
            let channels = norm.scale.len();
            let scale = graph.f32(&[channels], &norm.scale);
            let shift = graph.f32(&[channels], &norm.shift);
            let attributes = [float("epsilon", epsilon), int("axis", -1)];
            graph.apply("LayerNormalization", &[&scale, &shift], &attributes);
        }
        (Layer::Activation(layer), _) => return functions::activation(graph, layer.activation),
        (Layer::Learned(layer), _) => {
            return functions::learned(graph, layer.activation, &layer.values());
        }
        (Layer::Scale(scale), _) => graph.with("Mul", &[scale.factor]),
        (Layer::NegateHalf(layer), _) => {
            let sign = |i: usize| if i < layer.kept() { 1.0 } else { -1.0 };
            let signs: Vec<f32> = (0..layer.channels).map(sign).collect();
            graph.with("Mul", &signs);
        }
        // What they do they do in training.
        (Layer::Dropout(_) | Layer::GaussianNoise(_) | Layer::L1Activations(_), _) => {}
        _ => return false,
    }
    true
}

/// x W + b.
fn product(graph: &mut Graph, [inputs, outputs]: [usize; 2], weights: &[f32], bias: &[f32]) {
    let weights = graph.f32(&[inputs, outputs], weights);
    let bias = graph.f32(&[outputs], bias);
    graph.apply("Gemm", &[&weights, &bias], &[]);
}

/// An operator on windows of images whose channels come last here, and first there.
fn windows(
    graph: &mut Graph,
    operator: &str,
    others: &[&str],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: Padding,
) {
    let padding = match padding {
        Padding::Valid => "VALID",
        Padding::Same => "SAME_UPPER",
    };
    let attributes =
        [ints("kernel_shape", &kernel), ints("strides", &stride), text("auto_pad", padding)];
    graph.apply("Transpose", &[], &[ints("perm", &[0, 3, 1, 2])]);
    graph.apply(operator, others, &attributes);
    graph.apply("Transpose", &[], &[ints("perm", &[0, 2, 3, 1])]);
}

#[cfg(test)]
mod tests;
