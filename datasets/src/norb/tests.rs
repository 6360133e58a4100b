use std::fs;
use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::*;

fn matrix(element: Element, dims: &[usize], data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_header(&mut bytes, element, dims).unwrap();
    bytes.extend(data);
    bytes
}

fn ints(values: &[i32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn pack(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// Three sound pairs: image i is flat, of grey 10 i (left) and 10 i + 1 (right).
struct Files {
    dir: TempDir,
}

const KINDS: [&str; 3] = ["dat", "cat", "info"];

impl Files {
    fn new(side: usize, columns: usize) -> Self {
        let files = Self { dir: tempfile::tempdir().unwrap() };
        let pixels = side * side;
        let greys = [0, 1, 10, 11, 20, 21];
        let images: Vec<u8> = greys.iter().flat_map(|&grey| vec![grey; pixels]).collect();
        files.write("dat", &matrix(Element::Byte, &[3, 2, side, side], &images));
        files.write("cat", &matrix(Element::Int, &[3], &ints(&[0, 5, 4])));
        let infos: Vec<i32> = (0..3 * columns as i32).collect();
        files.write("info", &matrix(Element::Int, &[3, columns], &ints(&infos)));
        files
    }

    fn path(&self, kind: &str) -> PathBuf {
        self.dir.path().join(kind)
    }

    fn write(&self, kind: &str, content: &[u8]) {
        fs::write(self.path(kind), content).unwrap();
    }

    fn content(&self, kind: &str) -> Vec<u8> {
        fs::read(self.path(kind)).unwrap()
    }

    fn read(&self) -> Result<Pairs, Error> {
        read(&self.path("dat"), &self.path("cat"), &self.path("info"))
    }

    /// What is said of this file, without its path.
    fn message(&self, kind: &str) -> String {
        let message = self.read().unwrap_err().to_string();
        let path = format!("{}: ", self.path(kind).display());
        message.strip_prefix(&path).unwrap_or_else(|| panic!("{path}? {message}")).to_owned()
    }
}

#[test]
fn pairs_are_read_at_both_sizes_packed_or_not() {
    for (side, columns) in [(108, 10), (96, 4)] {
        let files = Files::new(side, columns);
        for _ in 0..2 {
            let pairs = files.read().unwrap();
            assert_eq!((pairs.rows(), pairs.labels.as_slice()), (3, &[0, 5, 4][..]));
            assert_eq!(pairs.images.len(), 3 * WIDTH);
            for (image, grey) in pairs.images.chunks_exact(1024).zip([0, 1, 10, 11, 20, 21]) {
                assert!(image.iter().all(|&pixel| pixel == grey));
            }
            assert_eq!(pairs.info[1][0], columns as f32);
            assert_eq!(pairs.info[0][9], if columns == 10 { 9.0 } else { 0.0 });
            for kind in KINDS {
                files.write(kind, &pack(&files.content(kind)));
            }
        }
    }
}

#[test]
fn floats_are_read_as_info() {
    let files = Files::new(96, 4);
    let data: Vec<u8> = (0..30_u8).flat_map(|i| (f32::from(i) * 0.1).to_le_bytes()).collect();
    files.write("info", &matrix(Element::Single, &[3, 10], &data));
    assert_eq!(files.read().unwrap().info[2][7], 27.0 * 0.1);
    let mut data = data;
    data[4..8].copy_from_slice(&f32::NAN.to_le_bytes());
    files.write("info", &matrix(Element::Single, &[3, 10], &data));
    assert_eq!(files.message("info"), "at byte 24: expected a finite number, found NaN");
}

/// The weights themselves are tested with [`AreaAverage`]; here, that rows, columns and cameras stay in place.
#[test]
fn each_pixel_lands_in_its_cell() {
    let files = Files::new(96, 4);
    let mut images = vec![0; 3 * 2 * 96 * 96];
    // Pair 1, right camera, row 30, column 60: a third of a cell's side each.
    images[((2 + 1) * 96 + 30) * 96 + 60] = 90;
    files.write("dat", &matrix(Element::Byte, &[3, 2, 96, 96], &images));
    let pairs = files.read().unwrap();
    let lit: Vec<usize> = (0..pairs.images.len()).filter(|&i| pairs.images[i] > 0).collect();
    assert_eq!(lit, [WIDTH + 1024 + 10 * 32 + 20]);
    assert_eq!(pairs.images[lit[0]], 10);
}

#[test]
fn files_that_do_not_belong_together_are_errors() {
    let files = Files::new(96, 4);
    let sound = KINDS.map(|kind| files.content(kind));
    let restore =
        || KINDS.iter().zip(&sound).for_each(|(kind, content)| files.write(kind, content));

    files.write("cat", &matrix(Element::Int, &[2], &ints(&[0, 1])));
    let mismatch = files.read().unwrap_err();
    assert!(matches!(mismatch, Error::CountMismatch { images: 3, labels: 2, .. }), "{mismatch}");
    restore();
    files.write("info", &matrix(Element::Int, &[2, 4], &ints(&[0; 8])));
    let mismatch = files.read().unwrap_err();
    assert!(matches!(mismatch, Error::CountMismatch { images: 2, labels: 3, .. }), "{mismatch}");
    restore();
    files.write("dat", &matrix(Element::Byte, &[4, 2, 96, 96], &vec![0; 8 * 96 * 96]));
    let mismatch = files.read().unwrap_err();
    assert!(matches!(mismatch, Error::CountMismatch { images: 4, labels: 3, .. }), "{mismatch}");

    const WHICH: &str = "(is this another one of -dat, -cat, -info?)";
    let many = matrix(Element::Int, &[29_161], &[]);
    for (kind, content, said) in [
        (
            "dat",
            &sound[1],
            format!("at byte 0: expected bytes, of images, found 32-bit integers {WHICH}"),
        ),
        (
            "cat",
            &sound[0],
            format!("at byte 0: expected 32-bit integers, of classes, found bytes {WHICH}"),
        ),
        ("cat", &sound[2], "at byte 8: expected one class per pair, found sizes [3, 4]".into()),
        ("cat", &many, "at byte 8: expected at most 29160 pairs, found sizes [29161]".into()),
        (
            "info",
            &sound[0],
            format!("at byte 0: expected 32-bit numbers, of poses, found bytes {WHICH}"),
        ),
        ("info", &sound[1], "at byte 8: expected 4 or 10 numbers per pair, found sizes [3]".into()),
    ] {
        restore();
        files.write(kind, content);
        assert_eq!(files.message(kind), said);
    }
}

#[test]
fn broken_content_is_an_error_with_its_place() {
    let images = |dims: &[usize]| matrix(Element::Byte, dims, &vec![0; dims.iter().product()]);
    const PAIRS: &str =
        "at byte 8: expected stereo pairs: [pairs, 2, 108, 108] or [pairs, 2, 96, 96], found sizes";
    for (kind, content, said) in [
        ("dat", images(&[3, 1, 96, 96]), format!("{PAIRS} [3, 1, 96, 96]")),
        ("dat", images(&[3, 2, 96, 108]), format!("{PAIRS} [3, 2, 96, 108]")),
        ("dat", images(&[3, 2, 96]), format!("{PAIRS} [3, 2, 96]")),
        (
            "cat",
            matrix(Element::Int, &[3], &ints(&[0, 6, 1])),
            "at byte 24: expected a class of 0..=5, found 6".into(),
        ),
        (
            "cat",
            matrix(Element::Int, &[3], &ints(&[0, 1, -1])),
            "at byte 28: expected a class of 0..=5, found -1".into(),
        ),
        (
            "info",
            matrix(Element::Int, &[3, 5], &[0; 60]),
            "at byte 8: expected 4 or 10 numbers per pair, found sizes [3, 5]".into(),
        ),
    ] {
        let files = Files::new(96, 4);
        files.write(kind, &content);
        assert_eq!(files.message(kind), said);
    }
}

#[test]
fn cut_damaged_and_longer_files_are_errors() {
    for kind in KINDS {
        let files = Files::new(96, 10);
        let sound = files.content(kind);
        let packed = pack(&sound);
        let with = |content: &[u8]| {
            files.write(kind, content);
            files.message(kind)
        };
        let length = sound.len();
        assert_eq!(
            with(&sound[..length - 1]),
            format!(
                "at byte {}: expected {length} bytes (header and data), found the end of the file",
                length - 1
            )
        );
        assert_eq!(
            with(&[&sound[..], b"x"].concat()),
            format!("at byte {length}: expected the end of the file, found more")
        );
        for tail in 1..12 {
            assert!(
                with(&packed[..packed.len() - tail])
                    .contains("expected an intact gzip stream, found: its end"),
                "{tail}"
            );
        }
        let mut wrong_sum = packed.clone();
        let crc = wrong_sum.len() - 8;
        wrong_sum[crc] ^= 1;
        assert!(with(&wrong_sum).contains("expected an intact gzip stream"));
        assert!(with(&[&packed[..], b"garbage"].concat()).contains("gzip"));
        assert!(
            with(&[&packed[..], &packed].concat())
                .ends_with("expected the end of the file, found more")
        );
    }
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused() {
    let files = Files::new(96, 4);
    let dev =
        |path: &str| read(Path::new(path), &files.path("cat"), &files.path("info")).unwrap_err();
    assert!(matches!(dev("/dev/zero"), Error::NotAFile { found: "a device", .. }));
    assert!(matches!(dev("/"), Error::NotAFile { found: "a directory", .. }));
    assert!(matches!(dev("/nonexistent"), Error::Io { action: "find", .. }));
}

#[test]
fn a_folder_is_loaded_as_far_as_it_goes() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("norb");
    fs::create_dir(&dir).unwrap();
    let put = |part: Part, file: usize| {
        let files = Files::new(108, 10);
        for kind in KINDS {
            fs::copy(files.path(kind), dir.join(part.file_name(file, kind))).unwrap();
        }
    };
    let locator = Locator::with(Some(root.path().into()), None, None);
    assert!(matches!(load(&locator, Limit::ALL), Err(Error::Missing(_))));
    put(Part::Training, 1);
    put(Part::Training, 2);
    put(Part::Training, 4);
    put(Part::Testing, 1);
    // Three pairs are not the published 29,160: that much their size says.
    let other = registry::verify(registry::find("norb").unwrap(), &locator).unwrap_err();
    assert!(matches!(other, Error::Length { expected: 680_244_504, .. }), "{other}");
    let contents = || registry::contents(registry::find("norb").unwrap(), &locator).unwrap();
    let names = || contents().into_iter().map(|content| content.name).collect::<Vec<_>>();
    load(&locator, Limit { training: 1, testing: 1 }).unwrap();
    assert_eq!(names().len(), 6);
    load(&locator, Limit::ALL).unwrap();
    // The second is used, and the fourth is not.
    assert_eq!(names()[6..], KINDS.map(|kind| Part::Training.file_name(2, kind)));
    assert!(contents().iter().all(|content| content.published == Some(false)));
    let rows = |training, testing| {
        let norb = load(&locator, Limit { training, testing }).unwrap();
        (norb.train.rows(), norb.test.rows())
    };
    assert_eq!((rows(10, 2), rows(1, 1), rows(usize::MAX, 9)), ((6, 3), (3, 3), (6, 3)));
    assert!(load(&locator, Limit { training: 0, testing: 1 }).is_err());
    fs::remove_file(dir.join(Part::Training.file_name(2, "info"))).unwrap();
    let message = load(&locator, Limit::ALL).unwrap_err().to_string();
    assert!(message.contains("expected all three of -dat, -cat and -info, or none"), "{message}");
    let table = crate::load("norb", &locator).unwrap_err();
    assert!(matches!(table, Error::NotATable { name: "norb", .. }));
}

/// Small NORB is six files of one folder. Sound files that are not the published ones are found out by their sizes
/// and, gzipped, by the checksums of the gzipped files, the only ones that are known.
#[test]
fn small_norb_is_loaded_and_verified() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("norb-small");
    fs::create_dir(&dir).unwrap();
    let entry = registry::find("norb-small").unwrap();
    let locator = Locator::with(Some(root.path().into()), None, None);
    assert!(matches!(load_small(&locator), Err(Error::Missing(_))));
    let (sound, mut paths) = (Files::new(96, 4), Vec::new());
    sound.write("cat", &matrix(Element::Int, &[3], &ints(&[0, 3, 4])));
    for (file, kind) in entry.files.iter().zip(KINDS.iter().cycle()) {
        assert!(file.name.ends_with(&format!("-{kind}.mat")), "{}", file.name);
        paths.push(dir.join(file.name));
        fs::copy(sound.path(kind), paths.last().unwrap()).unwrap();
    }
    let norb = load_small(&locator).unwrap();
    assert_eq!(norb.train, sound.read().unwrap());
    assert_eq!(norb.test, norb.train);
    assert_eq!(SMALL_CLASSES, &CLASSES[..5]);
    assert_eq!(entry.files[0].content.bytes, 24 + 24_300 * 2 * 96 * 96);
    let other = registry::verify(entry, &locator).unwrap_err();
    let expected = entry.files[0].content.bytes as u64;
    assert!(matches!(other, Error::Length { expected: e, .. } if e == expected), "{other}");
    for path in &paths {
        let gz = path.with_extension("mat.gz");
        fs::write(gz, pack(&fs::read(path).unwrap())).unwrap();
        fs::remove_file(path).unwrap();
    }
    assert_eq!(load_small(&locator).unwrap(), norb);
    let other = registry::verify(entry, &locator).unwrap_err();
    assert!(matches!(other, Error::Checksum { .. }), "{other}");
    let none = matrix(Element::Int, &[3], &ints(&[0, 5, 4]));
    fs::write(paths[4].with_extension("mat.gz"), pack(&none)).unwrap();
    let message = load_small(&locator).unwrap_err().to_string();
    assert!(message.contains("testing-cat.mat.gz"), "{message}");
    assert!(message.ends_with("at byte 24: expected a class of 0..=4, found 5"), "{message}");
}

#[test]
fn names_are_the_published_ones() {
    assert_eq!(
        Part::Training.file_name(10, "dat"),
        "norb-5x46789x9x18x6x2x108x108-training-10-dat.mat"
    );
    assert_eq!(
        Part::Testing.file_name(2, "info"),
        "norb-5x01235x9x18x6x2x108x108-testing-02-info.mat"
    );
}

#[test]
fn no_toy_is_on_both_sides_of_the_hold_out() {
    let mut pairs = Pairs::default();
    for row in 0..6_000_u32 {
        pairs.labels.push(row % 6);
        let mut info = [0.0; INFO.len()];
        info[INSTANCE] = [4.0, 6.0, 7.0, 8.0, 9.0][(row / 6 % 5) as usize];
        pairs.info.push(info);
    }
    let fold = pairs.hold_out(7).unwrap();
    assert_eq!((fold.train.len(), fold.test.len()), (4800, 1200));
    let toys = |rows: &[usize], label: u32| {
        let rows = rows.iter().filter(|&&row| pairs.labels[row] == label);
        rows.map(|&row| pairs.info[row][INSTANCE] as u32).collect::<std::collections::BTreeSet<_>>()
    };
    for label in 0..5 {
        assert_eq!((toys(&fold.train, label).len(), toys(&fold.test, label).len()), (4, 1));
        assert!(toys(&fold.train, label).is_disjoint(&toys(&fold.test, label)));
    }
    assert_eq!(fold.test.iter().filter(|&&row| pairs.labels[row] == 5).count(), 200);
    assert_eq!(fold, pairs.hold_out(7).unwrap());
    assert_ne!(fold, pairs.hold_out(8).unwrap());
    pairs.info.iter_mut().for_each(|info| info[INSTANCE] = 4.0);
    assert!(pairs.hold_out(7).is_err());
    assert!(Pairs::default().hold_out(7).is_err());
}
