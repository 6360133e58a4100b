//! Every public function on slices as one thing: what it does to a few arrays.

use crate::inputs;
use halfwave_kernels::{
    Kind, Level, backward, backward_in_place, crelu, crelu_backward, forward, forward_in_place,
    learned::{
        self, LearnedKind,
        carelu::{self, CaRelu},
    },
    masks,
    rng::{self, Stream},
    rows::{self, BatchMoments, BatchNorm, LayerNorm, Moments, Running},
    units::{self, Unit, potts},
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
    cases.extend(learned());
    cases.extend(masks());
    cases.extend(random());
    cases.extend(rows());
    cases.extend(normalisations());
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

/// Functions with learned parameters: one value each, and one a channel.
#[must_use]
pub fn learned() -> Vec<Case> {
    let mut cases = Vec::new();
    for &kind in LearnedKind::ALL {
        cases.push(case(
            format!("learned forward {kind}"),
            |n| vec![n; 2],
            move |level, arrays| {
                let [x, y] = arrays else { unreachable!() };
                done(learned::forward(level, kind, &one_each(kind), x, y));
            },
        ));
        cases.push(case(
            format!("learned forward_in_place {kind}"),
            |n| vec![n],
            move |level, arrays| {
                done(learned::forward_in_place(level, kind, &one_each(kind), arrays[0]));
            },
        ));
        // Gradients last: of one value here, and so of other lengths than x.
        cases.push(case(
            format!("learned backward {kind}"),
            |n| vec![n, n, n, 1, 1, 1, 1],
            move |level, arrays| {
                let [x, dy, dx, gradients @ ..] = arrays else { unreachable!() };
                let gradients = &mut gradients[..kind.parameters().len()];
                done(learned::backward(level, kind, &one_each(kind), x, dy, dx, gradients));
            },
        ));
        cases.push(case(
            format!("learned backward_in_place {kind}"),
            |n| vec![n, n, 1, 1, 1, 1],
            move |level, arrays| {
                let [x, dy, gradients @ ..] = arrays else { unreachable!() };
                let gradients = &mut gradients[..kind.parameters().len()];
                done(learned::backward_in_place(level, kind, &one_each(kind), x, dy, gradients));
            },
        ));
        cases.push(case(
            format!("learned forward of channels {kind}"),
            |n| vec![ROWS * n, ROWS * n, n, n, n, n],
            move |level, arrays| {
                let [x, y, parameters @ ..] = arrays else { unreachable!() };
                if !x.is_empty() {
                    let parameters = into_domain(kind, parameters);
                    done(learned::forward(level, kind, &parameters, x, y));
                }
            },
        ));
        cases.push(case(
            format!("learned backward of channels {kind}"),
            |n| [vec![ROWS * n; 3], vec![n; 8]].concat(),
            move |level, arrays| {
                let [x, dy, dx, rest @ ..] = arrays else { unreachable!() };
                let (parameters, gradients) = rest.split_at_mut(4);
                if !x.is_empty() {
                    let parameters = into_domain(kind, parameters);
                    let gradients = &mut gradients[..parameters.len()];
                    done(learned::backward(level, kind, &parameters, x, dy, dx, gradients));
                }
            },
        ));
    }
    let carelu = CaRelu { alpha: 0.8, beta: -0.3, scale: 1.5, epsilon: 1e-8 };
    for moderate in [false, true] {
        let inputs = if moderate { "of moderate numbers" } else { "of any numbers" };
        let forward = case(
            format!("carelu {inputs}"),
            |n| vec![ROWS * n; 2],
            move |level, arrays| {
                let [x, y] = arrays else { unreachable!() };
                done(carelu::forward(level, carelu, x, x.len() / ROWS, y));
            },
        );
        let backward = case(
            format!("carelu_backward {inputs}"),
            |n| vec![ROWS * n, ROWS * n, ROWS * n, 2],
            move |level, arrays| {
                let [x, dy, dx, gradients] = arrays else { unreachable!() };
                let found = carelu::backward(level, carelu, x, x.len() / ROWS, dy, dx);
                gradients.copy_from_slice(&done(found));
            },
        );
        cases.extend([forward, backward].map(|case| Case { moderate, ..case }));
    }
    cases
}

/// One value for each parameter, in the domain of all of them.
fn one_each(kind: LearnedKind) -> Vec<&'static [f32]> {
    const VALUES: [f32; 4] = [0.625, 1.5, 0.3, -0.2];
    (0..kind.parameters().len()).map(|k| &VALUES[k..=k]).collect()
}

