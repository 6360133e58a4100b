//! Help, lists, and names that do not exist.

use std::fs;

use predicates::{prelude::PredicateBooleanExt, str::contains};
use serde_json::{Value, json};
use tempfile::tempdir;

use super::support::{halfwave, names, run};

#[test]
fn help_teaches() {
    let home = tempdir().unwrap();
    for (arguments, said) in [
        (&["--help"][..], "halfwave apply softplus x.npy y.npy"),
        (&["run", "--help"], "--set mlp.optimiser"),
        (&["apply", "--help"], "nrelu"),
        (&["data", "--help"], "path"),
    ] {
        let assert = halfwave(home.path()).args(arguments).assert().success();
        assert.stdout(contains("Usage").and(contains(said)));
    }
    halfwave(home.path()).assert().code(2).stderr(contains("Usage"));
    halfwave(home.path()).arg("--version").assert().success().stdout(contains("halfwave 0."));
}

#[test]
fn lists_come_from_the_tables() {
    let home = tempdir().unwrap();
    let list = halfwave(home.path()).arg("list").assert().success();
    list.stdout(contains("tour").and(contains("mnist-rbm")).and(contains("mnist (not found)")));
    let keys = halfwave(home.path()).args(["config", "show", "agarap-wdbc"]).assert().success();
    keys.stdout(contains("folds = 10").and(contains("learning_rate = 1e-3")));
    let schema = halfwave(home.path()).args(["config", "schema", "agarap-wdbc"]).assert().success();
    let schema = &schema.get_output().stdout;
    let schema: Value = serde_json::from_slice(schema).unwrap();
    assert_eq!(schema["properties"]["folds"]["default"], 10);
    let info = halfwave(home.path()).arg("info").assert().success();
    info.stdout(
        contains("levels       scalar portable")
            .and(contains("processor    "))
            .and(contains("subnormals   kept"))
            .and(contains("data here    wdbc optdigits (data list shows all)"))
            .and(contains("softplus").and(contains("prelu"))),
    );
    let data = halfwave(home.path()).args(["data", "list"]).assert().success();
    data.stdout(contains("optdigits          embedded; 8x8, 10 classes; "));
    for arguments in [&["data", "list"][..], &["list"]] {
        let narrow = halfwave(home.path()).args(arguments).env("COLUMNS", "40").assert().success();
        let text = String::from_utf8(narrow.get_output().stdout.clone()).unwrap();
        let long: Vec<_> = text.lines().filter(|line| line.chars().count() > 40).collect();
        assert!(long.is_empty(), "{long:?}");
    }
    let path = halfwave(home.path()).args(["data", "path", "--data-dir", "there"]).assert();
    path.success().stdout(contains("there/mnist\n").and(contains("cache/halfwave/mnist\n")));
}

#[test]
fn unknown_names_exit_with_2_and_offer_the_nearest() {
    let home = tempdir().unwrap();
    for (arguments, said) in [
        (&["run", "tuor"][..], "unknown experiment `tuor`; did you mean `tour`?"),
        (&["config", "show", "mnist-mpl"], "did you mean `mnist-mlp`?"),
        (
            &["apply", "sofplus", "x.npy", "y.npy"],
            "unknown kind `sofplus`; did you mean `softplus`?",
        ),
        (&["apply", "nerlu", "x.npy", "y.npy"], "did you mean `nrelu`?"),
        (&["apply", "relu", "x.npy", "y.npy", "--level", "avx52"], "did you mean `avx512`?"),
        (
            &["run", "agarap-wdbc", "--set", "mlp.epoch=3"],
            "unknown key `mlp.epoch`; did you mean `mlp.epochs`?",
        ),
        (&["run", "agarap-wdbc", "--set", "folds"], "KEY=VALUE"),
        (
            &["run", "agarap-wdbc", "--set", "folds=ten"],
            "`folds`: expected a whole number (default: 10), found `ten`",
        ),
        (&["run", "agarap-wdbc", "--set", "folds=-1"], "folds"),
        (&["run", "agarap-wdbc", "--set", "heads=['softmx']"], "unknown variant `softmx`"),
        (&["run", "agarap-wdbc", "--set", "mlp.activation=rel"], "unknown activation `rel`"),
        (&["run", "agarap-wdbc", "--epochs", "0"], "expected a whole number from 1"),
        (&["run", "agarap-wdbc", "--threads", "x"], "expected a whole number from 1"),
        (&["run", "agarap-wdbc", "--seed", "18446744073709551615"], "too large"),
        (&["data", "path", "minst"], "did you mean \"mnist\"?"),
        (&["aply"], "'apply'"),
        (&["run", "--seeed", "1"], "--seed"),
    ] {
        halfwave(home.path()).args(arguments).assert().code(2).stderr(contains(said));
    }
    for (level, said) in [("avx3", "did you mean `avx"), ("", "unknown level"), ("neon,", "neon")] {
        let mut run = halfwave(home.path());
        run.args(["run", "agarap-wdbc"])
            .env("HALFWAVE_LEVEL", level)
            .assert()
            .code(2)
            .stderr(contains(said));
        halfwave(home.path()).arg("info").env("HALFWAVE_LEVEL", level).assert().code(2);
    }
    assert!(names(home.path()).is_empty(), "nothing is left behind");
}

