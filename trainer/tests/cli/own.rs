//! `halfwave train`, `features`, `sample`, `eval`: machines on one's own data.

use std::{fs, io::Write as _};

use flate2::{Compression, write::GzEncoder};
use halfwave_datasets::preprocess::Standardiser;
use halfwave_kernels::units::Unit;
use halfwave_trainer::rbm::{Rbm, RbmConfig, States, Visible};
use predicates::{prelude::PredicateBooleanExt as _, str::contains};
use tempfile::{TempDir, tempdir};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{
    apply::{load, save},
    support::{model, names, run},
};

/// 200 rows of 4: pairs that are on together.
fn pairs() -> Vec<f32> {
    [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0].repeat(100)
}

const TRAIN: &str =
    "train rbm -q --data x.npy --out m.safetensors --hidden-units 2 --set batch=10 --set epochs=60";

fn trained() -> TempDir {
    let home = tempdir().unwrap();
    save(&home.path().join("x.npy"), &[200, 2, 2], &pairs());
    run(home.path(), TRAIN).success().stdout(contains("4 visible, 2 hidden units; 200 rows"));
    home
}

#[test]
fn a_machine_is_trained_used_sampled_and_evaluated() {
    let home = trained();
    let path = home.path();
    run(path, "features m.safetensors x.npy h.npy").success().stdout(contains("(200, 2)"));
    let (shape, h) = load(&path.join("h.npy"));
    assert_eq!(shape, [200, 2]);
    assert!(h.iter().all(|h| (0.0..=1.0).contains(h)));
    assert!(h[..2].iter().zip(&h[2..4]).any(|(a, b)| (a - b).abs() > 0.5), "{:?}", &h[..4]);

    let sample = "sample m.safetensors v.npy --rows 100 --steps 50 --image v.png --shape 2x2";
    run(path, sample).success().stdout(contains("(100, 4)"));
    let (_, v) = load(&path.join("v.npy"));
    let pair = |v: &&[f32]| v[0] == v[1] && v[2] == v[3] && v[0] != v[2];
    assert!(v.chunks(4).filter(pair).count() > 60, "most samples are pairs");
    assert!(fs::read(path.join("v.png")).unwrap().starts_with(b"\x89PNG"));

    // The first column stays; the others follow it.
    let clamped = "sample m.safetensors c.npy --start x.npy --clamp 0..1 --steps 20";
    run(path, clamped).success();
    let (_, c) = load(&path.join("c.npy"));
    assert!(c.chunks(4).zip(pairs().chunks(4)).all(|(c, x)| c[0] == x[0]));
    assert!(c.chunks(4).filter(|c| c[0] == c[1]).count() > 150);

    run(path, "eval m.safetensors x.npy")
        .success()
        .stdout(contains("bernoulli 4, bernoulli 2"))
        .stdout(contains("free energy"));
}

#[test]
fn scores_are_log_likelihoods() {
    let home = trained();
    let path = home.path();
    run(path, "score m.safetensors x.npy s.npy").success().stdout(contains("exact"));
    let scores = halfwave_trainer::npy::read::<f32>(&path.join("s.npy")).unwrap();
    assert_eq!(scores.shape, [200]);
    // All rows are two patterns: a trained machine gives each more than 1/16.
    assert!(scores.data.iter().all(|&s| s > -2.7 && s < 0.0), "{:?}", &scores.data[..4]);
    let train = "train rbm -q --data x.npy --hidden-units 2 --force --set epochs=1";
    run(path, &format!("{train} --hidden nrelu --out n.safetensors")).success();
    run(path, "score n.safetensors x.npy n.npy").code(1).stderr(contains("ssu"));
    assert!(!path.join("n.npy").exists());

    // Where ln Z is an estimate, it is one of the machine: rows have the scores that they have without the others.
    let wide: Vec<f32> = (0..40 * 24).map(|i| f32::from(u8::from(i * i % 7 < 3))).collect();
    save(&path.join("wide.npy"), &[40, 24], &wide);
    save(&path.join("ten.npy"), &[10, 24], &wide[..240]);
    let train =
        train.replace("x.npy --hidden-units 2", "wide.npy --hidden-units 24 --set batch=10");
    run(path, &format!("{train} --out w.safetensors")).success();
    for data in ["wide", "ten"] {
        let score = format!("score w.safetensors {data}.npy {data}-s.npy --temperatures 50");
        run(path, &score).success().stdout(contains("annealed importance sampling"));
    }
    let read = |name: &str| halfwave_trainer::npy::read::<f32>(&path.join(name)).unwrap().data;
    assert_eq!(read("wide-s.npy")[..10], read("ten-s.npy"));
}

