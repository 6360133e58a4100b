//! From a directory to a data set: what is found, what is missing, and files that are not what they seem.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use flate2::{Compression, write::GzEncoder};
use halfwave_datasets::{Error, Locator, load, registry};
use tempfile::TempDir;

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

fn idx(sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let dimensions = u8::try_from(sizes.len()).expect("few dimensions");
    let sizes = sizes.iter().flat_map(|size| size.to_be_bytes());
    [0, 0, 8, dimensions].into_iter().chain(sizes).chain(data.iter().copied()).collect()
}

fn images(count: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..count * 784).map(|i| (i % 256) as u8).collect();
    idx(&[count, 28, 28], &pixels)
}

fn labels(labels: &[u8]) -> Vec<u8> {
    idx(&[u32::try_from(labels.len()).expect("few labels")], labels)
}

fn pack(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory takes all");
    encoder.finish().expect("memory takes all")
}

/// A data directory with a sound set of 3 training and 2 test images.
struct Set {
    root: TempDir,
}

impl Set {
    fn new(suffix: &str) -> Self {
        let set = Self { root: tempfile::tempdir().expect("a temporary directory") };
        fs::create_dir(set.root.path().join("mnist")).expect("a fresh directory");
        let contents = [images(3), labels(&[5, 0, 9]), images(2), labels(&[7, 2])];
        for (name, content) in NAMES.into_iter().zip(contents) {
            let content = if suffix == ".gz" { pack(&content) } else { content };
            set.write(&format!("{name}{suffix}"), &content);
        }
        set
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("mnist").join(name)
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).expect("a writable file");
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.path(name)).expect("a file to remove");
    }

    fn locator(&self) -> Locator {
        only(self.root.path())
    }

    fn error(&self) -> Error {
        load("mnist", &self.locator()).expect_err("a bad file")
    }

    /// The error's message; it has to start with the path of the file, which is cut off.
    fn message(&self, name: &str) -> String {
        let message = self.error().to_string();
        let path = self.path(name).display().to_string();
        message.strip_prefix(&path).unwrap_or_else(|| panic!("{path}? {message}")).to_owned()
    }

    fn assert_sound(&self) {
        let loaded = load("mnist", &self.locator()).expect("a sound set");
        let test = loaded.test.expect("a test part");
        assert_eq!((loaded.train.labels, test.labels), (vec![5, 0, 9], vec![7, 2]));
        assert_eq!((loaded.train.width, loaded.train.shape), (784, vec![28, 28]));
        let pixels = [0, 1, 255].map(|i| loaded.train.x[i]);
        assert_eq!(pixels, [0.0, 1.0 / 255.0, 1.0]);
        assert_eq!((loaded.train.x.len(), test.x.len()), (3 * 784, 2 * 784));
    }
}

/// Past the capture of the test harness, which would keep a skip silent.
fn skipped(why: &str, test: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {why}: {test}").expect("stderr is open");
}

fn only(data_dir: &Path) -> Locator {
    Locator::with(Some(data_dir.into()), None, None)
}

#[test]
fn plain_and_gzipped_sets_load() {
    Set::new("").assert_sound();
    Set::new(".gz").assert_sound();
}

#[test]
fn content_counts_and_not_the_name() {
    let set = Set::new("");
    let content = fs::read(set.path(NAMES[0])).expect("a file");
    set.write(NAMES[0], &pack(&content));
    set.assert_sound();
    set.write(&format!("{}.gz", NAMES[0]), &content);
    set.assert_sound();
}

#[test]
fn the_name_that_gzip_restores_is_found() {
    let set = Set::new("");
    for name in NAMES {
        fs::rename(set.path(name), set.path(&name.replace("-idx", ".idx"))).expect("a rename");
    }
    set.assert_sound();
}

#[test]
fn directories_are_searched_in_their_order() {
    let [first, second, third] = [Set::new(""), Set::new(""), Set::new("")];
    let path = |set: &Set| Some(set.root.path().to_owned());
    let locator = Locator::with(path(&first), path(&second), path(&third));
    let entry = registry::find("mnist").expect("a known name");
    assert_eq!(
        locator.candidates(entry),
        [&first, &second, &third].map(|set| set.root.path().join("mnist"))
    );
    let found = || locator.find(entry).expect("one that is whole")[0].clone();
    assert_eq!(found(), first.path(NAMES[0]));
    first.remove(NAMES[3]);
    assert_eq!(found(), second.path(NAMES[0]));
    fs::remove_dir_all(second.path("")).expect("a directory to remove");
    assert_eq!(found(), third.path(NAMES[0]));
}

