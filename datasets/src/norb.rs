//! NORB: stereo pairs of toys, at 2 × 32 × 32.
//!
//! A folder `norb` holds the published files of the jittered-cluttered set, gzipped or not: for each of the
//! parts training-01 … -10 and testing-01, -02 the images (`-dat`), their classes (`-cat`) and how each was
//! taken (`-info`). Parts are read in their order as far as they are there; each holds 29,160 pairs.
//! [`synthetic::norb`](crate::synthetic::norb) writes stand-ins in the same format.
//!
//! Files are read pair by pair and averaged from 108 × 108 to 32 × 32 pixels on the way (cells of 3.375 × 3.375
//! by exact area weights, rounded half up), so memory holds 2,048 bytes a pair and never a file.
//! [`PixelScaler`](crate::preprocess::PixelScaler) turns rows into `f32`.
//!
//! LeCun, Huang, Bottou: Learning methods for generic object recognition with invariance to pose and
//! lighting. CVPR 2004. Small NORB (2 × 96 × 96, no jitter, no clutter) has the same format: [`load_small`].

mod matrix;

use std::path::{Path, PathBuf};

pub use matrix::{Element, MatrixReader, NorbError, write_header};

use crate::error::Error;
use crate::locate::Locator;
use crate::preprocess::AreaAverage;
use crate::rng::generator;
use crate::split::{Fold, SplitError};
use crate::synthetic::norb::PAIRS;
use crate::{files, registry};

use rand::seq::SliceRandom;

/// Shape of a pair: left and right camera, rows, columns.
pub const SHAPE: [usize; 3] = [2, 32, 32];
/// Values of a pair.
pub const WIDTH: usize = SHAPE[0] * SHAPE[1] * SHAPE[2];
/// Side of a published image, in pixels.
pub const SIDE: usize = 108;
/// Side of an image of small NORB.
const SMALL_SIDE: usize = 96;
/// Names of the classes, in the order of the published numbers.
pub const CLASSES: [&str; 6] = ["animal", "human", "plane", "truck", "car", "none"];
/// Names of the classes of small NORB.
pub const SMALL_CLASSES: &[&str] = CLASSES.split_at(5).0;
/// Columns of `-info`; small NORB has the first four.
pub const INFO: [&str; 10] = [
    "instance",
    "elevation",
    "azimuth",
    "lighting",
    "horizontal shift",
    "vertical shift",
    "brightness",
    "contrast",
    "scale",
    "rotation",
];
/// The column of `-info` that says which toy of its class it is: 0..=9.
pub const INSTANCE: usize = 0;

/// Stereo pairs with their classes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// Images `[rows, 2, 32, 32]`: left, then right.
    pub images: Vec<u8>,
    /// Class of each pair: a place in [`CLASSES`].
    pub labels: Vec<u32>,
    /// How each pair was taken: the columns of [`INFO`], 0 where a file has them not.
    pub info: Vec<[f32; INFO.len()]>,
}

/// Training and test part; no toy is in both.
#[derive(Clone, Debug, PartialEq)]
pub struct Norb {
    /// Published parts training-01 and on.
    pub train: Pairs,
    /// Published parts testing-01 and on.
    pub test: Pairs,
}

/// How many files of each part to read at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Of training: at most 10.
    pub training: usize,
    /// Of testing: at most 2.
    pub testing: usize,
}

impl Limit {
    /// All that is published.
    pub const ALL: Self = Self { training: 10, testing: 2 };
}

/// `training` or `testing`, by the toys that are in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Toys 4, 6, 7, 8 and 9 of each class.
    Training,
    /// Toys 0, 1, 2, 3 and 5 of each class.
    Testing,
}

impl Part {
    /// Which toys of each class it shows.
    pub fn instances(self) -> [u8; 5] {
        match self {
            Self::Training => [4, 6, 7, 8, 9],
            Self::Testing => [0, 1, 2, 3, 5],
        }
    }

    /// Name of a published file, without `.gz`. `file` counts from 1; `kind` is `dat`, `cat` or `info`.
    pub fn file_name(self, file: usize, kind: &str) -> String {
        let (toys, part) = match self {
            Self::Training => ("46789", "training"),
            Self::Testing => ("01235", "testing"),
        };
        format!("norb-5x{toys}x9x18x6x2x108x108-{part}-{file:02}-{kind}.mat")
    }
}

