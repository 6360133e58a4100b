//! Labeled Faces in the Wild, deep-funneled, at 32 × 32 × 3, with its pairs of View 2 and View 1.
//!
//! A folder `lfw` holds the published lists and either of
//! * `lfw_deepfunneled_32x32x3_u8.npy` and `image_names.txt`: the ready array and the name of each row;
//! * `lfw-deepfunneled/Name/Name_0001.jpg` …: the published images, from which [`prepare`] makes that array.
//!
//! It is no [`Dataset`](crate::Dataset): its samples are pairs of images, and images stay bytes in memory.
//! [`PixelScaler`](crate::preprocess::PixelScaler) turns rows of them into `f32`.
//!
//! Of the published lists: folds have no person in common (neither in pairs.txt nor in people.txt), the pairs
//! of a fold show people of the same fold of people.txt, and the ten folds use 7,701 of the 13,233 images.
//! View 1 shares people with View 2 by design: it is for choosing a model, not for reporting one.
//!
//! Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild. UMass Amherst 07-49, 2007.

mod lists;
mod prepare;

use std::path::{Path, PathBuf};

pub use lists::{Index, LfwError, Pair};
#[cfg(feature = "fetch")]
pub(crate) use prepare::MAX_JPEG;
pub use prepare::prepare;

use crate::error::Error;
use crate::locate::Locator;
use crate::npy::{self, Array, NpyError};
use crate::{files, registry};

/// Shape of an image: rows, columns, colours (red, green, blue).
pub const SHAPE: [usize; 3] = [32, 32, 3];
/// Values of an image.
pub const WIDTH: usize = SHAPE[0] * SHAPE[1] * SHAPE[2];

const ARRAY: &str = "lfw_deepfunneled_32x32x3_u8.npy";
const NAMES: &str = "image_names.txt";
/// The published images.
pub(crate) const FOLDER: &str = "lfw-deepfunneled";
/// The longest list has half a megabyte.
const MAX_LIST: usize = 1 << 23;

/// The images and the pairs.
#[derive(Clone, Debug)]
pub struct Lfw {
    /// Images `[rows, 32, 32, 3]`.
    pub images: Vec<u8>,
    /// Name of each row: `Name/Name_0001.jpg`.
    pub names: Vec<String>,
    /// View 2: ten folds of 300 pairs of the same person, then 300 of different people.
    pub folds: Vec<Vec<Pair>>,
    /// Rows of all images of the people of each fold, of which the pairs use a part.
    pub people: Vec<Vec<u32>>,
    /// View 1, training part: 1100 pairs of each kind.
    pub dev_train: Vec<Pair>,
    /// View 1, test part: 500 pairs of each kind.
    pub dev_test: Vec<Pair>,
}

impl Lfw {
    /// Number of images.
    pub fn rows(&self) -> usize {
        self.names.len()
    }

    /// The pairs of all folds but one.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such fold.
    pub fn training_pairs(&self, test_fold: usize) -> Result<Vec<Pair>, Error> {
        Ok(others(&self.folds, test_fold)?.copied().collect())
    }

    /// Rows of the images that the pairs of all folds but one use, ascending, each once: what to pre-train on.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such fold.
    pub fn training_images(&self, test_fold: usize) -> Result<Vec<u32>, Error> {
        let pairs = others(&self.folds, test_fold)?;
        Ok(ascending(pairs.flat_map(|pair| [pair.first, pair.second])))
    }

    /// Rows of all images of the people of all folds but one, ascending: more than the pairs use.
    ///
    /// No pair of the test fold shows one of these people.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no such fold.
    pub fn training_people_images(&self, test_fold: usize) -> Result<Vec<u32>, Error> {
        Ok(ascending(others(&self.people, test_fold)?.copied()))
    }
}

fn others<T>(folds: &[Vec<T>], test: usize) -> Result<impl Iterator<Item = &T>, Error> {
    if test >= folds.len() {
        return Err(Error::argument("test fold", format!("less than {}", folds.len()), test));
    }
    let kept = folds.iter().enumerate().filter(move |&(fold, _)| fold != test);
    Ok(kept.flat_map(|(_, items)| items))
}

