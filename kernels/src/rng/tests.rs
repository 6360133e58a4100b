//! The ends of the range of a draw: where a logarithm could meet 0, or a uniform variate be 1.

use super::{Noise, bits, normal, uniform};
use crate::{
    Level,
    units::{self, Unit, potts},
};

/// The lowest and highest values with both values of the top bit, and the middle.
const ENDS: [u32; 9] =
    [0, 1, 2, 0x7fff_fffe, 0x7fff_ffff, 0x8000_0000, 0x8000_0001, 0xffff_fffe, 0xffff_ffff];

#[test]
fn the_ends_of_a_draw_are_no_ends_of_a_variate() {
    for level in Level::available() {
        for draw in ENDS {
            let noise = Noise::with_output(draw);
            let mut found = [0];
            bits(level, noise, &mut found);
            assert_eq!(found, [draw]);
            let (mut u, mut z) = ([0.0], [0.0]);
            uniform(level, noise, &mut u);
            assert!((0.0..1.0).contains(&u[0]), "uniform {} of {draw:#x}", u[0]);
            normal(level, noise, &mut z);
            assert!(z[0].abs() < 6.34, "normal {} of {draw:#x}", z[0]);
        }
    }
}

#[test]
fn units_are_certain_or_finite_at_the_ends_of_a_draw() {
    for level in Level::available() {
        for draw in ENDS {
            let noise = Noise::with_output(draw);
            let sample = |unit, x| {
                let mut y = [x];
                units::sample_in_place(level, unit, noise, &mut y);
                y[0]
            };
            let what = format!("of {draw:#x} on {level}");
            for unit in [Unit::Bernoulli, Unit::Ssu { copies: 1 }, Unit::Binomial { trials: 1 }] {
                assert!(sample(unit, -200.0) == 0.0, "{unit} fires with p = 0 {what}");
                assert!(sample(unit, 200.0) == 1.0, "{unit} does not fire with p = 1 {what}");
            }
            for k in -30..=30 {
                for x in [2.0_f32.powi(k), -(2.0_f32.powi(k)), 0.0] {
                    for unit in [Unit::Nrelu, Unit::TruncatedGaussian] {
                        let y = sample(unit, x);
                        assert!(y >= 0.0 && y.is_finite(), "{unit}: {y} at {x} {what}");
                    }
                }
            }
            let mut h = [f32::NEG_INFINITY, 0.0, -200.0];
            potts::sample_in_place(level, noise, &mut h, 3);
            assert_eq!(h, [0.0, 1.0, 0.0], "{what}");
            let mut h = [0.0; 7];
            potts::sample_in_place(level, noise, &mut h, 7);
            assert_eq!(h.iter().sum::<f32>(), 1.0, "{what}");
        }
    }
}

/// The quantile rises with u, over both forms of the truncated Gaussian and where they meet.
#[test]
fn truncated_gaussians_rise_with_u_and_with_x() {
    let level = Level::best();
    // From the largest tail on the lower side to the smallest on the upper one.
    let lower = (0..31).map(|k| 0x8000_0000_u32 | ((1 << k) - 1));
    let upper = (0..31).rev().map(|k| (1_u32 << k) - 1);
    let draws: Vec<u32> = lower.chain(upper).collect();
    let quantiles = |x: f32| {
        let quantile = |&draw: &u32| {
            let mut y = [x];
            let noise = Noise::with_output(draw);
            units::sample_in_place(level, Unit::TruncatedGaussian, noise, &mut y);
            y[0]
        };
        draws.iter().map(quantile).collect::<Vec<_>>()
    };
    for i in -400..=400 {
        let x = 0.025 * i as f32;
        let y = quantiles(x);
        assert!(y.is_sorted(), "at {x}: {y:?}");
    }
    // Above 0 they end at x + 6.33: the last draw, of 2³², is not compared.
    let compared = draws.len() - 1;
    for (below, above) in quantiles(-1e-6).into_iter().zip(quantiles(1e-6)).take(compared) {
        assert!((below - above).abs() < 5e-6, "{below} below 0 and {above} above");
    }
}
