//! Matrix products with fused epilogues, on one thread and on all, and faer's bare product beside them.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfwave_bench_suite::{
    product::Product,
    shapes::{self, Epilogue},
    threads,
};
use halfwave_kernels::Level;

/// Floating-point operations from which on a product is measured as seldom as criterion allows.
const MANY_FLOP: f64 = 1e10;

/// Throughput is in multiply-adds: twice the figure is FLOP/s.
fn bench_gemm(criterion: &mut Criterion) {
    let pools = threads::pools();
    let level = Level::best();
    for shape in shapes::gemm() {
        let mut group = criterion.benchmark_group(format!("gemm/{}", shape.name));
        group.throughput(Throughput::Elements((shape.flop() / 2.0) as u64));
        if shape.flop() > MANY_FLOP {
            group.sample_size(10);
        }
        for &epilogue in &shape.epilogues {
            let mut product = Product::new(&shape);
            product.check(level, epilogue);
            for pool in &pools {
                let threads = format!("{}T", pool.current_num_threads());
                group.bench_function(BenchmarkId::new(epilogue.name(), &threads), |bencher| {
                    pool.install(|| bencher.iter(|| product.run(level, epilogue)));
                });
                if epilogue == Epilogue::None {
                    group.bench_function(BenchmarkId::new("faer", threads), |bencher| {
                        pool.install(|| bencher.iter(|| product.run_faer()));
                    });
                }
            }
        }
        group.finish();
    }
}

fn config() -> Criterion {
    Criterion::default()
        .without_plots()
        .sample_size(20)
        .nresamples(5_000)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

criterion_group! {
    name = benches;
    config = config();
    targets = bench_gemm
}
criterion_main!(benches);
