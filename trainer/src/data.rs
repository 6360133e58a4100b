//! `halfwave data`: which data sets there are, where they are looked for, and how they come there.

use std::{fmt::Write as _, path::Path};

#[cfg(feature = "fetch")]
use halfwave_datasets::fetch::{self, Options, Watch};
use halfwave_datasets::{
    Error as DataError, Locator,
    norb::Limit,
    registry::{self, Entry, TABLE},
    synthetic,
};
use serde_json::json;

use crate::Error;

/// Makes a synthetic set in NORB's files and format, `pairs` to a file.
///
/// # Errors
/// Those of [`synthetic::norb::write`].
pub fn generate(out: &Path, seed: u64, files: Limit, pairs: usize) -> Result<String, Error> {
    synthetic::norb::write(out, seed, files, pairs)?;
    let count = files.training + files.testing;
    Ok(format!("{}: {count} files of {pairs} pairs, seed {seed}\n", out.display()))
}

/// All data sets: shape, classes, licence, and whether they are here.
#[must_use]
pub fn list(locator: &Locator) -> String {
    let mut text =
        format!("{:<18} {:<8} {:>7}  {:<12} {}\n", "name", "shape", "classes", "here", "title");
    for entry in TABLE {
        let shape: Vec<String> = entry.shape.iter().map(ToString::to_string).collect();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<18} {:<8} {:>7}  {:<12} {}",
            entry.name,
            shape.join("x"),
            entry.classes.len(),
            presence(entry, locator),
            entry.title
        );
    }
    text + "\n`halfwave data path NAME` says where a set was found, or how to get it; `halfwave data fetch NAME` gets it.\n"
}

/// The same for programs: an array, with licence, citation and home page.
#[must_use]
pub fn list_json(locator: &Locator) -> serde_json::Value {
    let set = |entry: &'static Entry| {
        let Entry { name, title, shape, classes, licence, citation, home, .. } = entry;
        json!({
            "name": name, "title": title, "shape": shape, "classes": classes, "licence": licence,
            "citation": citation, "home": home, "here": presence(entry, locator),
        })
    };
    TABLE.iter().map(set).collect()
}

/// `embedded`, `found` or `not found`.
#[must_use]
pub fn presence(entry: &'static Entry, locator: &Locator) -> &'static str {
    if entry.embedded {
        "embedded"
    } else if locator.find(entry).is_ok() {
        "found"
    } else {
        "not found"
    }
}

/// The files of a data set, one a line.
///
/// # Errors
/// [`Error::Data`] for an unknown name, or for files that are not there: it says how to get them.
pub fn path(name: &str, locator: &Locator) -> Result<String, Error> {
    let entry = registry::find(name)?;
    if entry.embedded {
        return Ok(format!("{name} is embedded in the program\n"));
    }
    let paths = locator.find(entry)?;
    Ok(paths.iter().map(|path| format!("{}\n", path.display())).collect())
}

/// Compares the files of a data set, or of all that are here, with their published sizes and SHA-256; a line for each set.
///
/// # Errors
/// [`Error::Data`] for an unknown name, for files that are not there, and for the first that is another.
pub fn verify(name: Option<&str>, locator: &Locator) -> Result<String, Error> {
    let entries: Vec<&'static Entry> = match name {
        Some(name) => vec![registry::find(name)?],
        None => TABLE.iter().filter(|entry| presence(entry, locator) == "found").collect(),
    };
    if entries.is_empty() {
        return Ok("no data set is here\n".into());
    }
    let mut text = String::new();
    for entry in entries {
        let found = match registry::verify(entry, locator) {
            Ok(_) if entry.embedded => "embedded, as published".into(),
            Ok(paths) => format!("{} files, as published", paths.len()),
            Err(DataError::NoChecksum { path }) => {
                format!("{}: nobody has published a checksum", path.display())
            }
            Err(error) => return Err(error.into()),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {found}", entry.name);
    }
    Ok(text)
}

/// The data sets of these names, or all that can be downloaded.
///
/// # Errors
/// [`Error::Data`] for an unknown name.
pub fn sets(names: &[String], all: bool) -> Result<Vec<&'static Entry>, Error> {
    if all {
        return Ok(TABLE.iter().filter(|entry| !entry.mirrors.is_empty()).collect());
    }
    Ok(names.iter().map(|name| registry::find(name)).collect::<Result<_, _>>()?)
}

/// Downloads what is missing of a data set; says where it is, its licence and what to cite.
///
/// # Errors
/// [`Error::Data`]: those of [`fetch::fetch`].
#[cfg(feature = "fetch")]
pub fn fetch(
    entry: &'static Entry,
    locator: &Locator,
    options: &Options,
    watch: &mut dyn Watch,
) -> Result<String, Error> {
    let Entry { name, licence, citation, .. } = entry;
    let paths = fetch::fetch(entry, locator, options, watch)?;
    let done: String = match paths.as_slice() {
        [] if entry.embedded => " embedded in the program".into(),
        [] => " all of it is here already".into(),
        paths => paths.iter().map(|path| format!("\n  {}", path.display())).collect(),
    };
    Ok(format!("{name}:{done}\n  licence: {licence}\n  please cite: {citation}\n"))
}

/// The folders in which data sets are looked for, in their order.
#[must_use]
pub fn paths(locator: &Locator) -> String {
    let folders: Vec<_> = TABLE
        .iter()
        .filter(|entry| !entry.embedded)
        .flat_map(|entry| locator.candidates(entry))
        .collect();
    folders.iter().map(|path| format!("{}\n", path.display())).collect()
}
