//! Heads, sums, normalisations and Potts units: rows of numbers.

use halfwave_kernels::{
    Kind, Level,
    rng::Stream,
    rows::{self, BatchMoments, BatchNorm, LayerNorm, Moments, Running},
    sparse::{self, BinaryRows},
    units::potts,
};

use super::{Case, ROWS, case};

/// The gradient of a function of rows, from its output.
type Backward = fn(Level, &[f32], usize, &[f32], &mut [f32]);

/// A function of a classification head.
type Head = fn(Level, &[f32], &[u32], &mut [f32], &mut [f32]);

/// Heads and column sums; rows of any bits, then of useful ones.
#[must_use]
pub fn rows() -> Vec<Case> {
    let mut cases = Vec::new();
    for moderate in [false, true] {
        let inputs = if moderate { "of moderate numbers" } else { "of any numbers" };
        let softmax = case(
            format!("softmax_in_place {inputs}"),
            |n| vec![ROWS * n],
            |level, arrays| {
                let n = arrays[0].len() / ROWS;
                rows::softmax_in_place(level, arrays[0], n);
            },
        );
        let noise = Stream::new(2026).at(12_345);
        let potts_mean = case(
            format!("potts::mean {inputs}"),
            |n| vec![ROWS * n; 2],
            |level, arrays| {
                let [x, out] = arrays else { unreachable!() };
                potts::mean(level, x, x.len() / ROWS, out);
            },
        );
        let potts = case(
            format!("potts::sample {inputs}"),
            |n| vec![ROWS * n; 2],
            move |level, arrays| {
                let [x, out] = arrays else { unreachable!() };
                potts::sample(level, noise, x, x.len() / ROWS, out);
            },
        );
        let potts_in_place = case(
            format!("potts::sample_in_place {inputs}"),
            |n| vec![ROWS * n],
            move |level, arrays| {
                let n = arrays[0].len() / ROWS;
                potts::sample_in_place(level, noise, arrays[0], n);
            },
        );
        let potts_with_mean = case(
            format!("potts::sample_with_mean {inputs}"),
            |n| vec![ROWS * n; 3],
            move |level, arrays| {
                let [x, mean, out] = arrays else { unreachable!() };
                potts::sample_with_mean(level, noise, x, x.len() / ROWS, mean, out);
            },
        );
        let head = |name: &str, f: Head| {
            case(
                format!("{name} {inputs}"),
                |n| vec![ROWS * n, ROWS, ROWS * n],
                move |level, arrays| {
                    let [x, losses, gradient] = arrays else { unreachable!() };
                    let n = x.len() / ROWS;
                    if n > 0 {
                        let labels = [0, n as u32 / 2, n as u32 - 1];
                        f(level, x, &labels, losses, gradient);
                    }
                },
            )
        };
        let cross_entropy = head("softmax_cross_entropy", rows::softmax_cross_entropy);
        let normalised = head("normalised_relu_cross_entropy", rows::normalised_relu_cross_entropy);
        let sums = case(
            format!("column_sums {inputs}"),
            |n| vec![ROWS * n, n],
            |level, arrays| {
                let [x, out] = arrays else { unreachable!() };
                rows::column_sums(level, x, out);
            },
        );
        let row_sums = case(
            format!("row_sums {inputs}"),
            |n| vec![ROWS * n, ROWS],
            |level, arrays| {
                let [x, out] = arrays else { unreachable!() };
                rows::row_sums(level, x, x.len() / ROWS, out);
            },
        );
        let log_softmax = case(
            format!("log_softmax {inputs}"),
            |n| vec![ROWS * n; 2],
            |level, arrays| {
                let [x, y] = arrays else { unreachable!() };
                rows::log_softmax(level, x, x.len() / ROWS, y);
            },
        );
        let backward = |name: &str, f: Backward| {
            case(
                format!("{name} {inputs}"),
                |n| vec![ROWS * n; 3],
                move |level, arrays| {
                    let [y, dy, dx] = arrays else { unreachable!() };
                    f(level, y, y.len() / ROWS, dy, dx);
                },
            )
        };
        let log_softmax_backward = backward("log_softmax_backward", rows::log_softmax_backward);
        let softmax_backward = backward("softmax_backward", rows::softmax_backward);
        cases.extend(
            [
                softmax,
                potts_mean,
                potts,
                potts_in_place,
                potts_with_mean,
                cross_entropy,
                normalised,
                sums,
                row_sums,
                log_softmax,
                log_softmax_backward,
                softmax_backward,
            ]
            .map(|case| Case { moderate, ..case }),
        );
    }
    cases
}

