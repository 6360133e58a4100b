//! Kernels of one element at a time.

use halfwave_kernels::{
    Kind, Level, backward, backward_in_place, crelu, crelu_backward, forward, forward_in_place,
    learned::{self, LearnedKind, carelu},
    masks, par_backward, par_forward,
    rng::{self, Noise, Stream},
    units::{self, Unit, potts},
};

use super::{COLUMNS, Row, SIZE, Work, fill};
use crate::inputs;

fn noise() -> Noise {
    Stream::new(3).at(0)
}

fn x(n: usize) -> Vec<f32> {
    inputs::uniform(1, n, -4.0, 4.0)
}

fn dy(n: usize) -> Vec<f32> {
    inputs::uniform(2, n, -1.0, 1.0)
}

/// A kernel from x to as many elements.
fn map(
    name: impl Into<String>,
    run: impl Fn(Level, &[f32], &mut [f32]) + Send + Sync + Clone + 'static,
) -> Row {
    Row::sized(name, (1, 1), move |n| {
        let (x, run) = (x(n), run.clone());
        fill(n, move |level, out| run(level, &x, out))
    })
}

/// A kernel that writes without reading.
fn write(name: &str, run: impl Fn(Level, &mut [f32]) + Send + Sync + Clone + 'static) -> Row {
    Row::sized(name, (0, 1), move |n| fill(n, run.clone()))
}

/// The activations that are timed in place, too: one that moves memory, one whose derivative takes y, one of arithmetic.
/// The code is that of the others.
pub const IN_PLACE: [Kind; 3] = [Kind::Relu, Kind::Tanh, Kind::Gelu];

pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for &kind in Kind::ALL {
        rows.push(Row::sized(format!("forward/{kind}"), (1, 1), move |n| {
            let x = inputs::pre_activations(kind, n);
            fill(n, move |level, y| forward(level, kind, &x, y))
        }));
        rows.push(Row::sized(format!("backward/{kind}"), (backward_reads(kind), 1), move |n| {
            let (saved, dy) = (inputs::saved(kind, n), dy(n));
            fill(n, move |level, dx| backward(level, kind, &saved, &dy, dx))
        }));
    }
    for kind in IN_PLACE {
        rows.push(Row::sized(format!("forward-in-place/{kind}"), (1, 1), move |n| {
            let x = inputs::pre_activations(kind, n);
            fill(n, move |level, y| {
                y.copy_from_slice(&x);
                forward_in_place(level, kind, y);
            })
        }));
        rows.push(Row::sized(format!("backward-in-place/{kind}"), (2, 1), move |n| {
            let (saved, dy) = (inputs::saved(kind, n), dy(n));
            fill(n, move |level, dx| {
                dx.copy_from_slice(&dy);
                backward_in_place(level, kind, &saved, dx);
            })
        }));
    }
    for &kind in LearnedKind::ALL {
        let forward = move |n| learned_forward(kind, n);
        rows.push(Row::sized(format!("learned-forward/{kind}"), (1, 1), forward));
        let backward = move |n| learned_backward(kind, n);
        rows.push(Row::sized(format!("learned-backward/{kind}"), (2, 1), backward));
    }
    for &unit in Unit::ALL {
        rows.push(map(format!("mean/{unit}"), move |level, x, mean| {
            units::mean(level, unit, x, mean);
        }));
        rows.push(map(format!("sample/{unit}"), move |level, x, h| {
            units::sample(level, unit, noise(), x, h);
        }));
        rows.push(Row::sized(format!("sample-with-mean/{unit}"), (1, 2), move |n| {
            let (x, mut mean) = (x(n), vec![0.0; n]);
            fill(n, move |level, h| {
                units::sample_with_mean(level, unit, noise(), &x, &mut mean, h);
            })
        }));
    }
    rows.extend([
        map("mean/potts", |level, x, mean| potts::mean(level, x, COLUMNS, mean)),
        map("sample/potts", |level, x, h| potts::sample(level, noise(), x, COLUMNS, h)),
        map("ssu-variance", |level, x, y| units::ssu_variance(level, 8, x, y)),
        // Of its bits the last are compared, and read once.
        Row::sized("rng/bits", (0, 1), |n| {
            let mut bits = vec![0; n];
            fill(1, move |level, out| {
                rng::bits(level, noise(), &mut bits);
                out[0] = (bits[n - 1] >> 8) as f32;
            })
        }),
        write("rng/uniform", |level, out| rng::uniform(level, noise(), out)),
        write("rng/normal", |level, out| rng::normal(level, noise(), out)),
        map("learned-forward/carelu", |level, x, y| {
            let carelu = carelu::CaRelu::default();
            carelu::forward(level, carelu, x, COLUMNS, y).expect("initial parameters are valid");
        }),
        Row::sized("learned-backward/carelu", (2, 1), |n| {
            let (x, dy, carelu) = (x(n), dy(n), carelu::CaRelu::default());
            fill(n, move |level, dx| {
                carelu::backward(level, carelu, &x, COLUMNS, &dy, dx)
                    .expect("initial parameters are valid");
            })
        }),
        Row::new("mask-forward/relu", || {
            let (x, mut mask) = (x(SIZE), vec![0; masks::words(SIZE)]);
            fill(SIZE, move |level, y| masks::relu_forward(level, &x, y, &mut mask))
        }),
        Row::new("mask-backward/relu", || {
            let (mask, dy) = (vec![0b1010_0110_0101_1100; masks::words(SIZE)], dy(SIZE));
            fill(SIZE, move |level, dx| masks::relu_backward(level, &mask, &dy, dx))
        }),
        Row::sized("forward/crelu", (1, 2), |n| {
            let x = x(n);
            fill(2 * n, move |level, y| crelu(level, &x, y, COLUMNS))
        }),
        Row::sized("backward/crelu", (3, 1), |n| {
            let (x, dy) = (x(n), [dy(n), dy(n)].concat());
            fill(n, move |level, dx| crelu_backward(level, &x, &dy, dx, COLUMNS))
        }),
    ]);
    rows
}