/// Groups stay whole; chains that leave the finite numbers are the machine's fault, not that of data.
#[test]
fn samples_are_states_of_the_machine() {
    let home = tempdir().unwrap();
    let path = home.path();
    let one_hot = |row: usize| (0..6).map(move |i| f32::from(u8::from(i % 3 == row % 3)));
    let x: Vec<f32> = (0..30).flat_map(one_hot).collect();
    save(&path.join("x.npy"), &[30, 6], &x);
    let train = "train rbm -q --hidden-units 2 --set batch=10 --set epochs=1";
    run(path, &format!("{train} --data x.npy --visible potts(3) --out p.safetensors")).success();
    let sample = "sample p.safetensors v.npy --start x.npy --steps 3 --force --clamp";
    for columns in ["0..2", "1..3", "2..6"] {
        run(path, &format!("{sample} {columns}")).code(2).stderr(contains("groups of 3 columns"));
    }
    run(path, &format!("{sample} 3..6")).success();
    let (_, v) = load(&path.join("v.npy"));
    assert!(v.chunks(6).zip(x.chunks(6)).all(|(v, x)| v[3..] == x[3..]));

    let large = RbmConfig::new(Visible::Gaussian, Unit::Gaussian, 1);
    let rbm = Rbm::from_parameters(&large, &[30.0, 30.0], &[0.0; 2], &[0.0], 1).unwrap();
    fs::write(path.join("g.safetensors"), rbm.to_bytes().unwrap()).unwrap();
    run(path, "sample g.safetensors g.npy --rows 2 --steps 99")
        .code(1)
        .stderr(contains("no finite numbers after step"));
    assert!(!path.join("g.npy").exists());
}

/// Columns of other scales, whose noise is learned, kept in the file and told.
#[test]
fn the_noise_of_the_columns_is_learned() {
    let home = tempdir().unwrap();
    let path = home.path();
    let x: Vec<f32> = (0..800)
        .map(|i| {
            [1.0, 20.0][i % 2] * if i / 2 % 2 == 0 { 1.0 } else { -1.0 } + 0.1 * (i as f32).sin()
        })
        .collect();
    save(&path.join("x.npy"), &[400, 2], &x);
    let train = "train rbm -q --data x.npy --out m.safetensors --visible gaussian --hidden-units 4 \
        --set batch=20 --set sigma_rate=1";
    run(path, train).success();
    run(path, "eval m.safetensors x.npy").success().stdout(contains("sigma"));
    run(path, "score m.safetensors x.npy s.npy").success().stdout(contains("exact"));
    run(path, "sample m.safetensors v.npy --rows 50 --steps 50").success();
    let (_, v) = load(&path.join("v.npy"));
    let largest =
        |column: usize| v.iter().skip(column).step_by(2).fold(0.0_f32, |m, v| m.max(v.abs()));
    assert!(largest(0) < 8.0 && largest(1) > 8.0, "{} {}", largest(0), largest(1));
}

/// A share of the rows is not trained on, but watched.
#[test]
fn free_energies_of_rows_aside_are_compared() {
    let home = trained();
    let path = home.path();
    let train = format!("{TRAIN} --force --validation 0.25");
    run(path, &format!("{train} --metrics m.jsonl"))
        .success()
        .stdout(contains("150 + 50 rows").and(contains("; free_energy_gap ")));
    let metrics = fs::read_to_string(path.join("m.jsonl")).unwrap();
    assert_eq!(metrics.matches("\"free_energy_gap\"").count(), 60, "{metrics}");
    run(path, "info m.safetensors").success().stdout(contains("validation   0.25 of the rows\n"));
    run(path, &format!("{train} --dry-run"))
        .success()
        .stdout(contains("rows: 150 to train on, 50 for validation"));

    let before = names(path);
    let rbm = "train rbm -q --data x.npy --out n.safetensors --hidden-units 2";
    for (more, said) in [
        ("--validation 1.5", "expected more than 0 and less than 1, found 1.5"),
        ("--validation 0.999", "train part: expected at least 1 samples"),
        ("--validation 0.1 --hidden nrelu", "nrelu hidden units have no joint energy"),
    ] {
        run(path, &format!("{rbm} {more}")).code(1).stderr(contains(said));
        assert_eq!(names(path), before, "{more}");
    }
    // Rows are those of the file.
    save(&path.join("bad.npy"), &[197, 4], &[pairs(), vec![1.0, 0.0, 0.0, 7.0]].concat()[16..]);
    run(path, "train rbm -q --data bad.npy --out n.safetensors --hidden-units 2 --validation 0.5")
        .code(1)
        .stderr(contains("bad.npy: 7 in row 196, column 3"));
}

