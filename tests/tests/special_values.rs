//! Activations where it is easy to be wrong: special values, ranges, symmetry, monotonicity. On every
//! level; for the values by bits.

use halfwave_kernels::{Kind, Level, Saved, backward, forward};
use halfwave_tests::{
    cases::kinds,
    compare::{bits, levels},
    inputs,
};

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;
const LN_2: f32 = std::f32::consts::LN_2;

fn at(level: Level, kind: Kind, x: &[f32]) -> Vec<f32> {
    let mut y = vec![0.0; x.len()];
    forward(level, kind, x, &mut y);
    y
}

fn backward_at(level: Level, kind: Kind, saved: f32, dy: f32) -> f32 {
    let mut dx = [0.0];
    backward(level, kind, &[saved], &[dy], &mut dx);
    dx[0]
}

/// f at −∞, +∞, NaN, −0, +0.
#[test]
fn forward_has_the_table_of_special_values() {
    let x = [-INF, INF, NAN, -0.0, 0.0];
    let mut wrong = Vec::new();
    for &kind in Kind::ALL {
        let expected = match kind {
            Kind::Identity | Kind::LeakyRelu => x,
            Kind::Relu => [0.0, INF, NAN, 0.0, 0.0],
            Kind::Relu6 => [0.0, 6.0, NAN, 0.0, 0.0],
            Kind::Abs => [INF, INF, NAN, 0.0, 0.0],
            Kind::Elu | Kind::Celu => [-1.0, INF, NAN, -0.0, 0.0],
            Kind::Selu => [-1.758_099_3, INF, NAN, -0.0, 0.0],
            Kind::Gelu
            | Kind::GeluTanh
            | Kind::GeluQuick
            | Kind::Silu
            | Kind::Mish
            | Kind::HardSwish => [-0.0, INF, NAN, -0.0, 0.0],
            Kind::Sigmoid | Kind::HardSigmoid => [0.0, 1.0, NAN, 0.5, 0.5],
            Kind::Tanh | Kind::Softsign | Kind::Erf => [-1.0, 1.0, NAN, -0.0, 0.0],
            Kind::TanhRelu | Kind::Lif => [0.0, 1.0, NAN, 0.0, 0.0],
            Kind::RescaledSoftplus => [0.0, INF, NAN, LN_2 / 6.0, LN_2 / 6.0],
            Kind::Softplus => [0.0, INF, NAN, LN_2, LN_2],
            Kind::Exp => [0.0, INF, NAN, 1.0, 1.0],
            Kind::Log1p => [NAN, INF, NAN, -0.0, 0.0],
            _ => panic!("{kind} needs a line in this table"),
        };
        for level in levels() {
            for ((x, y), expected) in x.iter().zip(at(level, kind, &x)).zip(expected) {
                if bits(y) != bits(expected) {
                    wrong.push(format!("{kind} at {x} on {level}: {y} for {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// f' · 1 at −∞, +∞, NaN, from what forward saves there: the limit.
#[test]
fn backward_has_the_limits() {
    let mut wrong = Vec::new();
    for &kind in Kind::ALL {
        let expected = match kind {
            Kind::Identity => [1.0, 1.0, 1.0],
            Kind::Relu => [0.0, 1.0, 1.0],
            Kind::Relu6 => [0.0, 0.0, 1.0],
            Kind::LeakyRelu => [0.01, 1.0, 1.0],
            Kind::Abs => [-1.0, 1.0, 1.0],
            Kind::HardSwish => [0.0, 1.0, NAN],
            Kind::HardSigmoid => [0.0, 0.0, 1.0 / 6.0],
            Kind::TanhRelu => [0.0, 0.0, NAN],
            Kind::Gelu | Kind::GeluTanh | Kind::GeluQuick | Kind::Silu | Kind::Mish => {
                [-0.0, 1.0, NAN]
            }
            Kind::Elu | Kind::Celu => [0.0, 1.0, 1.0],
            Kind::RescaledSoftplus => [0.0, 1.0, NAN],
            Kind::Selu => [0.0, 1.050_701, 1.050_701],
            Kind::Sigmoid | Kind::Tanh | Kind::Softsign | Kind::Erf | Kind::Lif => [0.0, 0.0, NAN],
            Kind::Softplus => [0.0, 1.0, NAN],
            Kind::Exp => [0.0, INF, NAN],
            Kind::Log1p => [NAN, 0.0, NAN],
            _ => panic!("{kind} needs a line in this table"),
        };
        for level in levels() {
            for (x, expected) in [-INF, INF, NAN].into_iter().zip(expected) {
                let saved = match kind.saved() {
                    Saved::Input => x,
                    Saved::Output => at(level, kind, &[x])[0],
                };
                let dx = backward_at(level, kind, saved, 1.0);
                if bits(dx) != bits(expected) {
                    wrong.push(format!("{kind}' at {x} on {level}: {dx} for {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// ReLU's backward is a selection: an infinite or undefined dy does not pass a unit that is off, and a
/// NaN that was saved lets dy pass.
#[test]
fn relu_backward_is_a_selection() {
    for level in levels() {
        for saved in [0.0, -0.0, -1.0, -INF] {
            for dy in [1.0, -1.0, INF, -INF, NAN] {
                let dx = backward_at(level, Kind::Relu, saved, dy);
                assert_eq!(dx.to_bits(), 0, "saved {saved}, dy {dy} on {level}: {dx}");
            }
        }
        for saved in [1e-45, 1.0, INF, NAN] {
            for dy in [3.0, -0.0, INF, NAN] {
                let dx = backward_at(level, Kind::Relu, saved, dy);
                assert_eq!(bits(dx), bits(dy), "saved {saved}, dy {dy} on {level}: {dx}");
            }
        }
    }
}

#[test]
fn results_stay_in_the_range() {
    let x = inputs::every(4099);
    for level in levels() {
        for &kind in Kind::ALL {
            let (low, high) = match kind {
                Kind::Sigmoid | Kind::HardSigmoid | Kind::TanhRelu | Kind::Lif => (0.0, 1.0),
                Kind::Tanh | Kind::Softsign | Kind::Erf => (-1.0, 1.0),
                Kind::Relu | Kind::Abs | Kind::Softplus | Kind::RescaledSoftplus | Kind::Exp => {
                    (0.0, INF)
                }
                Kind::Relu6 => (0.0, 6.0),
                Kind::Elu | Kind::Celu => (-1.0, INF),
                Kind::Selu => (-1.758_099_4, INF),
                Kind::Gelu | Kind::GeluTanh | Kind::GeluQuick => (-0.170_05, INF),
                Kind::Silu => (-0.278_464_6, INF),
                Kind::Mish => (-0.308_843_5, INF),
                Kind::HardSwish => (-0.375, INF),
                Kind::Identity | Kind::LeakyRelu | Kind::Log1p => continue,
                _ => panic!("{kind} needs a line here"),
            };
            for (x, y) in x.iter().zip(at(level, kind, &x)) {
                let inside = y.is_nan() && x.is_nan() || (low..=high).contains(&y);
                assert!(inside, "{kind} at {x:e} on {level}: {y:e}");
                assert!(y.to_bits() != (-0.0_f32).to_bits() || low < 0.0, "{kind} at {x:e}: −0");
            }
        }
    }
}

#[test]
fn odd_functions_are_odd_by_bits() {
    let x = inputs::every(4099);
    let negated: Vec<f32> = x.iter().map(|x| -x).collect();
    for level in levels() {
        for kind in [Kind::Tanh, Kind::Identity, Kind::Softsign, Kind::Erf] {
            let pairs = at(level, kind, &x).into_iter().zip(at(level, kind, &negated));
            for (x, (y, mirrored)) in x.iter().zip(pairs) {
                assert_eq!(bits(-mirrored), bits(y), "{kind} at ±{x:e} on {level}");
            }
        }
    }
}

/// The number whose rank among all is `rank`: −∞ has the first, +∞ the last.
fn of_rank(rank: u32) -> f32 {
    const HALF: u32 = 0x7f80_0000;
    if rank <= HALF {
        f32::from_bits(0x8000_0000 | (HALF - rank))
    } else {
        f32::from_bits(rank - HALF - 1)
    }
}

const RANKS: u32 = 0x7f80_0000 * 2 + 2;

/// Where a function begins to rise for good.
fn rises_from(kind: Kind) -> f32 {
    match kind {
        Kind::Log1p => -1.0,
        Kind::Abs
        | Kind::Gelu
        | Kind::GeluTanh
        | Kind::GeluQuick
        | Kind::Silu
        | Kind::Mish
        | Kind::HardSwish => 0.0,
        _ => -INF,
    }
}

fn does_not_fall(level: Level, kind: Kind, x: &[f32]) {
    let y = at(level, kind, x);
    for (x, y) in x.windows(2).zip(y.windows(2)) {
        assert!(
            x[0] < rises_from(kind) || y[0] <= y[1],
            "{kind} falls on {level}: {:e} at {:e}, {:e} at {:e}",
            y[0],
            x[0],
            y[1],
            x[1]
        );
    }
}

/// Monotone where the functions are: neighbours in 4096 places.
#[test]
fn neighbours_do_not_fall() {
    for &kind in Kind::ALL {
        for start in (0..RANKS - 257).step_by(RANKS as usize / 4096) {
            let x: Vec<f32> = (start..start + 257).map(of_rank).collect();
            does_not_fall(Level::best(), kind, &x);
        }
    }
}

#[test]
#[ignore = "all 2^32 inputs, some minutes: cargo test --release -p halfwave-tests -- --ignored exhaustive"]
fn exhaustive_nothing_falls() {
    for kind in kinds() {
        let block = 1 << 16;
        for start in (0..RANKS).step_by(block) {
            let end = RANKS.min(start + block as u32 + 1);
            let x: Vec<f32> = (start..end).map(of_rank).collect();
            does_not_fall(Level::best(), kind, &x);
        }
    }
}
