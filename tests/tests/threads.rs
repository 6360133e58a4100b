//! The number of threads changes no bit.

use halfwave_kernels::{
    Kind, Level,
    gemm::{Epilogue, MatMut, MatRef, matmul, matmul_add},
    rng::Stream,
    units::Unit,
};
use halfwave_tests::{cases, compare::assert_same_bits, inputs};

#[expect(clippy::unwrap_used, reason = "tests may")]
fn on_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

/// What `f` returns on two, three and four threads is what it returns on one.
fn same_on_any_number(name: &str, f: impl Fn() -> Vec<f32> + Sync) {
    let expected = on_threads(1, &f);
    for threads in 2..=4 {
        let what = || format!("{name} on {threads} threads");
        assert_same_bits(what, &on_threads(threads, &f), &expected);
    }
}

#[test]
fn products_with_every_epilogue() {
    // One tile; several; a ragged grid; long sums; rows of one.
    for (m, n, k) in
        [(20, 30, 10), (513, 300, 40), (1030, 770, 33), (64, 300, 2000), (1, 1000, 500)]
    {
        let (a, b) = (inputs::uniform(m * k, 1, -1.0, 1.0), inputs::uniform(k * n, 2, -1.0, 1.0));
        let (bias, saved) = (inputs::uniform(n, 3, -1.0, 1.0), inputs::uniform(m * n, 4, 0.0, 1.0));
        let (a, b) =
            (MatRef::from_row_major_slice(&a, m, k), MatRef::from_row_major_slice(&b, k, n));
        let saved = MatRef::from_row_major_slice(&saved, m, n);
        let mut epilogues = vec![Epilogue::None, Epilogue::Bias(&bias)];
        for &kind in Kind::ALL {
            epilogues.push(Epilogue::BiasActivation { bias: &bias, kind });
            epilogues.push(Epilogue::Backward { kind, saved });
        }
        let noise = Stream::new(1).at(99);
        epilogues.extend(Unit::ALL.iter().map(|&unit| Epilogue::BiasSample {
            bias: &bias,
            unit,
            noise,
        }));
        for epilogue in epilogues {
            same_on_any_number(&format!("{m}×{n}×{k}, {:.60}", format!("{epilogue:?}")), || {
                let mut out = vec![0.0; m * n];
                let view = MatMut::from_row_major_slice_mut(&mut out, m, n);
                matmul(Level::best(), a, b, view, epilogue);
                out
            });
        }
        same_on_any_number(&format!("{m}×{n}×{k}, matmul_add"), || {
            let mut out = vec![0.25; m * n];
            let view = MatMut::from_row_major_slice_mut(&mut out, m, n);
            matmul_add(Level::best(), 0.5, a, b, view, Epilogue::None);
            out
        });
    }
}

#[test]
fn optimiser_steps() {
    for case in cases::updates() {
        for n in [1000, 16_384, 100_003] {
            let arrays = case.mixed_arrays(n, 7);
            same_on_any_number(&format!("{}, {n} elements", case.name), || {
                case.result(Level::best(), &arrays).concat()
            });
        }
    }
}
