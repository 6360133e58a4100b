//! LFW from a folder: the ready array, the published JPEGs, and files that are not what they should be.
//!
//! The preparation is compared with the ready array on any published images in `HALFWAVE_DATA/lfw/samples`
//! (`Name_0001.jpg`, 250 × 250).

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;

use halfwave_datasets::lfw::{self, Pair};
use halfwave_datasets::npy::{self, Array};
use halfwave_datasets::{Error, Locator, load, locate};
use tempfile::TempDir;

const ARRAY: &str = "lfw_deepfunneled_32x32x3_u8.npy";
const NAMES: &str =
    "A/A_0001.jpg\nA/A_0002.jpg\nB/B_0001.jpg\nC/C_0001.jpg\nC/C_0002.jpg\nD/D_0001.jpg\n";

/// Two folds of one pair of each kind.
struct Set {
    root: TempDir,
}

impl Set {
    fn new() -> Self {
        let set = Self { root: tempfile::tempdir().expect("a temporary directory") };
        fs::create_dir(set.root.path().join("lfw")).expect("a fresh directory");
        set.write("image_names.txt", NAMES.as_bytes());
        set.write("pairs.txt", b"2\t1\nA\t1\t2\nA\t1\tB\t1\nC\t2\t1\nC\t1\tD\t1\n");
        set.write("people.txt", b"2\n2\nA\t2\nB\t1\n2\nC\t2\nD\t1\n");
        for name in ["pairsDevTrain.txt", "pairsDevTest.txt"] {
            set.write(name, b"1\nA\t1\t2\nB\t1\tD\t1\n");
        }
        set.write_array(&[6, 32, 32, 3]);
        set
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join("lfw").join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).expect("a writable file");
    }

    fn write_array(&self, shape: &[usize]) {
        let data: Vec<u8> =
            (0..shape.iter().product::<usize>()).map(|i| (i / 3072) as u8).collect();
        let mut bytes = Vec::new();
        npy::write(&Array { shape: shape.to_vec(), data }, &mut bytes).expect("memory takes all");
        self.write(ARRAY, &bytes);
    }

    fn load(&self) -> Result<lfw::Lfw, Error> {
        lfw::load(&Locator::with(Some(self.root.path().into()), None, None))
    }

    /// What is said of this file, without its path.
    fn message(&self, name: &str) -> String {
        let message = self.load().expect_err("a bad set").to_string();
        let path = format!("{}: ", self.path(name).display());
        message.strip_prefix(&path).unwrap_or_else(|| panic!("{path}? {message}")).to_owned()
    }
}

#[test]
fn a_ready_array_loads() {
    let lfw = Set::new().load().expect("a sound set");
    assert_eq!((lfw.rows(), lfw.images.len(), lfw.images[4 * 3072]), (6, 6 * 3072, 4));
    let pair = |first, second, same| Pair { first, second, same };
    let folds =
        [vec![pair(0, 1, true), pair(0, 2, false)], vec![pair(4, 3, true), pair(3, 5, false)]];
    assert_eq!(lfw.folds, folds);
    assert_eq!(lfw.training_pairs(0).expect("a fold"), folds[1]);
    assert_eq!(lfw.training_images(0).expect("a fold"), [3, 4, 5]);
    assert_eq!(lfw.training_people_images(1).expect("a fold"), [0, 1, 2]);
    assert_eq!((lfw.dev_train.len(), lfw.dev_test.len()), (2, 2));
    let message = lfw.training_images(2).expect_err("no such fold").to_string();
    assert_eq!(message, "test fold: expected less than 2, found 2");
}

#[test]
fn bad_files_are_errors_that_name_them() {
    let set = Set::new();
    set.write_array(&[5, 32, 32, 3]);
    assert_eq!(set.message(ARRAY), "expected the shape (6, 32, 32, 3), found (5, 32, 32, 3)");
    set.write_array(&[6, 3, 32, 32]);
    assert_eq!(set.message(ARRAY), "expected the shape (6, 32, 32, 3), found (6, 3, 32, 32)");
    set.write(ARRAY, b"\x93NUMPY\x01\x00\x10\x00");
    assert!(set.message(ARRAY).starts_with("truncated"));
    for (name, content, said) in [
        ("pairs.txt", "2\t1\nA\t1\t3\n", "line 2: expected an image of A in 1..=2, found 3"),
        ("pairsDevTest.txt", "1\nX\t1\t3\n", "line 2: expected a person with images"),
        ("people.txt", "1\n1\nA\t1\nB\t1\n", "line 4: expected the end of the file"),
        ("image_names.txt", "../A_0001.jpg\n", "line 1: expected Name/Name_0001.jpg"),
    ] {
        let set = Set::new();
        set.write(name, content.as_bytes());
        assert!(set.message(name).starts_with(said), "{}", set.message(name));
    }
}

