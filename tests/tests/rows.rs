//! Drivers over rows: values against f64, gradients against differences, bits against the scalar level.

use halfwave_kernels::{
    Level,
    rows::{self, BatchMoments, BatchNorm, LayerNorm, Moments, Running},
};
use halfwave_tests::{
    compare::{assert_same_bits, fused_levels, scalar},
    inputs::smooth,
    ulp::error_in_ulp,
};

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

fn dot(y: &[f64], dy: &[f32]) -> f64 {
    y.iter().zip(dy).map(|(y, &dy)| y * f64::from(dy)).sum()
}

/// Compares `found` with the central differences of `loss` in each element of `x`.
#[track_caller]
fn assert_gradient(found: &[f32], x: &[f64], loss: impl Fn(&[f64]) -> f64, what: &str) {
    for i in 0..x.len() {
        let at = |shift: f64| {
            let mut x = x.to_vec();
            x[i] += shift;
            loss(&x)
        };
        let difference = (at(1e-6) - at(-1e-6)) / 2e-6;
        let found = f64::from(found[i]);
        assert!(
            (found - difference).abs() <= 1e-5 + 1e-3 * difference.abs(),
            "{what} {i}: {found}, by differences {difference}"
        );
    }
}

fn log_softmax(x: &[f64]) -> Vec<f64> {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // Beyond the largest, so that a sure row keeps its digits.
    let first = x.iter().position(|&x| x == max).expect("a row has a largest element");
    let rest = x.iter().enumerate().filter(|&(i, _)| i != first).map(|(_, x)| (x - max).exp());
    let log = rest.sum::<f64>().ln_1p();
    x.iter().map(|x| (x - max) - log).collect()
}

/// [rows, columns] that every test of rows walks.
const SHAPES: [(usize, usize); 7] =
    [(3, 1), (2, 7), (5, 10), (3, 16), (2, 33), (4, 129), (2, 1000)];

#[test]
fn log_softmax_is_within_its_error() {
    let mut worst = 0.0_f64;
    for (n, columns) in SHAPES {
        for scale in [0.01, 1.0, 5.0] {
            let x: Vec<f32> = smooth(n * columns, 4).iter().map(|x| x * scale).collect();
            let mut y = vec![0.0; x.len()];
            rows::log_softmax(Level::best(), &x, columns, &mut y);
            for (x, y) in x.chunks(columns).zip(y.chunks(columns)) {
                let exact = log_softmax(&wide(x));
                for (&y, exact) in y.iter().zip(exact) {
                    worst = worst.max(error_in_ulp(y, exact));
                }
            }
        }
    }
    println!("log-softmax: {worst} ULP");
    assert!(worst <= 4.0, "{worst} ULP");
}

#[test]
fn a_sure_row_keeps_the_digits_of_its_small_loss() {
    let mut y = [0.0; 3];
    rows::log_softmax(Level::best(), &[0.0, 40.0, -3.0], 3, &mut y);
    let exact = -((-40_f64).exp() + (-43_f64).exp()).ln_1p();
    assert!(error_in_ulp(y[1], exact) < 2.0, "{} {exact}", y[1]);
}

#[test]
fn gradients_of_softmax_are_those_of_differences() {
    for (n, columns) in SHAPES {
        if columns > 200 {
            continue;
        }
        let (x, dy) = (smooth(n * columns, 5), smooth(n * columns, 6));
        let (mut log, mut p, mut dx) = (x.clone(), x.clone(), vec![0.0; x.len()]);
        rows::log_softmax(Level::best(), &x, columns, &mut log);
        rows::log_softmax_backward(Level::best(), &log, columns, &dy, &mut dx);
        let loss_log = |x: &[f64]| {
            let rows = x.chunks(columns).zip(dy.chunks(columns));
            rows.map(|(x, dy)| dot(&log_softmax(x), dy)).sum()
        };
        assert_gradient(&dx, &wide(&x), loss_log, "log-softmax");
        rows::softmax_in_place(Level::best(), &mut p, columns);
        rows::softmax_backward(Level::best(), &p, columns, &dy, &mut dx);
        let loss = |x: &[f64]| {
            let rows = x.chunks(columns).zip(dy.chunks(columns));
            rows.map(|(x, dy)| {
                let y: Vec<f64> = log_softmax(x).iter().map(|y| y.exp()).collect();
                dot(&y, dy)
            })
            .sum()
        };
        assert_gradient(&dx, &wide(&x), loss, "softmax");
    }
}

