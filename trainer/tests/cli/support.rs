//! What all tests of the binary need.

use std::{fs, io::Write as _, path::Path};

use assert_cmd::Command;

/// Whatever goes wrong, nothing but the loopback is reached: all else has to pass a proxy that is not there.
pub(super) const LOOPBACK_ONLY: [(&str, &str); 2] =
    [("ALL_PROXY", "http://127.0.0.1:9"), ("NO_PROXY", "127.0.0.1")];

/// The program, with nothing of the environment that it listens to, and no data directory.
pub(super) fn halfwave(home: &Path) -> Command {
    let mut command = Command::cargo_bin("halfwave").unwrap();
    for variable in ["HALFWAVE_LEVEL", "HALFWAVE_DATA", "HALFWAVE_OFFLINE", "RAYON_NUM_THREADS"] {
        command.env_remove(variable);
    }
    command
        .envs(LOOPBACK_ONLY)
        .env("HOME", home)
        .env("XDG_CACHE_HOME", home.join("cache"))
        .current_dir(home);
    command
}

/// The program with arguments that have no blanks in them.
pub(super) fn run(home: &Path, arguments: &str) -> assert_cmd::assert::Assert {
    halfwave(home).args(arguments.split_whitespace()).assert()
}

/// Says what a test passes over, past the capture of the test harness, which would keep a skip silent.
pub(super) fn skipped(what: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {what}").expect("stderr is open");
}

/// What a model in a file is, without where it comes from: its settings and the bytes of its tensors.
pub(super) fn model(path: &Path) -> (serde_json::Value, Vec<u8>) {
    let bytes = fs::read(path).unwrap();
    let (header, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let settings = metadata.metadata().as_ref().unwrap().values().next().unwrap().clone();
    let mut settings: serde_json::Value = serde_json::from_str(&settings).unwrap();
    assert!(settings.as_object_mut().unwrap().remove("provenance").is_some());
    (settings, bytes[8 + header..].to_vec())
}

/// Names in a directory, sorted.
pub(super) fn names(path: &Path) -> Vec<String> {
    let entries = fs::read_dir(path).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
