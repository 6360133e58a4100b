//! What Agarap published (arXiv:1803.08375v1, v2): Tables 3 to 9, and what only his notebooks of 22 March 2018 show.

use serde::Deserialize;

use crate::network::Head;

/// Which network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Model {
    /// Dense layers.
    Ffnn,
    /// Convolutions in the manner of VGG.
    Cnn,
}

impl Model {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ffnn => "FFNN",
            Self::Cnn => "CNN",
        }
    }
}

/// The figures of one network, in percent but for the losses.
pub(super) struct Published {
    pub(super) set: &'static str,
    pub(super) model: Model,
    pub(super) head: Head,
    /// Of the paper.
    pub(super) table: u8,
    /// Mean and population deviation of the accuracy over the folds.
    pub(super) folds_accuracy: (f64, f64),
    /// Accuracy, precision, recall and F1 on the test rows, the last three by the notebooks' confusion matrices.
    pub(super) test: [f64; 4],
    pub(super) test_loss: f64,
    /// Accuracy and loss of each fold: Tables 5 and 8 are those of the CNN with the ReLU head.
    pub(super) folds: [(f64, f64); 10],
}

impl Published {
    pub(super) fn of(set: &str, model: Model, head: Head) -> Option<&'static Self> {
        TABLE.iter().find(|row| row.set == set && row.model == model && row.head == head)
    }

    /// The table of the paper with the accuracies of the folds, if it has one.
    pub(super) fn table_of_folds(&self) -> Option<u8> {
        let classifier = self.model == Model::Cnn && self.head == Head::NormalisedRelu;
        classifier.then_some(self.table + 1)
    }
}

