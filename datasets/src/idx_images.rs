//! Sets of images in four IDX files: MNIST and what has its format.

use std::path::Path;

use crate::error::Error;
use crate::idx::{self, Idx, IdxError};
use crate::locate::Locator;
use crate::registry::Entry;
use crate::{Dataset, Loaded, files};

/// Loads training and test part; pixels are scaled to [0, 1] by x / 255.
pub(crate) fn load(entry: &'static Entry, locator: &Locator) -> Result<Loaded, Error> {
    let paths = locator.find(entry)?;
    let [train_images, train_labels, test_images, test_labels] = paths.as_slice() else {
        return Err(Error::argument("files of an IDX set", "4", paths.len()));
    };
    Ok(Loaded {
        train: part(entry, train_images, train_labels)?,
        test: Some(part(entry, test_images, test_labels)?),
    })
}

fn part(entry: &Entry, images_path: &Path, labels_path: &Path) -> Result<Dataset, Error> {
    // Labels first: if they are wrong, the large file need not be read.
    let bytes = files::read(labels_path, idx::MAX_BYTES)?;
    let labels = labels(&bytes, labels_path, entry.classes.len())?;

    let bytes = files::read(images_path, idx::MAX_BYTES)?;
    let images = parse(&bytes, images_path)?;
    let [rows, shape @ ..] = images.dims.as_slice() else {
        return Err(shape_error(images_path, entry.shape, &images));
    };
    if shape != entry.shape {
        return Err(shape_error(images_path, entry.shape, &images));
    }
    if *rows != labels.len() {
        return Err(Error::CountMismatch {
            images_path: images_path.into(),
            labels_path: labels_path.into(),
            images: *rows,
            labels: labels.len(),
        });
    }
    let mut x = Vec::new();
    x.try_reserve_exact(images.data.len()).map_err(|_| Error::Memory {
        what: images_path.display().to_string(),
        bytes: images.data.len().saturating_mul(size_of::<f32>()),
    })?;
    x.extend(images.data.iter().map(|&pixel| f32::from(pixel) / 255.0));
    Dataset::new(x, entry.shape, labels, entry.classes)
}

fn labels(bytes: &[u8], path: &Path, classes: usize) -> Result<Vec<u32>, Error> {
    let array = parse(bytes, path)?;
    if array.dims.len() != 1 {
        let expected = "1 dimension: labels (is this a file of images?)".into();
        return Err(idx_error(path, IdxError::Shape { expected, found: array.dims }));
    }
    if let Some(at) = array.data.iter().position(|&label| usize::from(label) >= classes) {
        return Err(Error::Label {
            path: path.into(),
            offset: array.offset + at,
            classes,
            found: u32::from(array.data[at]),
        });
    }
    Ok(array.data.iter().map(|&label| u32::from(label)).collect())
}

fn parse<'a>(bytes: &'a [u8], path: &Path) -> Result<Idx<'a>, Error> {
    idx::parse(bytes).map_err(|error| idx_error(path, error))
}

fn shape_error(path: &Path, shape: &[usize], images: &Idx<'_>) -> Error {
    let expected = format!("images of {shape:?} (is this a file of labels, or of another set?)");
    idx_error(path, IdxError::Shape { expected, found: images.dims.clone() })
}

fn idx_error(path: &Path, error: IdxError) -> Error {
    Error::Idx { path: path.into(), error }
}
