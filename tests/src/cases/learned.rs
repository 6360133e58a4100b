//! Functions with learned parameters.

use halfwave_kernels::learned::{
    self, LearnedKind,
    carelu::{self, CaRelu},
};

use super::{Case, ROWS, case};

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