#[test]
fn gradients_of_the_heads_are_those_of_differences() {
    let (batch, classes) = (6, 10);
    let x = smooth(batch * classes, 8);
    let labels: Vec<u32> = (0..batch as u32).map(|i| i * 3 % 10).collect();
    let (mut losses, mut gradient) = (vec![0.0; batch], vec![0.0; x.len()]);
    rows::softmax_cross_entropy(Level::best(), &x, &labels, &mut losses, &mut gradient);
    let of_row = |x: &[f64], label: u32| -log_softmax(x)[label as usize];
    for ((x, &label), &loss) in x.chunks(classes).zip(&labels).zip(&losses) {
        let exact = of_row(&wide(x), label);
        assert!((f64::from(loss) - exact).abs() < 1e-6 * exact.max(1.0), "{loss} {exact}");
    }
    let total = |x: &[f64]| x.chunks(classes).zip(&labels).map(|(x, &l)| of_row(x, l)).sum();
    assert_gradient(&gradient, &wide(&x), total, "softmax cross-entropy");

    // The label of each row has a positive output here: elsewhere the loss is constant.
    let x: Vec<f32> = x
        .iter()
        .enumerate()
        .map(|(i, x)| if i % 10 == i / 10 * 3 % 10 { x.abs() + 0.1 } else { *x })
        .collect();
    rows::normalised_relu_cross_entropy(Level::best(), &x, &labels, &mut losses, &mut gradient);
    let of_row = |x: &[f64], label: u32| {
        let sum: f64 = x.iter().map(|x| x.max(0.0)).sum();
        -(x[label as usize].max(0.0) / sum).clamp(1e-7, 1.0 - 1e-7).ln()
    };
    let total = |x: &[f64]| x.chunks(classes).zip(&labels).map(|(x, &l)| of_row(x, l)).sum();
    assert_gradient(&gradient, &wide(&x), total, "normalised ReLU cross-entropy");
}

#[test]
fn row_sums_are_rounded_once() {
    for (n, columns) in SHAPES {
        let x = smooth(n * columns, 9);
        let mut sums = vec![f32::NAN; n];
        rows::row_sums(Level::best(), &x, columns, &mut sums);
        for (row, &sum) in x.chunks(columns).zip(&sums) {
            let exact: f64 = wide(row).iter().sum();
            assert!(error_in_ulp(sum, exact) <= 0.501, "{sum} {exact}");
        }
    }
    let mut none = [1.0; 2];
    rows::row_sums(Level::best(), &[], 0, &mut none);
    assert_eq!(none, [0.0; 2]);
}

const EPSILON: f32 = 1e-5;

/// (y, mean, 1/σ) of values that are normalised together.
fn normalised(x: &[f64]) -> (Vec<f64>, f64, f64) {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64;
    let inverse = 1.0 / (variance + f64::from(EPSILON)).sqrt();
    (x.iter().map(|x| (x - mean) * inverse).collect(), mean, inverse)
}

