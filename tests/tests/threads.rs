//! The number of threads changes no bit.

use halfwave_kernels::{
    Kind, Level,
    gemm::{Epilogue, MatMut, MatRef, matmul, matmul_add},
    rng::Stream,
    rows::{self, BatchMoments, BatchNorm, LayerNorm, Moments, Running},
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

/// Large enough for threads; rows that are normalised alone are the same.
#[test]
fn normalisation_of_rows_and_of_columns() {
    const ROWS: usize = 3001;
    const COLUMNS: usize = 130;
    let level = Level::best();
    let x = inputs::uniform(ROWS * COLUMNS, 1, -2.0, 3.0);
    let dy = inputs::uniform(ROWS * COLUMNS, 2, -1.0, 1.0);
    let (gamma, beta) =
        (inputs::uniform(COLUMNS, 3, 0.5, 2.0), inputs::uniform(COLUMNS, 4, -1.0, 1.0));
    let by_rows = |x: &[f32], dy: &[f32]| {
        let rows = x.len() / COLUMNS;
        let (mut y, mut mean, mut inverse_std) =
            (vec![0.0; x.len()], vec![0.0; rows], vec![0.0; rows]);
        let norm = LayerNorm { gamma: &gamma, beta: &beta, epsilon: 1e-5 };
        let saved = Moments { mean: &mut mean, inverse_std: &mut inverse_std };
        rows::layer_norm(level, norm, x, &mut y, saved);
        let (mut dx, mut dgamma, mut dbeta) =
            (vec![0.0; x.len()], vec![0.0; COLUMNS], vec![0.0; COLUMNS]);
        let gradients = (&mut dgamma[..], &mut dbeta[..]);
        rows::layer_norm_backward(level, &gamma, x, (&mean, &inverse_std), dy, &mut dx, gradients);
        [y, dx, mean, inverse_std, dgamma, dbeta]
    };
    same_on_any_number("layer normalisation", || by_rows(&x, &dy).concat());
    let [y, dx, ..] = by_rows(&x, &dy);
    let some = 700 * COLUMNS..1500 * COLUMNS;
    let [part_y, part_dx, ..] = by_rows(&x[some.clone()], &dy[some.clone()]);
    assert_same_bits(|| "y of some rows".into(), &part_y, &y[some.clone()]);
    assert_same_bits(|| "dx of some rows".into(), &part_dx, &dx[some]);

    same_on_any_number("batch normalisation", || {
        let mut columns = vec![vec![0.0; COLUMNS]; 6];
        let [mean, inverse_std, running_mean, variance, dgamma, dbeta] = &mut columns[..] else {
            unreachable!("six");
        };
        let (mut y, mut z, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()], vec![0.0; x.len()]);
        let norm = BatchNorm { gamma: &gamma, beta: &beta, epsilon: 1e-5 };
        let saved = BatchMoments { mean, inverse_std };
        let running = Running { mean: running_mean, variance, momentum: 0.1 };
        rows::batch_norm(level, norm, &x, &mut y, saved, running);
        rows::batch_norm_inference(level, norm, (running_mean, variance), &x, &mut z);
        let gradients = (&mut dgamma[..], &mut dbeta[..]);
        rows::batch_norm_backward(level, &gamma, &x, (mean, inverse_std), &dy, &mut dx, gradients);
        [y, z, dx, columns.concat()].concat()
    });
}