/// Layer and batch normalisation; rows of any bits, then of useful ones.
#[must_use]
pub fn normalisations() -> Vec<Case> {
    const EPSILON: f32 = 1e-5;
    let mut cases = Vec::new();
    for moderate in [false, true] {
        let inputs = if moderate { "of moderate numbers" } else { "of any numbers" };
        let layer_norm = case(
            format!("layer_norm {inputs}"),
            |n| vec![ROWS * n, ROWS * n, n, n, ROWS, ROWS],
            |level, arrays| {
                let [x, y, gamma, beta, mean, inverse_std] = arrays else { unreachable!() };
                let norm = LayerNorm { gamma, beta, epsilon: EPSILON };
                if !x.is_empty() {
                    rows::layer_norm(level, norm, x, y, Moments { mean, inverse_std });
                }
            },
        );
        let layer_norm_backward = case(
            format!("layer_norm_backward {inputs}"),
            |n| vec![n, ROWS * n, ROWS, ROWS, ROWS * n, ROWS * n, n, n],
            |level, arrays| {
                let [gamma, x, mean, inverse_std, dy, dx, dgamma, dbeta] = arrays else {
                    unreachable!()
                };
                let saved = (&**mean, &**inverse_std);
                if !x.is_empty() {
                    let gradients = (&mut **dgamma, &mut **dbeta);
                    rows::layer_norm_backward(level, gamma, x, saved, dy, dx, gradients);
                }
            },
        );
        let batch_norm = case(
            format!("batch_norm {inputs}"),
            |n| vec![ROWS * n, ROWS * n, n, n, n, n, n, n],
            |level, arrays| {
                let [x, y, gamma, beta, mean, inverse_std, running_mean, variance] = arrays else {
                    unreachable!()
                };
                let norm = BatchNorm { gamma, beta, epsilon: EPSILON };
                let running = Running { mean: running_mean, variance, momentum: 0.1 };
                rows::batch_norm(level, norm, x, y, BatchMoments { mean, inverse_std }, running);
            },
        );
        let inference = case(
            format!("batch_norm_inference {inputs}"),
            |n| vec![ROWS * n, ROWS * n, n, n, n, n],
            |level, arrays| {
                let [x, y, gamma, beta, mean, variance] = arrays else { unreachable!() };
                let norm = BatchNorm { gamma, beta, epsilon: EPSILON };
                rows::batch_norm_inference(level, norm, (mean, variance), x, y);
            },
        );
        let batch_norm_backward = case(
            format!("batch_norm_backward {inputs}"),
            |n| vec![n, ROWS * n, n, n, ROWS * n, ROWS * n, n, n],
            |level, arrays| {
                let [gamma, x, mean, inverse_std, dy, dx, dgamma, dbeta] = arrays else {
                    unreachable!()
                };
                let saved = (&**mean, &**inverse_std);
                let gradients = (&mut **dgamma, &mut **dbeta);
                rows::batch_norm_backward(level, gamma, x, saved, dy, dx, gradients);
            },
        );
        cases.extend(
            [layer_norm, layer_norm_backward, batch_norm, inference, batch_norm_backward]
                .map(|case| Case { moderate, ..case }),
        );
    }
    cases
}

/// Zeros and ones times weights `[ROWS, n]`: a row without ones, with all, with some in no order.
#[must_use]
pub fn sparse_products() -> Vec<Case> {
    const OFFSETS: [usize; ROWS + 1] = [0, 0, 3, 5];
    let x = || BinaryRows::new(ROWS, &OFFSETS, &[0, 1, 2, 2, 0]);
    let mut cases = vec![case(
        "sparse::product",
        |n| vec![ROWS * n; 2],
        move |level, arrays| {
            let [weights, out] = arrays else { unreachable!() };
            sparse::product(level, x(), weights, out);
        },
    )];
    cases.extend([Kind::Identity, Kind::Relu].map(|kind| {
        case(
            format!("sparse::affine {kind}"),
            |n| vec![ROWS * n, n, ROWS * n],
            move |level, arrays| {
                let [weights, bias, y] = arrays else { unreachable!() };
                sparse::affine(level, x(), weights, bias, kind, y);
            },
        )
    }));
    cases.push(case(
        "sparse::affine_both silu",
        |n| vec![ROWS * n, n, ROWS * n, ROWS * n],
        move |level, arrays| {
            let [weights, bias, z, y] = arrays else { unreachable!() };
            sparse::affine_both(level, x(), weights, bias, Kind::Silu, [z, y]);
        },
    ));
    cases
}
