//! Random bits, uniform and normal numbers, and samples of stochastic units.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use halfwave_bench_suite::{LARGEST, elementwise, inputs};
use halfwave_kernels::{
    rng::{self, Noise, Stream},
    units::{self, Unit},
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
    }
}

criterion_group! {
    name = benches;
    config = elementwise::config();
    targets = bench_rng, bench_units
}
criterion_main!(benches);
