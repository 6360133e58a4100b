//! Against servers on the loopback that misbehave. Nothing here reaches further.

mod archives;
mod server;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use self::archives::gzip;
use self::server::{Answer, Server, Then, answer};
use super::*;
use crate::Loaded;
use crate::registry::{Sum, check::sha256};

const NAME: &str = "data.bin";

/// Bytes that do not compress and are not alike.
fn content() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..100_000).map(|_| next()).collect()
}

fn leak(text: &str) -> &'static str {
    Box::leak(text.to_owned().into_boxed_str())
}

fn sum(bytes: &[u8]) -> Sum {
    Sum { bytes: bytes.len(), sha256: Some(leak(&sha256(bytes))) }
}

fn file(name: &'static str, bytes: &[u8], published: Published) -> File {
    File { name, content: sum(bytes), published, made_from: None }
}

/// A set of the table's kind that has these mirrors.
fn entry(files: Vec<File>, archive: Option<Archive>, servers: &[&Server]) -> &'static Entry {
    let mirrors: Vec<&'static str> = servers.iter().map(|server| leak(&server.url())).collect();
    Box::leak(Box::new(Entry {
        name: "set",
        title: "Set",
        shape: &[],
        classes: &[],
        embedded: false,
        files: files.leak(),
        licence: "",
        citation: "",
        home: "",
        mirrors: mirrors.leak(),
        archive,
        further: &[],
        hint: "",
        load: |_, _| -> Result<Loaded, Error> { unreachable!() },
    }))
}

fn options() -> Options {
    let timeout = Duration::from_millis(300);
    Options { connect_timeout: timeout, idle_timeout: timeout, ..Options::default() }
}

/// A data directory, and the files that are to come there.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.dir()).unwrap();
        place
    }

    fn dir(&self) -> PathBuf {
        self.0.path().join("set")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    fn locator(&self) -> Locator {
        Locator::with(Some(self.0.path().into()), None, None)
    }

    fn fetch_with(&self, entry: &'static Entry, options: &Options) -> Result<Vec<PathBuf>, Error> {
        fetch(entry, &self.locator(), options, &mut ())
    }

    fn fetch(&self, entry: &'static Entry) -> Result<Vec<PathBuf>, Error> {
        self.fetch_with(entry, &options())
    }

    /// One file from the servers.
    fn single(&self, servers: &[&Server]) -> Result<Vec<PathBuf>, Error> {
        self.fetch(entry(vec![file(NAME, &content(), Published::Plain)], None, servers))
    }

    /// All names but that of the lock.
    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != ".lock").collect();
        names.sort();
        names
    }

    fn assert_whole(&self) {
        assert_eq!(self.names(), [NAME]);
        assert!(fs::read(self.path(NAME)).unwrap() == content());
    }
}

/// Why each mirror failed.
fn whys(fetched: Result<Vec<PathBuf>, Error>) -> Vec<Why> {
    match fetched {
        Err(Error::Fetch { error: FetchError::Mirrors { failures, .. }, .. }) => {
            failures.into_iter().map(|failure| failure.why).collect()
        }
        other => panic!("{other:?}"),
    }
}

/// As it should be: the file, or the rest of it.
fn good() -> Server {
    Server::start(|request| answer(&content(), request.from))
}

#[test]
fn a_file_is_fetched_once() {
    let (server, place) = (good(), Place::new());
    assert_eq!(place.single(&[&server]).unwrap(), [place.path(NAME)]);
    place.assert_whole();
    assert_eq!(server.requests(), ["/data.bin"]);
    assert!(place.single(&[&server]).unwrap().is_empty());
    assert_eq!(server.requests().len(), 1, "nothing is asked for that is there");
}

#[test]
fn each_file_has_a_connection_of_its_own() {
    // Silent after its first answer, as one that closes is a moment later.
    let server = Server::start(|request| answer(&content(), request.from).then(Then::Hang));
    let place = Place::new();
    let files = ["1.bin", "2.bin"].map(|name| file(name, &content(), Published::Plain));
    let fetched = place.fetch(entry(files.into(), None, &[&server])).unwrap();
    assert_eq!(fetched, [place.path("1.bin"), place.path("2.bin")]);
    assert_eq!(server.requests(), ["/1.bin", "/2.bin"]);
}

