//! `halfwave data fetch`, against a server on the loopback. Nothing here reaches further.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use predicates::{prelude::PredicateBooleanExt, str::contains};
use tempfile::tempdir;

use super::support::{LOOPBACK_ONLY, halfwave, names, skipped};

const FILES: [&str; 4] = [
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
];

/// The published files of MNIST, if they are here.
fn mnist() -> Option<PathBuf> {
    let dir = std::env::var_os("HALFWAVE_DATA").map(|root| Path::new(&root).join("mnist"));
    let dir = dir.filter(|dir| FILES.iter().all(|name| dir.join(name).is_file()));
    if dir.is_none() {
        skipped("no published files of MNIST in HALFWAVE_DATA");
    }
    dir
}

/// Serves the files of a folder, ranges too; `slowly`: until it is told to go on, half of each and no more.
struct Server {
    url: String,
    fast: Arc<AtomicBool>,
}

impl Server {
    fn start(dir: PathBuf, slowly: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/mirror", listener.local_addr().unwrap());
        let fast = Arc::new(AtomicBool::new(!slowly));
        let go = fast.clone();
        // Ends with the process of the test.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (dir, go) = (dir.clone(), go.clone());
                thread::spawn(move || serve(&stream, &dir, &go));
            }
        });
        Self { url, fast }
    }
}

fn serve(mut stream: &TcpStream, dir: &Path, go: &AtomicBool) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().unwrap_or(Ok(String::new()))?;
    let name = first.split([' ', '/']).nth(3).unwrap_or_default().to_owned();
    let mut from = 0;
    for line in lines {
        let line = line?.to_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(range) = line.strip_prefix("range: bytes=") {
            from = range.trim_end_matches('-').parse().unwrap_or(0);
        }
    }
    let content = fs::read(dir.join(name))?;
    let (status, size, rest) = match from {
        0 => ("200 OK", content.len(), &content[..]),
        _ => ("206 Partial Content", content.len(), &content[from..]),
    };
    let last = size - 1;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\ncontent-range: bytes {from}-{last}/{size}\r\n\r\n",
        rest.len()
    )?;
    let (half, other) = rest.split_at(rest.len() / 2);
    stream.write_all(half)?;
    while !go.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(10));
    }
    stream.write_all(other)
}

fn fetch(home: &Path, server: &Server) -> assert_cmd::Command {
    let mut command = halfwave(home);
    command.args(["data", "fetch", "mnist", "--data-dir", "data", "--mirror", &server.url]);
    command
}

fn start(home: &Path, server: &Server) -> Child {
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("halfwave"));
    command
        .args(["data", "fetch", "mnist", "--data-dir", "data", "--mirror", &server.url])
        .current_dir(home)
        .envs(LOOPBACK_ONLY)
        .env_remove("HALFWAVE_OFFLINE")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Until a part has grown to this size.
fn wait_for(part: &Path, bytes: u64) {
    let began = Instant::now();
    while fs::metadata(part).map_or(0, |metadata| metadata.len()) < bytes {
        assert!(began.elapsed() < Duration::from_secs(30), "{}", part.display());
        thread::sleep(Duration::from_millis(5));
    }
}

fn assert_whole(home: &Path, published: &Path) {
    let dir = home.join("data/mnist");
    assert_eq!(names(&dir)[1..], FILES);
    assert_eq!(names(&dir)[0], ".lock");
    for name in FILES {
        assert!(fs::read(dir.join(name)).unwrap() == fs::read(published.join(name)).unwrap());
    }
}

#[test]
fn data_that_are_fetched_can_be_used() {
    let Some(published) = mnist() else { return };
    let (home, server) = (tempdir().unwrap(), Server::start(published.clone(), false));
    let first = fetch(home.path(), &server).assert().success();
    first
        .stdout(
            contains("licence: usually stated as CC BY-SA 3.0").and(contains("please cite: LeCun")),
        )
        .stderr(contains("train-images-idx3-ubyte.gz: 0 B of 9.91 MB"));
    assert_whole(home.path(), &published);
    let verify = ["data", "verify", "mnist", "--data-dir", "data"];
    let verify = halfwave(home.path()).args(verify).assert().success();
    verify.stdout(contains("mnist: 4 files, as published"));
    // What is here needs neither a network nor permission to write.
    let again = fetch(home.path(), &server).args(["--offline", "--quiet"]).assert().success();
    again.stdout(contains("mnist: all of it is here already")).stderr("");

    let damaged = home.path().join("data/mnist/t10k-labels-idx1-ubyte.gz");
    fs::write(&damaged, "mine").unwrap();
    fetch(home.path(), &server).assert().code(1).stderr(contains("kept unless you say --force"));
    assert_eq!(fs::read(&damaged).unwrap(), b"mine");
    fetch(home.path(), &server).args(["--force", "-q"]).assert().success().stderr("");
    assert_whole(home.path(), &published);
}

