//! `halfwave run`: its files, seeds, and what it never overwrites.

use std::{
    fs,
    path::Path,
    process::{Command as Process, Stdio},
};

use predicates::{prelude::PredicateBooleanExt as _, str::contains};
use serde_json::Value;
use tempfile::tempdir;

use super::support::{halfwave, names, run};

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Accuracy of the first row with this setting and model.
fn accuracy(result: &Value, setting: &str, model: &str) -> f64 {
    let rows = result["rows"].as_array().unwrap();
    let wanted = |row: &&Value| {
        let has = |key: &str, text: &str| row[key].as_str().unwrap().contains(text);
        has("setting", setting) && has("model", model) && has("metric", "accuracy")
    };
    rows.iter().find(wanted).unwrap()["value"].as_f64().unwrap()
}

#[test]
fn the_tour_leaves_every_file_and_each_can_be_read() {
    let home = tempdir().unwrap();
    let mut command = halfwave(home.path());
    command
        .args(["run", "--epochs", "2", "--seeds", "2", "--seed", "5"])
        .assert()
        .success()
        .stdout(contains("WDBC, 10 folds, honest protocol"))
        .stdout(contains("92.40 ["))
        .stdout(contains("NReLU RBM"))
        .stdout(contains("runs/tour-1"))
        .stderr(contains("epoch 1/2"));

    let directory = home.path().join("runs/tour-1");
    let files = names(&directory);
    let result = json(&directory.join("result.json"));
    assert_eq!(result["experiment"], "tour");
    assert_eq!(result["seeds"], serde_json::json!([5, 6]));
    assert_eq!(result["configuration"]["wdbc"]["mlp"]["epochs"], 2);
    assert_eq!(result["configuration"]["optdigits_rbm"]["nrelu"]["hidden"], "nrelu");
    assert!(result["level"].is_string() && result["threads"].as_u64() >= Some(1));
    assert!(result["seconds"].as_f64() > Some(0.0) && result["versions"]["halfwave"].is_string());
    let data = &result["data"];
    assert_eq!((&data[0]["name"], &data[1]["name"]), (&"optdigits".into(), &"wdbc".into()));
    assert_eq!(data[1]["files"][0]["published"], true);
    assert_eq!(data[1]["files"][0]["bytes"], 121_388);
    if cfg!(target_os = "linux") {
        assert!(result["peak_memory"].as_u64() > Some(1 << 20));
    }
    for row in result["rows"].as_array().unwrap() {
        assert!(row["value"].as_f64().unwrap().is_finite(), "{row}");
        assert!(row["n"].as_u64() >= Some(2) && row["std"].is_f64(), "{row}");
    }
    let total = |matrix: &Value| -> u64 {
        let rows = matrix["counts"].as_array().unwrap().iter();
        rows.flat_map(|row| row.as_array().unwrap()).map(|count| count.as_u64().unwrap()).sum()
    };
    assert_eq!(total(&result["confusions"][0]), 2 * 569);
    assert_eq!(total(&result["confusions"][1]), 2 * 171);

    let metrics = fs::read_to_string(directory.join("metrics.jsonl")).unwrap();
    let lines: Vec<Value> =
        metrics.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["epochs"] == 2 && line["metrics"].is_object()));
    let timings = fs::read_to_string(directory.join("timings.jsonl")).unwrap();
    assert_eq!(timings.lines().count(), lines.len());
    let training = &result["timings"][0];
    assert_eq!(training["model"], "FFNN softmax head");
    // Two seeds; ten folds and a split, of two epochs each.
    assert_eq!(training["epochs"], 2 * 11 * 2);
    assert!(training["flop"].as_u64() > Some(1 << 20) && training["seconds"].as_f64() > Some(0.0));
    assert!(result["peak_flops"].as_f64() > Some(1e8));
    let report = fs::read_to_string(directory.join("report.md")).unwrap();
    assert!(report.contains("## Time\n\n| training | epochs |"), "{report}");
    assert!(report.contains("\n| FFNN softmax head | 44 | "), "{report}");
    // Three hidden layers of two networks, and two machines; of one training a seed.
    let layers = result["layers"].as_array().unwrap();
    assert_eq!(layers.len(), 3 + 3 + 1 + 1, "{layers:?}");
    for layer in layers {
        let share = |key: &str| (0.0..=1.0).contains(&layer[key].as_f64().unwrap());
        assert!(share("dead") && share("active") && layer["n"] == 2, "{layer}");
    }
    assert!(report.contains("## Layers\n\n| model | hidden layer | dead units % |"), "{report}");
    let drawn = fs::read_to_string(directory.join("loss-and-validation.svg")).unwrap();
    // One label for both lines of a model, of which one is many dashes.
    assert!(drawn.contains("loss (nats)") && drawn.matches("\npixels\n").count() == 1, "{drawn}");
    assert!(drawn.matches("<polyline").count() > 30, "{drawn}");

    let report = fs::read_to_string(directory.join("report.md")).unwrap();
    assert!(report.contains("contaminated") && report.contains("mlp.optimiser"));
    let figures = result["figures"].as_array().unwrap();
    assert_eq!(files.len(), figures.len() + 5);
    for figure in figures {
        let name = figure.as_str().unwrap();
        assert!(report.contains(name), "{name}");
        let bytes = fs::read(directory.join(name)).unwrap();
        match name.rsplit_once('.').unwrap().1 {
            "svg" => assert!(bytes.starts_with(b"<svg") && bytes.ends_with(b"</svg>\n")),
            "png" => assert!(bytes.starts_with(b"\x89PNG") && bytes.ends_with(b"IEND\xaeB`\x82")),
            other => panic!("{other}"),
        }
    }
}