#[test]
fn the_next_mirror_is_tried_and_each_failure_is_said() {
    let status = |status: &'static str| {
        Server::start(move |_| {
            Answer::new(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n"))
        })
    };
    let (absent, broken) = (status("404 Not Found"), status("500 Internal Server Error"));
    let place = Place::new();
    let fetched = place.single(&[&absent, &broken]);
    let message = fetched.as_ref().unwrap_err().to_string();
    assert_eq!(whys(fetched), [Why::Status(404), Why::Status(500)]);
    let expected = format!(
        "data set \"set\": data.bin could not be downloaded:\n  \
         {}data.bin: expected the file, found HTTP status 404\n  \
         {}data.bin: expected the file, found HTTP status 500\n\
         try again (what has arrived is kept), or name another place: --mirror URL",
        absent.url(),
        broken.url()
    );
    assert_eq!(message, expected);
    assert!(place.names().is_empty());

    let good = good();
    place.single(&[&absent, &broken, &good]).unwrap();
    place.assert_whole();
}

#[test]
fn the_mirror_that_is_named_comes_first() {
    let (named, other, place) = (good(), good(), Place::new());
    let entry = entry(vec![file(NAME, &content(), Published::Plain)], None, &[&other]);
    let options = Options { mirror: Some(named.url()), ..options() };
    place.fetch_with(entry, &options).unwrap();
    assert_eq!((named.requests().len(), other.requests().len()), (1, 0));
    for mirror in ["ftp://host/", "host", "", "file:///etc"] {
        let options = Options { mirror: Some(mirror.into()), ..options.clone() };
        let error = place.fetch_with(entry, &options).unwrap_err();
        assert!(matches!(error, Error::Argument { .. }), "{error}");
    }
}

#[test]
fn nobody_there_is_said() {
    // It is gone when the set is fetched.
    let entry = entry(vec![file(NAME, &content(), Published::Plain)], None, &[&good()]);
    let whys = whys(Place::new().fetch(entry));
    assert!(matches!(whys[..], [Why::Connection(_)]), "{whys:?}");
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let to = |path: &str| {
        Answer::new(format!("HTTP/1.1 302 Found\r\nlocation: {path}\r\ncontent-length: 0\r\n\r\n"))
    };
    let loops = Server::start(move |request| to(&format!("{}x", request.path)));
    let place = Place::new();
    assert_eq!(whys(place.single(&[&loops])), [Why::Redirects(5)]);
    assert_eq!(loops.requests().len(), 6);
    assert!(place.names().is_empty());
    let once = Server::start(move |request| match &*request.path {
        "/data.bin" => to("/elsewhere"),
        _ => answer(&content(), request.from),
    });
    place.single(&[&once]).unwrap();
    place.assert_whole();
}

#[test]
fn https_is_not_left_for_http() {
    let plain = good();
    let to = format!("{}data.bin", plain.url());
    let secure = Server::start_tls(move |request| match &*request.path {
        "/data.bin" => Answer::new(format!(
            "HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n"
        )),
        _ => answer(&content(), request.from),
    });
    let roots = vec![ureq::tls::Certificate::from_pem(server::CERTIFICATE).unwrap()];
    let client = Client::trusting(&options(), roots.into());
    let place = Place::new();
    let get = |url: String, client: &Client| {
        let mut part = Part::open(&place.path("part")).unwrap();
        client.download(&url, NAME, &mut part, Size::exactly(100_000), &mut ())
    };
    let redirected = get(format!("{}data.bin", secure.url()), &client);
    assert!(matches!(redirected, Err(Stop::Mirror(Why::Insecure))), "{redirected:?}");
    assert!(plain.requests().is_empty());
    // Not an authority that anyone knows.
    let unknown = get(format!("{}direct", secure.url()), &Client::new(&options()));
    assert!(matches!(unknown, Err(Stop::Mirror(Why::Connection(_)))), "{unknown:?}");
    get(format!("{}direct", secure.url()), &client).unwrap();
    assert!(fs::read(place.path("part")).unwrap() == content());
}