#[test]
fn the_same_seed_gives_the_same_file() {
    let (one, two) = (trained(), trained());
    let bytes = |home: &TempDir| fs::read(home.path().join("m.safetensors")).unwrap();
    assert_eq!(bytes(&one), bytes(&two));
    run(two.path(), &format!("{TRAIN} --seed 2 --force")).success();
    assert_ne!(bytes(&one), bytes(&two));
}

#[test]
fn tables_and_bytes_are_read_too() {
    let home = tempdir().unwrap();
    let path = home.path();
    let line = |row: &[f32]| row.iter().map(f32::to_string).collect::<Vec<_>>().join(",") + "\n";
    let table: String = pairs().chunks(4).map(line).collect();
    fs::write(path.join("x.csv"), format!("a,b,c,d\n{table}")).unwrap();
    fs::write(path.join("semicolons.csv"), table.replace(',', ";")).unwrap();
    fs::write(path.join("x.tsv"), format!("\"a, b\"\tb\tc\td\n{}", table.replace(',', "\t")))
        .unwrap();
    let bytes: Vec<u8> = pairs().iter().map(|&x| 255 * x as u8).collect();
    let header = [0, 0, 8, 2, 0, 0, 0, 200, 0, 0, 0, 4];
    fs::write(path.join("x-ubyte"), [&header[..], &bytes].concat()).unwrap();
    save(&path.join("x.npy"), &[200, 4], &pairs());
    let train = |data: &str| {
        let out = format!("{data}.safetensors");
        let arguments = format!("train rbm -q --data {data} --out {out} --hidden-units 2");
        run(path, &arguments).success();
        model(&path.join(out))
    };
    let expected = train("x.npy");
    assert_eq!(train("x.csv"), expected);
    assert_eq!(train("x-ubyte"), expected);
    for name in ["x.npy", "x.csv", "semicolons.csv", "x.tsv", "x-ubyte"] {
        let packed = format!("{name}.gz");
        let file = fs::File::create(path.join(&packed)).unwrap();
        let mut encoder = GzEncoder::new(file, Compression::fast());
        encoder.write_all(&fs::read(path.join(name)).unwrap()).unwrap();
        encoder.finish().unwrap();
        assert_eq!(train(&packed), expected, "{packed}");
    }
    fs::write(path.join("x.csv"), table.replace(',', ";").replace('1', "1,5")).unwrap();
    run(path, "train rbm --data x.csv --out n.safetensors --hidden-units 2")
        .code(1)
        .stderr(contains("x.csv: line 1").and(contains("decimal commas are not read")));
    fs::write(path.join("y.tsv"), "cat, tabby\ndog\n".repeat(100)).unwrap();
    run(path, "train mlp -q --data x.tsv --labels y.tsv --out n.safetensors --epochs 1 --hidden 2")
        .success()
        .stdout(contains("2 classes"));
}

/// 200 rows of 2 with means of 10 and -3, and deviations of 4 and .5.
fn measured() -> Vec<f32> {
    (0..200).flat_map(|i| [(i, 4.0, 10.0), (3 * i, 0.5, -3.0)]).map(wave).collect()
}

fn wave((i, deviation, mean): (i32, f32, f32)) -> f32 {
    (i as f32 * 0.7).sin() * deviation * 2.0_f32.sqrt() + mean
}

