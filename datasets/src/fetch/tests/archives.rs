//! Packed files and archives, of which no member decides a path, a size or a kind of file.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};

use super::*;

pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gz = GzEncoder::new(Vec::new(), Compression::fast());
    gz.write_all(bytes).unwrap();
    gz.finish().unwrap()
}

fn serve(bytes: Vec<u8>) -> Server {
    Server::start(move |request| answer(&bytes, request.from))
}

/// Without a published checksum: gzip's own, and the size of what it holds.
#[test]
fn gzipped_files_without_a_checksum_are_read_to_the_end() {
    let gz = gzip(&content());
    let unpacked = Sum { bytes: content().len(), sha256: None };
    let file = || File { content: unpacked, ..file(NAME, &content(), Published::Gz(None)) };
    let place = Place::new();
    let mut wrong_sum = gz.clone();
    let end = gz.len() - 8;
    wrong_sum[end] ^= 1;
    for (bad, large) in [
        (gz[..gz.len() - 1].to_vec(), false),
        (wrong_sum, false),
        ([&gz[..], b"more"].concat(), false),
        (gzip(&content()[1..]), false),
        (gzip(&vec![0; 1 << 24]), true),
        (content(), false),
    ] {
        let whys = whys(place.fetch(entry(vec![file()], None, &[&serve(bad)])));
        match &whys[..] {
            [Why::TooLarge { limit: 100_000 }] if large => {}
            [Why::Damaged(_)] if !large => {}
            other => panic!("{other:?}"),
        }
        assert!(place.names().is_empty());
    }
    place.fetch(entry(vec![file()], None, &[&serve(gz)])).unwrap();
    assert_eq!(place.names(), ["data.bin.gz"]);
    assert_eq!(crate::files::read(&place.path("data.bin.gz"), 1 << 20).unwrap(), content());
}