#[test]
fn sizes_that_are_announced_or_not() {
    let body = |length: Option<usize>, body: Vec<u8>| {
        let length = length.map_or(String::new(), |n| format!("content-length: {n}\r\n"));
        let head = format!("HTTP/1.1 200 OK\r\n{length}connection: close\r\n\r\n");
        Answer::new([head.into_bytes(), body].concat())
    };
    let (size, place) = (content().len() as u64, Place::new());
    for wrong in [1, 99_999, 100_001, 1_usize << 40] {
        let server = Server::start(move |_| body(Some(wrong), content()));
        let expected = Why::Length { expected: size, found: wrong as u64 };
        assert_eq!(whys(place.single(&[&server])), [expected]);
        assert!(place.names().is_empty());
    }
    let more = Server::start(move |_| body(None, [content(), vec![0]].concat()));
    assert_eq!(whys(place.single(&[&more])), [Why::TooLarge { limit: size }]);
    assert!(place.names().is_empty());
    let none = Server::start(move |_| body(None, content()));
    place.single(&[&none]).unwrap();
    place.assert_whole();
}

#[test]
fn what_was_cut_goes_on_where_it_ended() {
    for tenth in 0..10 {
        let cut = tenth * 10_000;
        let tries = AtomicUsize::new(0);
        let server = Server::start(move |request| {
            let whole = answer(&content(), request.from);
            match tries.fetch_add(1, Ordering::Relaxed) {
                0 => whole.cut(cut),
                _ => whole,
            }
        });
        let place = Place::new();
        let first = place.single(&[&server]);
        if cut == 0 {
            // Nothing came: this mirror is not asked again.
            assert_eq!(whys(first), [Why::Cut { expected: 100_000, found: 0 }]);
            assert!(place.names().is_empty());
            place.single(&[&server]).unwrap();
            assert_eq!(server.ranges(), [None, None]);
        } else {
            first.unwrap();
            assert_eq!(server.ranges(), [None, Some(cut as u64)]);
        }
        place.assert_whole();
    }
}

#[test]
fn a_later_call_goes_on_and_so_does_another_mirror() {
    let stops = || {
        let tries = AtomicUsize::new(0);
        Server::start(move |request| match tries.fetch_add(1, Ordering::Relaxed) {
            0 => answer(&content(), request.from).cut(40_000),
            _ => Answer::new("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"),
        })
    };
    let (first, second, third, place) = (stops(), stops(), good(), Place::new());
    assert_eq!(whys(place.single(&[&first])), [Why::Status(503)]);
    assert_eq!(place.names(), [".data.bin.part"]);
    assert!(fs::read(place.path(".data.bin.part")).unwrap() == content()[..40_000]);
    place.single(&[&second, &third]).unwrap();
    assert_eq!(second.ranges(), [Some(40_000), Some(80_000)]);
    assert_eq!(third.ranges(), [Some(80_000)]);
    place.assert_whole();
}

/// Ranges that are ignored, answered by another one, or refused.
#[test]
fn servers_that_know_no_ranges_begin_anew() {
    let ignored: fn(u64) -> Answer = |_| answer(&content(), None);
    let other: fn(u64) -> Answer = |from| answer(&content(), Some(from - 1));
    let unnamed: fn(u64) -> Answer =
        |_| Answer::new("HTTP/1.1 206 Partial Content\r\ncontent-length: 3\r\n\r\nabc");
    let refused: fn(u64) -> Answer =
        |_| Answer::new("HTTP/1.1 416 Range Not Satisfiable\r\ncontent-length: 0\r\n\r\n");
    for (from, requests) in [(ignored, 1), (other, 2), (unnamed, 2), (refused, 2)] {
        let server = Server::start(move |request| {
            request.from.map_or_else(|| answer(&content(), None), from)
        });
        let place = Place::new();
        fs::write(place.path(".data.bin.part"), &content()[..30_000]).unwrap();
        place.single(&[&server]).unwrap();
        assert_eq!(server.ranges(), [Some(30_000), None][..requests]);
        place.assert_whole();
    }
    // Not asked for a range, it has no business to send one.
    let server = Server::start(|_| answer(&content(), Some(5)));
    assert_eq!(whys(Place::new().single(&[&server])), [Why::Status(206)]);
}

/// Bytes that were written.
struct Taken(u64);

impl Watch for Taken {
    fn advance(&mut self, bytes: u64) {
        self.0 += bytes;
    }
}

