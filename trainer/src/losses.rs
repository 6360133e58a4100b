//! Heads: from the outputs of the last layer to loss, gradient and predicted class.
//!
//! ```text
//! z [batch, classes], labels [batch], losses [batch], dz [batch, classes]
//! ```

use halfwave_kernels::{Kind, Level, forward_in_place, rows};
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
    /// Each class against the rest: the sum over classes of the cross-entropy of σ(z).
    Logistic,
    /// ½ ‖z − t‖², where t is 1 for the true class and 0 for the others.
    SquaredError,
}

impl Head {
    /// What its loss is called.
    pub(crate) fn loss_name(self) -> &'static str {
        match self {
            Self::Softmax => "cross-entropy",
            Self::NormalisedRelu => "cross-entropy, clipped at 1e-7",
            Self::Logistic => "sum of the classes' cross-entropies",
            Self::SquaredError => "half squared error",
        }
    }

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
            Self::Logistic => {
                // −ln σ(z) = softplus(−z) of the true class, and −ln(1 − σ(z)) = softplus(z) of the others.
                for kind in [Kind::Softplus, Kind::Sigmoid] {
                    dz.copy_from_slice(z);
                    for_true(labels, dz, |dz| -dz);
                    forward_in_place(level, kind, dz);
                    if kind == Kind::Softplus {
                        sum_rows(dz, losses, |loss| loss);
                    }
                }
                for_true(labels, dz, |dz| -dz);
            }
            Self::SquaredError => {
                dz.copy_from_slice(z);
                for_true(labels, dz, |dz| dz - 1.0);
                sum_rows(dz, losses, |dz| 0.5 * dz * dz);
            }
        }
    }

    /// Outputs `[rows, classes]` become probabilities, in place: softmax; or σ(z) of [`Head::Logistic`], and max(0, z) of
    /// the others, divided by its sum. Where no output of a row is above 0, all classes are equally probable.
    ///
    /// # Panics
    /// If `z` is no whole number of rows.
    pub(crate) fn probabilities(self, level: Level, z: &mut [f32], classes: usize) {
        if self == Self::Softmax {
            return rows::softmax_in_place(level, z, classes);
        }
        if self == Self::Logistic {
            forward_in_place(level, Kind::Sigmoid, z);
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
            Self::Softmax | Self::Logistic | Self::SquaredError => f32::NEG_INFINITY,
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

/// `f` of the number of the true class in each row of `[labels.len(), classes]`.
fn for_true(labels: &[u32], rows: &mut [f32], f: impl Fn(f32) -> f32) {
    let classes = rows.len() / labels.len().max(1);
    for (row, &label) in rows.chunks_exact_mut(classes.max(1)).zip(labels) {
        let number = &mut row[label as usize];
        *number = f(*number);
    }
}

/// Σ f of each row of `[sums.len(), classes]`, in `f64`.
fn sum_rows(rows: &[f32], sums: &mut [f32], f: impl Fn(f64) -> f64) {
    let classes = rows.len() / sums.len().max(1);
    for (sum, row) in sums.iter_mut().zip(rows.chunks_exact(classes.max(1))) {
        *sum = row.iter().map(|&x| f(f64::from(x))).sum::<f64>() as f32;
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
            (Head::SquaredError, [[0.25, 0.75, 0.0], [1.0 / 3.0; 3], [0.5, 0.5, 0.0]]),
            (
                Head::Logistic,
                [
                    [0.405_504_84, 0.528_375_5, 0.066_119_68],
                    [0.329_436_8, 0.612_469_4, 0.058_093_79],
                    [0.4, 0.4, 0.2],
                ],
            ),
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