impl Pairs {
    /// Number of pairs.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// A validation part that no toy of the training part is in: all pairs of one toy of each class, and as
    /// large a share of the pairs without an object. (58,320 of 291,600 for the whole published set.)
    ///
    /// Which toys, and which pairs without one, is a pure function of the labels and `seed`.
    ///
    /// # Errors
    /// [`Error::Split`] if there is no pair, or a class has fewer than two toys.
    pub fn hold_out(&self, seed: u64) -> Result<Fold, Error> {
        if self.labels.is_empty() {
            return Err(SplitError::Empty.into());
        }
        let mut held = vec![false; self.rows()];
        let mut shares = Vec::new();
        let none = CLASSES.len() as u32 - 1;
        for label in 0..none {
            let rows = || (0..self.rows()).filter(|&row| self.labels[row] == label);
            let mut toys: Vec<f32> = rows().map(|row| self.info[row][INSTANCE]).collect();
            toys.sort_unstable_by(f32::total_cmp);
            toys.dedup();
            if toys.is_empty() {
                continue;
            }
            if toys.len() < 2 {
                return Err(
                    SplitError::ClassTooSmall { label, needed: 2, found: toys.len() }.into()
                );
            }
            shares.push(toys.len());
            toys.shuffle(&mut generator("halfwave norb toys", seed, u64::from(label)));
            for row in rows().filter(|&row| self.info[row][INSTANCE] == toys[0]) {
                held[row] = true;
            }
        }
        let mut rows: Vec<usize> =
            (0..self.rows()).filter(|&row| self.labels[row] == none).collect();
        rows.shuffle(&mut generator("halfwave norb toys", seed, u64::from(none)));
        rows.truncate(rows.len() / shares.iter().copied().min().unwrap_or(2));
        rows.into_iter().for_each(|row| held[row] = true);
        let (test, train) = (0..self.rows()).partition(|&row| held[row]);
        Ok(Fold { train, test })
    }

    /// Reads the pairs of three files that belong together, and appends them.
    fn append(
        &mut self,
        dat: &Path,
        cat: &Path,
        info: &Path,
        classes: &[&str],
    ) -> Result<(), Error> {
        let labels = read_labels(cat, classes)?;
        let infos = read_info(info, &labels, cat)?;
        self.append_images(dat, &labels, cat)?;
        self.labels.extend(labels);
        self.info.extend(infos);
        Ok(())
    }

    fn append_images(&mut self, path: &Path, labels: &[u32], cat: &Path) -> Result<(), Error> {
        let norb = |error| norb_error(path, error);
        let mut reader = open(path)?;
        if reader.element != Element::Byte {
            return Err(norb(reader.wrong_type("bytes, of images")));
        }
        let side = match *reader.dims.as_slice() {
            [_, 2, SIDE, SIDE] => SIDE,
            [_, 2, SMALL_SIDE, SMALL_SIDE] => SMALL_SIDE,
            _ => {
                let expected = "stereo pairs: [pairs, 2, 108, 108] or [pairs, 2, 96, 96]".into();
                return Err(norb(NorbError::Shape { expected, found: reader.dims }));
            }
        };
        count(path, reader.dims[0], cat, labels.len())?;
        let average = AreaAverage::new(side, SHAPE[1]);
        let mut image = vec![0; side * side];
        for _ in 0..labels.len() {
            self.images.try_reserve(WIDTH).map_err(|_| Error::Memory {
                what: path.display().to_string(),
                bytes: self.images.len().saturating_add(WIDTH),
            })?;
            for _ in 0..SHAPE[0] {
                reader.read(&mut image).map_err(norb)?;
                average.append(&image, side, 1, &mut self.images);
            }
        }
        reader.finish().map_err(norb)
    }
}

/// Loads what is there of the published files, at most so many of each part.
///
/// # Errors
/// [`Error::Missing`] if no folder has the first part of each; [`Error::Norb`] and [`Error::CountMismatch`] for
/// files that are not what they should be; [`Error::Argument`] for a limit of 0; those of reading a file.
pub fn load(locator: &Locator, limit: Limit) -> Result<Norb, Error> {
    if limit.training == 0 || limit.testing == 0 {
        return Err(Error::argument("files of each part", "at least 1", 0));
    }
    let paths = locator.find(registry::find("norb")?)?;
    let dir = paths[0].parent().unwrap_or(Path::new("."));
    let part = |part: Part, limit: usize| {
        let mut pairs = Pairs::default();
        for file in 1..=limit {
            let path = |kind| present(dir, &part.file_name(file, kind));
            match (path("dat"), path("cat"), path("info")) {
                (Some(dat), Some(cat), Some(info)) => {
                    pairs.append(&dat, &cat, &info, &CLASSES)?;
                    [dat, cat, info].iter().for_each(|path| locator.reads(path));
                }
                (None, None, None) => break,
                _ => {
                    let name = dir.join(part.file_name(file, "…"));
                    let expected = "all three of -dat, -cat and -info, or none";
                    return Err(Error::argument("files of a part", expected, name.display()));
                }
            }
        }
        Ok(pairs)
    };
    Ok(Norb {
        train: part(Part::Training, limit.training.min(Limit::ALL.training))?,
        test: part(Part::Testing, limit.testing.min(Limit::ALL.testing))?,
    })
}

