//! Activations, forward and backward.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use halfwave_bench_suite::{LARGEST, elementwise, inputs};
use halfwave_kernels::{Kind, backward, forward};

fn bench_forward(criterion: &mut Criterion) {
    for &kind in Kind::ALL {
        let x = inputs::pre_activations(kind, LARGEST);
        elementwise::bench(criterion, &format!("forward/{kind}"), |level, y| {
            forward(level, kind, &x[..y.len()], y);
        });
    }
}

fn bench_backward(criterion: &mut Criterion) {
    let dy = inputs::uniform(2, LARGEST, -1.0, 1.0);
    for &kind in Kind::ALL {
        let saved = inputs::saved(kind, LARGEST);
        elementwise::bench(criterion, &format!("backward/{kind}"), |level, dx| {
            backward(level, kind, &saved[..dx.len()], &dy[..dx.len()], dx);
        });
    }
}

criterion_group! {
    name = benches;
    config = elementwise::config();
    targets = bench_forward, bench_backward
}
criterion_main!(benches);
