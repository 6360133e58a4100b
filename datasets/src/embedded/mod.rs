//! The data sets inside the program; sources and licences in ATTRIBUTION.md beside this file.

use crate::error::Error;
use crate::locate::Locator;
use crate::registry::Entry;
use crate::{Dataset, Loaded, csv};

const WDBC: &[u8] = include_bytes!("wdbc.csv");
const OPTDIGITS: &[u8] = include_bytes!("optdigits.csv");

/// 569 cases of 30 features as published; 0 = malignant, 1 = benign, as in scikit-learn.
pub(crate) fn wdbc(entry: &'static Entry, _: &Locator) -> Result<Loaded, Error> {
    load(entry, WDBC, &["M", "B"])
}

/// 1,797 digits of 8×8 pixels, 0..=16 as published.
pub(crate) fn optdigits(entry: &'static Entry, _: &Locator) -> Result<Loaded, Error> {
    load(entry, OPTDIGITS, entry.classes)
}

fn load(entry: &'static Entry, bytes: &[u8], labels: &[&str]) -> Result<Loaded, Error> {
    let table = csv::parse(bytes, labels)
        .map_err(|error| Error::Csv { path: entry.files[0].name.into(), error })?;
    Ok(Loaded {
        train: Dataset::new(table.x, entry.shape, table.labels, entry.classes)?,
        test: None,
    })
}