/// Other commands take them, with rows as the experiment had them first.
#[test]
fn models_are_kept_where_they_are_wanted() {
    let home = tempdir().unwrap();
    let path = home.path();
    run(path, "run tour -q --epochs 1 --seeds 2 --out plain").success();
    run(path, "run tour -q --epochs 1 --seeds 2 --save-models --out o").success();
    let [plain, result] = ["plain", "o"].map(|out| json(&path.join(out).join("result.json")));
    assert_eq!((&plain["rows"], &plain["models"]), (&result["rows"], &serde_json::json!([])));
    let models = result["models"].as_array().unwrap();
    assert_eq!(models.len(), 2 * 4, "{models:?}");
    assert!(models.contains(&"models/ffnn-relu-head-seed2-split.safetensors".into()), "{models:?}");
    assert_eq!(names(&path.join("o/models")).len(), models.len());
    let report = fs::read_to_string(path.join("o/report.md")).unwrap();
    assert!(report.contains("](models/nrelu-rbm-seed1.safetensors)"), "{report}");

    let row = |width: usize| format!("{}\n", vec!["0.5"; width].join(","));
    fs::write(path.join("cells.csv"), row(30)).unwrap();
    fs::write(path.join("digits.csv"), row(64)).unwrap();
    let network = "o/models/ffnn-softmax-head-seed1-split.safetensors";
    run(path, &format!("predict {network} cells.csv classes.npy"))
        .success()
        .stdout(contains("classes: malignant, benign").or(contains("classes: benign, malignant")));
    let arrays = fs::read(path.join(network)).unwrap();
    let arrays = String::from_utf8_lossy(&arrays);
    assert!(arrays.contains("input_mean"), "the network takes standardised rows");
    run(path, "features o/models/bernoulli-rbm-seed1.safetensors digits.csv h.npy")
        .success()
        .stdout(contains("h.npy: f32 (1, 100)"));

    let told = run(path, &format!("info {network}")).success();
    told.stdout(
        contains("trained by   halfwave ")
            .and(contains("experiment   tour: FFNN softmax head, seed 1, split"))
            .and(contains("not known").not()),
    );

    // The laboratory standardises where its configuration says so.
    let lab = "run lab-selu -q --set set=\"optdigits\" --set rows=[200,100,100] --epochs 1 --seeds 1 --save-models";
    for (standardise, out) in [(true, "with"), (false, "without")] {
        run(path, &format!("{lab} --set standardise={standardise} --out {out}")).success();
        let model = fs::read(path.join(out).join("models/selu-seed1.safetensors")).unwrap();
        assert_eq!(String::from_utf8_lossy(&model).contains("input_mean"), standardise);
    }

    run(path, "run glorot-sentiment --save-models")
        .code(2)
        .stderr(contains("glorot-sentiment has no models to keep").and(contains("agarap-wdbc")));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "slow without optimisation")]
