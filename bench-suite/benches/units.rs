//! Uniform and normal numbers, samples and means of stochastic units.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::cell::RefCell;

use criterion::{Criterion, criterion_group, criterion_main};
use halfwave_bench_suite::{LARGEST, effort, elementwise, inputs};
use halfwave_kernels::{
    rng::{self, Noise, Stream},
    units::{self, Unit, potts},
};

fn noise() -> Noise {
    Stream::new(3).at(0)
}

fn bench_rng(criterion: &mut Criterion) {
    elementwise::bench(criterion, "rng/uniform", |level, out| rng::uniform(level, noise(), out));
    elementwise::bench(criterion, "rng/normal", |level, out| rng::normal(level, noise(), out));
}

fn bench_units(criterion: &mut Criterion) {
    let x = inputs::uniform(1, LARGEST, -4.0, 4.0);
    for &unit in Unit::ALL {
        elementwise::bench(criterion, &format!("sample/{unit}"), |level, out| {
            units::sample(level, unit, noise(), &x[..out.len()], out);
        });
        elementwise::bench(criterion, &format!("mean/{unit}"), |level, out| {
            units::mean(level, unit, &x[..out.len()], out);
        });
    }
    // What it costs to have both, beside the mean.
    let mean = RefCell::new(vec![0.0; LARGEST]);
    for unit in [Unit::Bernoulli, Unit::Nrelu, Unit::Ssu { copies: 8 }] {
        elementwise::bench(criterion, &format!("sample_with_mean/{unit}"), |level, out| {
            let n = out.len();
            let mean = &mut mean.borrow_mut()[..n];
            units::sample_with_mean(level, unit, noise(), &x[..n], mean, out);
        });
    }
    for states in [4, 64] {
        elementwise::bench(criterion, &format!("sample/potts({states})"), |level, out| {
            potts::sample(level, noise(), &x[..out.len()], states, out);
        });
    }
}

criterion_group! {
    name = benches;
    config = effort::kernels();
    targets = bench_rng, bench_units
}
criterion_main!(benches);
