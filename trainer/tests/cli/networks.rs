//! `halfwave train mlp`, `train cnn`, `predict`, `eval`: networks on one's own data.

use std::{fs, path::Path};

use halfwave_datasets::{
    npy::{self, Array},
    preprocess::Standardiser,
};
use halfwave_trainer::network::Network;
use predicates::{prelude::PredicateBooleanExt, str::contains};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::{TempDir, tempdir};

use super::{
    apply::{load, save},
    support::{model, names, run},
};

/// 90 rows of 3 in three classes that one column each tells, on other scales; the last column is constant.
fn rows() -> Vec<f32> {
    let row = |i: u16| {
        let noise = f32::from(i * 37 % 11) / 40.0;
        [
            f32::from(i.is_multiple_of(3)) * 50.0 + noise,
            f32::from(i % 3 == 1) * 0.02 + noise / 1000.0,
            7.0,
        ]
    };
    (0..90).flat_map(row).collect()
}

const NAMES: [&str; 3] = ["cat", "dog", "emu"];

fn lines(label: impl Fn(usize) -> String) -> String {
    (0..90).map(|i| label(i % 3) + "\n").collect()
}

fn files() -> TempDir {
    let home = tempdir().unwrap();
    let path = home.path();
    save(&path.join("x.npy"), &[90, 3], &rows());
    fs::write(path.join("y.csv"), lines(|k| NAMES[k].into())).unwrap();
    fs::write(
        path.join("numbers.csv"),
        format!("kind\n{}", lines(|k| ["7", "-1", "30"][k].into())),
    )
    .unwrap();
    let array = Array { shape: vec![90], data: (0..90).map(|i| [7_i64, -1, 30][i % 3]).collect() };
    npy::write(&array, &mut fs::File::create(path.join("y.npy")).unwrap()).unwrap();
    home
}

const TRAIN: &str = "train mlp -q --data x.npy --out m.safetensors --hidden 8 --epochs 60 \
    --set optimiser.learning_rate=0.01 --set batch=15";

fn integers(path: &Path) -> Vec<i64> {
    npy::read::<i64>(path).unwrap().data
}

/// Rows that stay on disk make the same network, by bytes, with rows set aside and with patience.
#[test]
fn networks_of_data_that_stay_on_disk_are_the_same() {
    let home = files();
    let path = home.path();
    let train = |more: &str| {
        let more = format!("--standardise --validation 0.3 {more} --force --labels y.csv");
        run(path, &format!("{TRAIN} {more}")).success().stdout(contains(" + 27 rows"));
        fs::read(path.join("m.safetensors")).unwrap()
    };
    assert_eq!(train("--stream"), train(""));
    assert_eq!(train("--stream --patience 3"), train("--patience 3"));
    run(path, &format!("{TRAIN} --force --labels y.csv --stream --pca 2"))
        .code(2)
        .stderr(contains("--pca takes rows that fit into memory"));
}

/// Data are looked at as the network takes them: here the file's numbers are finite, the standardised one is not.
#[test]
fn numbers_that_overflow_when_standardised_are_errors() {
    let home = files();
    let path = home.path();
    run(path, &format!("{TRAIN} --labels y.csv --standardise")).success();
    save(&path.join("far.npy"), &[2, 3], &[0.0, 0.02, 7.0, 0.0, 3e38, 7.0]);
    fs::write(path.join("two.csv"), "cat\ndog\n").unwrap();
    for command in
        ["predict m.safetensors far.npy p.npy", "eval m.safetensors far.npy --labels two.csv"]
    {
        run(path, command).code(1).stderr(contains("far.npy: inf in row 1, column 1 of the data"));
    }
    assert!(!path.join("p.npy").exists());
}

