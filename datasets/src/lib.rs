//! Data sets of the rectifier papers: loaders, registry, splits and mini-batches.
//!
//! | name | samples | shape | classes | values | where |
//! |---|---|---|---|---|---|
//! | `wdbc` | 569 | 30 | 2 | as published | embedded |
//! | `optdigits` | 1,797 | 8×8 | 10 | 0..=16, as published ([`preprocess::scale`]) | embedded |
//! | `mnist` | 60,000 + 10,000 | 28×28 | 10 | pixel / 255 | files |
//! | `fashion-mnist` | 60,000 + 10,000 | 28×28 | 10 | pixel / 255 | files |
//! | `cifar10` | 50,000 + 10,000 | 32×32×3 | 10 | pixel / 255; bytes: [`cifar10::load`] | files |
//! | `lfw` | 13,233; 10 folds of 600 pairs | 32×32×3 | same or not | bytes: [`lfw::load`] | files |
//! | `norb` | 291,600 + 58,320 | 2×32×32 | 6 | bytes: [`norb::load`] | files, or [`synthetic`] |
//! | `norb-small` | 24,300 + 24,300 | 2×32×32 | 5 | bytes: [`norb::load_small`] | files |
//! | `amazon-multidomain` | 4 domains of 2,000 | texts | 2, and stars | [`text::amazon`] | files |
//! | `rt-polarity` | 10,662 | texts | 2 | [`text::polarity`] | files |
//! | `nistp` | one's own, 65,000 a file at most | 32×32 | 62 | pixel / 255 | files |
//!
//! Files are looked for by a [`Locator`], and with the feature `fetch` downloaded; an error says what is wrong, where, and what to do.
//! No file makes this crate panic, hang or allocate without bound; where arguments make a function panic, it says so.
//!
//! ```
//! use halfwave_datasets::{Locator, batches, load, preprocess::Standardiser, split};
//!
//! let data = load("wdbc", &Locator::new(None))?.train;
//! let fold = split::stratified_split(&data.labels, 0.3, 42)?;
//! let (mut train, mut test) = (data.subset(&fold.train), data.subset(&fold.test));
//! let standardiser = Standardiser::fit(&train.x, train.width)?;
//! standardiser.apply(&mut train.x)?;
//! standardiser.apply(&mut test.x)?;
//!
//! let (mut x, mut labels) = (Vec::new(), Vec::new());
//! for epoch in 0..2 {
//!     for batch in &batches::Batches::new(train.rows(), 64, 42, epoch, false)? {
//!         batches::gather(&train.x, train.width, batch, &mut x);
//!         batches::gather(&train.labels, 1, batch, &mut labels);
//!         assert_eq!(x.len(), labels.len() * 30);
//!     }
//! }
//! # Ok::<(), halfwave_datasets::Error>(())
//! ```

#![forbid(unsafe_code)]

/// The example of the README runs.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod capped;
mod dataset;
mod embedded;
mod error;
mod idx_images;
mod rng;

pub mod batches;
pub mod cifar10;
pub mod csv;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod files;
pub mod gz;
pub mod idx;
pub mod lfw;
pub mod locate;
pub mod norb;
pub mod npy;
pub mod preprocess;
pub mod registry;
pub mod sparse;
pub mod split;
pub mod synthetic;
pub mod text;

pub use dataset::{Dataset, Loaded};
pub use error::{Error, Missing, Searched};
pub use locate::Locator;

/// Loads the data set of this name. Reads files only for sets that are not embedded.
///
/// # Errors
/// [`Error::UnknownName`]; [`Error::Missing`] where its files are not found; and for files that are there,
/// what is wrong with them: [`Error::Io`], [`Error::NotAFile`], [`Error::FileTooLarge`], [`Error::Gz`],
/// [`Error::Idx`], [`Error::CountMismatch`], [`Error::Label`], [`Error::Cifar`], [`Error::Argument`], [`Error::Memory`].
/// [`Error::NotATable`] for `lfw`, `norb`, `norb-small`, `amazon-multidomain` and `rt-polarity`,
/// which have loaders of their own.
///
/// ```
/// let digits = halfwave_datasets::load("optdigits", &halfwave_datasets::Locator::new(None))?.train;
/// assert_eq!((digits.rows(), digits.shape.as_slice()), (1797, &[8, 8][..]));
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
pub fn load(name: &str, locator: &Locator) -> Result<Loaded, Error> {
    registry::find(name)?.load(locator)
}
