//! Activations, forward and backward.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use halfwave_bench_suite::{
    LARGEST, SIZES_OF_THREADS, effort, elementwise, inputs, table::IN_PLACE,
};
use halfwave_kernels::{
    Kind, backward, backward_in_place, forward, forward_in_place, par_backward, par_forward,
};

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

/// With the copy that brings the values back.
fn bench_in_place(criterion: &mut Criterion) {
    let dy = inputs::uniform(2, LARGEST, -1.0, 1.0);
    for kind in IN_PLACE {
        let x = inputs::pre_activations(kind, LARGEST);
        elementwise::bench(criterion, &format!("forward-in-place/{kind}"), |level, y| {
            y.copy_from_slice(&x[..y.len()]);
            forward_in_place(level, kind, y);
        });
        let saved = inputs::saved(kind, LARGEST);
        elementwise::bench(criterion, &format!("backward-in-place/{kind}"), |level, dx| {
            dx.copy_from_slice(&dy[..dx.len()]);
            backward_in_place(level, kind, &saved[..dx.len()], dx);
        });
    }
}

/// Forward and backward on one thread and on all, up to sizes far beyond the caches: only where everything is timed.
fn bench_threads(criterion: &mut Criterion) {
    if !effort::full() {
        return;
    }
    let largest = SIZES_OF_THREADS[SIZES_OF_THREADS.len() - 1];
    let (mut out, dy) = (vec![0.0; largest], inputs::uniform(2, largest, -1.0, 1.0));
    for &kind in Kind::ALL {
        let x = inputs::pre_activations(kind, largest);
        elementwise::bench_threads(criterion, &format!("forward/{kind}"), &mut out, |level, y| {
            par_forward(level, kind, &x[..y.len()], y);
        });
        let saved = inputs::saved(kind, largest);
        elementwise::bench_threads(
            criterion,
            &format!("backward/{kind}"),
            &mut out,
            |level, dx| {
                par_backward(level, kind, &saved[..dx.len()], &dy[..dx.len()], dx);
            },
        );
    }
}

criterion_group! {
    name = benches;
    config = effort::kernels();
    targets = bench_forward, bench_backward, bench_in_place, bench_threads
}
criterion_main!(benches);
