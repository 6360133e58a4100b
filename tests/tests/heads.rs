//! Classification heads and sums of columns against `f64`.

use halfwave_kernels::{
    Level,
    rows::{column_sums, normalised_relu_cross_entropy, softmax_cross_entropy, softmax_in_place},
};
use halfwave_tests::{compare::levels, inputs, ulp::error_in_ulp};

/// Shapes: classes below, at and above whole vectors.
const CLASSES: [usize; 10] = [1, 2, 3, 10, 15, 16, 17, 33, 100, 1000];
const BATCH: usize = 40;

fn labels(classes: usize) -> Vec<u32> {
    (0..BATCH).map(|row| (row * 7 % classes) as u32).collect()
}

/// Probabilities, gradient and loss of a row, as defined: a sum of all but one exponential keeps the digits
/// of a small loss, and of a gradient p − 1 that is nearly 0.
fn softmax(row: &[f32], label: u32) -> (Vec<f64>, Vec<f64>, f64) {
    let label = label as usize;
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let e: Vec<f64> = row.iter().map(|&x| (f64::from(x) - f64::from(max)).exp()).collect();
    let without =
        |at: usize| -> f64 { e.iter().enumerate().filter(|&(j, _)| j != at).map(|(_, e)| e).sum() };
    let largest = row.iter().position(|&x| x == max).expect("a row has a largest element");
    let loss = without(largest).ln_1p() + (f64::from(max) - f64::from(row[label]));
    let p: Vec<f64> = e.iter().map(|e| e / (without(largest) + 1.0)).collect();
    let mut gradient = p.clone();
    gradient[label] = -without(label) / (without(largest) + 1.0);
    (p, gradient, loss)
}

/// |y − exact| ≤ relative · |exact| + absolute.
#[track_caller]
fn close(what: &str, y: f32, exact: f64, relative: f64, absolute: f64) {
    let error = (f64::from(y) - exact).abs();
    assert!(error <= relative * exact.abs() + absolute, "{what}: {y:e}, exact {exact:e}");
}

/// The difference to the maximum is rounded to 2⁻²⁴ of up to 64, and so are the exponentials.
#[test]
fn softmax_cross_entropy_is_its_definition() {
    for level in levels() {
        for classes in CLASSES {
            for (seed, scale) in [(1, 1.0), (2, 30.0)] {
                let x = inputs::uniform(BATCH * classes, seed, -scale, scale);
                let labels = labels(classes);
                let (mut losses, mut gradient) = (vec![0.0; BATCH], vec![0.0; x.len()]);
                softmax_cross_entropy(level, &x, &labels, &mut losses, &mut gradient);
                let mut probabilities = x.clone();
                softmax_in_place(level, &mut probabilities, classes);
                for (i, row) in x.chunks_exact(classes).enumerate() {
                    let (p, exact_gradient, loss) = softmax(row, labels[i]);
                    let what = format!("{classes} classes, ±{scale}, row {i} on {level}");
                    close(&format!("loss, {what}"), losses[i], loss, 5e-6, 1e-38);
                    for (j, &p) in p.iter().enumerate() {
                        let element = i * classes + j;
                        let y = probabilities[element];
                        close(&format!("p {j}, {what}"), y, p, 5e-6, 1e-38);
                        let y = gradient[element];
                        close(&format!("gradient {j}, {what}"), y, exact_gradient[j], 5e-6, 1e-38);
                    }
                }
            }
        }
    }
}

#[test]
fn softmax_does_not_overflow_and_keeps_nan() {
    for level in levels() {
        for huge in [1e4, 1e30, f32::MAX] {
            let mut x = [huge, -huge, huge, 0.0];
            softmax_in_place(level, &mut x, 4);
            assert_eq!(x, [0.5, 0.0, 0.5, 0.0], "±{huge} on {level}");
        }
        for bad in [f32::NAN, f32::INFINITY] {
            for at in 0..20 {
                let mut x = [0.25; 20];
                x[at] = bad;
                let (mut losses, mut gradient) = ([0.0], [0.0; 20]);
                softmax_cross_entropy(level, &x, &[3], &mut losses, &mut gradient);
                assert!(losses[0].is_nan(), "{bad} in class {at} on {level}: loss {}", losses[0]);
                normalised_relu_cross_entropy(level, &x, &[3], &mut losses, &mut gradient);
                let lost = !losses[0].is_nan() && bad.is_nan();
                assert!(!lost, "{bad} in class {at} on {level}: normalised loss {}", losses[0]);
            }
        }
    }
}