/// Of stars the mean under the softmax is a prediction, with an error of its own.
#[test]
fn classes_that_are_numbers_have_an_expected_value() {
    let home = files();
    let path = home.path();
    let stars: String = (0..90).map(|i| format!("{}\n", [1, 3, 5][i % 3])).collect();
    fs::write(path.join("stars.csv"), stars).unwrap();
    run(path, &format!("{TRAIN} --labels stars.csv --standardise")).success();
    run(path, "predict m.safetensors x.npy p.npy --probabilities").success();
    let (_, p) = load(&path.join("p.npy"));
    let square = |(i, p): (usize, &[f32])| {
        let expected = f64::from(p[0]) + 3.0 * f64::from(p[1]) + 5.0 * f64::from(p[2]);
        (expected - [1.0, 3.0, 5.0][i % 3]).powi(2)
    };
    let error = (p.chunks(3).enumerate().map(square).sum::<f64>() / 90.0).sqrt();
    assert!(error > 1e-5);
    run(path, "eval m.safetensors x.npy --labels stars.csv")
        .success()
        .stdout(contains(format!("expected value        {error:.4}")));
}

#[test]
fn a_network_is_trained_evaluated_and_predicts() {
    let home = files();
    let path = home.path();
    let train = format!("{TRAIN} --labels y.csv --standardise --validation 0.2");
    run(path, &train)
        .success()
        .stdout(contains("3 inputs, 3 classes, 59 parameters; 72 + 18 rows"))
        .stdout(contains("validation_accuracy 1.000000"));
    run(path, "eval m.safetensors x.npy --labels y.csv")
        .success()
        .stdout(contains("accuracy              100.00 %"))
        .stdout(contains("calibration error"))
        .stdout(contains("expected value").not())
        .stdout(contains("weighted mean       100.00    100.00  100.00       90"))
        .stdout(contains("emu              0    0   30"));
    run(path, "predict m.safetensors x.npy k.npy").success().stdout(contains("cat, dog, emu"));
    let expected: Vec<i64> = (0..90).map(|i| i % 3).collect();
    assert_eq!(integers(&path.join("k.npy")), expected);
    run(path, "predict m.safetensors x.npy p.npy --probabilities").success();
    let (shape, p) = load(&path.join("p.npy"));
    assert_eq!(shape, [90, 3]);
    for (row, k) in p.chunks(3).zip(&expected) {
        assert!((row.iter().sum::<f32>() - 1.0).abs() < 1e-5 && row[*k as usize] > 0.5, "{row:?}");
    }
    // For people and spreadsheets: the labels as they were.
    run(path, "predict m.safetensors x.npy k.csv")
        .success()
        .stdout(contains("k.csv: labels (90,)"));
    let text = fs::read_to_string(path.join("k.csv")).unwrap();
    assert!(
        text.starts_with("class\ncat\ndog\nemu\ncat\n") && text.lines().count() == 91,
        "{text}"
    );
    run(path, "eval m.safetensors x.npy --labels k.csv").success().stdout(contains("100.00 %"));
    run(path, "predict m.safetensors x.npy p.csv --probabilities").success();
    let text = fs::read_to_string(path.join("p.csv")).unwrap();
    assert!(text.starts_with("cat,dog,emu\n") && text.lines().count() == 91, "{text}");
    let (x, width) = halfwave_trainer::datasets::csv::numbers(text.as_bytes()).unwrap();
    assert_eq!((x, width), (p, 3), "every digit is kept");
}

/// The same labels as numbers in three formats give the same file, whose predictions are these numbers.
#[test]
fn labels_are_numbers_or_names_in_any_format() {
    let home = files();
    let path = home.path();
    let train = |labels: &str| {
        run(path, &format!("{TRAIN} --labels {labels} --standardise --force")).success();
        model(&path.join("m.safetensors"))
    };
    let bytes = train("y.npy");
    assert_eq!(train("numbers.csv"), bytes);
    fs::write(path.join("real.csv"), lines(|k| ["7.0e+00", "-1.0", "30"][k].into())).unwrap();
    assert_eq!(train("real.csv"), bytes);
    save(&path.join("y32.npy"), &[90, 1], &[7.0, -1.0, 30.0].repeat(30));
    assert_eq!(train("y32.npy"), bytes);
    run(path, "predict m.safetensors x.npy k.npy").success().stdout(contains("classes: -1, 7, 30"));
    assert_eq!(integers(&path.join("k.npy")), [7, -1, 30].repeat(30));
    let of_bytes = [&[0, 0, 8, 1, 0, 0, 0, 90][..], &[2, 0, 1].repeat(30)].concat();
    fs::write(path.join("y-ubyte"), of_bytes).unwrap();
    train("y-ubyte");
    run(path, "predict m.safetensors x.npy b.npy").success().stdout(contains("classes: 0, 1, 2"));
    assert_eq!(integers(&path.join("b.npy")), [2, 0, 1].repeat(30));
}

