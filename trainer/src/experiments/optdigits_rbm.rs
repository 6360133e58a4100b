//! RBM features for logistic regression on shifted 8×8 digits, as in scikit-learn's example "Restricted
//! Boltzmann Machine features for digit classification".
//!
//! The example shifts each image by one pixel in four directions and then splits, so that shifted copies
//! of a test image are trained on. Protocol `by_image` splits first; `after_shifting` does as the example.

use halfwave_datasets::{
    Dataset, load, preprocess,
    split::{Fold, stratified_split},
};
use serde::Deserialize;

use super::{
    Context, Run,
    features::{self, Logistic, Parts},
};
use crate::{
    Error,
    observe::Recorder,
    rbm::RbmConfig,
    result::{Figure, Outcome, Row},
};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    protocols: Vec<Protocol>,
    test_fraction: f64,
    bernoulli: RbmConfig,
    nrelu: RbmConfig,
    logistic: Logistic,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Protocol {
    /// An image and its shifted copies are all trained on, or all tested on.
    ByImage,
    /// Split after shifting, as scikit-learn's example does.
    AfterShifting,
}

const SOURCE_BY_IMAGE: &str = "scikit-learn 1.9.1, its example's models with the split by image (stratified, \
    80/20, random_state 0), measured for this project";
const SOURCE_AFTER: &str = "scikit-learn's example \"RBM features for digit classification\", run for this \
    project with 1.9.1 (solver lbfgs: with the example's newton-cg, tol 1, that version stops at once)";

impl Protocol {
    fn setting(self) -> &'static str {
        match self {
            Self::ByImage => "optdigits with shifts, split by image; logistic regression on",
            Self::AfterShifting => {
                "optdigits with shifts, split after shifting; logistic regression on"
            }
        }
    }

    /// Accuracy in percent on pixels and on features of 100 Bernoulli units, and its source.
    fn published(self) -> (f64, f64, &'static str) {
        match self {
            Self::ByImage => (80.11, 92.94, SOURCE_BY_IMAGE),
            Self::AfterShifting => (78.19, 93.54, SOURCE_AFTER),
        }
    }
}

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let Context { level, seeds, locator, ref mut observer } = *context;
        let mut images = load("optdigits", locator)?.train;
        preprocess::scale(&mut images.x, 1.0 / 16.0);
        let mut recorder = Recorder::new(&mut **observer);
        let mut outcome = Outcome { notes: self.notes(), ..Outcome::default() };
        for &protocol in &self.protocols {
            let mut reached = [const { Vec::new() }; 3];
            for &seed in seeds {
                let parts = self.parts(protocol, &images, seed)?;
                let logistic = &self.logistic;
                reached[0].push(features::pixels(level, &parts, logistic, seed, &mut recorder)?);
                for (i, config) in [&self.bernoulli, &self.nrelu].into_iter().enumerate() {
                    let (rbm, accuracy) =
                        features::rbm(level, &parts, config, logistic, seed, &mut recorder)?;
                    reached[i + 1].push(accuracy);
                    if (protocol, seed) == (self.protocols[0], seeds[0]) {
                        let figure = features::filters("optdigits", config, &rbm, &images.shape);
                        outcome.figures.push(figure);
                    }
                }
            }
            let row = |model: &str, reached: &[f64]| {
                Row::percent(protocol.setting(), model, "accuracy", reached)
            };
            let (pixels, units, source) = protocol.published();
            outcome.rows.extend([
                row("pixels", &reached[0]).beside(pixels, None, source),
                row(&features::name(&self.bernoulli), &reached[1]).beside(units, None, source),
                row(&features::name(&self.nrelu), &reached[2]),
            ]);
        }
        outcome.figures.push(Figure::Curves {
            name: "optdigits-reconstruction".into(),
            title: "optdigits: reconstruction error of the RBMs".into(),
            y: "mean squared error of a pixel".into(),
            series: recorder.series("reconstruction_error"),
        });
        Ok(outcome)
    }
}

