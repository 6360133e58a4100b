//! Data sets by their names: what each is, where it comes from, and who loads it.

pub(crate) mod check;
mod table;

pub use check::{Content, contents, hex, verify};
pub use table::TABLE;

use crate::Loaded;
use crate::error::{Error, nearest};
use crate::locate::Locator;

/// A data set.
#[derive(Debug)]
#[non_exhaustive]
pub struct Entry {
    /// The name it is asked for by, and the name of its folder in a data directory.
    pub name: &'static str,
    /// The name people know it by.
    pub title: &'static str,
    /// Shape of one sample, e.g. `[28, 28]`; empty for texts.
    pub shape: &'static [usize],
    /// Names of the classes; label `i` is `classes[i]`.
    pub classes: &'static [&'static str],
    /// Whether it is part of the program. Else [`Locator`] has to find its files.
    pub embedded: bool,
    /// Its files as published.
    pub files: &'static [File],
    /// Licence, as its publisher states it.
    pub licence: &'static str,
    /// What to cite.
    pub citation: &'static str,
    /// Its home page.
    pub home: &'static str,
    /// Addresses of folders that have its files or its archive, in the order in which they are tried.
    pub mirrors: &'static [&'static str],
    /// The archive that its files are published in, if they are.
    pub archive: Option<Archive>,
    /// Further files of the set, which are used where they are there.
    pub further: &'static [File],
    /// What else there is to know for who gets it; empty if there is nothing.
    pub hint: &'static str,
    pub(crate) load: fn(&'static Entry, &Locator) -> Result<Loaded, Error>,
}

impl Entry {
    /// Loads the set; see [`load`](crate::load).
    ///
    /// # Errors
    /// Those of [`load`](crate::load), except for an unknown name.
    pub fn load(&'static self, locator: &Locator) -> Result<Loaded, Error> {
        if self.embedded {
            locator.uses(self);
        }
        (self.load)(self, locator)
    }

    /// Where it can be had: folders, or an archive in them.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = String> {
        let archive = self.archive.as_ref().map_or("", |archive| archive.name);
        // Lists of LFW stand beside its archive.
        let plain = self.files.iter().any(|file| !matches!(file.published, Published::Archived));
        let name = if plain { "" } else { archive };
        self.mirrors.iter().map(move |mirror| format!("{mirror}{name}"))
    }
}

/// A `.tar.gz` with files of a set.
#[derive(Debug)]
#[non_exhaustive]
pub struct Archive {
    /// Its name.
    pub name: &'static str,
    /// What names of its members have before the name of the file, e.g. `folder/`.
    pub prefix: &'static str,
    /// Its size and checksum, where they are published. In any case files that come out of it have those of the table, and
    /// images, which have none, begin as JPEGs and have at most a megabyte.
    pub sum: Option<Sum>,
}

/// A published file.
#[derive(Debug)]
#[non_exhaustive]
pub struct File {
    /// Its name when unpacked.
    pub name: &'static str,
    /// Size and checksum when unpacked.
    pub content: Sum,
    /// How it is published.
    pub published: Published,
    /// A folder beside it that may stand in its place: it is made from what is in there.
    pub made_from: Option<&'static str>,
}

impl File {
    /// Its name as it is published.
    pub(crate) fn published_name(&self) -> String {
        match self.published {
            Published::Gz(_) => format!("{}.gz", self.name),
            Published::Plain | Published::Archived | Published::Own => self.name.into(),
        }
    }
}

/// How a file is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Published {
    /// As it is.
    Plain,
    /// Gzipped, with size and checksum of that where they are known.
    Gz(Option<Sum>),
    /// In the archive of its set.
    Archived,
    /// Not at all: whoever has one brings it, as IDX of any size up to the stated one.
    Own,
}

/// Size and checksum of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sum {
    /// Size in bytes; the largest, where nobody publishes the file.
    pub bytes: usize,
    /// SHA-256 in lower-case hex; `None` where no one has published it.
    pub sha256: Option<&'static str>,
}

/// All names of the table, in its order.
pub fn names() -> Vec<&'static str> {
    TABLE.iter().map(|entry| entry.name).collect()
}

/// The entry of this name.
///
/// # Errors
/// [`Error::UnknownName`], with the known name that is most like it.
///
/// ```
/// use halfwave_datasets::registry::find;
/// assert_eq!(find("wdbc")?.classes, ["malignant", "benign"]);
/// assert_eq!(
///     find("minst").unwrap_err().to_string(),
///     r#"no data set is called "minst" (did you mean "mnist"?); known: wdbc, optdigits, mnist, fashion-mnist, cifar10, lfw, norb, norb-small, amazon-multidomain, rt-polarity, nistp"#
/// );
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
pub fn find(name: &str) -> Result<&'static Entry, Error> {
    if let Some(entry) = TABLE.iter().find(|entry| entry.name == name) {
        return Ok(entry);
    }
    Err(Error::UnknownName { name: name.into(), nearest: nearest(name, names()), known: names() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nearest(name: &str) -> Option<&'static str> {
        match find(name) {
            Err(Error::UnknownName { nearest, .. }) => nearest,
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn every_name_is_found_and_is_a_plain_folder_name() {
        for entry in TABLE {
            assert!(std::ptr::eq(find(entry.name).unwrap(), entry));
            assert!(
                entry
                    .name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            );
            let sums = entry.files.iter().filter_map(|file| file.content.sha256);
            assert!(sums.into_iter().all(|sum| sum.len() == 64));
        }
    }

    #[test]
    fn a_slip_of_the_pen_is_understood() {
        for (typed, meant) in [
            ("minst", "mnist"),
            ("MNIST", "mnist"),
            ("fashion", "fashion-mnist"),
            ("fashionmnist", "fashion-mnist"),
            ("fashion_mnist", "fashion-mnist"),
            ("wbdc", "wdbc"),
            ("digits", "optdigits"),
            ("opt-digits", "optdigits"),
            ("CIFAR-10", "cifar10"),
        ] {
            assert_eq!(nearest(typed), Some(meant), "{typed}");
        }
    }

    /// Names are compared and never joined to a path before they are known.
    #[test]
    fn no_path_is_a_name() {
        for typed in ["../mnist", "/mnist", "mnist/", "./mnist", "../mnist/../..", "mnist\0"] {
            assert_eq!(nearest(typed), Some("mnist"), "{typed}");
        }
    }

    #[test]
    fn nonsense_is_like_nothing() {
        for typed in ["", "xyz", "../../..", "/", "\0", "svhn"] {
            assert_eq!(nearest(typed), None, "{typed}");
        }
        let message = find("a\nb").unwrap_err().to_string();
        assert_eq!(
            message,
            r#"no data set is called "a\nb"; known: wdbc, optdigits, mnist, fashion-mnist, cifar10, lfw, norb, norb-small, amazon-multidomain, rt-polarity, nistp"#
        );
    }
}