/// What is done to data is fitted on training rows, kept in the file, and done to other data.
#[test]
fn data_pass_what_the_training_rows_were_fitted_with() {
    let home = files();
    let path = home.path();
    let mut x = rows();
    Standardiser::fit(&x, 3).unwrap().apply(&mut x).unwrap();
    save(&path.join("z.npy"), &[90, 3], &x);
    for (data, more) in [("x", "--standardise"), ("z", "")] {
        let train =
            TRAIN.replace("x.npy", &format!("{data}.npy")).replace("m.saf", &format!("{data}.saf"));
        run(path, &format!("{train} --labels y.csv {more}")).success();
        run(path, &format!("predict {data}.safetensors {data}.npy {data}-p.npy --probabilities"))
            .success();
    }
    assert_eq!(load(&path.join("x-p.npy")), load(&path.join("z-p.npy")));
    run(path, &format!("{TRAIN} --labels y.csv --standardise --pca 2 --validation 0.5")).success();
    let bytes = fs::read(path.join("m.safetensors")).unwrap();
    assert!(Network::from_bytes(&bytes, 1).is_err());
    run(path, "eval m.safetensors x.npy --labels y.csv")
        .success()
        .stdout(contains("network               2 inputs"))
        .stdout(contains("rows                  90"));
    // Fitted on 45 of the rows, it is not what all rows give.
    run(path, &format!("{TRAIN} --labels y.csv --standardise --pca 2 --force")).success();
    let find = |bytes: &[u8]| {
        bytes
            .windows(8)
            .any(|eight| eight == Standardiser::fit(&rows(), 3).unwrap().mean[0].to_le_bytes())
    };
    assert!(!find(&bytes) && find(&fs::read(path.join("m.safetensors")).unwrap()));
}

#[test]
fn images_are_convolved_by_shape_or_by_a_file() {
    let home = tempdir().unwrap();
    let path = home.path();
    // Vertical and horizontal bars on 6 x 6 pixels.
    let image = |i: usize| {
        (0..36).map(move |at| {
            f32::from(u8::from(if i.is_multiple_of(2) { at % 6 } else { at / 6 } == i / 2 % 6))
        })
    };
    let x: Vec<f32> = (0..60).flat_map(image).collect();
    save(&path.join("x.npy"), &[60, 6, 6], &x);
    fs::write(path.join("y.csv"), (0..60).map(|i| format!("{}\n", i % 2)).collect::<String>())
        .unwrap();
    let network = "input = [6, 6, 1]\nepochs = 30\nlayers = [{ name = 'conv', channels = 4, kernel = [3, 3], \
        activation = 'relu' }, { name = 'batch_norm' }, { name = 'flatten' }, { name = 'dense', units = 2 }]\n";
    fs::write(path.join("n.toml"), network).unwrap();
    let train = "train cnn -q --data x.npy --labels y.csv --out m.safetensors --force";
    for more in ["--shape 6x6", "--config n.toml --set optimiser.learning_rate=0.01"] {
        run(path, &format!("{train} {more} --seed 3")).success();
        let bytes = fs::read(path.join("m.safetensors")).unwrap();
        run(path, &format!("{train} {more} --seed 3 --threads 1")).success();
        assert_eq!(fs::read(path.join("m.safetensors")).unwrap(), bytes, "threads change nothing");
        run(path, "eval m.safetensors x.npy --labels y.csv").success().stdout(contains("100.00 %"));
    }
    for (file, more, code, said) in [
        (network, "--shape 6x6", 2, "--shape"),
        ("input = 3", "", 1, "bad.toml: configuration: invalid type"),
        ("[", "", 1, "bad.toml"),
        (
            &network.replace("[6, 6, 1]", "[5, 6, 1]"),
            "",
            1,
            "bad.toml: the network takes 5x6x1 numbers, a row of the data has 36",
        ),
        (
            &network.replace("units = 2", "units = 3"),
            "",
            1,
            "bad.toml: the last layer of the network has 3 units, the labels have 2 classes",
        ),
        (&network.replace("[3, 3]", "[9, 9]"), "", 1, "bad.toml: layer 1 (conv)"),
        (network, "--set epoch=1", 2, "did you mean `epochs`?"),
    ] {
        fs::write(path.join("bad.toml"), file).unwrap();
        run(path, &format!("{train} --config bad.toml {more}")).code(code).stderr(contains(said));
    }
    run(path, train).code(2).stderr(contains("--shape"));
    run(path, &format!("{train} --shape 5x6")).code(2).stderr(contains("takes 5x6x1 numbers"));
    run(path, &format!("{train} --shape 1x36")).code(1).stderr(contains("max-pool"));
}

