//! NReLU with another variance of its noise than the paper's: what an ablation compares.
//!
//! ```text
//! h = max(0, x + N(0, V))        V = 0, σ(x)², σ(x) or 1
//! mean  x Φ(x/s) + s φ(x/s),  s = √V
//! ```
//!
//! V = σ(x) is Nair & Hinton's (ICML 2010, section 2), and the kernels' `Unit::Nrelu`, fused into the product.
//! Codes that pass σ(x) to a generator as the *deviation* sample with V = σ(x)². The others are made here
//! of the kernels' sigmoid and normal variates, in a pass of their own: element i takes draw i, so that all
//! variances meet the same variates.

use std::f64::consts::{PI, SQRT_2};

use halfwave_kernels::{
    Kind, Level, forward,
    rng::{self, Noise},
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Elements of a task.
const BLOCK: usize = 1 << 10;

/// The variance V of the noise of NReLU hidden units, max(0, x + N(0, V)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NreluNoise {
    /// 0: the sample is max(0, x).
    None,
    /// σ(x)²: σ(x) is taken for the deviation.
    SigmoidSquared,
    /// σ(x): Nair & Hinton 2010.
    #[default]
    Sigmoid,
    /// 1.
    One,
}

impl NreluNoise {
    /// Whether it is that of the kernels' unit.
    pub(super) fn is_papers(self) -> bool {
        self == Self::Sigmoid
    }

    /// x ← max(0, x + N(0, V)); element i takes draw i of the noise.
    pub(super) fn sample_in_place(self, level: Level, noise: Noise, x: &mut [f32]) {
        x.par_chunks_mut(BLOCK).enumerate().for_each(|(i, x)| {
            let (mut normal, mut deviation) = ([0.0; BLOCK], [0.0; BLOCK]);
            let (normal, deviation) = (&mut normal[..x.len()], &mut deviation[..x.len()]);
            rng::normal(level, noise.skip((i * BLOCK) as u64), normal);
            self.deviation(level, x, deviation);
            for ((x, z), s) in x.iter_mut().zip(normal).zip(deviation) {
                let y = s.mul_add(*z, *x);
                *x = if y <= 0.0 { 0.0 } else { y };
            }
        });
    }

    /// x ← the mean of the samples.
    pub(super) fn mean_in_place(self, level: Level, x: &mut [f32]) {
        x.par_chunks_mut(BLOCK).for_each(|x| {
            let mut deviation = [0.0; BLOCK];
            let deviation = &mut deviation[..x.len()];
            self.deviation(level, x, deviation);
            x.iter_mut().zip(deviation).for_each(|(x, s)| *x = mean((*x).into(), (*s).into()));
        });
    }

    /// √V.
    fn deviation(self, level: Level, x: &[f32], out: &mut [f32]) {
        match self {
            Self::None => out.fill(0.0),
            Self::One => out.fill(1.0),
            Self::SigmoidSquared => forward(level, Kind::Sigmoid, x, out),
            Self::Sigmoid => {
                forward(level, Kind::Sigmoid, x, out);
                out.iter_mut().for_each(|s| *s = s.sqrt());
            }
        }
    }
}

/// E max(0, x + N(0, s²)).
fn mean(x: f64, s: f64) -> f32 {
    if s == 0.0 {
        return x.max(0.0) as f32;
    }
    let a = x / s;
    let cumulative = 0.5 * libm::erfc(-a / SQRT_2);
    let density = (-0.5 * a * a).exp() / (2.0 * PI).sqrt();
    // Far below 0 the two terms cancel but for rounding.
    (x * cumulative + s * density).max(0.0) as f32
}

#[cfg(test)]
mod tests {
    use halfwave_kernels::{
        rng::Stream,
        units::{self, Unit},
    };

    use super::*;

    const ALL: [NreluNoise; 4] =
        [NreluNoise::None, NreluNoise::SigmoidSquared, NreluNoise::Sigmoid, NreluNoise::One];

    /// But for the kernel's deviation, whose relative error is 3·10⁻⁷, times a variate of up to 6.33.
    #[test]
    fn with_the_papers_variance_samples_are_the_kernels() {
        let x: Vec<f32> = (0..5000).map(|i| (i as f32 - 2500.0) / 250.0).collect();
        let (level, noise) = (Level::best(), Stream::new(7).at(3));
        let (mut kernel, mut here) = (vec![0.0; x.len()], x.clone());
        units::sample(level, Unit::Nrelu, noise, &x, &mut kernel);
        NreluNoise::Sigmoid.sample_in_place(level, noise, &mut here);
        let largest = here.iter().zip(&kernel).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
        assert!(largest < 4e-6 && here.iter().any(|&h| h > 0.0), "{largest}");
    }

    #[test]
    fn samples_have_the_mean_and_the_variance() {
        const N: usize = 100_000;
        for noise in ALL {
            for x in [-1.5_f32, 0.0, 0.8, 6.0] {
                let (level, mut h, mut expected) = (Level::best(), vec![x; N], [x]);
                noise.sample_in_place(level, Stream::new(1).at(0), &mut h);
                noise.mean_in_place(level, &mut expected);
                let mean = h.iter().map(|&h| f64::from(h)).sum::<f64>() / N as f64;
                let error = (mean - f64::from(expected[0])).abs();
                assert!(error < 5.0 / (N as f64).sqrt(), "{noise:?} at {x}: {mean} {expected:?}");
                if x == 6.0 {
                    // The rectifier does nothing so far up.
                    let square = |h: &f32| (f64::from(*h) - mean).powi(2);
                    let variance = h.iter().map(square).sum::<f64>() / N as f64;
                    let sigmoid = 1.0 / (1.0 + f64::from(-x).exp());
                    let expected = match noise {
                        NreluNoise::None => 0.0,
                        NreluNoise::SigmoidSquared => sigmoid * sigmoid,
                        NreluNoise::Sigmoid => sigmoid,
                        NreluNoise::One => 1.0,
                    };
                    assert!((variance - expected).abs() < 0.03, "{noise:?}: {variance}");
                }
            }
        }
    }

    #[test]
    fn variances_differ_where_they_should() {
        // At 0: V = 0, 1/4, 1/2, 1, and the mean is √(V / 2π).
        for (noise, variance) in ALL.into_iter().zip([0.0, 0.25, 0.5, 1.0]) {
            let mut x = [0.0];
            noise.mean_in_place(Level::best(), &mut x);
            let expected = (variance / (2.0 * PI)).sqrt();
            assert!((f64::from(x[0]) - expected).abs() < 1e-6, "{noise:?}: {x:?}");
        }
    }
}
