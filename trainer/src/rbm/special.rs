//! Functions of free energies, in `f64`.

use std::f64::consts::{FRAC_PI_2, SQRT_2};

/// ln(1 + eˣ), without overflow.
pub(super) fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// ln ∫ exp(x h − h²/2) dh over h ≥ 0 = ln(√(π/2) · erfcx(−x/√2)), erfcx(t) = e^(t²) erfc(t). Where x is far
/// below 0, e^(t²) and erfc(t) leave the range of `f64`, and the integral is Mills' ratio, as the continued
/// fraction 1/(a + 1/(a + 2/(a + 3/(a + …)))) with a = −x.
pub(super) fn ln_rectified_gaussian(x: f64) -> f64 {
    /// Above, the fraction has all digits after [`TERMS`].
    const FAR: f64 = 6.0;
    const TERMS: u32 = 100;
    let a = -x;
    if a > FAR {
        -(1..=TERMS).rev().fold(a, |rest, n| a + f64::from(n) / rest).ln()
    } else {
        0.5 * x * x + 0.5 * FRAC_PI_2.ln() + libm::erfc(a / SQRT_2).ln()
    }
}

/// ln of the integral of exp(x h − h²/2 − θ h) over h ≥ 0 plus that of exp(x h − γ h²/2 + θ h) over h < 0.
pub(super) fn ln_double_rectifier(gamma: f64, theta: f64, x: f64) -> f64 {
    let scale = 1.0 / gamma.sqrt();
    let positive = ln_rectified_gaussian(x - theta);
    let negative = scale.ln() + ln_rectified_gaussian(-scale * (x + theta));
    positive.max(negative) + (-(positive - negative).abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    /// Values by quadrature, to nine digits.
    #[test]
    fn the_rectified_gaussian_has_the_known_values() {
        for (x, expected) in
            [(0.0, 0.225_791_352_644_727_43), (2.0, 2.895_925_62), (-3.0, -1.188_787_69)]
        {
            let found = ln_rectified_gaussian(x);
            assert!((found - expected).abs() < 1e-8, "{x}: {found}");
        }
        assert!((ln_rectified_gaussian(0.0) - 0.5 * (PI / 2.0).ln()).abs() < 1e-15);
        assert!((ln_rectified_gaussian(50.0) - (1250.0 + 0.5 * (2.0 * PI).ln())).abs() < 1e-12);
        assert!((ln_rectified_gaussian(-1e6) + 1e6_f64.ln()).abs() < 1e-11);
    }

    #[test]
    fn both_forms_agree_where_they_meet() {
        let (near, far) = (ln_rectified_gaussian(-6.0), ln_rectified_gaussian(-6.0 - 1e-13));
        assert!((near - far).abs() < 1e-12, "{near} {far}");
    }

    /// Simpson's rule on each side; closed forms where there are some.
    #[test]
    fn the_double_rectifier_is_its_integral() {
        for (gamma, theta) in [(1.0, 0.0), (4.0, 0.5), (0.25, -2.0), (100.0, 3.0)] {
            for x in [-7.0, -1.3, 0.0, 0.4, 6.0] {
                let density = |h: f64| {
                    let stiffness = if h < 0.0 { gamma } else { 1.0 };
                    (x * h - 0.5 * stiffness * h * h - theta * h.abs()).exp()
                };
                const STEP: f64 = 1.0 / 1024.0;
                let side = |sign: f64| {
                    let node = |i: u32| {
                        let weight = if i == 0 { 1.0 } else { f64::from(2 + i % 2 * 2) };
                        weight * density(sign * f64::from(i) * STEP)
                    };
                    (0..50_000).map(node).sum::<f64>() * STEP / 3.0
                };
                let (found, expected) =
                    (ln_double_rectifier(gamma, theta, x), (side(1.0) + side(-1.0)).ln());
                assert!((found - expected).abs() < 1e-9, "{gamma} {theta} {x}: {found} {expected}");
            }
        }
        for x in [-1e3, -20.0, 3.0, 1e3] {
            let gaussian = 0.5 * x * x + 0.5 * (2.0 * PI).ln();
            let found = ln_double_rectifier(1.0, 0.0, x);
            assert!((found - gaussian).abs() <= 1e-12 * gaussian.max(1.0), "{x}: {found}");
        }
    }

    #[test]
    fn softplus_neither_overflows_nor_vanishes() {
        assert_eq!(softplus(1e4), 1e4);
        assert_eq!(softplus(-1e4), 0.0);
        assert!((softplus(-40.0) - (-40.0_f64).exp()).abs() < 1e-30);
        assert!((softplus(0.0) - 2.0_f64.ln()).abs() < 1e-16);
    }
}