/// The parameters, with the initial value wherever another is not allowed.
fn into_domain<'a>(kind: LearnedKind, parameters: &'a mut [&mut [f32]]) -> Vec<&'a [f32]> {
    for (values, parameter) in parameters.iter_mut().zip(kind.parameters()) {
        for value in values.iter_mut().filter(|value| !parameter.domain.contains(**value)) {
            *value = parameter.initial;
        }
    }
    parameters[..kind.parameters().len()].iter().map(|values| &**values).collect()
}

/// The result of a call with parameters in their domains.
#[track_caller]
fn done<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

/// ReLU with a mask; the words of the mask as numbers.
#[must_use]
pub fn masks() -> Vec<Case> {
    vec![
        case(
            "masks::relu_forward",
            |n| vec![n, n, masks::words(n)],
            |level, arrays| {
                let [x, y, out] = arrays else { unreachable!() };
                let mut mask = vec![0; out.len()];
                masks::relu_forward(level, x, y, &mut mask);
                out.iter_mut().zip(mask).for_each(|(out, word)| *out = f32::from(word));
            },
        ),
        case(
            "masks::relu_forward_in_place",
            |n| vec![n, masks::words(n)],
            |level, arrays| {
                let [x, out] = arrays else { unreachable!() };
                let mut mask = vec![0; out.len()];
                masks::relu_forward_in_place(level, x, &mut mask);
                out.iter_mut().zip(mask).for_each(|(out, word)| *out = f32::from(word));
            },
        ),
        case(
            "masks::relu_backward",
            |n| vec![masks::words(n), n, n],
            |level, arrays| {
                let [mask, dy, dx] = arrays else { unreachable!() };
                masks::relu_backward(level, &words_of(mask), dy, dx);
            },
        ),
        case(
            "masks::relu_backward_in_place",
            |n| vec![masks::words(n), n],
            |level, arrays| {
                let [mask, dy] = arrays else { unreachable!() };
                masks::relu_backward_in_place(level, &words_of(mask), dy);
            },
        ),
    ]
}

/// Words of a mask, from any numbers.
fn words_of(numbers: &[f32]) -> Vec<u16> {
    numbers.iter().map(|x| (x.to_bits() >> 8 ^ x.to_bits()) as u16).collect()
}

/// Units with other parameters than in [`Unit::ALL`]: as one draw, and with more than one exponential.
const UNITS: [Unit; 4] = [
    Unit::Ssu { copies: 1 },
    Unit::Ssu { copies: 40 },
    Unit::Binomial { trials: 3 },
    Unit::Drelu { gamma: 0.25, theta: -2.0 },
];

/// Units and variates.
#[must_use]
pub fn random() -> Vec<Case> {
    let noise = Stream::new(2026).at(12_345);
    let mut cases = Vec::new();
    for &unit in UNITS.iter().chain(Unit::ALL) {
        cases.push(case(
            format!("mean {unit}"),
            |n| vec![n; 2],
            move |level, arrays| {
                let [x, out] = arrays else { unreachable!() };
                units::mean(level, unit, x, out);
            },
        ));
        cases.push(case(
            format!("mean_in_place {unit}"),
            |n| vec![n],
            move |level, arrays| {
                units::mean_in_place(level, unit, arrays[0]);
            },
        ));
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
        cases.push(case(
            format!("sample_with_mean {unit}"),
            |n| vec![n; 3],
            move |level, arrays| {
                let [x, mean, out] = arrays else { unreachable!() };
                units::sample_with_mean(level, unit, noise, x, mean, out);
            },
        ));
    }
    for copies in [1, 8, 40] {
        cases.push(case(
            format!("ssu_variance {copies}"),
            |n| vec![n; 2],
            move |level, arrays| {
                let [x, out] = arrays else { unreachable!() };
                units::ssu_variance(level, copies, x, out);
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
        "normal_of_bits",
        |n| vec![n; 2],
        move |level, arrays| {
            let [x, out] = arrays else { unreachable!() };
            let bits: Vec<u32> = x.iter().map(|x| x.to_bits()).collect();
            rng::normal_of_bits(level, &bits, out);
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

/// The gradient of a function of rows, from its output.
type Backward = fn(Level, &[f32], usize, &[f32], &mut [f32]);

/// A function of a classification head.
type Head = fn(Level, &[f32], &[u32], &mut [f32], &mut [f32]);

/// Optimiser steps.
#[must_use]
pub fn updates() -> Vec<Case> {
    let momentum = Momentum { learning_rate: 0.05, momentum: 0.9, weight_decay: 2e-4, l1: 0.0 };
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