fn ascending(rows: impl Iterator<Item = u32>) -> Vec<u32> {
    rows.collect::<std::collections::BTreeSet<u32>>().into_iter().collect()
}

/// Loads the ready array or, where it is not there, prepares the published JPEGs (some ten seconds).
///
/// # Errors
/// [`Error::Missing`] if no folder has all files; [`Error::Npy`], [`Error::Jpeg`] and [`Error::Lfw`] for files
/// that are not what they should be; those of reading a file.
pub fn load(locator: &Locator) -> Result<Lfw, Error> {
    let paths = locator.find(registry::find("lfw")?)?;
    let dir = paths[0].parent().unwrap_or(Path::new("."));
    if paths.iter().any(|path| path.ends_with(FOLDER)) { load_jpegs(dir) } else { load_array(dir) }
}

fn load_array(dir: &Path) -> Result<Lfw, Error> {
    /// More than the 40,651,904 of the published images.
    const MAX_ARRAY: usize = 1 << 27;
    let (index, names) = parse(dir, NAMES, Index::parse)?;
    let path = present(dir, ARRAY);
    let bytes = files::read(&path, MAX_ARRAY)?;
    let Array { shape, data } = npy::parse::<u8>(bytes.as_slice())
        .map_err(|problem| NpyError { path: path.clone(), problem })?;
    let expected = [&[names.len()], &SHAPE[..]].concat();
    if shape != expected {
        return Err(Error::ArrayShape { path, expected, found: shape });
    }
    with_lists(dir, data, names, &index)
}

fn load_jpegs(dir: &Path) -> Result<Lfw, Error> {
    let names = published_images(dir)?;
    let images = prepare(&dir.join(FOLDER), &names)?;
    let text = names.join("\n");
    let (index, names) = Index::parse(text.as_bytes())
        .map_err(|error| Error::Lfw { path: dir.join("people.txt"), error })?;
    with_lists(dir, images, names, &index)
}

/// Names of the images in [`FOLDER`], by people.txt: `Name/Name_0001.jpg` …
pub(crate) fn published_images(dir: &Path) -> Result<Vec<String>, Error> {
    parse(dir, "people.txt", images_of_people)
}

/// The names of the images of all people of people.txt, in their order. Public for `fuzz/`.
#[doc(hidden)]
pub fn images_of_people(text: &[u8]) -> Result<Vec<String>, LfwError> {
    let people = lists::people(text)?;
    let images = people.iter().flatten().flat_map(|person| {
        let name = person.name;
        (1..=person.images).map(move |image| format!("{name}/{name}_{image:04}.jpg"))
    });
    let mut names: Vec<String> = images.collect();
    // By bytes, as the ready array has them.
    names.sort_unstable();
    Ok(names)
}

fn with_lists(
    dir: &Path,
    images: Vec<u8>,
    names: Vec<String>,
    index: &Index,
) -> Result<Lfw, Error> {
    Ok(Lfw {
        images,
        names,
        folds: parse(dir, "pairs.txt", |text| index.folds(text))?,
        people: parse(dir, "people.txt", |text| index.people(text))?,
        dev_train: parse(dir, "pairsDevTrain.txt", |text| index.pairs(text))?,
        dev_test: parse(dir, "pairsDevTest.txt", |text| index.pairs(text))?,
    })
}

fn parse<T>(
    dir: &Path,
    name: &str,
    parse: impl FnOnce(&[u8]) -> Result<T, LfwError>,
) -> Result<T, Error> {
    let path = present(dir, name);
    let text = files::read(&path, MAX_LIST)?;
    parse(&text).map_err(|error| Error::Lfw { path, error })
}

/// The file, or its gzipped form where only that is there.
fn present(dir: &Path, name: &str) -> PathBuf {
    let (plain, packed) = (dir.join(name), dir.join(format!("{name}.gz")));
    if !plain.exists() && packed.exists() { packed } else { plain }
}
