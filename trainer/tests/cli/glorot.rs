//! The experiments of Glorot, Bordes & Bengio on files of a few images.

use std::{fs, path::Path};

use halfwave_datasets::{
    cifar10::{FOLDER, RECORD},
    norb::Part,
    synthetic::norb::Generator,
};
use predicates::str::contains;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use super::support::{halfwave, names};

/// Bytes that tell their class: `class` bright rows of an image.
fn image(class: usize, row: usize, width: usize) -> impl Iterator<Item = u8> {
    (0..width).map(move |i| if i * 10 / width == class { 200 } else { ((i * 7 + row) % 60) as u8 })
}

/// 200 images to train on and 100 to test with as four IDX files.
fn idx_files(folder: &Path, side: u8, classes: usize) {
    fs::create_dir_all(folder).unwrap();
    let pixels = usize::from(side).pow(2);
    for (part, rows) in [("train", 200_usize), ("t10k", 100)] {
        let size = [0, 0, 0, rows as u8];
        let labels = (0..rows).map(|row| (row % classes) as u8);
        let labels: Vec<u8> = [0, 0, 8, 1].into_iter().chain(size).chain(labels).collect();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).unwrap();
        let sizes = [size, [0, 0, 0, side], [0, 0, 0, side]].concat();
        let pixels = (0..rows).flat_map(|row| image(row % 10, row, pixels));
        let images: Vec<u8> = [0, 0, 8, 3].into_iter().chain(sizes).chain(pixels).collect();
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), images).unwrap();
    }
}

/// A data directory: 200 images to train on, 100 to test with, of MNIST and of CIFAR-10; 600 and 120 pairs of NORB.
fn folder() -> TempDir {
    let home = tempdir().unwrap();
    let (cifar, norb) = (home.path().join("cifar10").join(FOLDER), home.path().join("norb"));
    [&cifar, &norb].into_iter().for_each(|dir| fs::create_dir_all(dir).unwrap());
    idx_files(&home.path().join("mnist"), 28, 10);
    for (file, rows) in
        [("data_batch_1", 160), ("data_batch_2", 10), ("data_batch_3", 10), ("data_batch_4", 10)]
            .into_iter()
            .chain([("data_batch_5", 10), ("test_batch", 100)])
    {
        let record = |row| [(row % 10) as u8].into_iter().chain(image(row % 10, row, RECORD - 1));
        let records: Vec<u8> = (0..rows).flat_map(record).collect();
        fs::write(cifar.join(format!("{file}.bin")), records).unwrap();
    }
    Generator::new(1, Part::Training).write(&norb, 1, 600).unwrap();
    Generator::new(1, Part::Testing).write(&norb, 1, 120).unwrap();
    home
}

fn run(home: &Path, experiment: &str, hidden: &str, more: &[&str]) -> Value {
    let mut command = halfwave(home);
    command.args(["run", experiment, "-q", "--data-dir", ".", "--out", experiment]);
    command.args(["--epochs", "2", "--set", &format!("tuning.hidden={hidden}")]);
    command.args(["--set", "tuning.batch=20"]).args(more).assert().success();
    let result = fs::read(home.join(experiment).join("result.json")).unwrap();
    serde_json::from_slice(&result).unwrap()
}

fn rows(result: &Value) -> &Vec<Value> {
    let rows = result["rows"].as_array().unwrap();
    assert!(rows.iter().all(|row| row["value"].as_f64().unwrap().is_finite()));
    rows
}

#[test]
fn table_1_comes_from_files() {
    let home = folder();
    let sizes = ["--set", "mnist.validation=40", "--set", "cifar10.validation=40"];
    let more = [&sizes[..], &["--seeds", "2", "--set", "auto_encoder.batch=20"]].concat();
    let result = run(home.path(), "glorot-images", "[30, 20, 20]", &more);
    let rows = rows(&result);
    // Errors, differences, and for both starts before and after the zeros of three layers and their average.
    assert_eq!(rows.len(), 2 * (6 + 6 + 2 * 2 * 4));
    assert!(rows.iter().all(|row| row["n"] == 2));
    let published = |at: usize| rows[at]["published"]["value"].as_f64();
    assert_eq!((published(0), published(1), published(28)), (Some(1.43), Some(1.2), Some(50.86)));
    // Half of the rectifiers are off before training.
    let zeros = |row: &&Value| row["model"] == "not pre-trained, before fine-tuning";
    for row in rows.iter().filter(zeros) {
        assert!((20.0..80.0).contains(&row["value"].as_f64().unwrap()), "{row}");
    }
    let files = names(&home.path().join("glorot-images"));
    for file in ["mnist-filters-rectifier.png", "cifar10-filters-tanh.png", "glorot-validation.svg"]
    {
        assert!(files.iter().any(|name| name == file), "{file}");
    }
}