#[test]
fn a_missing_set_says_where_it_was_looked_for_and_how_to_get_it() {
    let set = Set::new(".gz");
    set.remove(&format!("{}.gz", NAMES[1]));
    set.remove(&format!("{}.gz", NAMES[3]));
    let root = set.root.path();
    fs::write(root.join("file"), "").expect("a writable file");
    let locator =
        Locator::with(Some(root.join("absent")), Some(root.into()), Some(root.join("file")));
    let error = load("mnist", &locator).expect_err("half a set");
    assert!(matches!(error, Error::Missing(_)));
    let expected = format!(
        r#"data set "mnist" (MNIST) not found
searched, in this order:
  {root}/absent/mnist (--data-dir): no such directory
  {root}/mnist (HALFWAVE_DATA): no train-labels-idx1-ubyte, t10k-labels-idx1-ubyte
  {root}/file/mnist (cache directory): no such directory
expected there, gzipped or unpacked (without .gz):
  train-images-idx3-ubyte.gz
  train-labels-idx1-ubyte.gz
  t10k-images-idx3-ubyte.gz
  t10k-labels-idx1-ubyte.gz
get them: halfwave data fetch mnist
or by hand, from:
  https://ossci-datasets.s3.amazonaws.com/mnist/
  https://storage.googleapis.com/cvdf-datasets/mnist/
home page: http://yann.lecun.com/exdb/mnist/
please cite: LeCun, Bottou, Bengio, Haffner (1998): Gradient-based learning applied to document recognition. Proceedings of the IEEE 86(11), 2278-2324
then put the files in DIR/mnist/ and say --data-dir DIR, or set HALFWAVE_DATA=DIR"#,
        root = root.display()
    );
    assert_eq!(error.to_string(), expected);
}

#[test]
fn nothing_to_search_is_no_panic() {
    let error = load("mnist", &Locator::default()).expect_err("nowhere to look");
    assert!(error.to_string().contains("nothing: no directory is known"), "{error}");
}

#[test]
fn a_file_for_a_folder_is_said() {
    let root = tempfile::tempdir().expect("a temporary directory");
    fs::write(root.path().join("mnist"), "").expect("a writable file");
    let error = load("mnist", &only(root.path())).expect_err("no folder");
    assert!(error.to_string().contains("mnist (--data-dir): not a directory"), "{error}");
}

#[test]
fn images_and_labels_must_agree() {
    let set = Set::new("");
    set.write(NAMES[1], &labels(&[1, 2]));
    let error = set.error();
    assert!(matches!(error, Error::CountMismatch { images: 3, labels: 2, .. }), "{error}");
    let labels_path = set.path(NAMES[1]).display().to_string();
    assert!(error.to_string().starts_with(&labels_path), "{error}");
    assert!(error.to_string().contains("(3), found 2 labels"), "{error}");
}

#[test]
fn images_for_labels_and_labels_for_images_are_said() {
    let set = Set::new("");
    set.write(NAMES[1], &images(3));
    assert_eq!(
        set.message(NAMES[1]),
        ": at byte 3: expected 1 dimension: labels (is this a file of images?), found sizes [3, 28, 28]"
    );
    let set = Set::new("");
    set.write(NAMES[0], &labels(&[5, 0, 9]));
    let expected = ": at byte 3: expected images of [28, 28] \
        (is this a file of labels, or of another set?), found sizes [3]";
    assert_eq!(set.message(NAMES[0]), expected);
    set.write(NAMES[0], &idx(&[3, 32, 32], &[0; 3 * 1024]));
    assert!(set.message(NAMES[0]).ends_with("found sizes [3, 32, 32]"));
    set.write(NAMES[0], &idx(&[3, 784], &[0; 3 * 784]));
    assert!(set.message(NAMES[0]).ends_with("found sizes [3, 784]"));
}

#[test]
fn labels_of_no_class_are_said() {
    for label in [10, 255] {
        let set = Set::new("");
        set.write(NAMES[3], &labels(&[7, label]));
        assert_eq!(
            set.message(NAMES[3]),
            format!(": at byte 9: expected a label of 0..=9, found {label}")
        );
    }
}

#[test]
fn damaged_files_are_said() {
    let set = Set::new(".gz");
    let name = format!("{}.gz", NAMES[2]);
    let sound = fs::read(set.path(&name)).expect("a file");
    for length in [2, 9, 10, 18, sound.len() - 8, sound.len() - 1] {
        set.write(&name, &sound[..length]);
        assert!(matches!(set.error(), Error::Gz { .. }), "{length}");
        assert!(set.message(&name).starts_with(": gzip: expected more data"), "{length}");
    }
    for length in [0, 1] {
        set.write(&name, &sound[..length]);
        assert!(set.message(&name).contains("expected 4 bytes (the magic)"), "{length}");
    }
    set.write(&name, &[sound, b"garbage that is longer than a header".to_vec()].concat());
    assert_eq!(
        set.message(&name),
        ": gzip: expected an intact stream, found after 1584 unpacked bytes: invalid gzip header"
    );
    set.write(&name, &pack(&images(2)[..1000]));
    let expected = ": at byte 1000: expected 1584 bytes (magic, sizes and data), \
        found the end of the file";
    assert_eq!(set.message(&name), expected);
}

