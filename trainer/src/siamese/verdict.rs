//! From the cosine of a pair to the probability that it is of the same class.
//!
//! ```text
//! u = (d − m) / s        z = w u + b        P(same) = σ(z)
//!
//! loss   −y ln P − (1 − y) ln(1 − P) = max(z, 0) − y z + ln(1 + e^−|z|)
//! dz = P − y        dw = Σ dz u        db = Σ dz        dd = dz w / s
//! ```
//!
//! w and b are learned. m and s, mean and deviation of the cosines of the training pairs before the first
//! step, never change: σ(w d + b) with other names for its parameters (Nair & Hinton, ICML 2010, section
//! 6.2). Without them the step size of b would have to fit how close to each other the cosines are, which
//! differs by a factor of 100 between rectifiers and sigmoids.

/// Fewest digits that cosines must differ in for s to be their deviation.
const SMALLEST: f64 = 1e-6;

/// w, b, m and s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Verdict {
    /// w and b.
    pub(super) parameters: [f32; 2],
    mean: f32,
    deviation: f32,
}

impl Verdict {
    /// w = 1 and b = 0 on cosines that are brought to zero mean and unit deviation.
    pub(super) fn new(cosines: &[f32]) -> Self {
        let n = cosines.len().max(1) as f64;
        let mean = cosines.iter().map(|&d| f64::from(d)).sum::<f64>() / n;
        let square = |&d: &f32| (f64::from(d) - mean).powi(2);
        let deviation = (cosines.iter().map(square).sum::<f64>() / n).sqrt();
        let deviation = if deviation < SMALLEST { 1.0 } else { deviation };
        Self { parameters: [1.0, 0.0], mean: mean as f32, deviation: deviation as f32 }
    }

    /// m and s.
    #[cfg(test)]
    pub(super) fn standardisation(&self) -> [f64; 2] {
        [self.mean, self.deviation].map(f64::from)
    }

    fn standardised(&self, d: f32) -> f32 {
        (d - self.mean) / self.deviation
    }

    /// z, above 0 where P(same) is above ½.
    pub(super) fn logit(&self, d: f32) -> f32 {
        let [w, b] = self.parameters;
        w * self.standardised(d) + b
    }

    /// The loss; dw and db are added to `gradient`; dd.
    pub(super) fn backward(&self, d: f32, same: bool, gradient: &mut [f32; 2]) -> (f64, f32) {
        let z = self.logit(d);
        let dz = probability(z) - f32::from(u8::from(same));
        gradient[0] += dz * self.standardised(d);
        gradient[1] += dz;
        (loss(z, same), dz * self.parameters[0] / self.deviation)
    }
}

/// σ(z).
pub(super) fn probability(z: f32) -> f32 {
    1.0 / (1.0 + (-z).exp())
}

/// The cross-entropy of a pair.
pub(super) fn loss(z: f32, same: bool) -> f64 {
    let z = f64::from(if same { -z } else { z });
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_finite_and_right() {
        assert!((loss(0.0, true) - 2.0_f64.ln()).abs() < 1e-12);
        assert!((loss(2.0, true) - 0.126_928_011_042_972_6).abs() < 1e-12);
        assert_eq!((loss(1e30, true), loss(-1e30, false)), (0.0, 0.0));
        assert_eq!(loss(-1000.0, true), 1000.0);
        assert_eq!((probability(1e30), probability(-1e30)), (1.0, 0.0));
    }

    #[test]
    fn cosines_are_standardised_and_equal_ones_only_centred() {
        let verdict = Verdict::new(&[0.98, 0.99, 1.0]);
        assert!((verdict.logit(0.99)).abs() < 1e-4);
        assert!((verdict.logit(1.0) - 1.5_f32.sqrt()).abs() < 1e-4);
        assert_eq!(Verdict::new(&[0.5; 4]).logit(0.5), 0.0);
        assert_eq!(Verdict::new(&[0.5; 4]).deviation, 1.0);
    }
}