fn the_tour_learns() {
    let home = tempdir().unwrap();
    halfwave(home.path())
        .args(["run", "-q", "--seeds", "1", "--out", "o"])
        .assert()
        .success()
        .stderr("");
    let result = json(&home.path().join("o/result.json"));
    for head in ["softmax", "ReLU"] {
        assert!(accuracy(&result, "WDBC", head) > 92.0, "{head}");
    }
    let pixels = accuracy(&result, "optdigits", "pixels");
    for unit in ["Bernoulli", "NReLU"] {
        assert!(accuracy(&result, "optdigits", unit) > pixels + 5.0, "{unit}");
    }
}

#[test]
fn the_same_seed_gives_the_same_metrics_at_any_number_of_threads() {
    let home = tempdir().unwrap();
    let metrics = |threads: &str, seed: &str| {
        let out = format!("{threads}-{seed}");
        let mut command = halfwave(home.path());
        command.args([
            "run",
            "optdigits-rbm",
            "--epochs",
            "1",
            "--seeds",
            "1",
            "-q",
            "--out",
            &out,
        ]);
        command.args(["--set", "protocols=['by_image']", "--threads", threads, "--seed", seed]);
        command.assert().success();
        fs::read(home.path().join(out).join("metrics.jsonl")).unwrap()
    };
    let one = metrics("1", "3");
    assert_eq!(one, metrics("2", "3"));
    assert_eq!(one, metrics("5", "3"));
    assert_ne!(one, metrics("2", "4"));
}

#[test]
fn nothing_is_overwritten_unless_asked() {
    let home = tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let mut command = halfwave(home.path());
        command.args([
            "run",
            "agarap-wdbc",
            "--epochs",
            "1",
            "--seeds",
            "1",
            "-q",
            "--set",
            "folds=2",
        ]);
        command.args(arguments).assert()
    };
    fs::create_dir(home.path().join("o")).unwrap();
    run(&["--out", "o"]).success();
    fs::write(home.path().join("o/mine"), "mine").unwrap();
    run(&["--out", "o"]).code(1).stderr(contains("the directory is not empty"));
    run(&["--out", "o/mine", "--force"]).code(1).stderr(contains("expected a directory"));
    run(&["--out", "o", "--force", "--save-models"]).success();
    let folds = names(&home.path().join("o/models")).len();
    fs::write(home.path().join("o/old.svg"), "named by the result").unwrap();
    let result = home.path().join("o/result.json");
    let text = fs::read_to_string(&result).unwrap();
    let figures = "\"figures\": [";
    assert!(text.contains(figures) && folds > 0, "{text}");
    fs::write(home.path().join("outside"), "mine").unwrap();
    let more = format!("{figures}\"old.svg\", \"../outside\",");
    fs::write(&result, text.replace(figures, &more)).unwrap();
    // Figures and models of the run before go with it, and nothing else.
    run(&["--out", "o", "--force"]).success();
    assert!(!home.path().join("o/models").exists() && !home.path().join("o/old.svg").exists());
    assert_eq!(fs::read(home.path().join("o/mine")).unwrap(), b"mine");
    assert_eq!(fs::read(home.path().join("outside")).unwrap(), b"mine");
    run(&[]).success();
    run(&[]).success();
    assert_eq!(names(&home.path().join("runs")), ["agarap-wdbc-1", "agarap-wdbc-2"]);
}

