//! `nair-hinton-norb` on files of a few synthetic pairs.

use std::fs;

use halfwave_datasets::{norb::Part, synthetic::norb::Generator};
use predicates::str::contains;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use super::support::{halfwave, names};

/// A data directory: 600 pairs to train on, 120 to test with.
fn folder() -> TempDir {
    let home = tempdir().unwrap();
    let dir = home.path().join("norb");
    fs::create_dir(&dir).unwrap();
    Generator::new(1, Part::Training).write(&dir, 1, 600).unwrap();
    Generator::new(1, Part::Testing).write(&dir, 1, 120).unwrap();
    home
}

fn run(home: &TempDir) -> assert_cmd::Command {
    let mut command = halfwave(home.path());
    command.args(["run", "nair-hinton-norb", "-q", "--data-dir", ".", "--out", "o"]);
    command.args(["--epochs", "2", "--seeds", "2", "--set", "hidden=[20, 10]"]);
    command.args(["--set", "convolutional.filters=[4, 4]", "--set", "convolutional.dense=8"]);
    command
}

#[test]
fn synthetic_pairs_are_written_where_nothing_stands() {
    let home = tempdir().unwrap();
    let generate = |seed: u64, dir: &str| {
        let mut command = halfwave(home.path());
        let arguments = ["data", "generate", "norb-synthetic", dir, "--training-files", "2"];
        command.args(arguments).args(["--pairs", "12", "--seed", &seed.to_string()]).assert()
    };
    generate(1, "a/norb").success().stdout(contains("a/norb: 3 files of 12 pairs, seed 1"));
    let files = names(&home.path().join("a/norb"));
    assert_eq!(files.len(), 9, "{files:?}");
    let read = |dir: &str| fs::read(home.path().join(dir).join(&files[1])).unwrap();
    let before = read("a/norb");
    generate(2, "a/norb").code(1).stderr(contains("exists"));
    generate(1, "b").success();
    generate(2, "c").success();
    assert!(read("a/norb") == before && read("b") == before && read("c") != before);
    let mut other = halfwave(home.path());
    other
        .args(["data", "generate", "norb", "d"])
        .assert()
        .code(2)
        .stderr(contains("norb-synthetic"));
}

#[test]
fn both_tables_come_from_a_folder_of_files() {
    let home = folder();
    run(&home).assert().success();
    let out = home.path().join("o");
    let result: Value =
        serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap();
    let rows = result["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2 + 10 + 8);
    assert!(rows.iter().all(|row| row["n"] == 2 && row["value"].as_f64().unwrap().is_finite()));
    assert!(rows[0]["setting"] == "NORB" && rows[0]["value"].as_f64().unwrap() < 100.0);
    let notes = result["notes"].to_string();
    assert!(notes.contains("jittered-cluttered NORB") && notes.contains("600 for training"));
    let expected = ["norb-filters-bernoulli.png", "norb-filters-nrelu.png", "norb-validation.svg"];
    assert!(expected.iter().all(|file| names(&out).iter().any(|name| name == file)));
}

#[test]
fn broken_files_are_errors_before_training() {
    let home = folder();
    let dat = names(&home.path().join("norb")).into_iter().find(|name| name.contains("dat"));
    let path = home.path().join("norb").join(dat.unwrap());
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    run(&home).assert().code(1).stderr(contains("dat.mat: at byte"));
    fs::write(&path, [&[0x1e, 0x3d, 0x4c, 0x56], &bytes[4..]].concat()).unwrap();
    run(&home).assert().code(1).stderr(contains("dat.mat"));
    assert!(!home.path().join("o").exists());
}

#[test]
fn only_what_has_another_size_takes_full() {
    let home = tempdir().unwrap();
    let one_size = ["run", "agarap-wdbc", "--full"];
    halfwave(home.path()).args(one_size).assert().code(2).stderr(contains("one size only"));
    let wrong = ["run", "nair-hinton-norb", "--full", "--set", "data.testing_files=3"];
    halfwave(home.path()).args(wrong).assert().code(1).stderr(contains("1 or 2"));
}
