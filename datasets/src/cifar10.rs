//! CIFAR-10: small photographs of ten kinds of things.
//!
//! A folder `cifar10` holds the published archive unpacked: the folder [`FOLDER`] with its six files of records.
//!
//! ```text
//! byte 0          label, 0..=9
//!      1 ..= 1024  red, 32 rows of 32
//!      1025 ..     green, then blue; 3,073 bytes in all, then the next record
//! ```
//!
//! Here the colours of a pixel stand together, `[32, 32, 3]`, as convolutions take them.
//!
//! Krizhevsky: Learning multiple layers of features from tiny images. University of Toronto, 2009, chapter 3.

use std::path::PathBuf;

use crate::error::Error;
use crate::locate::Locator;
use crate::registry::{self, Entry};
use crate::{Dataset, Loaded, files};

/// Rows, columns, colours.
pub const SHAPE: [usize; 3] = [32, 32, 3];
/// Values of an image.
pub const WIDTH: usize = SHAPE[0] * SHAPE[1] * SHAPE[2];
/// Names of the classes, in the order of the published numbers.
pub const CLASSES: [&str; 10] =
    ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// The folder that the published archive unpacks to.
pub const FOLDER: &str = "cifar-10-batches-bin";
/// Bytes of a record.
pub const RECORD: usize = 1 + WIDTH;
/// Length of the longest file accepted, in bytes: that of the published ones.
pub const MAX_BYTES: usize = 10_000 * RECORD;

/// Images with their classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Images {
    /// `[rows, 32, 32, 3]`.
    pub images: Vec<u8>,
    /// Class of each image: a place in [`CLASSES`].
    pub labels: Vec<u32>,
}

/// Training and test part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cifar10 {
    /// Of five files: 50,000 images.
    pub train: Images,
    /// Of one file: 10,000 images.
    pub test: Images,
}

/// How a file breaks the format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CifarError {
    /// The file is no whole number of records.
    #[error(
        "at byte {found}: expected whole records of {RECORD} bytes and at least one, found the end of the file"
    )]
    Records {
        /// Length of the file.
        found: usize,
    },
    /// A label that names no class.
    #[error("at byte {offset}: expected a label of 0..=9, found {found}")]
    Label {
        /// Where it stands.
        offset: usize,
        /// The label.
        found: u8,
    },
}

impl Images {
    /// Number of images.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Adds the records of a file.
    ///
    /// # Errors
    /// [`CifarError`] if the file is no whole number of records, or a label names no class; nothing is added then.
    ///
    /// ```
    /// use halfwave_datasets::cifar10::{Images, RECORD, WIDTH};
    /// let (mut images, mut file) = (Images::default(), vec![0; RECORD]);
    /// file[0] = 9; // a truck, black
    /// images.extend(&file)?;
    /// assert_eq!((images.labels.as_slice(), images.images.len()), (&[9][..], WIDTH));
    /// # Ok::<(), halfwave_datasets::cifar10::CifarError>(())
    /// ```
    pub fn extend(&mut self, bytes: &[u8]) -> Result<(), CifarError> {
        let (records, rest) = bytes.as_chunks::<RECORD>();
        if records.is_empty() || !rest.is_empty() {
            return Err(CifarError::Records { found: bytes.len() });
        }
        let no_class = |record: &[u8; RECORD]| usize::from(record[0]) >= CLASSES.len();
        if let Some(at) = records.iter().position(no_class) {
            return Err(CifarError::Label { offset: at * RECORD, found: records[at][0] });
        }
        for [label, planes @ ..] in records {
            self.labels.push(u32::from(*label));
            let (planes, _) = planes.as_chunks::<{ WIDTH / 3 }>();
            let pixels = (0..WIDTH / 3).flat_map(|pixel| planes.iter().map(move |p| p[pixel]));
            self.images.extend(pixels);
        }
        Ok(())
    }

    /// As rows of pixel / 255.
    fn dataset(&self) -> Result<Dataset, Error> {
        let mut x = Vec::new();
        x.try_reserve_exact(self.images.len()).map_err(|_| Error::Memory {
            what: "the images of CIFAR-10".into(),
            bytes: self.images.len().saturating_mul(size_of::<f32>()),
        })?;
        x.extend(self.images.iter().map(|&pixel| f32::from(pixel) / 255.0));
        Dataset::new(x, &SHAPE, self.labels.clone(), &CLASSES)
    }
}

/// Loads both parts as bytes: 180 MB. [`load`](crate::load) has them as `f32`, pixel / 255: 740 MB.
///
/// # Errors
/// [`Error::Missing`] if no folder has all files; [`Error::Cifar`] for files that are not what they should be;
/// those of reading a file.
pub fn load(locator: &Locator) -> Result<Cifar10, Error> {
    let paths = locator.find(registry::find("cifar10")?)?;
    let Some((test, train)) = paths.split_last() else {
        return Err(Error::argument("files of CIFAR-10", "6", 0));
    };
    let read = |paths: &[PathBuf]| -> Result<Images, Error> {
        let mut images = Images::default();
        for path in paths {
            let bytes = files::read(path, MAX_BYTES)?;
            images.extend(&bytes).map_err(|error| Error::Cifar { path: path.clone(), error })?;
        }
        Ok(images)
    };
    Ok(Cifar10 { train: read(train)?, test: read(std::slice::from_ref(test))? })
}

/// For the registry.
pub(crate) fn load_table(_: &'static Entry, locator: &Locator) -> Result<Loaded, Error> {
    let Cifar10 { train, test } = load(locator)?;
    Ok(Loaded { train: train.dataset()?, test: Some(test.dataset()?) })
}

#[cfg(test)]
mod tests;