#[test]
fn a_run_that_fails_leaves_nothing_behind() {
    let home = tempdir().unwrap();
    for (set, said) in [
        ("mlp.optimiser.learning_rate=1e30", "diverged"),
        ("mlp.dropout=2", "dropout"),
        ("mlp.hidden=[0]", "sizes"),
        ("mlp.batch=0", "batch: expected at least 1"),
        ("folds=1", "folds"),
        ("test_fraction=2", "fraction"),
    ] {
        for out in ["", "--out o", "--out of/many"] {
            let command = format!("run agarap-wdbc -q --epochs 5 --seeds 1 {out} --set {set}");
            run(home.path(), &command).code(1).stderr(contains(said));
            assert!(names(home.path()).is_empty(), "{command}");
        }
    }
}

/// A dry run prints what `--config` takes: the same configuration, what it would take, and nothing is left behind.
#[test]
fn a_configuration_is_printed_and_read_back() {
    let home = tempdir().unwrap();
    let path = home.path();
    let limited =
        run(path, "run optdigits-rbm --dry-run --epochs 1 --set nrelu.max_norm=3").success();
    limited.stdout(contains("max_norm = 3"));
    let wrong = run(path, "run optdigits-rbm --set nrelu.max_nrm=3").code(2);
    wrong.stderr(contains("did you mean `nrelu.max_norm`?"));
    let sgd = "--set mlp.optimiser={name=\"sgd\",learning_rate=0.5,momentum=0.25} --set folds=2 --epochs 1";
    let dry = |more: &str| {
        let output = run(path, &format!("run agarap-wdbc --dry-run {more}")).success();
        String::from_utf8(output.get_output().stdout.clone()).unwrap()
    };
    let printed = dry(sgd);
    assert!(
        printed.starts_with("# agarap-wdbc: ") && printed.contains("momentum = 0.25"),
        "{printed}"
    );
    assert!(names(path).is_empty(), "{:?}", names(path));
    // 569 rows in two folds, and 398 of them in a split.
    for trainings in ["1 x FFNN softmax head: 285 rows", "1 x FFNN ReLU head: 398 rows"] {
        assert!(printed.contains(&format!("# {trainings} in batches of ")), "{printed}");
    }
    assert!(printed.contains("# about ") && printed.contains(" a seed, of which "), "{printed}");
    fs::write(path.join("c.toml"), &printed).unwrap();
    // But for the times in comments.
    let settings = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with('#')).map(String::from).collect()
    };
    assert_eq!(settings(&dry("--config c.toml")), settings(&printed));
    assert!(dry("--config c.toml --set folds=3").contains("folds = 3\n"));
    fs::write(path.join("part.toml"), "[mlp]\nbatch = 17\n").unwrap();
    assert!(dry("--config part.toml").contains("batch = 17\n"));
    for (text, expected) in [
        ("[mlp]\nbatches = 17\n", "did you mean `mlp.batch`"),
        ("folds = \"two\"\n", "folds"),
        ("folds = \n", "wrong.toml"),
    ] {
        fs::write(path.join("wrong.toml"), text).unwrap();
        let refused = run(path, "run agarap-wdbc --config wrong.toml --out o").failure();
        refused.code(2).stderr(contains(expected));
    }
    run(path, "run agarap-wdbc --config nowhere.toml").failure().stderr(contains("nowhere.toml"));
    assert_eq!(names(path), ["c.toml", "part.toml", "wrong.toml"]);
}