/// A short list that claims many images of a long name: 200 MB of names here, and with longer ones as much as there is.
#[test]
fn a_long_name_of_many_images_is_an_error() {
    let set = Set::new();
    fs::remove_file(set.path(ARRAY)).expect("a file");
    fs::create_dir(set.path("lfw-deepfunneled")).expect("a fresh directory");
    set.write("people.txt", format!("1\n1\n{}\t99999\n", "A".repeat(1_000)).as_bytes());
    let message = set.message("people.txt");
    let said = "line 3: expected a name of at most 100 bytes and at most 9999 images";
    assert!(message.starts_with(said), "{}", &message[..said.len()]);
}

#[test]
fn what_is_missing_is_said_and_it_is_no_table() {
    let set = Set::new();
    fs::remove_file(set.path("people.txt")).expect("a file");
    let message = set.load().expect_err("a missing file").to_string();
    assert!(message.contains("no people.txt") && message.contains("lfw-deepfunneled"), "{message}");
    let locator = Locator::with(Some(Set::new().root.path().into()), None, None);
    assert!(matches!(load("lfw", &locator), Err(Error::NotATable { name: "lfw", .. })));
}

#[test]
fn what_is_no_jpeg_is_an_error() {
    let set = Set::new();
    fs::remove_file(set.path(ARRAY)).expect("a file");
    fs::create_dir_all(set.path("lfw-deepfunneled/A")).expect("a fresh directory");
    let name = "lfw-deepfunneled/A/A_0001.jpg";
    assert!(set.message(name).starts_with("cannot find"), "{}", set.message(name));
    for content in [&b""[..], b"\xff\xd8", b"\x89PNG\r\n\x1a\n", &[0xff; 5000]] {
        set.write(name, content);
        assert!(
            set.message(name).starts_with("not the JPEG that is needed"),
            "{}",
            set.message(name)
        );
    }
}

/// Published images go through the folder as published, and come out as the ready array has them.
#[test]
fn prepared_jpegs_agree_with_the_ready_array() {
    let test = "prepared_jpegs_agree_with_the_ready_array";
    let root = std::env::var_os(locate::VARIABLE).unwrap_or_default();
    let samples = Path::new(&root).join("lfw/samples");
    let (Ok(samples), Ok(ready)) = (fs::read_dir(&samples), lfw::load(&Locator::new(None))) else {
        // Past the capture of the test harness, which would keep a skip silent.
        writeln!(std::io::stderr(), "SKIPPED: HALFWAVE_DATA has no lfw/samples or no LFW: {test}")
            .expect("stderr is open");
        return;
    };
    let tree = tempfile::tempdir().expect("a temporary directory");
    let (mut names, mut files) = (Vec::new(), BTreeMap::new());
    for sample in samples.map(|sample| sample.expect("a readable folder").path()) {
        let file = sample.file_name().expect("a file").to_str().expect("a name").to_owned();
        let person = file.rsplit_once('_').expect("Name_0001.jpg").0;
        fs::create_dir_all(tree.path().join(person)).expect("a fresh directory");
        let name = format!("{person}/{file}");
        fs::copy(&sample, tree.path().join(&name)).expect("a writable folder");
        files.insert(name.clone(), sample);
        names.push(name);
    }
    let prepared = lfw::prepare(tree.path(), &names).expect("published images");
    let mut counts = [0_usize; 256];
    for (image, name) in prepared.chunks_exact(lfw::WIDTH).zip(&names) {
        let row = ready.names.iter().position(|known| known == name).expect("a published name");
        let expected = &ready.images[row * lfw::WIDTH..][..lfw::WIDTH];
        image.iter().zip(expected).for_each(|(a, b)| counts[a.abs_diff(*b) as usize] += 1);
    }
    println!("values that differ by 0, 1, 2 ... grey levels: {:?}", &counts[..8]);
    assert_eq!(prepared.len(), names.len() * lfw::WIDTH);
    // Twenty images gave 47,844 and 13,532 and 64.
    assert!(names.len() >= 6 && counts[3..].iter().all(|&count| count == 0), "{counts:?}");
    assert!(counts[0] > prepared.len() / 2 && counts[2] < prepared.len() / 200, "{counts:?}");

    // The same images under the names of a small set, loaded from its folder of JPEGs.
    let set = Set::new();
    fs::remove_file(set.path(ARRAY)).expect("a file");
    fs::remove_file(set.path("image_names.txt")).expect("a file");
    for (name, sample) in NAMES.lines().zip(&names) {
        let path = set.path("lfw-deepfunneled").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a writable folder");
        fs::copy(&files[sample], path).expect("a writable folder");
    }
    let loaded = set.load().expect("a sound set");
    assert_eq!(loaded.images, prepared[..6 * lfw::WIDTH]);
    assert!(loaded.names.iter().map(String::as_str).eq(NAMES.lines()));

    // A published image that is cut is refused and not filled up with grey.
    let whole = fs::read(&files[&names[0]]).expect("a sample");
    for length in (0..whole.len() - 2).step_by(97) {
        fs::write(tree.path().join(&names[0]), &whole[..length]).expect("a writable folder");
        let error = lfw::prepare(tree.path(), &names[..1]).expect_err("a cut image");
        assert!(matches!(error, Error::Jpeg { .. }), "{length}: {error}");
    }
}
