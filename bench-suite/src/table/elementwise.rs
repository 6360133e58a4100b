//! Kernels of one element at a time.

use halfwave_kernels::{
    Kind, Level, backward, crelu, crelu_backward, forward,
    learned::{self, LearnedKind, carelu},
    masks,
    rng::{self, Noise, Stream},
    units::{self, Unit, potts},
};

use super::{COLUMNS, Row, SIZE, Work, fill};
use crate::inputs;

fn noise() -> Noise {
    Stream::new(3).at(0)
}

fn x() -> Vec<f32> {
    inputs::uniform(1, SIZE, -4.0, 4.0)
}

fn dy() -> Vec<f32> {
    inputs::uniform(2, SIZE, -1.0, 1.0)
}

/// A kernel from x to as many elements.
fn map(name: impl Into<String>, run: impl Fn(Level, &[f32], &mut [f32]) + Clone + 'static) -> Row {
    Row::new(name, move || {
        let (x, run) = (x(), run.clone());
        fill(SIZE, move |level, out| run(level, &x, out))
    })
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for &kind in Kind::ALL {
        rows.push(Row::new(format!("forward/{kind}"), move || {
            let x = inputs::pre_activations(kind, SIZE);
            fill(SIZE, move |level, y| forward(level, kind, &x, y))
        }));
        rows.push(Row::new(format!("backward/{kind}"), move || {
            let (saved, dy) = (inputs::saved(kind, SIZE), dy());
            fill(SIZE, move |level, dx| backward(level, kind, &saved, &dy, dx))
        }));
    }
    for &kind in LearnedKind::ALL {
        rows.push(Row::new(format!("learned-forward/{kind}"), move || learned_forward(kind)));
        rows.push(Row::new(format!("learned-backward/{kind}"), move || learned_backward(kind)));
    }
    for &unit in Unit::ALL {
        rows.push(map(format!("mean/{unit}"), move |level, x, mean| {
            units::mean(level, unit, x, mean);
        }));
        rows.push(map(format!("sample/{unit}"), move |level, x, h| {
            units::sample(level, unit, noise(), x, h);
        }));
        rows.push(Row::new(format!("sample-with-mean/{unit}"), move || {
            let (x, mut mean) = (x(), vec![0.0; SIZE]);
            fill(SIZE, move |level, h| {
                units::sample_with_mean(level, unit, noise(), &x, &mut mean, h);
            })
        }));
    }
    rows.extend([
        map("mean/potts", |level, x, mean| potts::mean(level, x, COLUMNS, mean)),
        map("sample/potts", |level, x, h| potts::sample(level, noise(), x, COLUMNS, h)),
        map("ssu-variance", |level, x, y| units::ssu_variance(level, 8, x, y)),
        map("rng/uniform", |level, _, out| rng::uniform(level, noise(), out)),
        map("rng/normal", |level, _, out| rng::normal(level, noise(), out)),
        map("learned-forward/carelu", |level, x, y| {
            let carelu = carelu::CaRelu::default();
            carelu::forward(level, carelu, x, COLUMNS, y).expect("initial parameters are valid");
        }),
        Row::new("learned-backward/carelu", || {
            let (x, dy, carelu) = (x(), dy(), carelu::CaRelu::default());
            fill(SIZE, move |level, dx| {
                carelu::backward(level, carelu, &x, COLUMNS, &dy, dx)
                    .expect("initial parameters are valid");
            })
        }),
        Row::new("mask-forward/relu", || {
            let (x, mut mask) = (x(), vec![0; masks::words(SIZE)]);
            fill(SIZE, move |level, y| masks::relu_forward(level, &x, y, &mut mask))
        }),
        Row::new("mask-backward/relu", || {
            let (mask, dy) = (vec![0b1010_0110_0101_1100; masks::words(SIZE)], dy());
            fill(SIZE, move |level, dx| masks::relu_backward(level, &mask, &dy, dx))
        }),
        Row::new("forward/crelu", || {
            let x = x();
            fill(2 * SIZE, move |level, y| crelu(level, &x, y, COLUMNS))
        }),
        Row::new("backward/crelu", || {
            let (x, dy) = (x(), [dy(), dy()].concat());
            fill(SIZE, move |level, dx| crelu_backward(level, &x, &dy, dx, COLUMNS))
        }),
    ]);
    rows
}

/// One value for the whole of x, each parameter where it starts.
fn parameters(kind: LearnedKind) -> Vec<[f32; 1]> {
    kind.parameters().iter().map(|parameter| [parameter.initial]).collect()
}

/// The same as slices.
fn slices(parameters: &[[f32; 1]]) -> Vec<&[f32]> {
    parameters.iter().map(|parameter| &parameter[..]).collect()
}

fn learned_forward(kind: LearnedKind) -> Box<dyn Work> {
    let (x, parameters) = (x(), parameters(kind));
    fill(SIZE, move |level, y| {
        learned::forward(level, kind, &slices(&parameters), &x, y)
            .expect("initial parameters are valid");
    })
}

fn learned_backward(kind: LearnedKind) -> Box<dyn Work> {
    let (x, dy, parameters) = (x(), dy(), parameters(kind));
    let mut gradients = parameters.clone();
    fill(SIZE, move |level, dx| {
        let mut gradients: Vec<_> =
            gradients.iter_mut().map(|gradient| &mut gradient[..]).collect();
        learned::backward(level, kind, &slices(&parameters), &x, &dy, dx, &mut gradients)
            .expect("initial parameters are valid");
    })
}