#[test]
fn data_are_standardised_as_the_training_data_were() {
    let home = tempdir().unwrap();
    let path = home.path();
    save(&path.join("x.npy"), &[200, 2], &measured());
    let mut x = measured();
    let standardiser = Standardiser::fit(&x, 2).unwrap();
    standardiser.apply(&mut x).unwrap();
    save(&path.join("z.npy"), &[200, 2], &x);
    let train = "train rbm -q --hidden-units 3 --visible gaussian --set batch=10 --set epochs=5";
    run(path, &format!("{train} --data x.npy --out x.safetensors --standardise")).success();
    let other = train.replace("--visible gaussian", "--set visible=gaussian");
    assert_ne!(other, train);
    run(path, &format!("{other} --data x.npy --out y.safetensors"))
        .code(2)
        .stderr(contains("--set visible=gaussian: say --visible gaussian"));
    run(path, &format!("{train} --data z.npy --out z.safetensors")).success();
    for data in ["x", "z"] {
        run(path, &format!("features {data}.safetensors {data}.npy {data}-h.npy")).success();
        run(path, &format!("score {data}.safetensors {data}.npy {data}-s.npy")).success();
        let sample = "--start x.npy --clamp 0..1 --steps 9";
        let start = sample.replace("x.npy", &format!("{data}.npy"));
        run(path, &format!("sample {data}.safetensors {data}-v.npy {start}")).success();
    }
    let read = |name: &str| halfwave_trainer::npy::read::<f32>(&path.join(name)).unwrap().data;
    assert_eq!(read("x-h.npy"), read("z-h.npy"));
    // A density of data with other deviations.
    let shift: f64 = standardiser.std.iter().map(|std| std.ln()).sum();
    for (x, z) in read("x-s.npy").iter().zip(read("z-s.npy")) {
        assert!((f64::from(*x) - (f64::from(z) - shift)).abs() < 1e-5, "{x} {z}");
    }
    // Samples are in the units of the data; the first column was kept.
    let mut v = read("z-v.npy");
    standardiser.invert(&mut v).unwrap();
    let (sampled, started) = (read("x-v.npy"), measured());
    for (row, (x, z)) in sampled.chunks(2).zip(v.chunks(2)).enumerate() {
        assert_eq!((x[0], x[1]), (started[2 * row], z[1]), "{row}");
    }
    run(path, "eval x.safetensors x.npy").success().stdout(contains("of a standardised value"));
}

#[test]
fn every_setting_can_be_changed_and_threads_change_nothing() {
    let home = trained();
    let path = home.path();
    let more = "--set max_norm=2 --set visible_states=sample \
        --set centring={rate=0.01} --set sparsity={target=0.1,decay=0.9,cost=0.1}";
    let train = |threads: usize| {
        run(path, &format!("{TRAIN} --force {more} --threads {threads}")).success();
        fs::read(path.join("m.safetensors")).unwrap()
    };
    let bytes = train(1);
    assert_eq!(train(2), bytes);
    let rbm = Rbm::from_bytes(&bytes, 1).unwrap();
    let config = rbm.config();
    assert_eq!(config.max_norm, Some(2.0));
    assert_eq!(config.visible_states, Some(States::Sample));
    assert!(config.centring.is_some() && config.sparsity.is_some());
}

