//! Matrix products with fused epilogues, on one thread (and on all: `HALFWAVE_BENCH=full`), and faer's bare product beside them.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use halfwave_bench_suite::{effort, product::Product, shapes};

/// Throughput is in multiply-adds: twice the figure is FLOP/s.
fn bench_gemm(criterion: &mut Criterion) {
    let pools = effort::pools();
    for shape in shapes::gemm() {
        let mut group = criterion.benchmark_group(format!("gemm/{}", shape.name));
        group.throughput(Throughput::Elements((shape.flop() / 2.0) as u64));
        if shape.is_large() {
            group.sample_size(10);
        }
        let mut product = Product::new(&shape);
        product.check_faer();
        for pool in &pools {
            let threads = format!("{}T", pool.current_num_threads());
            group.bench_function(BenchmarkId::new("faer", threads), |bencher| {
                pool.install(|| bencher.iter(|| product.run_faer()));
            });
        }
        // A large product takes minutes on a slow level.
        for level in
            effort::levels().into_iter().take(if shape.is_large() { 1 } else { usize::MAX })
        {
            for &epilogue in &shape.epilogues {
                let mut product = Product::new(&shape);
                product.check(level, epilogue);
                for pool in &pools {
                    let id = format!("{level}-{}T", pool.current_num_threads());
                    group.bench_function(BenchmarkId::new(epilogue.name(), id), |bencher| {
                        pool.install(|| bencher.iter(|| product.run(level, epilogue)));
                    });
                }
            }
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = effort::products();
    targets = bench_gemm
}
criterion_main!(benches);
