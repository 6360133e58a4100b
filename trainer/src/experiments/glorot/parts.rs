//! Images to fit on, to choose by and to test with.

use halfwave_datasets::{Dataset, Loaded, Locator, load};
use serde::Deserialize;

use super::super::{part::Part, sets};
use crate::{
    Error, TrainError,
    samples::{Rows, Samples},
};

/// A set of images of Table 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Set {
    Mnist,
    Cifar10,
    Nistp,
}

/// A set in memory.
pub(super) struct Images {
    train: Dataset,
    test: Dataset,
    /// Training images to fit on, from the first on, and to choose by, up to the last.
    rows: [usize; 2],
}

/// The three parts of a set.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) classes: usize,
    /// Their names, if they have any.
    pub(super) class_names: &'a [String],
    pub(super) fit: Samples<'a>,
    pub(super) validation: Samples<'a>,
    /// What errors are measured on.
    pub(super) measured: Samples<'a>,
}

impl Set {
    fn all(self) -> sets::Set {
        match self {
            Self::Mnist => sets::Set::Mnist,
            Self::Cifar10 => sets::Set::Cifar10,
            Self::Nistp => sets::Set::Nistp,
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.all().name()
    }

    pub(super) fn title(self) -> &'static str {
        self.all().title()
    }

    /// Rows, columns, colours.
    pub(super) fn shape(self) -> [usize; 3] {
        match self {
            Self::Mnist => [28, 28, 1],
            Self::Cifar10 => [32, 32, 3],
            Self::Nistp => [32, 32, 1],
        }
    }
}

impl Images {
    /// The last `validation` training images are held out, as the order of the published files is that of chance; of the
    /// others at most `most` are fitted on.
    pub(super) fn load(
        set: Set,
        validation: usize,
        most: usize,
        locator: &Locator,
    ) -> Result<Self, Error> {
        let Loaded { train, test } = load(set.name(), locator)?;
        let test = super::super::published_test(set.name(), test)?;
        let left = train.rows().checked_sub(validation).filter(|&left| left > 0);
        let (name, expected) = ("validation", "fewer than there are training images");
        let left = left.ok_or_else(|| TrainError::setting(name, expected, validation))?;
        Ok(Self { train, test, rows: [left.min(most), validation] })
    }

    pub(super) fn parts(&self, part: Part) -> Parts<'_> {
        let Self { train, test, rows: [fit, held_out] } = self;
        let validation = samples(train, train.rows() - held_out, *held_out);
        let measured = match part {
            Part::Validation => validation,
            Part::Test => test.into(),
        };
        let (classes, class_names) = (train.classes(), &train.class_names[..]);
        Parts { classes, class_names, fit: samples(train, 0, *fit), validation, measured }
    }
}

/// So many rows of `data`, from row `start` on.
fn samples(data: &Dataset, start: usize, rows: usize) -> Samples<'_> {
    let width = data.width;
    let x = &data.x[start * width..][..rows * width];
    Samples { rows: Rows::Values(x), width, labels: &data.labels[start..][..rows] }
}