#[test]
fn bad_data_and_settings_are_errors_before_training() {
    let home = tempdir().unwrap();
    let path = home.path();
    save(&path.join("x.npy"), &[200, 4], &pairs());
    save(&path.join("negative.npy"), &[2, 2], &[0.0, 1.0, -0.5, 1.0]);
    save(&path.join("nan.npy"), &[2, 2], &[0.0, 1.0, f32::NAN, 1.0]);
    save(&path.join("none.npy"), &[0, 2], &[]);
    save(&path.join("constant.npy"), &[2, 2], &[0.0, 0.5, 1.0, 0.5]);
    fs::write(path.join("ragged.csv"), "1,0\n1\n").unwrap();
    fs::write(path.join("large.csv"), "a;b\n\n1;0\n  \n0;2\n").unwrap();
    fs::write(path.join("x.txt"), "1").unwrap();
    fs::write(path.join("cut.npy.gz"), [0x1f, 0x8b, 8]).unwrap();
    let before = names(path);
    for (data, more, code, said) in [
        ("negative.npy", "", 1, "negative.npy: -0.5 in row 1, column 0"),
        ("nan.npy", "--set batch=2", 1, "expected a finite number"),
        (
            "nan.npy",
            "--visible gaussian --standardise",
            1,
            "nan.npy: NaN in row 1, column 0 of the data (both from 0)",
        ),
        (
            "large.csv",
            "",
            1,
            "large.csv: line 5: 2 in row 1, column 1 of the data (both from 0): Bernoulli",
        ),
        ("none.npy", "", 1, "none.npy: expected at least one row"),
        ("ragged.csv", "", 1, "ragged.csv: line 2: expected 2 numbers"),
        ("x.txt", "", 1, "x.txt: expected a name that ends in"),
        ("there.npy", "", 1, "there.npy: cannot find it"),
        ("x.npy", "--set batch=1000", 1, "at most the 200 rows"),
        ("x.npy", "--set learning_rate=-1", 1, "learning_rate"),
        ("x.npy", "--visible potts(3)", 1, "whole number of groups"),
        ("x.npy", "--set lerning_rate=1", 2, "did you mean `learning_rate`?"),
        ("x.npy", "--set max_nrm=3", 2, "did you mean `max_norm`?"),
        ("x.npy", "--set max_norm=wide", 2, "wide"),
        ("x.npy", "--set centring={rate=2}", 1, "centring"),
        ("x.npy", "--standardise", 2, "Gaussian visible units, found bernoulli"),
        ("x.npy", "--threads 0", 2, "expected a whole number from 1"),
        ("cut.npy.gz", "", 1, "cut.npy.gz"),
        ("x.npy", "--hidden nrlu", 2, "unknown unit"),
        ("x.npy", "--hidden drelu(0,1)", 2, "expected gamma from 0.0009765625 to 1024"),
        ("x.npy", "--set sigma_rate=1", 1, "sigma_rate: expected 0, where visible units are not"),
        (
            "constant.npy",
            "--visible gaussian --set batch=2",
            1,
            "column 1 of the data (from 0) is 0.5",
        ),
        ("x.npy", "--hidden-units 0", 2, "expected a whole number from 1"),
    ] {
        let units = if more.contains("hidden-units") { "" } else { "--hidden-units 2" };
        let arguments = format!("train rbm -q --data {data} --out m.safetensors {units} {more}");
        run(path, &arguments).code(code).stderr(contains(said));
        assert_eq!(names(path), before, "{data} {more}");
    }
}

#[test]
fn machines_and_data_that_do_not_fit_are_errors() {
    let home = trained();
    let path = home.path();
    save(&path.join("y.npy"), &[2, 3], &[0.0; 6]);
    fs::write(path.join("text.safetensors"), "no machine at all").unwrap();
    let before = names(path);
    for (arguments, code, said) in [
        ("features m.safetensors y.npy h.npy", 1, "4 visible units"),
        ("features text.safetensors x.npy h.npy", 1, "not a safetensors file"),
        ("features there.safetensors x.npy h.npy", 1, "there.safetensors: cannot read it"),
        ("features m.safetensors x.npy x.npy", 1, "exists already"),
        ("sample m.safetensors v.npy --clamp 0..1", 2, "--start"),
        ("sample m.safetensors v.npy --start x.npy --clamp 0..5", 2, "columns up to 4"),
        ("sample m.safetensors v.npy --start x.npy --clamp 3", 2, "FROM..TO"),
        ("sample m.safetensors v.npy --image v.png --shape 3x3", 2, "has 4 values"),
        ("sample m.safetensors v.npy --image v.png", 2, "--shape"),
        ("eval m.safetensors y.npy", 1, "4 visible units"),
    ] {
        run(path, arguments).code(code).stderr(contains(said));
        assert_eq!(names(path), before, "{arguments}");
    }
}

