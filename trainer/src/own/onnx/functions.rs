//! Activations as ONNX's operators, of version 20.

use halfwave_kernels::{Kind, learned::LearnedKind};

use super::graph::{Graph, float, text};

/// σ of numbers, times them: x σ(βx).
fn swish(graph: &mut Graph, beta: &[f32]) {
    let x = graph.at();
    if beta != [1.0] {
        graph.with("Mul", beta);
    }
    graph.apply("Sigmoid", &[], &[]);
    graph.apply("Mul", &[&x], &[]);
}

/// y = f(x); false if ONNX cannot say it.
pub(super) fn activation(graph: &mut Graph, kind: Kind) -> bool {
    /// Of GELU's quick form, and of the rescaled softplus.
    const BETA: f32 = 1.702;
    const ALPHA: f32 = 6.0;
    let mut apply = |operator, attributes: &[_]| graph.apply(operator, &[], attributes);
    match kind {
        Kind::Identity => {}
        Kind::Relu => apply("Relu", &[]),
        Kind::LeakyRelu => apply("LeakyRelu", &[float("alpha", 0.01)]),
        Kind::Abs => apply("Abs", &[]),
        Kind::Elu => apply("Elu", &[]),
        Kind::Selu => apply("Selu", &[]),
        Kind::Celu => apply("Celu", &[]),
        Kind::Gelu => apply("Gelu", &[]),
        Kind::GeluTanh => apply("Gelu", &[text("approximate", "tanh")]),
        Kind::Mish => apply("Mish", &[]),
        Kind::HardSwish => apply("HardSwish", &[]),
        Kind::Softplus => apply("Softplus", &[]),
        Kind::Sigmoid => apply("Sigmoid", &[]),
        Kind::HardSigmoid => apply("HardSigmoid", &[float("alpha", 1.0 / 6.0)]),
        Kind::Tanh => apply("Tanh", &[]),
        Kind::Softsign => apply("Softsign", &[]),
        Kind::Exp => apply("Exp", &[]),
        Kind::Erf => apply("Erf", &[]),
        Kind::TanhRelu => {
            apply("Tanh", &[]);
            apply("Relu", &[]);
        }
        Kind::Relu6 => {
            let (low, high) = (graph.f32(&[], &[0.0]), graph.f32(&[], &[6.0]));
            graph.apply("Clip", &[&low, &high], &[]);
        }
        Kind::GeluQuick => swish(graph, &[BETA]),
        Kind::Silu => swish(graph, &[1.0]),
        Kind::RescaledSoftplus => {
            graph.with("Mul", &[ALPHA]);
            graph.apply("Softplus", &[], &[]);
            graph.with("Div", &[ALPHA]);
        }
        Kind::Log1p => {
            graph.with("Add", &[1.0]);
            graph.apply("Log", &[], &[]);
        }
        _ => return false,
    }
    true
}

/// y = f(x; p); false if there is no short way to say it.
pub(super) fn learned(graph: &mut Graph, kind: LearnedKind, p: &[&[f32]]) -> bool {
    match (kind, p) {
        (LearnedKind::Prelu, [slope]) => {
            let slope = graph.f32(&[slope.len()], slope);
            graph.apply("PRelu", &[&slope], &[]);
        }
        (LearnedKind::Swish, [beta]) => swish(graph, beta),
        (LearnedKind::Dyt, [alpha, gamma, beta]) => {
            graph.with("Mul", alpha);
            graph.apply("Tanh", &[], &[]);
            graph.with("Mul", gamma);
            graph.with("Add", beta);
        }
        (LearnedKind::ReluN, [n]) => {
            graph.apply("Relu", &[], &[]);
            graph.with("Min", n);
        }
        _ => return false,
    }
    true
}
