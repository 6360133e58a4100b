//! Functions that no activation is, against the standard library's in `f64`.

use super::{ln, root_sigmoid};
use crate::{
    dispatch::{Kernel, Level},
    simd::{F32, LANES, Simd},
};

struct On([f32; LANES]);

impl Kernel for On {
    /// `root_sigmoid`, ln.
    type Output = [[f32; LANES]; 2];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Self::Output {
        let x = F32::load(simd, &self.0);
        [root_sigmoid(x).to_array(), ln(x).to_array()]
    }
}

/// Every 1009th of all numbers: [the documentation's](root_sigmoid) errors.
#[test]
fn worst_errors_of_root_sigmoid() {
    let level = Level::best();
    let numbers: Vec<f32> = (0..=u32::MAX).step_by(1009).map(f32::from_bits).collect();
    let mut worst = [0.0_f64; 2];
    for x in numbers.as_chunks().0 {
        for (x, s) in x.iter().zip(level.run(On(*x))[0]) {
            let exact = (1.0 + (-f64::from(*x)).exp()).sqrt().recip();
            let error = (f64::from(s) / exact - 1.0).abs();
            match *x {
                x if x >= -10.0 => worst[0] = worst[0].max(error),
                x if x >= -80.0 => worst[1] = worst[1].max(error),
                x if x < -80.0 => assert!((0.0..=4.3e-18).contains(&s), "{x}: {s}"),
                _ => assert!(s.is_finite()),
            }
        }
    }
    assert!(worst[0] < 1e-6 && worst[1] < 1e-5, "{worst:?}");
    assert!(worst[0] > 1e-8, "nothing was compared: {worst:?}");
}

/// Every 1009th normal number: [the documentation's](ln) error, in units of the last place.
#[test]
fn worst_error_of_ln() {
    let level = Level::best();
    let numbers: Vec<f32> = (f32::MIN_POSITIVE.to_bits()..f32::INFINITY.to_bits())
        .step_by(1009)
        .map(f32::from_bits)
        .collect();
    let mut worst = (0.0_f64, 0.0);
    for x in numbers.as_chunks().0 {
        for (&x, y) in x.iter().zip(level.run(On(*x))[1]) {
            let exact = f64::from(x).ln();
            let ulp = 2f64.powi((exact.abs().log2().floor() as i32).max(-126) - 23);
            let error = (f64::from(y) - exact).abs() / ulp;
            if x == 1.0 {
                assert_eq!(y, 0.0);
            } else if error > worst.0 {
                worst = (error, x);
            }
        }
    }
    assert!(worst.0 < 0.55, "{worst:?}");
    assert!(worst.0 > 0.49, "nothing was compared: {worst:?}");
}
