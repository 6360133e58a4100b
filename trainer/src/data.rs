//! `halfwave data`: which data sets there are, where they are looked for, and how they come there.

use std::{
    fmt::Write as _,
    fs::{self, DirEntry, Metadata},
    path::Path,
};

#[cfg(feature = "fetch")]
use halfwave_datasets::fetch::{self, Options, Watch};
use halfwave_datasets::{
    Error as DataError, Locator,
    norb::Limit,
    registry::{self, Entry, File, Published, TABLE},
    synthetic,
};
use serde_json::json;

use crate::{Error, report::table::wrap};

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
    let mut text = String::new();
    for entry in TABLE {
        let Entry { name, title, shape, classes, .. } = entry;
        let shape: Vec<String> = shape.iter().map(ToString::to_string).collect();
        let (shape, classes, here) = (shape.join("x"), classes.len(), presence(entry, locator));
        let what = format!("{here}; {shape}, {classes} classes; {title}");
        text.push_str(&wrap(&format!("{name:<18} "), &what));
    }
    let how = "`halfwave data path NAME` says where a set was found, or how to get it; `halfwave data fetch NAME` gets it.";
    format!("{text}\n{}", wrap("", how))
}

/// The same for programs: an array, with licence, citation and home page, and the files that are here.
#[must_use]
pub fn list_json(locator: &Locator) -> serde_json::Value {
    let set = |entry: &'static Entry| {
        let Entry { name, title, shape, classes, licence, citation, home, .. } = entry;
        json!({
            "name": name, "title": title, "shape": shape, "classes": classes, "licence": licence,
            "citation": citation, "home": home, "here": presence(entry, locator),
            "files": files_here(entry, locator),
        })
    };
    TABLE.iter().map(set).collect()
}

/// The files in the folders of a set: their bytes, here and published, where that is known; `partial` are downloads that have
/// not ended.
fn files_here(entry: &'static Entry, locator: &Locator) -> Vec<serde_json::Value> {
    let folders = if entry.embedded { Vec::new() } else { locator.candidates(entry) };
    let files = folders.iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten();
    let mut files: Vec<_> = files.filter_map(|file| file_here(entry, &file)).collect();
    files.sort_by_key(|file| file["path"].to_string());
    files
}

/// None of what is no file, or none of the set's.
fn file_here(entry: &'static Entry, file: &DirEntry) -> Option<serde_json::Value> {
    let (name, bytes) = (file.file_name(), file.metadata().ok().filter(Metadata::is_file)?.len());
    let name = name.to_str()?;
    // As `fetch` calls what has not arrived yet.
    let part = name.strip_prefix('.').and_then(|name| name.strip_suffix(".part"));
    let whole = part.unwrap_or(name);
    let archive = entry.archive.iter().filter(|archive| archive.name == whole);
    let archive = archive.map(|archive| archive.sum.map(|sum| sum.bytes)).next();
    let files = || entry.files.iter().chain(entry.further);
    let published = archive.or_else(|| files().find_map(|file| published_bytes(file, whole)))?;
    Some(json!({
        "path": file.path(), "bytes": bytes, "published_bytes": published, "partial": part.is_some(),
        "as_large_as_published": published.map(|published| published as u64 == bytes),
    }))
}

/// Bytes of a file of the set under this name, where they are known; none for the name of another.
fn published_bytes(file: &File, name: &str) -> Option<Option<usize>> {
    let own = file.published == Published::Own;
    match (name.strip_suffix(".gz"), file.published) {
        (Some(gz), Published::Gz(sum)) if gz == file.name => Some(sum.map(|sum| sum.bytes)),
        (Some(gz), _) if gz == file.name => Some(None),
        (None, _) if name == file.name => Some((!own).then_some(file.content.bytes)),
        _ => None,
    }
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