#[test]
fn bad_data_labels_and_settings_are_errors_before_training() {
    let home = files();
    let path = home.path();
    fs::write(path.join("short.csv"), "1\n2\n").unwrap();
    fs::write(path.join("one.csv"), lines(|_| "5".into())).unwrap();
    fs::write(path.join("two.csv"), lines(|k| format!("{k},1"))).unwrap();
    fs::write(path.join("lone.csv"), "z\n".to_owned() + &"a\nb\n".repeat(44) + "a\n").unwrap();
    let mut half = [0.0, 1.0, 2.0].repeat(30);
    half[4] = 0.5;
    save(&path.join("half.npy"), &[90], &half);
    save(&path.join("wide.npy"), &[45, 2], &half);
    save(&path.join("nan.npy"), &[2, 1], &[0.0, f32::NAN]);
    let before = names(path);
    for (data, labels, more, code, said) in [
        (
            "x.npy",
            "short.csv",
            "",
            1,
            "short.csv has the shape (2,), expected a label for each of the 90 rows of x.npy",
        ),
        ("x.npy", "one.csv", "", 1, "one.csv: all labels are 5: expected at least two classes"),
        ("x.npy", "two.csv", "", 1, "two.csv: line 1: expected one field, found 2"),
        (
            "x.npy",
            "half.npy",
            "",
            1,
            "half.npy: label 0.5 in row 4 (from 0): expected a whole number",
        ),
        (
            "x.npy",
            "wide.npy",
            "",
            1,
            "wide.npy: expected one label for each row, found the shape (45, 2)",
        ),
        ("x.npy", "x.txt", "", 1, "x.txt: expected a name that ends in"),
        ("x.npy", "there.csv", "", 1, "there.csv: cannot find it"),
        (
            "nan.npy",
            "short.csv",
            "",
            1,
            "nan.npy: NaN in row 1, column 0 of the data (both from 0): expected a finite number",
        ),
        ("x.npy", "lone.csv", "--validation 0.5", 1, "class 2: expected at least 2 samples"),
        (
            "x.npy",
            "y.csv",
            "--validation 1",
            2,
            "--validation: expected more than 0 and less than 1",
        ),
        ("x.npy", "y.csv", "--set batch=91", 1, "at most the 90 rows"),
        ("x.npy", "y.csv", "--set bacth=9", 2, "did you mean `batch`?"),
        ("x.npy", "y.csv", "--set sizes=[1]", 2, "unknown key"),
        ("x.npy", "y.csv", "--set dropout=1", 1, "dropout"),
        ("x.npy", "y.csv", "--set head=soft", 2, "soft"),
        ("x.npy", "y.csv", "--activation rleu", 2, "rleu"),
        ("x.npy", "y.csv", "--hidden 5,0", 2, "expected a whole number from 1"),
        ("x.npy", "y.csv", "--pca 4", 2, "--pca: expected at most 3, the smaller"),
        ("x.npy", "y.csv", "--set optimiser.learning_rate=1e30", 1, "diverged"),
        ("x.npy", "y.csv", "--out x.npy", 1, "exists already"),
    ] {
        let out = if more.contains("--out") { "" } else { "--out m.safetensors" };
        let arguments =
            format!("train mlp -q --data {data} --labels {labels} {out} --hidden 4 {more}");
        run(path, &arguments).code(code).stderr(contains(said));
        assert_eq!(names(path), before, "{labels} {more}");
    }
    // A batch that nobody asked for is no larger than the data.
    run(path, "train mlp -q --data x.npy --labels y.csv --out m.safetensors --hidden 4").success();
}

