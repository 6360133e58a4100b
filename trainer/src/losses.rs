//! Heads: from the outputs of the last layer to loss, gradient and predicted class.
//!
//! ```text
//! z [batch, classes], labels [batch], losses [batch], dz [batch, classes]
//! ```

use halfwave_kernels::{Level, rows};
use serde::{Deserialize, Serialize};

/// What stands on the last dense layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Head {
    /// Cross-entropy on the softmax of z.
    #[default]
    Softmax,
    /// Cross-entropy on max(0, z) divided by its sum: the ReLU classifier of Agarap
    /// (arXiv:1803.08375, equations 6–8), as Keras 2.1.2 computed it.
    ///
    /// Probabilities are clipped to [10⁻⁷, 1 − 10⁻⁷]. Where they are clipped, or no output is above
    /// 0, the gradient is 0; an output that is not above 0 for the true class costs 16.118.
    NormalisedRelu,
}

impl Head {
    /// Losses, and dz for the sum of the losses.
    ///
    /// # Panics
    /// If the lengths do not fit, or a label names no class.
    pub(crate) fn loss(
        self,
        level: Level,
        z: &[f32],
        labels: &[u32],
        losses: &mut [f32],
        dz: &mut [f32],
    ) {
        match self {
            Self::Softmax => rows::softmax_cross_entropy(level, z, labels, losses, dz),
            Self::NormalisedRelu => {
                rows::normalised_relu_cross_entropy(level, z, labels, losses, dz);
            }
        }
    }

    /// Outputs `[rows, classes]` become probabilities, in place: softmax, or max(0, z) divided by its sum. Where
    /// no output of a row is above 0, all classes of a [`Head::NormalisedRelu`] are equally probable.
    ///
    /// # Panics
    /// If `z` is no whole number of rows.
    pub(crate) fn probabilities(self, level: Level, z: &mut [f32], classes: usize) {
        if self == Self::Softmax {
            return rows::softmax_in_place(level, z, classes);
        }
        for z in z.chunks_exact_mut(classes) {
            // In f64 no sum of f32 overflows.
            let sum: f64 = z.iter().map(|&z| f64::from(z.max(0.0))).sum();
            z.iter_mut().for_each(|z| {
                let share = f64::from(z.max(0.0)) / sum;
                *z = if sum > 0.0 { share } else { 1.0 / classes as f64 } as f32;
            });
        }
    }

    /// The class of one row of outputs: that of the largest, the first among equals.
    ///
    /// With [`Head::NormalisedRelu`] all outputs that are not above 0 are equal (argmax max(0, z)).
    pub(crate) fn predict(self, z: &[f32]) -> u32 {
        let floor = match self {
            Self::Softmax => f32::NEG_INFINITY,
            Self::NormalisedRelu => 0.0,
        };
        let (mut class, mut largest) = (0, floor);
        for (k, &z) in (0..).zip(z) {
            if z > largest {
                (class, largest) = (k, z);
            }
        }
        class
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_sum_to_1_and_are_never_nan() {
        let outputs = [1.0, 3.0, -2.0, -1.0, 0.0, -3.0, f32::MAX, f32::MAX, 0.0];
        for (head, expected) in [
            (Head::NormalisedRelu, [[0.25, 0.75, 0.0], [1.0 / 3.0; 3], [0.5, 0.5, 0.0]]),
            (
                Head::Softmax,
                [
                    [0.118_499_65, 0.875_600_6, 0.005_899_75],
                    [0.259_496_46, 0.705_384_5, 0.035_119_03],
                    [0.5, 0.5, 0.0],
                ],
            ),
        ] {
            let mut p = outputs;
            head.probabilities(Level::best(), &mut p, 3);
            for (p, expected) in p.iter().zip(expected.concat()) {
                assert!((p - expected).abs() < 1e-6, "{head:?}: {p} is not {expected}");
            }
        }
    }

    #[test]
    fn the_largest_output_wins_and_the_first_among_equals() {
        for (z, softmax, relu) in [
            ([1.0, 3.0, 2.0], 1, 1),
            ([2.0, 2.0, 1.0], 0, 0),
            ([-3.0, -1.0, -2.0], 1, 0),
            ([-1.0, 0.0, 1e-30], 2, 2),
            ([f32::NEG_INFINITY, -2.0, f32::NAN], 1, 0),
            ([f32::NAN; 3], 0, 0),
        ] {
            assert_eq!(Head::Softmax.predict(&z), softmax, "{z:?}");
            assert_eq!(Head::NormalisedRelu.predict(&z), relu, "{z:?}");
        }
    }
}