#[rustfmt::skip]
static TABLE: [Published; 10] = [
    Published {
        set: "mnist",
        model: Model::Ffnn,
        head: Head::Softmax,
        table: 3,
        folds_accuracy: (99.2857, 0.6667),
        test: [97.98, 97.98, 97.98, 97.98],
        test_loss: 0.3,
        folds: [
            (97.42, 0.1564), (98.892, 0.064), (99.291, 0.044), (99.637, 0.0285), (99.455, 0.03),
            (99.527, 0.0359), (99.564, 0.0402), (99.709, 0.0311), (99.563, 0.0599), (99.8, 0.025),
        ],
    },
    Published {
        set: "mnist",
        model: Model::Ffnn,
        head: Head::NormalisedRelu,
        table: 3,
        folds_accuracy: (98.2224, 1.2636),
        test: [97.77, 97.78, 97.77, 97.77],
        test_loss: 0.2416,
        folds: [
            (95.82, 0.2773), (96.075, 0.2669), (97.656, 0.1681), (98.31, 0.0997), (98.746, 0.0902),
            (98.273, 0.1113), (99.236, 0.0486), (99.345, 0.053), (99.436, 0.0354), (99.327, 0.0559),
        ],
    },
    Published {
        set: "mnist",
        model: Model::Cnn,
        head: Head::Softmax,
        table: 4,
        folds_accuracy: (97.2314, 1.1799),
        test: [95.36, 95.36, 95.36, 95.36],
        test_loss: 0.2014,
        folds: [
            (94.839, 0.18), (95.257, 0.159), (96.784, 0.1086), (97.311, 0.0834), (97.837, 0.0693),
            (97.855, 0.0714), (97.691, 0.0645), (98.108, 0.0528), (98.362, 0.0525), (98.271, 0.0489),
        ],
    },
    Published {
        set: "mnist",
        model: Model::Cnn,
        head: Head::NormalisedRelu,
        table: 4,
        folds_accuracy: (73.5266, 19.0803),
        test: [91.74, 91.81, 91.74, 91.74],
        test_loss: 0.2988,
        folds: [
            (32.964, 1.906), (50.918, 1.4319), (59.422, 1.3628), (74.959, 0.8258), (70.387, 1.2225),
            (87.291, 0.4513), (86.018, 0.4908), (90.322, 0.3453), (91.266, 0.3016), (91.718, 0.28),
        ],
    },
    Published {
        set: "fashion-mnist",
        model: Model::Ffnn,
        head: Head::Softmax,
        table: 6,
        folds_accuracy: (97.872, 2.9598),
        test: [89.35, 89.46, 89.35, 89.4],
        test_loss: 1.0678,
        folds: [
            (89.59, 0.6093), (96.039, 0.1581), (97.856, 0.0814), (98.619, 0.0517), (98.891, 0.0387),
            (99.418, 0.0308), (99.454, 0.0277), (99.582, 0.021), (99.582, 0.0169), (99.691, 0.0121),
        ],
    },
    Published {
        set: "fashion-mnist",
        model: Model::Ffnn,
        head: Head::NormalisedRelu,
        table: 6,
        folds_accuracy: (92.2272, 3.2563),
        test: [89.06, 89.03, 89.06, 89.03],
        test_loss: 0.8059,
        folds: [
            (87.191, 0.4895), (88.263, 0.3743), (89.297, 0.3624), (89.258, 0.3831), (92.527, 0.282),
            (94.145, 0.2042), (94.435, 0.2395), (94.506, 0.194), (96.598, 0.177), (96.051, 0.1153),
        ],
    },
    Published {
        set: "fashion-mnist",
        model: Model::Cnn,
        head: Head::Softmax,
        table: 7,
        folds_accuracy: (91.9594, 2.5451),
        test: [86.08, 86.06, 86.08, 86.03],
        test_loss: 0.4282,
        folds: [
            (86.501, 0.3691), (88.59, 0.2972), (90.678, 0.2475), (91.53, 0.2195), (92.545, 0.1998),
            (94.073, 0.1648), (93.126, 0.1739), (93.578, 0.1578), (94.141, 0.1568), (94.832, 0.1409),
        ],
    },
    Published {
        set: "fashion-mnist",
        model: Model::Cnn,
        head: Head::NormalisedRelu,
        table: 7,
        folds_accuracy: (83.2385, 4.3284),
        test: [85.84, 85.63, 85.84, 85.68],
        test_loss: 0.4171,
        folds: [
            (73.092, 0.7505), (78.216, 0.6294), (81.283, 0.553), (83.915, 0.4686), (84.091, 0.4499),
            (85.0, 0.45), (85.561, 0.4097), (86.811, 0.3989), (86.372, 0.3776), (88.044, 0.3461),
        ],
    },
    Published {
        set: "wdbc",
        model: Model::Ffnn,
        head: Head::Softmax,
        table: 9,
        folds_accuracy: (91.2051, 4.2234),
        test: [92.3977, 92.43, 92.4, 92.33],
        test_loss: 0.2395,
        folds: [
            (87.5, 1.7303), (90.0, 1.0394), (97.5, 0.403), (87.5, 1.7226), (87.5, 1.9865),
            (92.5, 0.7291), (87.5, 0.3671), (100.0, 0.1233), (92.31, 0.1815), (89.74, 0.253),
        ],
    },
    Published {
        set: "wdbc",
        model: Model::Ffnn,
        head: Head::NormalisedRelu,
        table: 9,
        folds_accuracy: (87.9551, 9.9112),
        test: [90.6433, 91.49, 90.64, 90.36],
        test_loss: 0.305,
        folds: [
            (62.5, 0.6167), (85.0, 0.3112), (95.0, 0.172), (92.5, 0.2382), (95.0, 0.2227),
            (85.0, 0.4185), (82.5, 0.3533), (100.0, 0.1355), (92.31, 0.1469), (89.74, 0.2969),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The accuracies of the folds have the published mean and deviation, as far as they are printed.
    #[test]
    fn folds_have_their_mean_and_deviation() {
        for Published { set, model, head, folds_accuracy: (mean, std), folds, .. } in &TABLE {
            let accuracies = || folds.iter().map(|(accuracy, _)| accuracy);
            let found = accuracies().sum::<f64>() / 10.0;
            let variance = accuracies().map(|a| (a - found).powi(2)).sum::<f64>() / 10.0;
            assert!((found - mean).abs() < 5e-4, "{set} {model:?} {head:?}: {found}");
            assert!((variance.sqrt() - std).abs() < 5e-4, "{set} {model:?} {head:?}: {variance}");
        }
    }
}
