//! Random variates and stochastic units.

use halfwave_kernels::{
    rng::{self, Stream},
    units::{self, Unit},
};

use super::{Case, case};

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