/// Arrays of a model and of data in `.npz`, written and read by another implementation too.
#[test]
fn archives_of_arrays_go_in_and_out() {
    let home = trained();
    let path = home.path();
    run(path, "export m.safetensors m.npz")
        .success()
        .stdout(contains("hidden_bias, visible_bias, weights"));
    let mut archive = ZipArchive::new(fs::File::open(path.join("m.npz")).unwrap()).unwrap();
    let weights = npyz::NpyFile::new(archive.by_name("weights.npy").unwrap()).unwrap();
    assert_eq!(weights.shape(), [4, 2]);
    let weights: Vec<f32> = weights.into_vec().unwrap();
    let machine = Rbm::from_bytes(&fs::read(path.join("m.safetensors")).unwrap(), 1).unwrap();
    assert_eq!(weights, machine.weights());
    run(path, "export m.safetensors m.npz").code(1).stderr(contains("exists already"));
    let first = fs::read(path.join("m.npz")).unwrap();
    run(path, "export m.safetensors m.npz --force").success();
    assert!(fs::read(path.join("m.npz")).unwrap() == first, "the same model has the same bytes");

    // The rows of x.npy as one of two arrays.
    save(&path.join("other.npy"), &[2, 4], &[0.5; 8]);
    let mut archive = ZipWriter::new(fs::File::create(path.join("two.npz")).unwrap());
    for name in ["x.npy", "other.npy"] {
        // As np.savez_compressed does.
        archive.start_file(name, SimpleFileOptions::default()).unwrap();
        archive.write_all(&fs::read(path.join(name)).unwrap()).unwrap();
    }
    archive.finish().unwrap();
    run(path, "features m.safetensors two.npz:x a.npy").success();
    run(path, "features m.safetensors x.npy b.npy").success();
    assert_eq!(fs::read(path.join("a.npy")).unwrap(), fs::read(path.join("b.npy")).unwrap());
    for (data, said) in [
        ("two.npz", "say which, for example two.npz:"),
        ("two.npz:y", "holds no array `y`"),
        ("none.npz", "none.npz"),
        ("x.npz", "not a .npz file"),
    ] {
        fs::write(path.join("x.npz"), "PK no archive").unwrap();
        run(path, &format!("features m.safetensors {data} c.npy")).code(1).stderr(contains(said));
    }
    run(path, "export m.safetensors m.onnx").code(2).stderr(contains("ONNX has no RBM"));
    run(path, "export m.safetensors m.txt").code(2).stderr(contains(".onnx or .npz"));
    run(path, "export x.npy y.npz").code(1).stderr(contains("x.npy"));
}

/// What another program did to the arrays is in the model; nothing else has changed.
#[test]
fn arrays_come_back_into_a_model() {
    let home = trained();
    let path = home.path();
    let model = |name: &str| fs::read(path.join(name)).unwrap();
    run(path, "export m.safetensors m.npz").success();
    run(path, "import m.npz --like m.safetensors same.safetensors").success();
    // But for where it comes from.
    let machine = |name| Rbm::from_bytes(&model(name), 1).unwrap().to_bytes().unwrap();
    assert!(machine("same.safetensors") == machine("m.safetensors"));

    // As np.savez does.
    let archive = |name: &str, arrays: &[(&str, &[u64], &[f32])]| {
        let mut archive = ZipWriter::new(fs::File::create(path.join(name)).unwrap());
        for (name, shape, x) in arrays {
            save(&path.join("array.npy"), shape, x);
            archive.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
            archive.write_all(&fs::read(path.join("array.npy")).unwrap()).unwrap();
        }
        archive.finish().unwrap();
    };
    let weights = [0.5, -0.25, 0.125, 1.0, 2.0, -3.0, 0.0, 0.75];
    let biases: [(&str, &[u64], &[f32]); 2] =
        [("hidden_bias", &[2], &[1.0, 2.0]), ("visible_bias", &[4], &[0.0; 4])];
    archive("n.npz", &[biases[0], biases[1], ("weights", &[4, 2], &weights)]);
    run(path, "import n.npz --like m.safetensors n.safetensors")
        .success()
        .stdout(contains("hidden_bias, visible_bias, weights"));
    let machine = Rbm::from_bytes(&model("n.safetensors"), 1).unwrap();
    assert_eq!(machine.weights(), weights);

    let mut nan = weights;
    nan[3] = f32::NAN;
    archive("few.npz", &biases);
    archive(
        "many.npz",
        &[biases[0], biases[1], ("weights", &[4, 2], &weights), ("w", &[1], &[0.0])],
    );
    archive("shape.npz", &[biases[0], biases[1], ("weights", &[2, 4], &weights)]);
    archive("nan.npz", &[biases[0], biases[1], ("weights", &[4, 2], &nan)]);
    let before = names(path);
    for (arguments, said) in [
        ("few.npz --like m.safetensors", "few.npz: holds no array `weights`"),
        ("many.npz --like m.safetensors", "many.npz: holds an array `w`, expected `hidden_bias`"),
        ("shape.npz --like m.safetensors", "array `weights` has the shape (2, 4), expected (4, 2)"),
        ("nan.npz --like m.safetensors", "nan.npz"),
        ("x.npy --like m.safetensors", "not a .npz file"),
        ("n.npz --like x.npy", "x.npy"),
        ("none.npz --like m.safetensors", "none.npz"),
    ] {
        run(path, &format!("import {arguments} o.safetensors")).code(1).stderr(contains(said));
        assert_eq!(names(path), before, "{arguments}");
    }
    run(path, "import n.npz --like m.safetensors m.safetensors")
        .code(1)
        .stderr(contains("exists already"));
}