pub(super) fn parallel() -> Vec<Row> {
    let mut rows = Vec::new();
    for &kind in Kind::ALL {
        rows.push(Row::sized(format!("forward/{kind}"), (1, 1), move |n| {
            let x = inputs::pre_activations(kind, n);
            fill(n, move |level, y| par_forward(level, kind, &x, y))
        }));
        rows.push(Row::sized(format!("backward/{kind}"), (backward_reads(kind), 1), move |n| {
            let (saved, dy) = (inputs::saved(kind, n), dy(n));
            fill(n, move |level, dx| par_backward(level, kind, &saved, &dy, dx))
        }));
    }
    for &unit in Unit::ALL {
        rows.push(map(format!("sample/{unit}"), move |level, x, h| {
            units::par_sample(level, unit, noise(), x, h);
        }));
    }
    rows
}

/// The identity's gradient is dy: it does not read what forward saved.
fn backward_reads(kind: Kind) -> u8 {
    if kind == Kind::Identity { 1 } else { 2 }
}

/// One value for the whole of x, each parameter where it starts.
fn parameters(kind: LearnedKind) -> Vec<[f32; 1]> {
    kind.parameters().iter().map(|parameter| [parameter.initial]).collect()
}

/// The same as slices.
fn slices(parameters: &[[f32; 1]]) -> Vec<&[f32]> {
    parameters.iter().map(|parameter| &parameter[..]).collect()
}

fn learned_forward(kind: LearnedKind, n: usize) -> Box<dyn Work> {
    let (x, parameters) = (x(n), parameters(kind));
    fill(n, move |level, y| {
        learned::forward(level, kind, &slices(&parameters), &x, y)
            .expect("initial parameters are valid");
    })
}

fn learned_backward(kind: LearnedKind, n: usize) -> Box<dyn Work> {
    let (x, dy, parameters) = (x(n), dy(n), parameters(kind));
    let mut gradients = parameters.clone();
    fill(n, move |level, dx| {
        let mut gradients: Vec<_> =
            gradients.iter_mut().map(|gradient| &mut gradient[..]).collect();
        learned::backward(level, kind, &slices(&parameters), &x, &dy, dx, &mut gradients)
            .expect("initial parameters are valid");
    })
}