/// Whoever has NISTP needs nothing else, and the result says what was read.
#[test]
fn nistp_is_what_the_user_brings() {
    let home = tempdir().unwrap();
    idx_files(&home.path().join("nistp"), 32, 62);
    let more = ["--set", "sets=[\"nistp\"]", "--set", "models=[\"rectifier\"]"];
    let sizes = ["--set", "nistp.validation=40", "--set", "auto_encoder.batch=20"];
    let result = run(home.path(), "glorot-images", "[20]", &[&more[..], &sizes].concat());
    let published: Vec<_> =
        rows(&result).iter().filter_map(|row| row["published"]["value"].as_f64()).collect();
    assert_eq!(published, [32.64, 32.86, 68.0, 68.0]);
    let [nistp] = &result["data"].as_array().unwrap()[..] else { panic!("{}", result["data"]) };
    assert_eq!((&nistp["name"], &nistp["files"][1]["bytes"]), (&"nistp".into(), &208.into()));
    assert_eq!(nistp["files"][0]["published"], Value::Null);
    assert_eq!(nistp["files"][0]["sha256"].as_str().unwrap().len(), 64);
    let report = fs::read_to_string(home.path().join("glorot-images/report.md")).unwrap();
    assert!(report.contains("Data: nistp (nobody has published all checksums)."), "{report}");
}

#[test]
fn figures_3_and_4_and_the_scale_come_from_files() {
    let home = folder();
    let more = [
        "--set",
        "validation=40",
        "--set",
        "weights=[0.0, 0.1]",
        "--set",
        "networks=3",
        "--set",
        "part=validation",
    ];
    let result = run(home.path(), "glorot-sparsity", "[30, 20]", &more);
    assert_eq!(rows(&result).len(), 6);
    assert!(rows(&result).iter().any(|row| row["model"] == "L1 penalty of 0.05"));
    assert!(rows(&result).iter().any(|row| row["metric"] == "validation error"));

    let more = ["--set", "alphas=[1.0, 1.3, inf]", "--seeds", "2"];
    let result = run(home.path(), "glorot-softplus-scale", "[20, 10]", &more);
    let published: Vec<_> =
        rows(&result).iter().filter_map(|row| row["published"]["value"].as_f64()).collect();
    assert_eq!((rows(&result).len(), published), (3 + 2, vec![17.68, 17.53, 16.4]));

    let more = ["--set", "shares=[0.21, 1.0]", "--set", "auto_encoder.batch=20"];
    let result = run(home.path(), "glorot-semisupervised", "[20, 10]", &more);
    assert_eq!(rows(&result).len(), 2 * (4 + 4));
    let files = names(&home.path().join("glorot-semisupervised"));
    assert!(files.iter().any(|name| name == "glorot-semisupervised.svg"));

    let more = ["--set", "auto_encoder.batch=20", "--set", "auto_encoder.reconstruction=scaled"];
    let result = run(home.path(), "glorot-norb", "[20, 10]", &more);
    let published: Vec<_> =
        rows(&result).iter().filter_map(|row| row["published"]["value"].as_f64()).collect();
    assert_eq!(published, [16.40, 16.46, 19.29, 17.66, 17.68, 19.19]);
    // Each model pre-trained or not, then the rectifier beside both others with both starts.
    assert_eq!(rows(&result).len(), 6 + 3 + 4);
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    let home = folder();
    for (experiment, set, said) in [
        ("glorot-images", "models=[]", "models"),
        ("glorot-images", "tuning.hidden=[]", "tuning.hidden"),
        ("glorot-images", "auto_encoder.masking=1", "masking"),
        ("glorot-images", "mnist.tanh.random=0", "random"),
        ("glorot-images", "sets=['lfw']", "unknown variant `lfw`"),
        ("glorot-sparsity", "weights=[-1.0]", "weights"),
        ("glorot-sparsity", "networks=0", "networks"),
        ("glorot-sparsity", "tuning.stopping.epochs=0", "stopping.epochs"),
        ("glorot-softplus-scale", "alphas=[0.0]", "alphas"),
        ("glorot-semisupervised", "shares=[1.5]", "shares"),
        ("glorot-semisupervised", "models=[]", "models"),
        ("glorot-images", "auto_encoder.reconstruction=cross_entropy", "a strategy for rectifiers"),
    ] {
        let mut command = halfwave(home.path());
        command.args(["run", experiment, "-q", "--data-dir", ".", "--set", set]);
        command.assert().failure().stderr(contains(said));
    }
}