#[test]
fn a_level_that_the_machine_lacks_is_refused() {
    let home = tempdir().unwrap();
    let foreign = if cfg!(target_arch = "x86_64") { "neon" } else { "avx2" };
    let info = halfwave(home.path()).arg("info").env("HALFWAVE_LEVEL", foreign).assert();
    info.code(2).stderr(contains("cannot run on this machine"));
    let forced = halfwave(home.path()).arg("info").env("HALFWAVE_LEVEL", "scalar").assert();
    forced.success().stdout(contains("scalar* "));
}

#[test]
fn missing_data_say_how_to_get_them() {
    let home = tempdir().unwrap();
    for arguments in [&["run", "mnist-mlp", "--data-dir", "there"][..], &["data", "path", "mnist"]]
    {
        let assert = halfwave(home.path()).args(arguments).assert().code(1);
        assert.stderr(contains("train-images-idx3-ubyte.gz").and(contains("--data-dir DIR")));
    }
    let faces = halfwave(home.path()).args(["run", "nair-hinton-lfw"]).assert().code(1);
    faces.stderr(contains("lfw_deepfunneled_32x32x3_u8.npy").and(contains("--data-dir DIR")));
    assert!(names(home.path()).is_empty(), "nothing is left behind");
}

#[test]
fn a_reader_that_stops_is_no_failure() {
    let home = tempdir().unwrap();
    let mut command = std::process::Command::new(assert_cmd::cargo::cargo_bin!("halfwave"));
    command.arg("list").current_dir(home.path()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn lists_are_json_for_programs() {
    let home = tempdir().unwrap();
    let json = |arguments: &[&str]| -> Value {
        let output = halfwave(home.path()).args(arguments).arg("--json").assert().success();
        serde_json::from_slice(&output.get_output().stdout).unwrap()
    };
    let experiments = json(&["list"]);
    let mlp = experiments.as_array().unwrap().iter().find(|it| it["name"] == "mnist-mlp").unwrap();
    assert_eq!(mlp["data"][0], json!({ "name": "mnist", "here": "not found" }));
    let sets = json(&["data", "list"]);
    let wdbc = sets.as_array().unwrap().iter().find(|it| it["name"] == "wdbc").unwrap();
    assert_eq!((&wdbc["here"], &wdbc["shape"][0]), (&"embedded".into(), &30.into()));
    // A download that has not ended, and a file that is not the published one.
    let folder = home.path().join("cache/halfwave/mnist");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(".train-images-idx3-ubyte.gz.part"), "half").unwrap();
    fs::write(folder.join("t10k-labels-idx1-ubyte"), "other").unwrap();
    fs::write(folder.join("notes.txt"), "of nobody").unwrap();
    let sets = json(&["data", "list"]);
    let mnist = sets.as_array().unwrap().iter().find(|it| it["name"] == "mnist").unwrap();
    let [part, other] = &mnist["files"].as_array().unwrap()[..] else { panic!("{mnist}") };
    assert_eq!((&part["partial"], &part["bytes"]), (&json!(true), &json!(4)));
    assert_eq!(part["published_bytes"], 9_912_422);
    assert_eq!((&other["partial"], &other["published_bytes"]), (&json!(false), &json!(10_008)));
    assert_eq!(other["as_large_as_published"], false);
    let info = json(&["info"]);
    assert!(info["levels"].as_array().unwrap().contains(&info["level"]));
    assert_eq!(
        [&info["data"]["wdbc"], &info["flushes_subnormals"]],
        [&json!("embedded"), &json!(false)]
    );
}

/// What is said to be missing is what the configuration takes.
#[test]
fn an_experiment_on_another_set_needs_that_set_only() {
    let home = tempdir().unwrap();
    let path = home.path();
    run(path, "run lab-mlp --dry-run").code(1).stderr(contains("data set \"mnist\""));
    run(path, "run lab-mlp --dry-run --set set=\"optdigits\"")
        .success()
        .stdout(contains("data: optdigits"));
    let some = "run glorot-images --dry-run --set sets=[\"cifar10\"]";
    run(path, some).code(1).stderr(contains("data set \"cifar10\""));
}

#[test]
fn data_are_compared_with_what_was_published() {
    let home = tempdir().unwrap();
    let path = home.path();
    run(path, "data verify wdbc").success().stdout(contains("wdbc: embedded, as published"));
    run(path, "data verify").success().stdout(contains("no data set is here"));
    run(path, "data verify mnist").code(1).stderr(contains("not found"));
    run(path, "data verify mnits").code(2).stderr(contains("did you mean"));
    fs::create_dir(path.join("mnist")).unwrap();
    for part in ["train", "t10k"] {
        for kind in ["images-idx3", "labels-idx1"] {
            fs::write(path.join(format!("mnist/{part}-{kind}-ubyte")), "no").unwrap();
        }
    }
    run(path, "data verify --data-dir .").code(1).stderr(contains("train-images-idx3-ubyte"));
}