/// The labels of a column are those of a file: the same network, from data in memory or not, and the same evaluation.
#[test]
fn labels_are_a_column_of_the_data() {
    let home = files();
    let path = home.path();
    let line = |(i, x): (usize, &[f32])| format!("{};{};{};{}\n", x[0], NAMES[i % 3], x[1], x[2]);
    let table: String = rows().chunks(3).enumerate().map(line).collect();
    fs::write(path.join("x.csv"), &table).unwrap();
    fs::write(path.join("names.csv"), format!("a;kind;b;c\n{table}")).unwrap();
    fs::write(path.join("new.csv"), format!("a;kind;b;c\n{}", table.replace("cat", "yak")))
        .unwrap();
    let train = |data: &str, more: &str| {
        let command = TRAIN.replace("x.npy", data);
        run(path, &format!("{command} --force {more}")).success();
        model(&path.join("m.safetensors"))
    };
    let expected = train("x.npy", "--labels y.csv");
    assert_eq!(train("x.csv", "--label-column 2"), expected);
    assert_eq!(train("names.csv", "--label-column kind --stream"), expected);
    run(path, "info m.safetensors")
        .success()
        .stdout(contains("labels       column \"kind\" of the data\n"));

    let printed = |command: &str| run(path, command).success().get_output().stdout.clone();
    assert_eq!(
        printed("eval m.safetensors names.csv --label-column kind"),
        printed("eval m.safetensors x.npy --labels y.csv")
    );
    // What stands in the column is not looked at.
    run(path, "predict m.safetensors new.csv n.csv --label-column kind").success();
    run(path, "predict m.safetensors x.npy x-classes.csv").success();
    let read = |name: &str| fs::read_to_string(path.join(name)).unwrap();
    assert_eq!(read("n.csv"), read("x-classes.csv"));

    let before = names(path);
    let train = |data: &str| format!("train mlp -q --data {data} --out n.safetensors --hidden 4");
    for (command, code, said) in [
        (train("names.csv --label-column knid"), 1, "(did you mean \"kind\"?)"),
        (
            train("x.csv --label-column 5"),
            1,
            "x.csv: line 1: expected a column 5 of labels, found columns 1 to 4",
        ),
        (train("x.csv --label-column 0"), 2, "from 1 on"),
        (train("x.npy --label-column 1"), 2, "x.npy: --label-column is for .csv and .tsv"),
        (train("x.csv --label-column 2 --labels y.csv"), 2, "cannot be used with"),
        (train("x.csv"), 2, "--labels or --label-column"),
        (
            "eval m.safetensors new.csv --label-column kind".into(),
            1,
            "new.csv: line 2: label yak in row 0",
        ),
        (
            "predict m.safetensors x.csv n.npy --label-column kind".into(),
            1,
            "x.csv: line 1: expected a header",
        ),
    ] {
        run(path, &command).code(code).stderr(contains(said));
        assert_eq!(names(path), before, "{command}");
    }
}

