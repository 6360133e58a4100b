//! Every public function on slices as one thing: what it does to a few arrays.

use crate::inputs;
use halfwave_kernels::{
    Kind, Level, backward, backward_in_place, crelu, crelu_backward, forward, forward_in_place,
    rng::{self, Stream},
    rows,
    units::{self, Unit},
    update::{self, Adam, Momentum},
};

/// What a case does to its arrays.
type Run = dyn Fn(Level, &mut [&mut [f32]]) + Sync;

/// A call of a public function.
pub struct Case {
    /// The function and its constants.
    pub name: String,
    /// Lengths of its arrays for size `n`.
    pub lengths: fn(usize) -> Vec<usize>,
    /// Whether numbers in \[−16, 16\] are its only useful input: one NaN makes a whole row NaN.
    pub moderate: bool,
    /// The call; changes some of the arrays.
    pub run: Box<Run>,
}

impl Case {
    /// The arrays after a call on copies of `arrays`.
    #[must_use]
    pub fn result(&self, level: Level, arrays: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let mut arrays = arrays.to_vec();
        (self.run)(level, &mut arrays.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>());
        arrays
    }

    /// Arrays that `seed` chooses, for size `n`.
    #[must_use]
    pub fn mixed_arrays(&self, n: usize, seed: u64) -> Vec<Vec<f32>> {
        let lengths = (self.lengths)(n).into_iter().zip(seed * 8..);
        lengths
            .map(|(length, seed)| match self.moderate {
                true => inputs::uniform(length, seed, -16.0, 16.0),
                false => inputs::mixed(length, seed),
            })
            .collect()
    }

    /// Arrays of all `patterns`, each array in another order; chosen ones for a case that works on
    /// rows.
    #[must_use]
    pub fn pattern_arrays(&self, patterns: &[f32]) -> Vec<Vec<f32>> {
        let n = patterns.len();
        let lengths = (self.lengths)(n);
        if self.moderate || lengths.iter().any(|&length| length != n) {
            return self.mixed_arrays(n / ROWS, 1);
        }
        let shuffled = |j: usize| {
            let step = [1, 7, 15, 22][j];
            (0..n).map(|i| patterns[i * step % n]).collect()
        };
        (0..lengths.len()).map(shuffled).collect()
    }
}

/// Rows of a case that works on rows.
const ROWS: usize = 3;

fn case(
    name: impl Into<String>,
    lengths: fn(usize) -> Vec<usize>,
    run: impl Fn(Level, &mut [&mut [f32]]) + Sync + 'static,
) -> Case {
    Case { name: name.into(), lengths, moderate: false, run: Box::new(run) }
}

/// All functions with all their table entries; element-wise ones have size `n`, others rows of `n`.
#[must_use]
pub fn all() -> Vec<Case> {
    let mut cases = activations();
    cases.extend(random());
    cases.extend(rows());
    cases.extend(updates());
    cases
}

/// All activations, or the one that `HALFWAVE_KIND` names: sweeps of all inputs take minutes each.
#[must_use]
pub fn kinds() -> Vec<Kind> {
    match std::env::var("HALFWAVE_KIND") {
        Ok(name) => vec![name.parse().unwrap_or_else(|error| panic!("HALFWAVE_KIND: {error}"))],
        Err(_) => Kind::ALL.to_vec(),
    }
}

/// Forward and backward, in place and not.
#[must_use]
pub fn activations() -> Vec<Case> {
    let mut cases = Vec::new();
    for &kind in Kind::ALL {
        cases.push(case(
            format!("forward {kind}"),
            |n| vec![n; 2],
            move |level, arrays| {
                let [x, y] = arrays else { unreachable!() };
                forward(level, kind, x, y);
            },
        ));
        cases.push(case(
            format!("forward_in_place {kind}"),
            |n| vec![n],
            move |level, arrays| {
                forward_in_place(level, kind, arrays[0]);
            },
        ));
        cases.push(case(
            format!("backward {kind}"),
            |n| vec![n; 3],
            move |level, arrays| {
                let [saved, dy, dx] = arrays else { unreachable!() };
                backward(level, kind, saved, dy, dx);
            },
        ));
        cases.push(case(
            format!("backward_in_place {kind}"),
            |n| vec![n; 2],
            move |level, arrays| {
                let [saved, dy] = arrays else { unreachable!() };
                backward_in_place(level, kind, saved, dy);
            },
        ));
    }
    // One row: of pairs, too, elements depend on one element each.
    cases.push(case(
        "crelu",
        |n| vec![n, 2 * n],
        |level, arrays| {
            let [x, y] = arrays else { unreachable!() };
            crelu(level, x, y, x.len());
        },
    ));
    cases.push(case(
        "crelu_backward",
        |n| vec![n, 2 * n, n],
        |level, arrays| {
            let [x, dy, dx] = arrays else { unreachable!() };
            crelu_backward(level, x, dy, dx, x.len());
        },
    ));
    cases
}

/// Units and variates.
#[must_use]
pub fn random() -> Vec<Case> {
    let noise = Stream::new(2026).at(12_345);
    let mut cases = Vec::new();
    for &unit in Unit::ALL {
        cases.push(case(
            format!("sample {unit}"),
            |n| vec![n; 2],
            move |level, arrays| {
                let [x, out] = arrays else { unreachable!() };
                units::sample(level, unit, noise, x, out);
            },
        ));
        cases.push(case(
            format!("sample_in_place {unit}"),
            |n| vec![n],
            move |level, arrays| {
                units::sample_in_place(level, unit, noise, arrays[0]);
            },
        ));
    }
    cases.push(case(
        "uniform",
        |n| vec![n],
        move |level, arrays| {
            rng::uniform(level, noise, arrays[0]);
        },
    ));
    cases.push(case(
        "normal",
        |n| vec![n],
        move |level, arrays| {
            rng::normal(level, noise, arrays[0]);
        },
    ));
    cases.push(case(
        "bits",
        |n| vec![n],
        move |level, arrays| {
            let mut bits = vec![0; arrays[0].len()];
            rng::bits(level, noise, &mut bits);
            // Halves, because one NaN counts as equal to another.
            for (out, bits) in arrays[0].iter_mut().zip(bits) {
                *out = (bits >> 16) as f32 + (bits & 0xffff) as f32 / 65_536.0;
            }
        },
    ));
    cases
}

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
        cases.extend(
            [softmax, cross_entropy, normalised, sums].map(|case| Case { moderate, ..case }),
        );
    }
    cases
}

/// A function of a classification head.
type Head = fn(Level, &[f32], &[u32], &mut [f32], &mut [f32]);

/// Optimiser steps.
#[must_use]
pub fn updates() -> Vec<Case> {
    let momentum = Momentum { learning_rate: 0.05, momentum: 0.9, weight_decay: 2e-4 };
    let adam = Adam { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    vec![
        case(
            "momentum",
            |n| vec![n; 3],
            move |level, arrays| {
                let [gradient, velocity, weights] = arrays else { unreachable!() };
                update::momentum(level, momentum, 0.01, gradient, velocity, weights);
            },
        ),
        case(
            "adam",
            |n| vec![n; 4],
            move |level, arrays| {
                let [gradient, m, v, weights] = arrays else { unreachable!() };
                update::adam(level, adam, 7, 0.01, gradient, m, v, weights);
            },
        ),
    ]
}