/// A `.tar.gz`. The crate refuses to write some of these names: they go into the header as they are.
fn tar_gz(members: &[(&str, tar::EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, kind, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_mode(0o777);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    gzip(&tar.into_inner().unwrap())
}

const ONE: &[u8] = b"one";
const TWO: &[u8] = b"two and more";
const FILE: tar::EntryType = tar::EntryType::Regular;

fn archive_entry(server: &Server, sum: Option<Sum>) -> &'static Entry {
    let files = ["one", "folder/two"].into_iter().zip([ONE, TWO]);
    let files = files.map(|(name, bytes)| file(name, bytes, Published::Archived)).collect();
    entry(files, Some(Archive { name: "set.tar.gz", prefix: "in/", sum }), &[server])
}

#[test]
fn of_archives_only_known_members_are_taken() {
    use tar::EntryType;
    let strange = [
        ("../evil", FILE, &b"evil"[..]),
        ("/tmp/halfwave-evil", FILE, b"evil"),
        ("in/../../evil", FILE, b"evil"),
        ("in/", EntryType::Directory, b""),
        ("in/one", EntryType::Symlink, b""),
        ("in/one", EntryType::Link, b""),
        ("in/folder/two", EntryType::Fifo, b""),
        ("in/one", EntryType::Char, b""),
        ("one", FILE, b"not this"),
        ("x", EntryType::GNULongName, b"in/one\0"),
        ("in/more", FILE, b"more"),
        ("./in/one", FILE, ONE),
        ("in/one", FILE, b"a second one"),
        ("in/folder/two", FILE, TWO),
    ];
    let bytes = tar_gz(&strange);
    for sum in [None, Some(sum(&bytes))] {
        let (server, place) = (serve(bytes.clone()), Place::new());
        let paths = place.fetch(archive_entry(&server, sum)).unwrap();
        assert_eq!(paths, [place.path("one"), place.path("folder/two")]);
        assert_eq!(place.names(), ["folder", "one"]);
        assert_eq!(fs::read(place.path("one")).unwrap(), ONE);
        assert_eq!(fs::read(place.path("folder/two")).unwrap(), TWO);
        assert_eq!(fs::read_dir(place.path("folder")).unwrap().count(), 1);
        assert_eq!(fs::read_dir(place.0.path()).unwrap().count(), 1);
        assert!(!Path::new("/tmp/halfwave-evil").exists());
        assert!(place.fetch(archive_entry(&server, sum)).unwrap().is_empty());
        // One is lost: the other one stays as it is.
        fs::remove_file(place.path("one")).unwrap();
        assert_eq!(place.fetch(archive_entry(&server, sum)).unwrap(), [place.path("one")]);
    }
}

#[test]
fn archives_that_are_not_the_published_ones_are_refused() {
    let good = [("in/one", FILE, ONE), ("in/folder/two", FILE, TWO)];
    let bytes = tar_gz(&good);
    let member = |name: &str, why: Why| Why::Member { name: name.into(), why: Box::new(why) };
    let found = sha256(b"eno");
    let expected = leak(&sha256(ONE));
    let place = Place::new();
    for (bytes, why) in [
        (tar_gz(&good[..1]), member("in/folder/two", Why::Absent)),
        (
            tar_gz(&[("in/one", FILE, b"eno"), good[1]]),
            member("in/one", Why::Checksum { expected, found }),
        ),
        (
            tar_gz(&[("in/one", FILE, &[0; 100_000]), good[1]]),
            member("in/one", Why::TooLarge { limit: 3 }),
        ),
        (
            tar_gz(&[("in/one", FILE, b""), good[1]]),
            member("in/one", Why::Damaged("expected 3 bytes, found 0".into())),
        ),
    ] {
        let server = serve(bytes);
        assert_eq!(whys(place.fetch(archive_entry(&server, None))), [why]);
        assert!(place.names().is_empty());
    }
    let mut wrong_sum = bytes.clone();
    let end = bytes.len() - 8;
    wrong_sum[end] ^= 1;
    for bytes in [
        bytes[..bytes.len() - 9].to_vec(),
        wrong_sum,
        [&bytes[..], b"more"].concat(),
        content(),
        gzip(&content()),
        Vec::new(),
    ] {
        let server = serve(bytes);
        let whys = whys(place.fetch(archive_entry(&server, None)));
        let absent = matches!(&whys[..], [Why::Member { why, .. }] if **why == Why::Absent);
        assert!(absent || matches!(whys[..], [Why::Damaged(_)]), "{whys:?}");
        assert!(place.names().is_empty());
    }
    // Of a call that was killed while it unpacked.
    fs::create_dir_all(place.path(".set.tar.gz.unpacked/folder")).unwrap();
    fs::write(place.path(".set.tar.gz.unpacked/one"), "half").unwrap();
    place.fetch(archive_entry(&serve(bytes), None)).unwrap();
    assert_eq!(place.names(), ["folder", "one"]);
}

/// As LFW: the list says which images there are, and they appear together.
#[test]
fn a_folder_of_images_is_made_from_a_list() {
    let people = "1\n2\nAnn_Lee\t2\nBo-Li\t1\n";
    const JPEG: &[u8] = b"\xff\xd8\xff jpeg";
    let image = |name| (name, FILE, JPEG);
    let images = [
        image("lfw-deepfunneled/Ann_Lee/Ann_Lee_0001.jpg"),
        image("lfw-deepfunneled/Ann_Lee/Ann_Lee_0002.jpg"),
        image("lfw-deepfunneled/Bo-Li/Bo-Li_0001.jpg"),
        image("lfw-deepfunneled/Else/Else_0001.jpg"),
    ];
    let set = |server: &Server| {
        let made = File {
            made_from: Some(lfw::FOLDER),
            ..file("array.npy", b"array", Published::Archived)
        };
        let files = vec![made, file("people.txt", people.as_bytes(), Published::Plain)];
        entry(files, Some(Archive { name: "lfw.tgz", prefix: "", sum: None }), &[server])
    };
    let serve = |archive: Vec<u8>| {
        Server::start(move |request| match &*request.path {
            "/lfw.tgz" => answer(&archive, request.from),
            _ => answer(people.as_bytes(), request.from),
        })
    };
    let place = Place::new();
    let absent = whys(place.fetch(set(&serve(tar_gz(&images[1..])))));
    assert!(matches!(&absent[..], [Why::Member { why, .. }] if **why == Why::Absent), "{absent:?}");
    assert_eq!(place.names(), ["people.txt"]);
    for bad in [&b""[..], b"bad", b"\xff\xd8", b"\xff\xd8\x00\xff"] {
        let mut members = images;
        members[2].2 = bad;
        let whys = whys(place.fetch(set(&serve(tar_gz(&members)))));
        assert!(
            matches!(&whys[..], [Why::Member { why, .. }] if matches!(**why, Why::Damaged(_))),
            "{whys:?}"
        );
        assert_eq!(place.names(), ["people.txt"]);
    }
    let server = serve(tar_gz(&images));
    let paths = place.fetch(set(&server)).unwrap();
    assert_eq!(paths, [place.path(lfw::FOLDER)]);
    assert_eq!(place.names(), ["lfw-deepfunneled", "people.txt"]);
    let bo = place.path("lfw-deepfunneled/Bo-Li/Bo-Li_0001.jpg");
    assert_eq!(fs::read(bo).unwrap(), JPEG);
    assert!(!place.path("lfw-deepfunneled/Else").exists());
    assert!(place.fetch(set(&server)).unwrap().is_empty());

    // A bad array is found before the folder, which is made anew.
    fs::write(place.path("array.npy"), "bad").unwrap();
    fs::write(place.path("lfw-deepfunneled/Bo-Li/Bo-Li_0001.jpg"), "bad").unwrap();
    assert!(place.fetch(set(&server)).is_err());
    let force = Options { force: true, ..options() };
    place.fetch_with(set(&server), &force).unwrap();
    assert_eq!(place.names(), ["lfw-deepfunneled", "people.txt"]);
    assert_eq!(fs::read(place.path("lfw-deepfunneled/Bo-Li/Bo-Li_0001.jpg")).unwrap(), JPEG);
}