/// What a dry run shows is what is trained: as a file for --config it makes the same network. Nothing is written.
#[test]
fn a_dry_run_shows_what_would_be_trained() {
    let home = files();
    let path = home.path();
    let pairs: Vec<f32> = rows().chunks(3).flat_map(|row| [row[0], row[1]]).collect();
    save(&path.join("pairs.npy"), &[90, 2], &pairs);
    let before = names(path);
    let shown = |arguments: &str| {
        let done = run(path, &format!("{arguments} --dry-run")).success();
        assert_eq!(names(path), before, "{arguments}");
        String::from_utf8(done.get_output().stdout.clone()).unwrap()
    };
    let text = shown(&format!("{TRAIN} --labels y.csv --validation 0.3 --patience 2"));
    for said in [
        "# network: 3 inputs, 3 classes, 59 parameters",
        "# rows: 63 to train on, 27 for validation",
        "MiB of memory",
        "# 1 x network: 63 rows in batches of 15, 60 epochs of",
        "batch = 15",
    ] {
        assert!(text.contains(said), "{text}, expected {said}");
    }
    let rbm = "train rbm -q --data pairs.npy --out r.safetensors --hidden-units 5 --visible gaussian --standardise \
               --set sigma_rate=1";
    let machine = shown(rbm);
    assert!(machine.contains("# RBM: 2 visible, 5 hidden units, 19 parameters"), "{machine}");
    assert!(machine.contains("sigma_rate = 1.0"), "{machine}");
    // What is wrong is said before; an output that is there is no matter.
    let wrong = format!("{TRAIN} --labels y.csv --set batch=91 --dry-run");
    run(path, &wrong).code(1).stderr(contains("at most the 90 rows"));
    run(path, &format!("{TRAIN} --labels y.csv")).success();
    let trained = model(&path.join("m.safetensors"));
    fs::write(path.join("network.toml"), &text).unwrap();
    run(path, &format!("{TRAIN} --labels y.csv --dry-run")).success();
    run(path, "train cnn -q --data x.npy --labels y.csv --config network.toml --out c.safetensors")
        .success();
    assert_eq!(model(&path.join("c.safetensors")), trained);
}

/// A dead ReLU head has equal probabilities and no NaN in its table.
#[test]
fn tables_have_no_nan() {
    let home = files();
    let path = home.path();
    let train = format!(
        "{TRAIN} --labels y.csv --set head=normalised_relu --set optimiser.learning_rate=10"
    );
    run(path, &train).success();
    let done = run(path, "eval m.safetensors x.npy --labels y.csv").success();
    let text = String::from_utf8_lossy(&done.get_output().stdout).into_owned();
    assert!(!text.contains("NaN") && !text.contains("inf"), "{text}");
    run(path, "predict m.safetensors x.npy p.npy --probabilities").success();
    assert!(
        load(&path.join("p.npy")).1.chunks(3).all(|p| (p.iter().sum::<f32>() - 1.0).abs() < 1e-5)
    );
}

