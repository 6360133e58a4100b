//! How weights begin.

use halfwave_kernels::{
    Level,
    rng::{self, Noise},
};
use serde::{Deserialize, Serialize};

use crate::{TrainError, optim::positive};

/// How the weights of a layer begin; biases begin at 0.
///
/// fan_in is the number of inputs of a unit, fan_out the number of units that an input goes to: of a
/// convolution, those of one position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Initialiser {
    /// Uniform in ±√(6 / (fan_in + fan_out)): Glorot & Bengio, AISTATS 2010, equation 16.
    #[default]
    GlorotUniform,
    /// N(0, 2 / fan_in), not truncated: He et al., ICCV 2015, equation 10.
    HeNormal,
    /// N(0, 1 / fan_in), for SELU: LeCun et al. 1998, section 4.6; Klambauer et al., NIPS 2017.
    LecunNormal,
    /// N(0, std²).
    Normal {
        /// The standard deviation.
        std: f32,
    },
}

impl Initialiser {
    pub(crate) fn check(self) -> Result<(), TrainError> {
        match self {
            Self::Normal { std } => positive("std", std),
            Self::GlorotUniform | Self::HeNormal | Self::LecunNormal => Ok(()),
        }
    }

    /// Fills `weights` of a layer with these fans, in and out; takes one draw a weight.
    pub(crate) fn fill(self, fans: [usize; 2], noise: Noise, weights: &mut [f32]) {
        // Variates have the same bits on every level.
        let level = Level::best();
        let [fan_in, fan_out] = fans.map(|fan| fan as f64);
        match self {
            Self::GlorotUniform => {
                rng::uniform(level, noise, weights);
                let limit = (6.0 / (fan_in + fan_out)).sqrt();
                weights.iter_mut().for_each(|w| *w = (limit * f64::from(2.0 * *w - 1.0)) as f32);
            }
            Self::HeNormal => normal(level, (2.0 / fan_in).sqrt(), noise, weights),
            Self::LecunNormal => normal(level, fan_in.recip().sqrt(), noise, weights),
            Self::Normal { std } => normal(level, f64::from(std), noise, weights),
        }
    }
}

fn normal(level: Level, std: f64, noise: Noise, weights: &mut [f32]) {
    rng::normal(level, noise, weights);
    weights.iter_mut().for_each(|w| *w = (std * f64::from(*w)) as f32);
}

#[cfg(test)]
mod tests {
    use halfwave_kernels::rng::Stream;

    use super::*;

    /// Mean and standard deviation of 2¹⁶ weights, within 5 standard errors; all within the bound.
    #[test]
    fn weights_have_their_distribution() {
        const N: usize = 1 << 16;
        for (initialiser, std, largest) in [
            (Initialiser::GlorotUniform, (2.0_f64 / 400.0).sqrt(), (6.0_f64 / 400.0).sqrt()),
            (Initialiser::HeNormal, (2.0_f64 / 300.0).sqrt(), 1.0),
            (Initialiser::LecunNormal, (1.0_f64 / 300.0).sqrt(), 1.0),
            (Initialiser::Normal { std: 0.01 }, 0.01, 0.07),
        ] {
            let mut w = vec![0.0; N];
            initialiser.fill([300, 100], Stream::new(3).at(0), &mut w);
            let mean = w.iter().map(|&w| f64::from(w)).sum::<f64>() / N as f64;
            let variance = w.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>() / N as f64;
            let error = std / (N as f64).sqrt();
            assert!(mean.abs() < 5.0 * error, "{initialiser:?}: mean {mean}");
            assert!((variance.sqrt() - std).abs() < 5.0 * error, "{initialiser:?}: {variance}");
            assert!(w.iter().all(|w| f64::from(w.abs()) <= largest), "{initialiser:?}");
        }
    }

    #[test]
    fn settings_are_read_and_checked() {
        #[derive(Debug, Deserialize)]
        struct Weights {
            of: Initialiser,
        }
        let read = |text: &str| toml::from_str::<Weights>(text).map(|weights| weights.of);
        assert_eq!(read("of = 'he_normal'").unwrap(), Initialiser::HeNormal);
        let normal = Initialiser::Normal { std: 0.5 };
        assert_eq!(read("of = { normal = { std = 0.5 } }").unwrap(), normal);
        assert!(read("of = 'he'").is_err());
        assert_eq!(normal.check(), Ok(()));
        assert!(Initialiser::Normal { std: 0.0 }.check().is_err());
        assert!(Initialiser::Normal { std: f32::NAN }.check().is_err());
    }
}