/// Loss and gradient as Agarap's code computes them, in `f64`.
fn normalised_relu(row: &[f32], label: usize) -> (f64, Vec<f64>) {
    let o: Vec<f64> = row.iter().map(|&x| f64::from(x).max(0.0)).collect();
    let sum: f64 = o.iter().sum();
    let p = if sum == 0.0 { 0.0 } else { o[label] / sum };
    let clip = f64::from(1e-7_f32);
    let upper = f64::from(1.0 - 1e-7_f32);
    let loss = -p.clamp(clip, upper).ln();
    let gradient = |(j, &o): (usize, &f64)| {
        let inner = if o > 0.0 { 1.0 / sum } else { 0.0 };
        inner - if j == label { 1.0 / o } else { 0.0 }
    };
    let clipped = p < clip || p > upper;
    let gradient = match clipped {
        true => vec![0.0; o.len()],
        false => o.iter().enumerate().map(gradient).collect(),
    };
    (loss, gradient)
}

#[test]
fn normalised_relu_cross_entropy_is_its_definition() {
    for level in levels() {
        for classes in CLASSES {
            let x = inputs::uniform(BATCH * classes, 3, -1.0, 2.0);
            let labels = labels(classes);
            let (mut losses, mut gradient) = (vec![0.0; BATCH], vec![0.0; x.len()]);
            normalised_relu_cross_entropy(level, &x, &labels, &mut losses, &mut gradient);
            for (i, row) in x.chunks_exact(classes).enumerate() {
                let label = labels[i] as usize;
                let (loss, exact) = normalised_relu(row, label);
                let what = format!("{classes} classes, row {i} on {level}");
                close(&format!("loss, {what}"), losses[i], loss, 1e-6, 1e-6);
                for j in 0..classes {
                    let y = gradient[i * classes + j];
                    // Two reciprocals that nearly cancel where one class has almost all.
                    let size = 1.0 / f64::from(row[label].max(1e-3));
                    close(&format!("gradient {j}, {what}"), y, exact[j], 2e-6, 2e-6 * size);
                }
            }
        }
        let (mut losses, mut gradient) = ([0.0], [1.0; 3]);
        normalised_relu_cross_entropy(level, &[-1.0, 0.0, -0.0], &[1], &mut losses, &mut gradient);
        assert!(error_in_ulp(losses[0], -f64::from(1e-7_f32).ln()) <= 1.0, "{}", losses[0]);
        assert_eq!(gradient, [0.0; 3], "no positive output on {level}");
        // 1/2x − 1/x and 1/2x, both beyond f32.
        let (mut gradient, infinity) = ([0.0; 2], f32::INFINITY);
        normalised_relu_cross_entropy(level, &[1e-40; 2], &[0], &mut losses, &mut gradient);
        assert_eq!(gradient, [-infinity, infinity], "subnormal outputs on {level}");
    }
}

/// Rows in order, one rounding each: the bits of the plain loop.
#[test]
fn column_sums_are_sums_in_order() {
    for level in levels() {
        for columns in [1, 5, 16, 50, 1000] {
            let x = inputs::uniform(BATCH * columns, 4, -1.0, 1.0);
            let mut out = vec![7.0; columns];
            column_sums(level, &x, &mut out);
            for (j, &sum) in out.iter().enumerate() {
                let expected = (0..BATCH).fold(0.0, |sum, i| sum + x[i * columns + j]);
                assert_eq!(sum, expected, "column {j} of {columns} on {level}");
            }
        }
    }
}

#[test]
fn empty_batches_are_empty() {
    let level = Level::best();
    softmax_in_place(level, &mut [], 10);
    softmax_cross_entropy(level, &[], &[], &mut [], &mut []);
    normalised_relu_cross_entropy(level, &[], &[], &mut [], &mut []);
    let mut out = [3.0; 4];
    column_sums(level, &[], &mut out);
    assert_eq!(out, [0.0; 4]);
}