#[test]
fn models_of_the_other_kind_and_data_that_do_not_fit_are_errors() {
    let home = files();
    let path = home.path();
    run(path, &format!("{TRAIN} --labels y.csv")).success();
    save(&path.join("v.npy"), &[2, 3], &[0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
    run(path, "train rbm -q --data v.npy --out r.safetensors --hidden-units 2 --set batch=2")
        .success();
    save(&path.join("w.npy"), &[2, 2], &[0.0; 4]);
    fs::write(path.join("other.csv"), lines(|k| ["cat", "dog", "fox"][k].into())).unwrap();
    let bytes = fs::read(path.join("m.safetensors")).unwrap();
    fs::write(path.join("cut.safetensors"), &bytes[..bytes.len() - 5]).unwrap();
    let before = names(path);
    for (arguments, code, said) in [
        ("features m.safetensors x.npy h.npy", 1, "m.safetensors: expected an RBM"),
        ("score m.safetensors x.npy s.npy", 1, "found a network"),
        ("sample m.safetensors s.npy", 1, "found a network"),
        ("predict r.safetensors v.npy p.npy", 1, "r.safetensors: expected a network"),
        ("eval m.safetensors x.npy", 2, "a network is evaluated with --labels"),
        ("eval r.safetensors v.npy --labels y.csv", 2, "an RBM has no classes"),
        ("eval m.safetensors w.npy --labels y.csv", 1, "expected rows of the 3 features"),
        ("eval m.safetensors v.npy --labels y.csv", 1, "a label for each of the 2 rows"),
        (
            "eval m.safetensors x.npy --labels other.csv",
            1,
            "other.csv: line 3: label fox in row 2 (from 0): the classes are cat, dog, emu",
        ),
        (
            "eval m.safetensors x.npy --labels numbers.csv",
            1,
            "numbers.csv: line 2: label 7 in row 0",
        ),
        ("predict cut.safetensors x.npy p.npy", 1, "not a safetensors file"),
        ("predict m.safetensors x.npy x.npy", 1, "exists already"),
    ] {
        run(path, arguments).code(code).stderr(contains(said));
        assert_eq!(names(path), before, "{arguments}");
    }
    run(path, "eval r.safetensors v.npy").success().stdout(contains("reconstruction error"));
}

/// Labels that have nothing to do with the rows: the loss on other rows is lowest early.
#[test]
fn training_stops_when_validation_gets_no_better() {
    let home = files();
    let path = home.path();
    let random =
        (0..90_u64).map(|i| NAMES[(i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 60) as usize % 3]);
    fs::write(
        path.join("random.csv"),
        random.map(|name| name.to_owned() + "\n").collect::<String>(),
    )
    .unwrap();
    let train = format!("{TRAIN} --standardise --labels random.csv --force");
    let patient = run(path, &format!("{train} --validation 0.3 --patience 4")).success();
    let out = String::from_utf8(patient.get_output().stdout.clone()).unwrap();
    let (_, best) = out.split_once("; best epoch ").unwrap();
    let best: usize = best.split(';').next().unwrap().parse().unwrap();
    assert!(best < 50, "{out}");
    run(path, &format!("{train} --patience 4")).failure().code(2).stderr(contains("--validation"));
    let schedule = "--set schedule={name=\"cosine\",epochs=60}";
    run(path, &format!("{train} {schedule}")).success();
    let wrong = "--set schedule={name=\"cosine\",epochs=0}";
    run(path, &format!("{train} {wrong}")).failure().stderr(contains("schedule.epochs"));
}

/// What a network was trained on stands in its file, and its metrics in a file of theirs.
#[test]
fn a_model_says_where_it_comes_from() {
    let home = files();
    let path = home.path();
    let train = format!("{TRAIN} --labels y.csv --validation 0.2 --seed 7 --metrics m.jsonl");
    run(path, &train).success();
    let sum = |name: &str| {
        Sha256::digest(fs::read(path.join(name)).unwrap())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let told = run(path, "info m.safetensors").success();
    let told = String::from_utf8(told.get_output().stdout.clone()).unwrap();
    for part in [
        "model        a network\n".to_owned(),
        format!("trained by   halfwave {}", env!("CARGO_PKG_VERSION")),
        "seed         7\n".into(),
        format!("data         x.npy, sha256 {}\n", sum("x.npy")),
        format!("labels       y.csv, sha256 {}\n", sum("y.csv")),
        "validation   0.2 of the rows".into(),
        "tensor       layers.0.weights f32 (3, 8)\n".into(),
    ] {
        assert!(told.contains(&part), "{part}: {told}");
    }
    let json = run(path, "info m.safetensors --json").success();
    let json: Value = serde_json::from_slice(&json.get_output().stdout).unwrap();
    assert_eq!(json["provenance"]["files"][1]["name"], "y.csv");
    assert_eq!(json["settings"]["classes"][2], "emu");

    let lines = fs::read_to_string(path.join("m.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 60);
    let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
    assert_eq!(last["epoch"], 60);
    assert!(last["metrics"]["validation_loss"].is_f64(), "{last}");
    // It is nobody's to overwrite, and no other file of the command.
    let again = train.replace("--out m", "--out n");
    run(path, &again).code(1).stderr(contains("m.jsonl: exists already"));
    run(path, &again.replace("m.jsonl", "n.safetensors")).code(1).stderr(contains("n.safetensors"));
    assert!(!path.join("n.safetensors").exists());

    // Arrays that were replaced were not trained.
    run(path, "export m.safetensors m.npz").success();
    run(path, "import m.npz --like m.safetensors i.safetensors").success();
    run(path, "info i.safetensors").success().stdout(contains("trained by   not known"));
    run(path, "predict i.safetensors x.npy k.npy").success();
}
