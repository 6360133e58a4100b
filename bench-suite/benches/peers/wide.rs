//! `wide`, used plainly: eight lanes over slices, with the instructions that the compiler is told of.

use halfwave_bench_suite::contest::{Map, Peer};
use halfwave_kernels::Kind;
use wide::f32x8;

pub(super) const PEER: Peer = Peer { activation, ..Peer::named("wide") };

fn activation(kind: Kind) -> Option<Map> {
    let (zero, one) = (f32x8::ZERO, f32x8::ONE);
    Some(match kind {
        Kind::Relu => map(move |x| x.max(zero)),
        Kind::Abs => map(f32x8::abs),
        Kind::LeakyRelu => map(move |x| x.max(zero) + x.min(zero) * f32x8::splat(0.01)),
        Kind::Elu => map(move |x| x.max(zero) + x.min(zero).exp_m1()),
        Kind::GeluTanh => map(move |x| {
            let inner = x + f32x8::splat(0.044_715) * x * x * x;
            f32x8::HALF * x * (one + (f32x8::splat(0.797_884_6) * inner).tanh())
        }),
        Kind::Silu => map(move |x| x / (one + (-x).exp())),
        Kind::Softplus => map(move |x| x.max(zero) + (-x.abs()).exp().ln_1p()),
        Kind::Sigmoid => map(move |x| one / (one + (-x).exp())),
        Kind::Tanh => map(f32x8::tanh),
        Kind::Softsign => map(move |x| x / (one + x.abs())),
        Kind::Exp => map(f32x8::exp),
        Kind::Log1p => map(f32x8::ln_1p),
        _ => return None,
    })
}

fn map(f: impl Fn(f32x8) -> f32x8 + 'static) -> Map {
    Box::new(move |x, y| {
        let ((x, x_rest), (y, y_rest)) = (x.as_chunks(), y.as_chunks_mut());
        for (x, y) in x.iter().zip(y) {
            *y = f(f32x8::new(*x)).to_array();
        }
        let mut rest = [0.0; 8];
        rest[..x_rest.len()].copy_from_slice(x_rest);
        y_rest.copy_from_slice(&f(f32x8::new(rest)).to_array()[..x_rest.len()]);
    })
}
