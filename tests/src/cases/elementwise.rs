//! Activations, masks and optimiser steps.

use halfwave_kernels::{
    Kind, backward, backward_in_place, crelu, crelu_backward, forward, forward_in_place, masks,
    update::{self, Adam, Momentum},
};

use super::{Case, case};

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

/// Optimiser steps.
#[must_use]
pub fn updates() -> Vec<Case> {
    let momentum = Momentum {
        learning_rate: 0.05,
        momentum: 0.9,
        weight_decay: 2e-4,
        l1: 0.0,
        nesterov: false,
    };
    let adam =
        Adam { learning_rate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };
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
