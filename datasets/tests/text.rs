//! Texts from files: what is there, what is missing, what is wrong.

use std::fs;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use halfwave_datasets::text::{amazon, polarity};
use halfwave_datasets::{Error, Locator, load, registry};
use tempfile::TempDir;

fn locator(dir: &Path) -> Locator {
    Locator::with(Some(dir.into()), None, None)
}

/// A folder with a review in each file of the set: 1 star in negative ones, 5 in positive ones.
fn reviews() -> TempDir {
    let root = TempDir::new().expect("a temporary directory");
    for file in registry::find("amazon-multidomain").expect("a known name").files {
        let stars = if file.name.ends_with("negative.review") { "1.0" } else { "5.0" };
        let path = root.path().join("amazon-multidomain").join(file.name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a fresh directory");
        let review = format!(
            "<review>\n<rating>\n{stars}\n</rating>\n<title>\n{}\n</title>\n<review_text>\nWell.\n</review_text>\n\
             </review>\n",
            file.name
        );
        fs::write(path, review).expect("a new file");
    }
    root
}

const BOOKS: &str = "amazon-multidomain/sorted_data_acl/books/negative.review";

#[test]
fn each_domain_has_its_own_files() {
    let root = reviews();
    let domains = amazon::load(&locator(root.path())).expect("sound files");
    for (texts, folder) in
        domains.iter().zip(["books", "dvd", "electronics", "kitchen_&_housewares"])
    {
        assert_eq!((&texts.labels[..], &texts.stars[..]), (&[0, 1][..], &[1, 5][..]));
        for (text, kind) in texts.texts.iter().zip(["negative", "positive"]) {
            assert_eq!(*text, format!("sorted_data_acl/{folder}/{kind}.review\nWell."));
        }
    }
}

#[test]
fn a_packed_file_is_as_good() {
    let root = reviews();
    let path = root.path().join(BOOKS);
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&fs::read(&path).expect("a file")).expect("memory takes all");
    fs::write(path.with_extension("review.gz"), packed.finish().expect("memory takes all"))
        .expect("a new file");
    fs::remove_file(path).expect("own file");
    assert!(amazon::load(&locator(root.path())).is_ok());
}

#[test]
fn what_is_missing_is_said() {
    let root = TempDir::new().expect("a temporary directory");
    let error = polarity::load(&locator(root.path())).expect_err("there is no folder");
    let message = error.to_string();
    assert!(matches!(error, Error::Missing(_)), "{message}");
    assert!(
        message.contains("no such directory") && message.contains("rt-polarity.pos"),
        "{message}"
    );

    let root = reviews();
    fs::remove_file(root.path().join(BOOKS)).expect("own file");
    let error = amazon::load(&locator(root.path())).expect_err("a file is missing");
    assert!(error.to_string().contains("no sorted_data_acl/books/negative.review"), "{error}");
}

#[test]
fn what_is_wrong_is_said_with_its_file() {
    let root = reviews();
    let path = root.path().join(BOOKS);
    let message = || {
        let error = amazon::load(&locator(root.path())).expect_err("a broken file").to_string();
        error.strip_prefix(&path.display().to_string()).expect("the file comes first").to_owned()
    };
    fs::write(&path, "<review>\n").expect("own file");
    assert_eq!(message(), ": line 2: expected a field or </review>, found the end of the file");
    fs::write(&path, vec![b'\n'; 20 << 20]).expect("own file");
    assert_eq!(message(), ": expected at most 17825792 bytes, found 20971520");
    fs::remove_file(&path).expect("own file");
    fs::create_dir(&path).expect("a fresh directory");
    assert_eq!(message(), ": expected a regular file, found a directory");
}

#[test]
fn texts_are_no_table() {
    for name in ["amazon-multidomain", "rt-polarity"] {
        let error = load(name, &Locator::with(None, None, None)).expect_err("no table");
        assert!(matches!(error, Error::NotATable { name: found, .. } if found == name), "{error}");
    }
}