/// A grey image of 4×4, or one in colour.
fn picture(path: &std::path::Path, colour: png::ColorType, bytes: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), 4, 4);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().unwrap().write_image_data(bytes).unwrap();
}

/// A PNG whose header names so large a square in colour, and has 64 bytes for it.
fn png_of_nothing(side: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, &[0; 64]).unwrap();
    drop(writer);
    bytes
}

/// A JPEG whose header names so large a square.
fn resized(mut jpeg: Vec<u8>, side: u16) -> Vec<u8> {
    let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
    let [high, low] = side.to_be_bytes();
    jpeg[frame + 5..][..4].copy_from_slice(&[high, low, high, low]);
    jpeg
}

#[test]
fn folders_of_images_are_rows_with_classes() {
    let home = tempdir().unwrap();
    let path = home.path();
    let (mut x, mut rows) = (Vec::new(), 0);
    for class in ["bright", "dark"] {
        fs::create_dir_all(path.join("images").join(class)).unwrap();
        for i in 0..10_u8 {
            let level = if class == "dark" { i } else { 255 - i };
            let pixels = [level; 16];
            let file = format!("images/{class}/{i}.png");
            picture(&path.join(file), png::ColorType::Grayscale, &pixels);
            x.extend(pixels.map(|byte| f32::from(byte) / 255.0));
            rows += 1;
        }
    }
    fs::write(path.join("images/.hidden"), "passed over").unwrap();
    save(&path.join("x.npy"), &[rows, 4, 4], &x);
    let labels: String =
        (0..rows).map(|row| if row < 10 { "bright\n" } else { "dark\n" }).collect();
    fs::write(path.join("y.csv"), labels).unwrap();
    let train =
        "train mlp -q --hidden 8 --activation tanh --epochs 200 --set optimiser.learning_rate=0.02";
    run(path, &format!("{train} --data images --out a"))
        .success()
        .stdout(contains("16 inputs, 2 classes"));
    run(path, &format!("{train} --data x.npy --labels y.csv --out b")).success();
    assert!(model(&path.join("a")) == model(&path.join("b")), "the same model");
    run(path, "eval a images --labels images")
        .success()
        .stdout(contains("accuracy              100.00 %"));
    run(path, "predict a images/dark p.npy").success().stdout(contains("(10,)"));
    run(path, "train cnn -q --data images --shape 4x4 --out c --epochs 1").success();

    // JPEGs in grey and in colour, to be seen by a machine.
    let fixture = |name: &str| {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
        fs::read(folder.join(name)).unwrap()
    };
    for (name, width) in [("grey.jpg", 16), ("rgb.jpg", 48)] {
        let folder = path.join(name.replace('.', "-"));
        fs::create_dir(&folder).unwrap();
        (0..4).for_each(|i| fs::write(folder.join(format!("{i}.jpg")), fixture(name)).unwrap());
        let folder = folder.display();
        let command =
            format!("train rbm -q --data {folder} --hidden-units 2 --set batch=2 --out {folder}/m");
        run(path, &command).success().stdout(contains(format!("{width} visible")));
    }

    for (file, bytes, said) in [
        ("images/dark/x.txt", b"no".to_vec(), "x.txt: expected an image whose name ends in"),
        ("images/dark/x.png", b"no".to_vec(), "x.png"),
        ("images/dark/x.jpg", fixture("grey.jpg")[..200].to_vec(), "x.jpg"),
        ("images/dark/x.png", png_of_nothing(16_384), "found 16384x16384"),
        ("images/dark/x.png", png_of_nothing(8192), "8192x8192 pixels, found too few bytes"),
        ("images/dark/x.jpg", resized(fixture("rgb.jpg"), 16_384), "found 16384x16384"),
        ("images/dark/x.jpg", resized(fixture("rgb.jpg"), 8192), "found too few bytes"),
        ("images/dark/x.jpg", resized(fixture("rgb.jpg"), 64), "found too few bytes"),
        ("images/dark/x.jpg", resized(fixture("grey.jpg"), 64), "found too few bytes"),
        (
            "images/dark/x.jpeg",
            fixture("rgb.jpg"),
            "expected 4x4x1 as in the first image, found 4x4x3",
        ),
        ("images/x.png", fixture("grey.jpg"), "`x.png` stands beside folders of classes"),
    ] {
        fs::write(path.join(file), bytes).unwrap();
        run(path, &format!("{train} --data images --out d")).code(1).stderr(contains(said));
        fs::remove_file(path.join(file)).unwrap();
    }
    picture(&path.join("images/dark/x.png"), png::ColorType::Rgba, &[9; 64]);
    run(path, &format!("{train} --data images --out d")).code(1).stderr(contains("transparency"));
    run(path, "eval a images/bright --labels images/bright")
        .code(1)
        .stderr(contains("for each class"));
    fs::create_dir(path.join("empty")).unwrap();
    run(path, &format!("{train} --data empty --out d")).code(1).stderr(contains("found none"));
    run(path, &format!("{train} --data x.npy --out d")).code(2).stderr(contains("--labels"));
}

