//! The `f64` functions against the standard library's, in relative error.

use super::{exp_f64, expm1_f64, sigmoid_f64, sin_cos, tanh_f64, tanh_sech2_f64};
use crate::{
    dispatch::{Kernel, Level},
    simd::{F64, LANES, Simd},
};

struct On([f64; LANES]);

impl Kernel for On {
    /// exp, expm1, tanh, sech², σ(t), σ(−t), sin, cos.
    type Output = [[f64; LANES]; 8];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let t = F64::load(simd, &self.0);
        let ((_, sech2), (s, rest), (sin, cos)) = (tanh_sech2_f64(t), sigmoid_f64(t), sin_cos(t));
        [
            exp_f64(t).to_array(),
            expm1_f64(t).to_array(),
            tanh_f64(t).to_array(),
            sech2.to_array(),
            s.to_array(),
            rest.to_array(),
            sin.to_array(),
            cos.to_array(),
        ]
    }
}

fn levels() -> Vec<Level> {
    Level::available_or_required().unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_exponential_family_is_within_its_relative_error() {
    let sigma = |t: f64| if t < 0.0 { t.exp() / (1.0 + t.exp()) } else { 1.0 / (1.0 + (-t).exp()) };
    for level in levels() {
        let mut worst = [0.0_f64; 6];
        for i in 0..20_000 {
            // Both signs, from 10⁻³⁰⁰ to 300.
            let t: [f64; LANES] = std::array::from_fn(|j| {
                let x = f64::from(i * 16 + j as i32) / 320_000.0;
                let magnitude = if j % 4 == 0 { 10f64.powf(-300.0 * x) } else { 300.0 * x };
                if j % 2 == 0 { magnitude } else { -magnitude }
            });
            let results = level.run(On(t));
            for (j, &t) in t.iter().enumerate() {
                let exact = [
                    t.exp(),
                    t.exp_m1(),
                    t.tanh(),
                    4.0 * sigma(2.0 * t) * sigma(-2.0 * t),
                    sigma(t),
                    sigma(-t),
                ];
                for (k, exact) in exact.into_iter().enumerate() {
                    let error = ((results[k][j] - exact) / exact).abs();
                    worst[k] = worst[k].max(error);
                }
            }
        }
        println!("{level}: {worst:?}");
        assert!(worst.iter().all(|&error| error < 2f64.powi(-49)), "{level}: {worst:?}");
    }
}

#[test]
fn sine_and_cosine_are_within_their_absolute_error_at_every_size() {
    for level in levels() {
        let mut worst = 0.0_f64;
        for i in 0..40_000_u32 {
            // From 2⁻⁴⁰ to 2⁴⁰⁰, both signs; every other vector small enough for the fast reduction.
            let t: [f64; LANES] = std::array::from_fn(|j| {
                let n = f64::from(i * 16 + j as u32);
                let top = if i % 2 == 0 { 60.0 } else { 440.0 };
                let magnitude = 2f64.powf(n.mul_add(top / 640_000.0, -40.0));
                if j % 2 == 0 { magnitude } else { -magnitude }
            });
            let results = level.run(On(t));
            for (j, &t) in t.iter().enumerate() {
                let error = (results[6][j] - t.sin()).abs().max((results[7][j] - t.cos()).abs());
                assert!(error < 2f64.powi(-51), "{level}: sin, cos of {t:e} are off by {error:e}");
                worst = worst.max(error);
            }
        }
        println!("{level}: {worst:e}");
    }
}

#[test]
fn near_multiples_of_pi_the_sine_keeps_its_digits() {
    for level in levels() {
        for k in [1.0, 2.0, 22.0, 355.0, 104_348.0, 1e6, 1e9, 1e15] {
            let t = k * std::f64::consts::PI;
            let sin = level.run(On([t; LANES]))[6][0];
            let error = ((sin - t.sin()) / t.sin()).abs();
            assert!(error < 2f64.powi(-40), "{level}: sin({k} π): {error:e}");
        }
    }
}

#[test]
fn zeros_keep_their_sign_and_what_is_not_finite_is_nan() {
    for level in levels() {
        let results = level.run(On([-0.0; LANES]));
        for k in [1, 2, 6] {
            assert_eq!(results[k][0].to_bits(), (-0.0_f64).to_bits(), "{level}, function {k}");
        }
        let results = level.run(On([f64::NAN; LANES]));
        assert!(results.iter().all(|r| r[0].is_nan()), "{level}: {results:?}");
        let results = level.run(On([f64::INFINITY; LANES]));
        assert!(results[6][0].is_nan() && results[7][0].is_nan(), "{level}");
    }
}