#[test]
fn bodies_without_end_and_next_to_none_are_given_up() {
    let began = Instant::now();
    let head = "HTTP/1.1 200 OK\r\n\r\n";
    let (size, place) = (100_000, Place::new());
    let endless = Server::start(move |_| Answer::new(head).then(Then::Endless));
    let set = entry(vec![file(NAME, &content(), Published::Plain)], None, &[&endless]);
    let mut taken = Taken(0);
    let fetched = fetch(set, &place.locator(), &options(), &mut taken);
    assert_eq!(whys(fetched), [Why::TooLarge { limit: size }]);
    assert!((1..=size).contains(&taken.0), "{} bytes", taken.0);
    assert!(place.names().is_empty());

    for then in [Then::Hang, Then::Trickle] {
        let (silent, slow) = (
            Server::start(move |_| Answer::new("HTTP/1.1 200 OK\r\nx: ").then(then)),
            Server::start(move |_| Answer::new(head).then(then)),
        );
        for server in [silent, slow] {
            assert_eq!(whys(place.single(&[&server])), [Why::Slow { seconds: 0 }], "{then:?}");
        }
    }
    assert!(began.elapsed() < Duration::from_secs(30));
    let _ = fs::remove_file(place.path(".data.bin.part"));
    place.single(&[&good()]).unwrap();
    place.assert_whole();
}

/// As of small NORB: a checksum of the gzipped file is all that is published, and the size of what is in it.
#[test]
fn contents_are_published_where_the_gzipped_file_is() {
    let packed = gzip(&content());
    let unknown = Sum { sha256: None, ..sum(&content()) };
    let published = Published::Gz(Some(sum(&packed)));
    let file = File { name: NAME, content: unknown, published, made_from: None };
    let entry = entry(vec![file], None, &[]);
    let end = [&content()[1..], &[0]].concat();
    for (name, bytes, expected) in [
        ("data.bin.gz", packed, Some(true)),
        ("data.bin.gz", gzip(&end), Some(false)),
        (NAME, content(), None),
        (NAME, content()[1..].to_vec(), Some(false)),
    ] {
        let place = Place::new();
        fs::write(place.path(name), bytes).unwrap();
        let found = registry::contents(entry, &place.locator()).unwrap();
        assert_eq!((found.len(), found[0].published), (1, expected), "{name}");
    }
}

#[test]
fn wrong_bytes_never_appear() {
    let mut wrong = content();
    wrong[50_000] ^= 1;
    let found = sha256(&wrong);
    let expected = leak(&sha256(&content()));
    let server = Server::start(move |request| answer(&wrong, request.from));
    let place = Place::new();
    assert_eq!(whys(place.single(&[&server])), [Why::Checksum { expected, found }]);
    assert!(place.names().is_empty(), "nothing to go on with");
    place.single(&[&server, &good()]).unwrap();
    place.assert_whole();
}

/// Of another version, too long, or of the right length: the mirror is asked once more from the start.
#[test]
fn a_part_that_is_wrong_does_not_spoil_the_file() {
    for stale in [vec![7; 30_000], vec![7; 100_000], vec![7; 200_000]] {
        let (server, place) = (good(), Place::new());
        fs::write(place.path(".data.bin.part"), stale).unwrap();
        place.single(&[&server]).unwrap();
        place.assert_whole();
    }
}

#[test]
fn a_file_that_differs_is_replaced_by_force_only() {
    let (server, place) = (good(), Place::new());
    let entry = entry(vec![file(NAME, &content(), Published::Plain)], None, &[&server]);
    let force = Options { force: true, ..options() };
    // One of them would be found before the new one.
    for name in ["data.bin", "data.bin.gz"] {
        fs::write(place.path(name), "mine").unwrap();
        let error = place.fetch(entry).unwrap_err();
        assert!(error.to_string().ends_with("it is kept unless you say --force"), "{error}");
        assert!(matches!(error, Error::Fetch { error: FetchError::Differs { .. }, .. }));
        assert_eq!(fs::read(place.path(name)).unwrap(), b"mine");
        place.fetch_with(entry, &force).unwrap();
        place.assert_whole();
        let before = server.requests().len();
        assert!(place.fetch_with(entry, &force).unwrap().is_empty());
        assert_eq!(server.requests().len(), before, "what is right is kept");
        fs::remove_file(place.path(NAME)).unwrap();
    }
}