/// Loads small NORB: five classes, 24,300 pairs for training and as many for testing, from the folder `norb-small`.
///
/// # Errors
/// [`Error::Missing`] if no folder has all six files; else as [`load`].
pub fn load_small(locator: &Locator) -> Result<Norb, Error> {
    let paths = locator.find(registry::find("norb-small")?)?;
    let [dat, cat, info, test_dat, test_cat, test_info] = paths.as_slice() else {
        return Err(Error::argument("files of norb-small", "6", paths.len()));
    };
    let part = |dat: &Path, cat: &Path, info: &Path| {
        let mut pairs = Pairs::default();
        pairs.append(dat, cat, info, SMALL_CLASSES).map(|()| pairs)
    };
    Ok(Norb { train: part(dat, cat, info)?, test: part(test_dat, test_cat, test_info)? })
}

/// Reads the pairs of three files that belong together, at 108 × 108 or (small NORB) 96 × 96.
///
/// # Errors
/// As [`load`].
pub fn read(dat: &Path, cat: &Path, info: &Path) -> Result<Pairs, Error> {
    let mut pairs = Pairs::default();
    pairs.append(dat, cat, info, &CLASSES)?;
    Ok(pairs)
}

/// The file, gzipped or not.
fn present(dir: &Path, name: &str) -> Option<PathBuf> {
    [dir.join(format!("{name}.gz")), dir.join(name)].into_iter().find(|path| path.exists())
}

fn open(path: &Path) -> Result<MatrixReader<Box<dyn std::io::Read>>, Error> {
    MatrixReader::new(files::stream(path)?).map_err(|error| norb_error(path, error))
}

fn read_labels(path: &Path, classes: &[&str]) -> Result<Vec<u32>, Error> {
    let norb = |error| norb_error(path, error);
    let mut reader = open(path)?;
    if reader.element != Element::Int {
        return Err(norb(reader.wrong_type("32-bit integers, of classes")));
    }
    if reader.dims[1..].iter().any(|&size| size != 1) {
        let expected = "one class per pair".into();
        return Err(norb(NorbError::Shape { expected, found: reader.dims }));
    }
    // Of zeros, a gzipped file of millions is small. Images and poses have to be as many.
    if reader.dims[0] > PAIRS {
        let expected = format!("at most {PAIRS} pairs");
        return Err(norb(NorbError::Shape { expected, found: reader.dims }));
    }
    let mut labels = Vec::new();
    for _ in 0..reader.dims[0] {
        let (offset, mut bytes) = (reader.offset(), [0; 4]);
        reader.read(&mut bytes).map_err(norb)?;
        let label = i32::from_le_bytes(bytes);
        let known = u32::try_from(label).ok().filter(|&label| (label as usize) < classes.len());
        let expected =
            if classes == SMALL_CLASSES { "a class of 0..=4" } else { "a class of 0..=5" };
        let value = || norb(NorbError::Value { offset, expected, found: f64::from(label) });
        labels.push(known.ok_or_else(value)?);
    }
    reader.finish().map_err(norb)?;
    Ok(labels)
}

fn read_info(path: &Path, labels: &[u32], cat: &Path) -> Result<Vec<[f32; INFO.len()]>, Error> {
    let norb = |error| norb_error(path, error);
    let mut reader = open(path)?;
    let columns = match (reader.element, reader.dims.as_slice()) {
        (Element::Byte, _) => return Err(norb(reader.wrong_type("32-bit numbers, of poses"))),
        (_, &[_, columns @ (4 | 10)]) => columns,
        _ => {
            let expected = "4 or 10 numbers per pair".into();
            return Err(norb(NorbError::Shape { expected, found: reader.dims }));
        }
    };
    count(path, reader.dims[0], cat, labels.len())?;
    let mut rows = Vec::new();
    for _ in 0..labels.len() {
        let mut row = [0.0; INFO.len()];
        for value in &mut row[..columns] {
            let (offset, mut bytes) = (reader.offset(), [0; 4]);
            reader.read(&mut bytes).map_err(norb)?;
            *value = match reader.element {
                Element::Single => f32::from_le_bytes(bytes),
                // All published numbers are small: exact.
                _ => i32::from_le_bytes(bytes) as f32,
            };
            if !value.is_finite() {
                let found = f64::from(*value);
                return Err(norb(NorbError::Value { offset, expected: "a finite number", found }));
            }
        }
        rows.push(row);
    }
    reader.finish().map_err(norb)?;
    Ok(rows)
}

fn count(path: &Path, found: usize, cat: &Path, labels: usize) -> Result<(), Error> {
    if found == labels {
        return Ok(());
    }
    let (images_path, labels_path) = (path.into(), cat.into());
    Err(Error::CountMismatch { images_path, labels_path, images: found, labels })
}

fn norb_error(path: &Path, error: NorbError) -> Error {
    Error::Norb { path: path.into(), error }
}

#[cfg(test)]
mod tests;