#[test]
fn bombs_are_stopped() {
    let set = Set::new("");
    // A header that promises no more than two images, then zeros without end: 1000 times as long unpacked.
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    bomb.write_all(&idx(&[2, 28, 28], &[])).expect("memory takes all");
    for _ in 0..80 {
        bomb.write_all(&vec![0; 1 << 20]).expect("memory takes all");
    }
    set.write(NAMES[2], &bomb.finish().expect("memory takes all"));
    assert_eq!(
        set.message(NAMES[2]),
        ": gzip: expected at most 67108900 unpacked bytes, found more"
    );
    // 3 TiB in the header and nothing behind it.
    set.write(NAMES[2], &idx(&[u32::MAX, 28, 28], &[0; 4096]));
    assert!(set.message(NAMES[2]).contains("expected at most 67108864 elements"));
}

#[test]
fn a_sparse_file_is_refused_unread() {
    let set = Set::new("");
    set.write(NAMES[0], &images(3));
    let file = File::options().write(true).open(set.path(NAMES[0])).expect("a file");
    const BYTES: u64 = 5 << 40;
    if let Err(error) = file.set_len(BYTES) {
        skipped(&format!("no sparse files here ({error})"), "a_sparse_file_is_refused_unread");
        return;
    }
    assert_eq!(set.message(NAMES[0]), format!(": expected at most 68157476 bytes, found {BYTES}"));
}

#[test]
fn a_directory_for_a_file_is_said() {
    let set = Set::new("");
    set.remove(NAMES[0]);
    fs::create_dir(set.path(NAMES[0])).expect("a fresh directory");
    assert_eq!(set.message(NAMES[0]), ": expected a regular file, found a directory");
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    use super::*;

    #[test]
    fn a_pipe_does_not_hang() {
        let set = Set::new("");
        set.remove(NAMES[1]);
        match Command::new("mkfifo").arg(set.path(NAMES[1])).status() {
            Ok(status) if status.success() => {}
            _ => return skipped("no mkfifo here", "a_pipe_does_not_hang"),
        }
        assert_eq!(set.message(NAMES[1]), ": expected a regular file, found a pipe");
    }

    #[test]
    fn devices_and_sockets_are_refused() {
        let set = Set::new("");
        set.remove(NAMES[1]);
        symlink("/dev/zero", set.path(NAMES[1])).expect("a link");
        assert_eq!(set.message(NAMES[1]), ": expected a regular file, found a device");
        set.remove(NAMES[1]);
        let _socket = UnixListener::bind(set.path(NAMES[1])).expect("a socket");
        assert_eq!(set.message(NAMES[1]), ": expected a regular file, found a socket");
    }

    #[test]
    fn links_are_followed_but_not_in_circles() {
        let set = Set::new("");
        fs::rename(set.path(NAMES[1]), set.path("elsewhere")).expect("a rename");
        symlink("elsewhere", set.path(NAMES[1])).expect("a link");
        set.assert_sound();
        set.remove("elsewhere");
        assert!(matches!(set.error(), Error::Missing(_)), "a dangling link is no file");
        symlink(NAMES[1], set.path("elsewhere")).expect("a link");
        let error = set.error();
        assert!(matches!(error, Error::Io { action: "look at", .. }), "{error}");
    }

    #[test]
    fn an_unreadable_file_is_said() {
        let set = Set::new("");
        let path = set.path(NAMES[1]);
        fs::set_permissions(&path, PermissionsExt::from_mode(0o000)).expect("own file");
        if File::open(&path).is_ok() {
            return skipped("this user may read all", "an_unreadable_file_is_said");
        }
        assert!(set.message(NAMES[1]).starts_with(": cannot open it: "));
    }
}

#[test]
fn verify_tells_a_file_that_is_not_the_published_one() {
    let set = Set::new("");
    let entry = registry::find("mnist").expect("a known name");
    let error = registry::verify(entry, &set.locator()).expect_err("three images are not MNIST");
    let expected = entry.files[0].content.sha256;
    assert!(matches!(error, Error::Checksum { expected: e, .. } if Some(e) == expected), "{error}");
}