/// `--force` replaces what was there, not what the command is about to read.
#[test]
fn no_output_is_an_input() {
    let home = tempdir().unwrap();
    let path = home.path();
    save(&path.join("x.npy"), &[200, 4], &[0.0, 1.0, 1.0, 0.0].repeat(200));
    run(path, "train rbm -q --data x.npy --out m.safetensors --hidden-units 2").success();
    let before = ["x.npy", "m.safetensors"].map(|name| fs::read(path.join(name)).unwrap());
    for command in [
        "train rbm --data x.npy --out x.npy --hidden-units 2 --force",
        "train mlp --data x.npy --labels y.csv --out ./x.npy --force",
        "features m.safetensors x.npy m.safetensors --force",
        "score m.safetensors x.npy ./x.npy --force",
        "sample m.safetensors m.safetensors --force",
        "sample m.safetensors v.npy --image m.safetensors --shape 2x2 --force",
        "sample m.safetensors v.npy --image v.npy --shape 2x2",
        "export m.safetensors m.safetensors --force",
    ] {
        run(path, command).code(1).stderr(contains("is read or written by the same command"));
    }
    for command in [
        "features m.safetensors x.npy h.csv",
        "score m.safetensors x.npy h.csv",
        "sample m.safetensors h.csv",
        "apply relu x.npy h.csv",
    ] {
        run(path, command).code(2).stderr(contains("h.csv: expected a name that ends in .npy"));
    }
    run(path, "sample m.safetensors v.npy --image v.jpg --shape 2x2")
        .code(2)
        .stderr(contains("ends in .png"));
    assert_eq!(names(path), ["m.safetensors", "x.npy"]);
    assert_eq!(["x.npy", "m.safetensors"].map(|name| fs::read(path.join(name)).unwrap()), before);
}

/// Arrays are called what they are; a machine of few rows needs no `--set batch`; what is finished is not resumed.
#[test]
fn small_data_names_of_outputs_and_finished_trainings() {
    let home = tempdir().unwrap();
    let path = home.path();
    save(&path.join("x.npy"), &[60, 4], &pairs()[..240]);
    let train = "train rbm -q --data x.npy --out m.safetensors --hidden-units 2 --epochs 3";
    run(path, &format!("{train} --metrics m.jsonl")).success().stdout(contains("60 rows"));
    assert_eq!(fs::read_to_string(path.join("m.jsonl")).unwrap().lines().count(), 3);
    run(path, "info m.safetensors").success().stdout(contains("data         x.npy, sha256 "));
    run(path, &format!("{train} --resume")).code(2).stderr(contains("training has finished"));
    run(path, &format!("{train} --force --set batch=61")).code(1).stderr(contains("the 60 rows"));
    let before = names(path);
    for command in [
        "features m.safetensors x.npy h.csv",
        "score m.safetensors x.npy s",
        "sample m.safetensors v.csv --rows 3",
    ] {
        run(path, command).code(2).stderr(contains("expected a name that ends in .npy"));
    }
    assert_eq!(names(path), before);
}