impl Config {
    fn parts(&self, protocol: Protocol, images: &Dataset, seed: u64) -> Result<Parts, Error> {
        let validation = self.logistic.validation_fraction;
        match protocol {
            Protocol::ByImage => {
                let Fold { train, test } =
                    stratified_split(&images.labels, self.test_fraction, seed)?;
                let (train, test) = (images.subset(&train), images.subset(&test));
                let inner = stratified_split(&train.labels, validation, seed)?;
                // All shifts of an image are on the same side.
                let n = train.rows();
                let copies = |rows: &[usize]| {
                    (0..5).flat_map(|copy| rows.iter().map(move |row| row + copy * n)).collect()
                };
                let (fit, validation) = (copies(&inner.train), copies(&inner.test));
                Ok(Parts { train: shifted(&train)?, test: shifted(&test)?, fit, validation })
            }
            Protocol::AfterShifting => {
                let images = shifted(images)?;
                let outer = stratified_split(&images.labels, self.test_fraction, seed)?;
                let (train, test) = (images.subset(&outer.train), images.subset(&outer.test));
                let inner = stratified_split(&train.labels, validation, seed)?;
                Ok(Parts { train, test, fit: inner.train, validation: inner.test })
            }
        }
    }

    fn notes(&self) -> Vec<String> {
        vec![
            "optdigits, both: 1,797 images of 8x8 in [0, 1], each with four copies that are shifted by one pixel; \
             20 % of rows for the test, which has the shifted copies too."
                .into(),
            "optdigits, by image: an image and its shifted copies are on one side of the split. After shifting: \
             rows are split as in scikit-learn's example, which trains on shifted copies of test images."
                .into(),
            format!(
                "optdigits, ours: CD-1 with {} and {} hidden units (scikit-learn: persistent CD, 100 units); \
                 logistic regression by Adam on standardised features or pixels, {} epochs, without penalty, its \
                 learning rate chosen on {:.0} % of the training rows, the same choice for pixels and features; \
                 the test is read once, after the last epoch (scikit-learn: C = 6000 on features, 100 on pixels).",
                self.bernoulli.hidden_units,
                self.nrelu.hidden_units,
                self.logistic.epochs,
                100.0 * self.logistic.validation_fraction
            ),
        ]
    }
}

/// The images, then all of them shifted by one pixel up, left, right, down, with 0 where nothing was:
/// `[5 rows, width]`.
fn shifted(images: &Dataset) -> Result<Dataset, Error> {
    let (height, width) = (images.shape[0], images.shape[1]);
    let mut x = images.x.clone();
    for (down, right) in [(-1, 0), (0, -1), (0, 1), (1, 0)] {
        for row in 0..images.rows() {
            let image = images.row(row);
            for i in 0..height {
                for j in 0..width {
                    let from = i.checked_add_signed(-down).zip(j.checked_add_signed(-right));
                    let inside = from.filter(|&(i, j)| i < height && j < width);
                    x.push(inside.map_or(0.0, |(i, j)| image[i * width + j]));
                }
            }
        }
    }
    Ok(Dataset::new(x, &images.shape, images.labels.repeat(5), &images.class_names)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_shifted_in_four_directions() {
        let one = Dataset::new(vec![1.0, 2.0, 3.0, 4.0], &[2, 2], vec![0], &["a"]).unwrap();
        let five = shifted(&one).unwrap();
        let expected: [[f32; 4]; 5] = [
            [1.0, 2.0, 3.0, 4.0],
            [3.0, 4.0, 0.0, 0.0],
            [2.0, 0.0, 4.0, 0.0],
            [0.0, 1.0, 0.0, 3.0],
            [0.0, 0.0, 1.0, 2.0],
        ];
        assert_eq!(five.x, expected.concat());
        assert_eq!(five.labels, [0; 5]);
    }
}
