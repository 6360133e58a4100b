//! candle beside halfwave, on one thread; its products are those of the crate gemm.
//!
//!     RAYON_NUM_THREADS=1 cargo run --release --manifest-path bench-suite/peers/candle/Cargo.toml
//!
//! Arguments are those of [`contest::main`]. candle has no results in place: each call allocates its own.

use std::{hint::black_box, process::ExitCode};

use candle_core::{DType, Device, Module, Result, Tensor};
use candle_nn::{
    AdamW, Linear, Optimizer, ParamsAdamW, Sequential, VarBuilder, VarMap, linear, loss, ops, seq,
};
use halfwave_bench_suite::{
    contest::{self, Map, Multiply, Peer, Train},
    inputs,
    product::Product,
};
use halfwave_kernels::Kind;

const PEER: Peer = Peer {
    activation,
    product: Some(product),
    mlp: Some(|steps| Ok(mlp(steps)?)),
    ..Peer::named("candle")
};

fn main() -> ExitCode {
    contest::main(&[PEER])
}

fn activation(kind: Kind) -> Option<Map> {
    Some(match kind {
        Kind::Relu => map(Tensor::relu),
        Kind::Abs => map(Tensor::abs),
        Kind::LeakyRelu => map(|x| ops::leaky_relu(x, 0.01)),
        Kind::Elu => map(|x| x.elu(1.0)),
        Kind::Selu => map(|x| ops::selu(x, 1.673_263_2, 1.050_701)),
        Kind::Gelu => map(Tensor::gelu_erf),
        Kind::GeluTanh => map(Tensor::gelu),
        Kind::Silu => map(Tensor::silu),
        Kind::Mish => map(ops::mish),
        Kind::Sigmoid => map(ops::sigmoid),
        Kind::Tanh => map(Tensor::tanh),
        Kind::Exp => map(Tensor::exp),
        Kind::Erf => map(Tensor::erf),
        _ => return None,
    })
}

/// Operands become tensors in the first call, whose result is copied for the check; the rest is what candle does.
fn map(f: fn(&Tensor) -> Result<Tensor>) -> Map {
    let mut operand = None;
    Box::new(move |x, y| {
        let first = operand.is_none();
        let operand = operand.get_or_insert_with(|| done(Tensor::new(x, &Device::Cpu)));
        keep(done(f(operand)), first, y);
    })
}

fn product<'a>(operands: &'a Product<'_>) -> Multiply<'a> {
    let [a, b] = operands.stored().map(|(x, shape, transposed)| {
        let stored = done(Tensor::from_slice(x, &shape, &Device::Cpu));
        if transposed { done(stored.t()) } else { stored }
    });
    let mut first = true;
    Box::new(move |out| keep(done(a.matmul(&b)), std::mem::take(&mut first), out))
}

/// Copies a result only where it is looked at.
fn keep(result: Tensor, copied: bool, out: &mut [f32]) {
    if copied {
        out.copy_from_slice(&done(result.flatten_all().and_then(|x| x.to_vec1())));
    }
    black_box(result);
}

/// The steps go over as many batches in turn.
fn mlp(steps: usize) -> Result<Train> {
    const BATCH: usize = 128;
    let (device, variables) = (Device::Cpu, VarMap::new());
    let builder = VarBuilder::from_varmap(&variables, DType::F32, &device);
    let layer = |from, to, name| -> Result<Linear> { linear(from, to, builder.pp(name)) };
    let network: Sequential = seq()
        .add(layer(784, 512, "first")?)
        .add_fn(Tensor::relu)
        .add(layer(512, 512, "second")?)
        .add_fn(Tensor::relu)
        .add(layer(512, 10, "third")?);
    let adam = ParamsAdamW { weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut adam = AdamW::new(variables.all_vars(), adam)?;
    let x = Tensor::from_vec(
        inputs::uniform(8, steps * BATCH * 784, 0.0, 1.0),
        (steps, BATCH, 784),
        &device,
    )?;
    let labels: Vec<u32> = (0..BATCH as u32).map(|row| row % 10).collect();
    let labels = Tensor::new(labels, &device)?;
    let mut train = move || -> Result<f32> {
        let mut last = 0.0;
        for step in 0..steps {
            let loss = loss::cross_entropy(&network.forward(&x.get(step)?)?, &labels)?;
            adam.backward_step(&loss)?;
            last = loss.to_scalar()?;
        }
        Ok(last)
    };
    // It begins near ln 10 and learns these batches by heart.
    let (before, mut after) = (train()?, 0.0);
    for _ in 0..20 {
        after = train()?;
    }
    assert!(after < before / 2.0 && before < 5.0, "candle does not learn: {before}, then {after}");
    Ok(Box::new(move || {
        black_box(done(train()));
    }))
}

/// A peer that fails is a defect of this file.
fn done<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("candle: {error}"))
}
