//! Loops over std's functions, as the compiler turns them into code for the target that it is told.

use halfwave_bench_suite::contest::{Map, Peer};
use halfwave_kernels::Kind;

pub(super) const PEER: Peer = Peer { activation, ..Peer::named("std") };

fn activation(kind: Kind) -> Option<Map> {
    // Each loop with a function of its own, or a call of a pointer would be timed.
    Some(match kind {
        Kind::Relu => map(|x| x.max(0.0)),
        Kind::Abs => map(f32::abs),
        Kind::LeakyRelu => map(|x| if x > 0.0 { x } else { 0.01 * x }),
        Kind::Elu => map(|x| if x > 0.0 { x } else { x.exp_m1() }),
        Kind::GeluTanh => {
            map(|x| 0.5 * x * (1.0 + (0.797_884_6 * (x + 0.044_715 * x * x * x)).tanh()))
        }
        Kind::Silu => map(|x| x / (1.0 + (-x).exp())),
        Kind::Mish => map(|x| x * x.exp().ln_1p().tanh()),
        Kind::HardSwish => map(|x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0),
        Kind::Softplus => map(|x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
        Kind::Sigmoid => map(|x| 1.0 / (1.0 + (-x).exp())),
        Kind::Tanh => map(f32::tanh),
        Kind::Softsign => map(|x| x / (1.0 + x.abs())),
        Kind::Exp => map(f32::exp),
        Kind::Log1p => map(f32::ln_1p),
        _ => return None,
    })
}

fn map(f: impl Fn(f32) -> f32 + 'static) -> Map {
    Box::new(move |x, y| x.iter().zip(y).for_each(|(&x, y)| *y = f(x)))
}
