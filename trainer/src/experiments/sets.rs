//! Which images an experiment takes: the first set of a list whose files are here.

use halfwave_datasets::{
    Dataset, Error as DataError, Locator, lfw, load, preprocess, preprocess::PixelScaler,
    split::stratified_split,
};
use serde::Deserialize;

use crate::Error;

/// A set of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Set {
    Lfw,
    Mnist,
    FashionMnist,
    Cifar10,
    Nistp,
    Optdigits,
}

impl Set {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Lfw => "lfw",
            Self::Mnist => "mnist",
            Self::FashionMnist => "fashion-mnist",
            Self::Cifar10 => "cifar10",
            Self::Nistp => "nistp",
            Self::Optdigits => "optdigits",
        }
    }

    /// What it is called in results.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Lfw => "LFW",
            Self::Mnist => "MNIST",
            Self::FashionMnist => "Fashion-MNIST",
            Self::Cifar10 => "CIFAR-10",
            Self::Nistp => "NISTP",
            Self::Optdigits => "optdigits",
        }
    }

    /// The factor from the values of the loader to [0, 1], and to bytes.
    fn factors(self) -> (f32, f32) {
        match self {
            Self::Optdigits => (1.0 / 16.0, 1.0),
            _ => (1.0, 255.0),
        }
    }
}

/// What `load` gives for the first set whose files are found.
///
/// # Errors
/// Those of `load`; if no set is found, that of the last one; [`Error::Usage`] without sets.
pub(super) fn first_found<T>(
    sets: &[Set],
    mut load: impl FnMut(Set) -> Result<T, Error>,
) -> Result<(Set, T), Error> {
    let mut result = Err(Error::Usage("sets: expected at least one data set".into()));
    for &set in sets {
        result = load(set).map(|loaded| (set, loaded));
        if !matches!(result, Err(Error::Data(DataError::Missing(_)))) {
            break;
        }
    }
    result
}

/// Images for Gaussian visible units.
pub(super) struct Images {
    /// Each of zero mean, divided by one number: see [`PixelScaler`].
    pub(super) x: Vec<f32>,
    /// Rows, columns, colours.
    pub(super) shape: [usize; 3],
}

impl Images {
    /// The first `most` training images of a set.
    pub(super) fn load(set: Set, most: usize, locator: &Locator) -> Result<Self, Error> {
        let (bytes, shape) = if set == Set::Lfw {
            (lfw::load(locator)?.images, lfw::SHAPE)
        } else {
            let images = load(set.name(), locator)?.train;
            let factor = set.factors().1;
            // Exact: the values are bytes, or bytes divided by 255.
            let bytes: Vec<u8> = images.x.iter().map(|x| (x * factor).round() as u8).collect();
            let colours = images.shape.get(2).copied().unwrap_or(1);
            (bytes, [images.shape[0], images.shape[1], colours])
        };
        let width: usize = shape.iter().product();
        let count = (bytes.len() / width).min(most);
        // No registered set has more.
        let rows: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
        let mut x = Vec::new();
        PixelScaler::fit(&bytes, width, &rows)?.gather(&bytes, &rows, &mut x);
        Ok(Self { x, shape })
    }
}

/// Labelled images in [0, 1].
pub(super) struct Parts {
    pub(super) train: Dataset,
    pub(super) test: Dataset,
}

impl Parts {
    /// The published parts of a set, or four fifths and one fifth by `seed`; of each at most so many rows.
    ///
    /// # Errors
    /// [`Error::Usage`] for faces, which have no classes; [`Error::Data`].
    pub(super) fn load(
        set: Set,
        [most_train, most_test]: [usize; 2],
        seed: u64,
        locator: &Locator,
    ) -> Result<Self, Error> {
        if set == Set::Lfw {
            return Err(Error::Usage("sets: lfw has no classes".into()));
        }
        let loaded = load(set.name(), locator)?;
        let (train, test) = match loaded.test {
            Some(test) => (loaded.train, test),
            None => {
                let split = stratified_split(&loaded.train.labels, 0.2, seed)?;
                (loaded.train.subset(&split.train), loaded.train.subset(&split.test))
            }
        };
        let first = |all: Dataset, most: usize| {
            let rows: Vec<usize> = (0..all.rows().min(most)).collect();
            let mut part = all.subset(&rows);
            preprocess::scale(&mut part.x, set.factors().0);
            part
        };
        Ok(Self { train: first(train, most_train), test: first(test, most_test) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_set_that_is_here_is_taken() {
        let locator = Locator::new(Some("there-is-no-such-directory".into()));
        let images = |sets: &[Set]| first_found(sets, |set| Images::load(set, 10, &locator));
        let (set, found) = images(&[Set::Optdigits, Set::Lfw]).unwrap();
        assert_eq!((set, found.shape, found.x.len()), (Set::Optdigits, [8, 8, 1], 640));
        assert!(found.x.chunks(64).all(|image| image.iter().sum::<f32>().abs() < 1e-4));
        assert!(images(&[]).is_err());
    }

    #[test]
    fn labelled_images_are_in_0_to_1() {
        let parts = Parts::load(Set::Optdigits, [100, 50], 1, &Locator::new(None)).unwrap();
        assert_eq!((parts.train.rows(), parts.test.rows()), (100, 50));
        assert!(parts.train.x.iter().all(|x| (0.0..=1.0).contains(x)));
        assert!(parts.train.x.contains(&1.0));
        assert!(Parts::load(Set::Lfw, [1, 1], 1, &Locator::new(None)).is_err());
    }
}