/// What is here of a file that has a size but no checksum, like those of NORB.
#[test]
fn a_file_of_another_size_and_a_folder_are_not_taken_for_the_file() {
    let server = Server::start(|request| answer(&gzip(&content()), request.from));
    let force = Options { force: true, ..options() };
    let content_sum = Sum { sha256: None, ..sum(&content()) };
    let sized = |published| File { content: content_sum, ..file(NAME, b"", published) };
    let entry = entry(vec![sized(Published::Gz(None))], None, &[&server]);
    let packed = gzip(&content());
    for (name, here) in [
        (NAME, vec![]),
        (NAME, content()[1..].to_vec()),
        (NAME, [content(), vec![0]].concat()),
        ("data.bin.gz", gzip(b"")),
        ("data.bin.gz", packed[..packed.len() / 2].to_vec()),
    ] {
        let place = Place::new();
        fs::write(place.path(name), &here).unwrap();
        let error = place.fetch(entry).unwrap_err();
        assert!(matches!(error, Error::Fetch { error: FetchError::Differs { .. }, .. }), "{error}");
        place.fetch_with(entry, &force).unwrap();
        assert_eq!(place.names(), ["data.bin.gz"]);
        assert!(place.fetch_with(entry, &force).unwrap().is_empty(), "what is right is kept");
    }
    let asked = server.requests().len();
    for name in [NAME, "data.bin.gz"] {
        let place = Place::new();
        fs::create_dir(place.path(name)).unwrap();
        for options in [&options(), &force] {
            let error = place.fetch_with(entry, options).unwrap_err();
            assert!(matches!(error, Error::NotAFile { found: "a directory", .. }), "{error}");
        }
        assert_eq!(place.names(), [name]);
    }
    assert_eq!(server.requests().len(), asked);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link() {
    use std::os::unix::fs::symlink;
    let (server, place) = (good(), Place::new());
    let entry = entry(vec![file(NAME, &content(), Published::Plain)], None, &[&server]);
    let force = Options { force: true, ..options() };
    let victim = place.0.path().join("victim");
    fs::write(&victim, "mine").unwrap();
    for name in [".data.bin.part", ".lock"] {
        let _ = fs::remove_file(place.path(name));
        symlink(&victim, place.path(name)).unwrap();
        let error = place.fetch_with(entry, &force).unwrap_err();
        let expected = format!(
            "{}: expected a regular file, found a symbolic link",
            place.path(name).display()
        );
        assert_eq!(error.to_string(), expected);
        fs::remove_file(place.path(name)).unwrap();
    }
    // To nowhere: as good as not there, but not to be replaced unasked.
    symlink(place.0.path().join("nowhere"), place.path(NAME)).unwrap();
    let error = place.fetch(entry).unwrap_err();
    assert!(matches!(error, Error::NotAFile { found: "a symbolic link", .. }), "{error}");
    fs::remove_file(place.path(NAME)).unwrap();
    symlink(&victim, place.path(NAME)).unwrap();
    assert!(place.fetch(entry).is_err());
    place.fetch_with(entry, &force).unwrap();
    assert!(fs::symlink_metadata(place.path(NAME)).unwrap().is_file());
    place.assert_whole();
    assert_eq!(fs::read(victim).unwrap(), b"mine");
    assert!(!place.0.path().join("nowhere").exists());
}

#[test]
fn a_directory_that_cannot_be_written_is_said() {
    let (server, place) = (good(), Place::new());
    fs::remove_dir(place.dir()).unwrap();
    fs::write(place.dir(), "a file").unwrap();
    let error = place.single(&[&server]).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
    fs::remove_file(place.dir()).unwrap();
    fs::create_dir(place.dir()).unwrap();

    let mut permissions = fs::metadata(place.dir()).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(place.dir(), permissions.clone()).unwrap();
    if fs::write(place.path("probe"), "").is_ok() {
        use std::io::Write as _;
        // Past the capture of the test harness, which would keep a skip silent.
        let text = "SKIPPED: a read-only directory: this user may write it all the same";
        writeln!(std::io::stderr(), "{text}").unwrap();
        fs::remove_file(place.path("probe")).unwrap();
    } else {
        let error = place.single(&[&server]).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
    }
    assert!(server.requests().is_empty(), "no mirror is asked in vain");
    #[allow(clippy::permissions_set_readonly_false, reason = "in a directory of the test's own")]
    permissions.set_readonly(false);
    fs::set_permissions(place.dir(), permissions).unwrap();
}

#[test]
fn one_process_at_a_time() {
    let place = Place::new();
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let server = Server::start(move |request| {
        // Until the other one was refused.
        let _ = wait.lock().unwrap().recv_timeout(Duration::from_secs(10));
        answer(&content(), request.from)
    });
    let entry = entry(vec![file(NAME, &content(), Published::Plain)], None, &[&server]);
    let patient = Options { idle_timeout: Duration::from_secs(10), ..options() };
    std::thread::scope(|scope| {
        let first = scope.spawn(|| place.fetch_with(entry, &patient));
        while server.requests().is_empty() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let error = place.fetch(entry).unwrap_err();
        assert!(matches!(error, Error::Fetch { error: FetchError::Busy { .. }, .. }), "{error}");
        go.send(()).unwrap();
        first.join().unwrap().unwrap();
    });
    assert_eq!(server.requests().len(), 1);
    place.assert_whole();
}

#[test]
fn offline_asks_nobody() {
    let (server, place) = (good(), Place::new());
    let entry = entry(vec![file(NAME, &content(), Published::Plain)], None, &[&server]);
    let offline = Options { offline: true, ..options() };
    let error = place.fetch_with(entry, &offline).unwrap_err();
    assert!(matches!(error, Error::Fetch { error: FetchError::Offline { .. }, .. }), "{error}");
    assert!(error.to_string().contains("offline, and data.bin not in"), "{error}");
    assert!(server.requests().is_empty() && place.names().is_empty());
    place.fetch(entry).unwrap();
    assert!(place.fetch_with(entry, &offline).unwrap().is_empty());
    let nowhere = fetch(entry, &Locator::default(), &options(), &mut ()).unwrap_err();
    assert!(matches!(nowhere, Error::Fetch { error: FetchError::NoDirectory, .. }), "{nowhere}");
}

#[test]
fn what_nobody_publishes_is_not_fetched() {
    let place = Place::new();
    let error = place.fetch(registry::find("nistp").unwrap()).unwrap_err().to_string();
    assert!(error.contains("nobody publishes it: write images"), "{error}");
    assert!(place.names().is_empty());
}

/// From a mirror of one's own: sound IDX of any size, and nothing else.
#[test]
fn what_nobody_publishes_is_fetched_from_ones_own_mirror() {
    let sound = [&[0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2][..], &[70, 71]].concat();
    let cut = sound[..sound.len() - 1].to_vec();
    let more = [&sound[..], &[0]].concat();
    let damaged = gzip(&sound)[..20].to_vec();
    let fetch = |bytes: Vec<u8>| {
        let server = Server::start(move |request| answer(&bytes, request.from));
        let place = Place::new();
        let content = registry::find("nistp").unwrap().files[0].content;
        let file = File { name: NAME, content, published: Published::Own, made_from: None };
        let own = Options { mirror: Some(server.url()), ..options() };
        let fetched = place.fetch_with(entry(vec![file], None, &[]), &own);
        (fetched, place)
    };
    let (fetched, place) = fetch(sound.clone());
    assert_eq!(fetched.unwrap(), [place.path(NAME)]);
    assert_eq!(fs::read(place.path(NAME)).unwrap(), sound);
    for bad in [cut, more, damaged, b"<html>".to_vec()] {
        let (fetched, place) = fetch(bad);
        let whys = whys(fetched);
        assert!(matches!(&whys[..], [Why::Damaged(_)]), "{whys:?}");
        assert!(place.names().is_empty());
    }
}

/// What the table promises to whom downloads by it.
#[test]
fn the_table_can_be_fetched() {
    for entry in registry::TABLE.iter().filter(|entry| !entry.embedded) {
        let Entry { name, files, further, archive, mirrors, hint, .. } = entry;
        assert!(!mirrors.is_empty() || !hint.is_empty(), "{name}");
        for mirror in *mirrors {
            assert!(mirror.starts_with("http") && mirror.ends_with('/'), "{name}: {mirror}");
        }
        for file in files.iter().chain(*further) {
            let plain = |name: &str| !name.contains("..") && !name.starts_with('/');
            assert!(plain(file.name), "{name}: {}", file.name);
            match file.published {
                Published::Archived => assert!(archive.is_some(), "{name}: {}", file.name),
                _ => assert!(!file.name.contains('/'), "{name}: {}", file.name),
            }
        }
    }
    let norb = registry::find("norb").unwrap();
    let names: Vec<&str> = norb.files.iter().chain(norb.further).map(|file| file.name).collect();
    use crate::norb::Part::{Testing, Training};
    let published = [(Training, 10), (Testing, 2)].into_iter().flat_map(|(part, count)| {
        (1..=count).flat_map(move |file| {
            ["dat", "cat", "info"].map(move |kind| part.file_name(file, kind))
        })
    });
    let published: Vec<String> = published.collect();
    assert_eq!(names.len(), published.len());
    assert!(published.iter().all(|name| names.contains(&name.as_str())));
}