#[cfg(unix)]
#[test]
fn data_fetch_goes_on_after_a_kill() {
    let Some(published) = mnist() else { return };
    for (signal, code) in [("-INT", Some(130)), ("-KILL", None)] {
        let (home, server) = (tempdir().unwrap(), Server::start(published.clone(), true));
        let mut child = start(home.path(), &server);
        let part = home.path().join("data/mnist/.train-images-idx3-ubyte.gz.part");
        wait_for(&part, 9_912_422 / 2);
        // While it waits for the other half, nobody else may.
        let busy = fetch(home.path(), &server).assert().code(1);
        busy.stderr(contains("another process fetches into it"));
        let kill =
            std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        assert_eq!(child.wait().unwrap().code(), code);
        let here = names(&home.path().join("data/mnist"));
        assert_eq!(here, [".lock", ".train-images-idx3-ubyte.gz.part"]);
        server.fast.store(true, Ordering::Relaxed);
        let again = fetch(home.path(), &server).assert().success();
        again.stderr(contains("train-images-idx3-ubyte.gz: 4.96 MB of 9.91 MB"));
        assert_whole(home.path(), &published);
    }
}

/// A limit of the size of files stands for a disk that is full: either is an error of writing.
#[cfg(unix)]
#[test]
fn data_fetch_goes_on_after_a_full_disk() {
    let Some(published) = mnist() else { return };
    let (home, server) = (tempdir().unwrap(), Server::start(published.clone(), false));
    // 4 MB or 8 MB, as the shell counts; the file has 9.9 MB.
    let limited = "ulimit -f 8000; exec \"$@\"";
    let mut command = assert_cmd::Command::new("sh");
    command
        .args(["-c", limited, "sh", env!("CARGO_BIN_EXE_halfwave"), "data", "fetch", "mnist"])
        .args(["--data-dir", "data", "--mirror", &server.url])
        .envs(LOOPBACK_ONLY)
        .env_remove("HALFWAVE_OFFLINE")
        .current_dir(home.path());
    let part = "data/mnist/.train-images-idx3-ubyte.gz.part";
    // No mirror is better than another then: none but the first is asked.
    let full =
        command.assert().code(1).stderr(contains(format!("error: {part}: cannot write it: ")));
    full.stderr(contains("amazonaws").not());
    assert_eq!(names(&home.path().join("data/mnist"))[1..], [".train-images-idx3-ubyte.gz.part"]);
    fetch(home.path(), &server).assert().success();
    assert_whole(home.path(), &published);
}

#[test]
fn data_fetch_says_why_each_mirror_failed() {
    let home = tempdir().unwrap();
    let mirror =
        ["data", "fetch", "rt-polarity", "--data-dir", "data", "--mirror", "http://127.0.0.1:9"];
    let failed = halfwave(home.path()).args(mirror).assert().code(1);
    failed.stderr(
        contains(
            "rt-polaritydata.tar.gz could not be downloaded:\n  http://127.0.0.1:9/rt-polaritydata",
        )
        .and(contains(
            "\n  https://www.cs.cornell.edu/people/pabo/movie-review-data/rt-polaritydata",
        ))
        .and(contains("--mirror URL"))
        // Every one of them was refused by the proxy that is not there: no name was looked up.
        .and(contains("lookup").not()),
    );
    assert_eq!(names(&home.path().join("data/rt-polarity")), [".lock"]);
}

#[test]
fn data_fetch_offline_and_wrong_names_are_refused() {
    let home = tempdir().unwrap();
    let offline = ["data", "fetch", "mnist", "--offline"];
    let offline = halfwave(home.path()).args(offline).assert().code(1);
    offline.stderr(contains("offline, and train-images-idx3-ubyte, train-labels"));
    let mut variable = halfwave(home.path());
    variable.args(["data", "fetch", "--all"]).env("HALFWAVE_OFFLINE", "1");
    variable.assert().code(1).stderr(contains("data set \"mnist\": offline"));
    let slip = ["data", "fetch", "wdbc", "minst"];
    let slip = halfwave(home.path()).args(slip).assert().failure();
    slip.stdout("").stderr(contains("did you mean \"mnist\""));
    let embedded = ["data", "fetch", "wdbc"];
    let embedded = halfwave(home.path()).args(embedded).assert().success();
    embedded.stdout(contains("wdbc: embedded in the program").and(contains("CC BY 4.0")));
    let none = halfwave(home.path()).args(["data", "fetch"]).assert().code(2);
    none.stderr(contains("<NAME>"));
    let mirror = ["data", "fetch", "mnist", "--mirror", "ftp://host"];
    halfwave(home.path()).args(mirror).assert().failure().stderr(contains("https://"));
    assert!(names(home.path()).is_empty(), "nothing is left behind");
}