#[test]
fn what_is_done_is_told_to_whom_asks() {
    let home = tempdir().unwrap();
    let command = "run agarap-wdbc --seeds 1 --epochs 1 --set folds=2 --threads 1";
    run(home.path(), command).success().stderr(contains("INFO").not());
    let asked = run(home.path(), &format!("{command} --verbose")).success();
    asked
        .stderr(contains("INFO needs wdbc, which is embedded"))
        .stderr(contains("INFO agarap-wdbc at level"))
        .stderr(contains("fold 1: at step 2 after"))
        .stderr(contains("INFO has read wdbc (as published)"))
        .stderr(contains("DEBUG").not());
    run(home.path(), &format!("-vv {command}")).success().stderr(contains("run.toml written"));
}

/// Nobody listens any more.
#[test]
fn closed_outputs_lose_nothing() {
    let home = tempdir().unwrap();
    let command = "run agarap-wdbc -vv --seeds 1 --epochs 1";
    run(home.path(), &format!("{command} --out whole")).success();
    for closed in ["stdout", "stderr"] {
        let mut child = Process::new(assert_cmd::cargo::cargo_bin!("halfwave"))
            .args(format!("{command} --out {closed}").split(' '))
            .current_dir(home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The other one is read, so that it never waits.
        if closed == "stdout" {
            drop(child.stdout.take());
        } else {
            drop(child.stderr.take());
        }
        assert!(child.wait_with_output().unwrap().status.success(), "{closed}");
        let [whole, found] = ["whole", closed].map(|folder| home.path().join(folder));
        assert_eq!(names(&found), names(&whole), "{closed}");
        let metrics = |folder: &Path| fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
        assert_eq!(metrics(&found), metrics(&whole), "{closed}");
    }
}

/// Trainings that all diverge are a result, and a sweep goes on after them.
#[test]
fn what_diverges_is_told_in_the_report() {
    let home = tempdir().unwrap();
    let path = home.path();
    let few = "--set set=\"optdigits\" --set rows=[300,200,200] --seeds 1 --epochs 1";
    let rate = "base.optimiser.learning_rate=1e6";
    run(path, &format!("run lab-mlp -q {few} --set {rate} --out o")).success();
    let result = json(&path.join("o/result.json"));
    let notes = result["notes"].as_array().unwrap().iter().filter_map(Value::as_str);
    let told = |what: &str| notes.clone().any(|note| note.contains(what));
    assert!(told("1 of 1 runs diverged") && told("accuracy on validation images: nothing finite"));
    assert!(result["rows"].as_array().unwrap().iter().all(|row| row["value"].is_number()));
    assert!(!names(&path.join("o")).contains(&"validation-accuracy.svg".into()));
    for set in ["base.initialiser={normal={std=0.01}}", "base.initialiser.normal.std=0.01"] {
        let command = format!("run lab-mlp {few} --set {set} --dry-run");
        run(path, &command).success().stdout(contains("std = 0.01"));
    }
    let grid = "--grid base.optimiser.learning_rate=1e6,1e-3";
    run(path, &format!("sweep lab-mlp {few} {grid} --out s"))
        .success()
        .stdout(contains("2 cells run"));
}

/// A published number beside what was made smaller is no headline.
#[test]
fn changed_settings_are_not_comparable() {
    let home = tempdir().unwrap();
    let path = home.path();
    let command = "run agarap-wdbc -q --seeds 1 --protocol published --set folds=2 --set mlp.hidden=[8] --epochs 1 --out o";
    run(path, command).success();
    run(path, "run optdigits-rbm --protocol honest").code(2).stderr(contains("`protocol`"));
    let rows = json(&path.join("o/result.json"))["rows"].as_array().unwrap().clone();
    let mut published = rows.iter().filter(|row| row["published"].is_object()).peekable();
    assert!(published.peek().is_some());
    for row in published {
        let differs = row["published"]["differs"].as_str().unwrap();
        assert_eq!(differs, "here folds = 2, mlp.epochs = 1, mlp.hidden = [8]");
    }
    run(path, "table o/result.json --headlines").code(1).stderr(contains("that can be compared"));
    run(path, "table o/result.json").success().stdout(contains("91.21"));
}
