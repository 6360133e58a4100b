//! CIFAR-10 from a folder of a few records: what is found, what is missing, and files that are damaged.

use std::fs;
use std::path::PathBuf;

use halfwave_datasets::cifar10::{self, FOLDER, RECORD};
use halfwave_datasets::{Error, Locator, load, registry};
use tempfile::TempDir;

/// A data directory; file `i` has one image of label `i`, all its values `i`. The test part is the last.
fn folder() -> TempDir {
    let root = tempfile::tempdir().expect("a temporary directory");
    fs::create_dir_all(root.path().join("cifar10").join(FOLDER)).expect("a fresh directory");
    for i in 0..6 {
        fs::write(path(&root, i), vec![i as u8; RECORD]).expect("a writable file");
    }
    root
}

fn path(root: &TempDir, file: usize) -> PathBuf {
    let entry = registry::find("cifar10").expect("a known name");
    root.path().join("cifar10").join(entry.files[file].name)
}

fn locator(root: &TempDir) -> Locator {
    Locator::with(Some(root.path().into()), None, None)
}

#[test]
fn a_folder_loads_in_the_order_of_its_files() {
    let root = folder();
    let bytes = cifar10::load(&locator(&root)).expect("a sound set");
    assert_eq!((bytes.train.labels, bytes.test.labels), (vec![0, 1, 2, 3, 4], vec![5]));
    let loaded = load("cifar10", &locator(&root)).expect("a sound set");
    let test = loaded.test.expect("a test part");
    assert_eq!((loaded.train.shape, loaded.train.width), (vec![32, 32, 3], 3072));
    assert_eq!(loaded.train.x[4 * 3072..], [4.0 / 255.0; 3072]);
    assert_eq!((test.x.as_slice(), test.labels), (&[5.0 / 255.0; 3072][..], vec![5]));
}

#[test]
fn files_that_are_missing_or_damaged_are_said() {
    let root = folder();
    for (content, expected) in [
        (vec![1; RECORD - 1], "at byte 3072: expected whole records"),
        (vec![77; RECORD], "at byte 0: expected a label of 0..=9, found 77"),
        (vec![1; cifar10::MAX_BYTES + 1], "expected at most 30730000 bytes"),
    ] {
        fs::write(path(&root, 2), content).expect("a writable file");
        let message = load("cifar10", &locator(&root)).expect_err("a bad file").to_string();
        let path = path(&root, 2).display().to_string();
        assert!(message.starts_with(&path) && message.contains(expected), "{message}");
    }
    fs::remove_file(path(&root, 2)).expect("a file to remove");
    let error = load("cifar10", &locator(&root)).expect_err("five files");
    assert!(matches!(error, Error::Missing(_)));
    let message = error.to_string();
    assert!(message.contains("no cifar-10-batches-bin/data_batch_3.bin"), "{message}");
    assert!(message.contains("cifar-10-binary.tar.gz"), "{message}");
}