/// γ x̂ + β, row by row.
fn layer_norm(x: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
    x.chunks(gamma.len())
        .flat_map(|x| {
            let parameters = gamma.iter().zip(beta);
            normalised(x)
                .0
                .into_iter()
                .zip(parameters)
                .map(|(x, (g, b))| x * g + b)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn transposed<T: Copy>(x: &[T], columns: usize) -> Vec<T> {
    (0..columns).flat_map(|c| x.iter().skip(c).step_by(columns).copied()).collect()
}

/// γ x̂ + β, channel by channel.
fn batch_norm(x: &[f64], gamma: &[f64], beta: &[f64]) -> Vec<f64> {
    let rows = x.len() / gamma.len();
    let columns: Vec<f64> = transposed(x, gamma.len())
        .chunks(rows)
        .zip(gamma.iter().zip(beta))
        .flat_map(|(x, (g, b))| normalised(x).0.into_iter().map(|x| x * g + b).collect::<Vec<_>>())
        .collect();
    transposed(&columns, rows)
}

/// |y − exact| in units of the larger of the exact value and 1: near 0, γ x̂ and β cancel.
fn error(y: f32, exact: f64) -> f64 {
    (f64::from(y) - exact).abs() / exact.abs().max(1.0) * 2f64.powi(24)
}

#[test]
fn layer_norm_and_its_gradients_are_right() {
    for (n, columns) in SHAPES {
        // Far from 0: one pass over the squares would lose most digits.
        let x: Vec<f32> = smooth(n * columns, 10).iter().map(|x| x + 1000.0).collect();
        let dy = smooth(n * columns, 11);
        let (gamma, beta) = (smooth(columns, 12), smooth(columns, 13));
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let (mut mean, mut inverse_std) = (vec![0.0; n], vec![0.0; n]);
        let (mut dgamma, mut dbeta) = (vec![f32::NAN; columns], vec![f32::NAN; columns]);
        let level = Level::best();
        let norm = LayerNorm { gamma: &gamma, beta: &beta, epsilon: EPSILON };
        let saved = Moments { mean: &mut mean, inverse_std: &mut inverse_std };
        rows::layer_norm(level, norm, &x, &mut y, saved);
        let (x, gamma_wide, beta_wide) = (wide(&x), wide(&gamma), wide(&beta));
        for (&y, exact) in y.iter().zip(layer_norm(&x, &gamma_wide, &beta_wide)) {
            assert!(error(y, exact) <= 1.01, "{n}×{columns}: {y} {exact}");
        }
        for (row, (&mean, &inverse)) in x.chunks(columns).zip(mean.iter().zip(&inverse_std)) {
            let (_, exact_mean, exact_inverse) = normalised(row);
            assert!(error_in_ulp(mean, exact_mean) <= 0.51);
            assert!(error_in_ulp(inverse, exact_inverse) <= 0.51);
        }
        if columns > 200 || columns == 1 {
            continue;
        }
        // Centred, so that the saved f32 mean has enough digits for differences to see the same function.
        let x: Vec<f32> = x.iter().map(|x| (x - 1000.0) as f32).collect();
        let norm = LayerNorm { gamma: &gamma, beta: &beta, epsilon: EPSILON };
        let saved = Moments { mean: &mut mean, inverse_std: &mut inverse_std };
        rows::layer_norm(level, norm, &x, &mut y, saved);
        let gradients = (&mut dgamma[..], &mut dbeta[..]);
        rows::layer_norm_backward(
            level,
            &gamma,
            &x,
            (&mean, &inverse_std),
            &dy,
            &mut dx,
            gradients,
        );
        let x = wide(&x);
        let what = format!("layer norm {n}×{columns}");
        assert_gradient(&dx, &x, |x| dot(&layer_norm(x, &gamma_wide, &beta_wide), &dy), &what);
        assert_gradient(&dgamma, &gamma_wide, |g| dot(&layer_norm(&x, g, &beta_wide), &dy), &what);
        assert_gradient(&dbeta, &beta_wide, |b| dot(&layer_norm(&x, &gamma_wide, b), &dy), &what);
    }
}

#[test]
fn batch_norm_and_its_gradients_are_right() {
    for (channels, n) in SHAPES {
        let channels = channels + 130 * usize::from(n == 7);
        let x: Vec<f32> = smooth(n * channels, 14).iter().map(|x| x + 3.0).collect();
        let dy = smooth(n * channels, 15);
        let (gamma, beta) = (smooth(channels, 16), smooth(channels, 17));
        let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
        let (mut mean, mut inverse_std) = (vec![0.0; channels], vec![0.0; channels]);
        let (mut running_mean, mut running_variance) = (vec![1.0; channels], vec![2.0; channels]);
        let (mut dgamma, mut dbeta) = (vec![f32::NAN; channels], vec![f32::NAN; channels]);
        let level = Level::best();
        let norm = BatchNorm { gamma: &gamma, beta: &beta, epsilon: EPSILON };
        rows::batch_norm(
            level,
            norm,
            &x,
            &mut y,
            BatchMoments { mean: &mut mean, inverse_std: &mut inverse_std },
            Running { mean: &mut running_mean, variance: &mut running_variance, momentum: 0.1 },
        );
        let (x_wide, gamma_wide, beta_wide) = (wide(&x), wide(&gamma), wide(&beta));
        for (&y, exact) in y.iter().zip(batch_norm(&x_wide, &gamma_wide, &beta_wide)) {
            assert!(error(y, exact) <= 1.01, "{n}×{channels}: {y} {exact}");
        }
        for (c, column) in transposed(&x_wide, channels).chunks(n).enumerate() {
            let (_, exact_mean, exact_inverse) = normalised(column);
            assert!(error_in_ulp(mean[c], exact_mean) <= 0.51);
            assert!(error_in_ulp(inverse_std[c], exact_inverse) <= 0.51);
            let variance = column.iter().map(|x| (x - exact_mean).powi(2)).sum::<f64>();
            let unbiased = variance / (n.max(2) - 1) as f64;
            let momentum = f64::from(0.1_f32);
            let exact = (1.0 - momentum) * 2.0 + momentum * unbiased;
            assert!(error_in_ulp(running_variance[c], exact) <= 0.51);
            let exact = (1.0 - momentum) + momentum * exact_mean;
            assert!(error_in_ulp(running_mean[c], exact) <= 0.51);
        }
        // Inference with the batch's own variance is training's result.
        let variance: Vec<f32> = inverse_std.iter().map(|i| 1.0 / (i * i) - EPSILON).collect();
        let mut inferred = vec![0.0; x.len()];
        rows::batch_norm_inference(level, norm, (&mean, &variance), &x, &mut inferred);
        for (i, (&a, &b)) in inferred.iter().zip(&y).enumerate() {
            assert!(n == 1 || (a - b).abs() < 1e-4 * b.abs().max(1.0), "element {i}: {a} {b}");
        }
        if n * channels > 2000 || n == 1 {
            continue;
        }
        let gradients = (&mut dgamma[..], &mut dbeta[..]);
        rows::batch_norm_backward(
            level,
            &gamma,
            &x,
            (&mean, &inverse_std),
            &dy,
            &mut dx,
            gradients,
        );
        let what = format!("batch norm {n}×{channels}");
        let x = x_wide;
        assert_gradient(&dx, &x, |x| dot(&batch_norm(x, &gamma_wide, &beta_wide), &dy), &what);
        assert_gradient(&dgamma, &gamma_wide, |g| dot(&batch_norm(&x, g, &beta_wide), &dy), &what);
        assert_gradient(&dbeta, &beta_wide, |b| dot(&batch_norm(&x, &gamma_wide, b), &dy), &what);
    }
}

/// Every array that any driver over rows writes.
fn everything(level: Level, x: &[f32], dy: &[f32], columns: usize) -> Vec<Vec<f32>> {
    let n = x.len() / columns.max(1);
    let zeros = |n: usize| vec![0.0; n];
    let mut out = vec![x.to_vec()];
    rows::softmax_in_place(level, &mut out[0], columns);
    let mut run = |lengths: &[usize], f: &mut dyn FnMut(&mut [Vec<f32>])| {
        let mut arrays: Vec<Vec<f32>> = lengths.iter().map(|&n| zeros(n)).collect();
        f(&mut arrays);
        out.extend(arrays);
    };
    run(&[x.len(), x.len(), x.len()], &mut |a| {
        rows::log_softmax(level, x, columns, &mut a[0]);
        let (y, rest) = a.split_at_mut(1);
        rows::log_softmax_backward(level, &y[0], columns, dy, &mut rest[0]);
        rows::softmax_backward(level, &y[0], columns, dy, &mut rest[1]);
    });
    run(&[n, columns], &mut |a| {
        if columns > 0 {
            rows::row_sums(level, x, columns, &mut a[0]);
        }
        rows::column_sums(level, x, &mut a[1]);
    });
    let labels: Vec<u32> = (0..n).map(|i| (i * 5 % columns.max(1)) as u32).collect();
    run(&[n, x.len(), n, x.len()], &mut |a| {
        let [losses, gradient, losses_relu, gradient_relu] = a else { unreachable!() };
        rows::softmax_cross_entropy(level, x, &labels, losses, gradient);
        rows::normalised_relu_cross_entropy(level, x, &labels, losses_relu, gradient_relu);
    });
    let (gamma, beta) = (smooth(columns, 20), smooth(columns, 21));
    run(&[x.len(), n, n, x.len(), columns, columns], &mut |a| {
        let [y, mean, inverse_std, dx, dgamma, dbeta] = a else { unreachable!() };
        let norm = LayerNorm { gamma: &gamma, beta: &beta, epsilon: EPSILON };
        rows::layer_norm(level, norm, x, y, Moments { mean, inverse_std });
        rows::layer_norm_backward(level, &gamma, x, (mean, inverse_std), dy, dx, (dgamma, dbeta));
    });
    run(
        &[x.len(), columns, columns, columns, columns, x.len(), x.len(), columns, columns],
        &mut |a| {
            let [y, mean, inverse_std, running_mean, running_variance, z, dx, dgamma, dbeta] = a
            else {
                unreachable!()
            };
            let norm = BatchNorm { gamma: &gamma, beta: &beta, epsilon: EPSILON };
            let saved = BatchMoments { mean, inverse_std };
            let running =
                Running { mean: running_mean, variance: running_variance, momentum: 0.25 };
            rows::batch_norm(level, norm, x, y, saved, running);
            rows::batch_norm_inference(level, norm, (running_mean, running_variance), x, z);
            rows::batch_norm_backward(
                level,
                &gamma,
                x,
                (mean, inverse_std),
                dy,
                dx,
                (dgamma, dbeta),
            );
        },
    );
    out
}

#[test]
fn all_levels_have_the_same_bits_at_every_width_and_alignment() {
    for columns in (0..=67).chain([127, 128, 129, 300]) {
        for offset in [0, 1, 7] {
            let n = 3 * columns;
            let (x, dy) = (smooth(n + 8, columns as u64), smooth(n + 8, 31));
            let (x, dy) = (&x[offset..offset + n], &dy[offset..offset + n]);
            let expected = everything(scalar(), x, dy, columns);
            for level in fused_levels() {
                for (i, (a, b)) in
                    everything(level, x, dy, columns).iter().zip(&expected).enumerate()
                {
                    assert_same_bits(|| format!("array {i} on {level}, {columns} columns"), a, b);
                }
            }
        }
    }
}

#[test]
#[should_panic(expected = "`beta` has 2 elements, `gamma` has 3")]
fn lengths_must_match() {
    let norm = LayerNorm { gamma: &[1.0; 3], beta: &[0.0; 2], epsilon: 1e-5 };
    let saved = Moments { mean: &mut [], inverse_std: &mut [] };
    rows::layer_norm(Level::best(), norm, &[], &mut [], saved);
}

#[test]
#[should_panic(expected = "epsilon is 0, but must be finite and above 0")]
fn epsilon_must_be_positive() {
    let norm = BatchNorm { gamma: &[1.0], beta: &[0.0], epsilon: 0.0 };
    rows::batch_norm_inference(Level::best(), norm, (&[0.0], &[1.0]), &[1.0], &mut [0.0]);
}
