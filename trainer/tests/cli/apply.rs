//! `halfwave apply`: values, shapes, and files that are not what they should be. Files are written and
//! read by the crate npyz, another implementation of the format.

use std::{fs, path::Path};

use npyz::{AutoSerialize, DType, NpyFile, Order, WriterBuilder};
use predicates::str::contains;
use tempfile::tempdir;

use super::support::{halfwave, names, run};

fn bytes<T: AutoSerialize + Copy>(shape: &[u64], order: Order, data: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let options = npyz::WriteOptions::new().default_dtype().shape(shape).order(order);
    let mut writer = options.writer(&mut bytes).begin_nd().unwrap();
    writer.extend(data.iter().copied()).unwrap();
    writer.finish().unwrap();
    bytes
}

pub(super) fn save(path: &Path, shape: &[u64], data: &[f32]) {
    fs::write(path, bytes(shape, Order::C, data)).unwrap();
}

pub(super) fn load(path: &Path) -> (Vec<u64>, Vec<f32>) {
    let bytes = fs::read(path).unwrap();
    let file = NpyFile::new(&bytes[..]).unwrap();
    (file.shape().to_vec(), file.into_vec().unwrap())
}

#[test]
fn kinds_are_applied_and_the_shape_is_kept() {
    let home = tempdir().unwrap();
    let (x, y) = (home.path().join("x.npy"), home.path().join("y.npy"));
    let values = [-2.0, -0.5, 0.0, 0.5, 2.0, 100.0];
    save(&x, &[2, 1, 3], &values);
    let softplus = |x: f32| f64::from(x).exp().ln_1p().min(f64::from(x.max(1.0)) * 1e3) as f32;
    let apply = |kind: &str, arguments: &[&str]| {
        let mut command = halfwave(home.path());
        command.args(["apply", kind, "x.npy", "y.npy", "--force"]).args(arguments);
        command.assert().success().stdout("y.npy: f32 (2, 1, 3)\n");
        let (shape, data) = load(&y);
        assert_eq!(shape, [2, 1, 3]);
        data
    };
    assert_eq!(apply("relu", &[]), values.map(|x| x.max(0.0)));
    assert_eq!(apply("identity", &[]), values);
    for (y, x) in apply("softplus", &[]).into_iter().zip(values) {
        assert!((y - softplus(x)).abs() <= 1e-6 * y.abs(), "softplus({x}) = {y}");
    }
    for level in ["scalar", "portable"] {
        assert_eq!(apply("tanh", &["--level", level]), apply("tanh", &[]));
    }

    let dy = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    save(&home.path().join("dy.npy"), &[2, 1, 3], &dy);
    assert_eq!(apply("relu", &["--backward", "dy.npy"]), [0.0, 0.0, 0.0, 4.0, 5.0, 6.0]);
    for ((dx, x), dy) in apply("tanh", &["--backward", "dy.npy"]).into_iter().zip(values).zip(dy) {
        let expected = (1.0 - f64::from(x).tanh().powi(2)) * f64::from(dy);
        assert!((f64::from(dx) - expected).abs() < 1e-6, "tanh'({x}) {dy} = {dx}");
    }
}

#[test]
fn units_are_sampled_from_a_seed() {
    let home = tempdir().unwrap();
    save(&home.path().join("x.npy"), &[1000], &[0.0; 1000]);
    let sample = |unit: &str, arguments: &[&str]| {
        let mut command = halfwave(home.path());
        command.args(["apply", unit, "x.npy", "y.npy", "--force"]).args(arguments);
        command.assert().success();
        load(&home.path().join("y.npy")).1
    };
    let first = sample("nrelu", &["--seed", "7"]);
    assert_eq!(first, sample("nrelu", &["--seed", "7", "--level", "scalar"]));
    assert_ne!(first, sample("nrelu", &["--seed", "8"]));
    assert_eq!(sample("bernoulli", &[]), sample("bernoulli", &["--seed", "1"]));
    assert!(first.iter().all(|&h| h >= 0.0));
    let ones: f32 = sample("bernoulli", &[]).iter().sum();
    assert!((400.0..600.0).contains(&ones), "{ones} of 1000 at probability 1/2");
}

#[test]
fn parameters_of_learned_functions_are_given_by_name() {
    let home = tempdir().unwrap();
    save(&home.path().join("x.npy"), &[4], &[-2.0, -1.0, 0.0, 3.0]);
    save(&home.path().join("dy.npy"), &[4], &[1.0, 2.0, 3.0, 4.0]);
    let apply = |arguments: &[&str]| {
        let mut command = halfwave(home.path());
        command.arg("apply").args(arguments).assert().success();
        load(&home.path().join("y.npy")).1
    };
    assert_eq!(apply(&["prelu", "x.npy", "y.npy"]), [-0.5, -0.25, 0.0, 3.0]);
    let half = ["x.npy", "y.npy", "--force", "--parameter", "slope=0.5"];
    assert_eq!(apply(&[&["prelu"], &half[..]].concat()), [-1.0, -0.5, 0.0, 3.0]);
    let backward = [&["prelu"], &half[..], &["--backward", "dy.npy"]].concat();
    assert_eq!(apply(&backward), [0.5, 1.0, 1.5, 4.0]);
    for (arguments, said) in [
        (&["swish", "--parameter", "betta=1"][..], "did you mean `beta`?"),
        (&["swish", "--parameter", "beta"], "expected NAME=VALUE"),
        (&["swish", "--parameter", "beta=much"], "`much` is not a number"),
        (&["relun", "--parameter", "n=-1"], "`n` is -1, but must be finite and above 0"),
        (&["relu", "--parameter", "n=1"], "this function has no parameters"),
        (&["swish", "--seed", "1"], "--seed is for stochastic units"),
    ] {
        let mut command = halfwave(home.path());
        command.args(["apply", arguments[0], "x.npy", "new.npy"]).args(&arguments[1..]);
        command.assert().code(2).stderr(contains(said));
        assert!(!home.path().join("new.npy").exists());
    }
}

#[test]
fn figures_of_all_families_are_drawn() {
    let home = tempdir().unwrap();
    let mut command = halfwave(home.path());
    command.args(["plot", "activations", "--out", "figures"]);
    command.assert().success().stdout(contains("gated.svg")).stdout(contains("rectifiers.svg"));
    for name in names(&home.path().join("figures")) {
        let svg = fs::read_to_string(home.path().join("figures").join(&name)).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("derivatives"), "{name}");
    }
    let mut again = halfwave(home.path());
    again.args(["plot", "activations", "--out", "figures"]).assert().failure();
}

#[test]
fn any_shape_makes_the_round_trip() {
    let home = tempdir().unwrap();
    for shape in [&[][..], &[0], &[5], &[3, 0, 2], &[1, 2, 3, 4, 5]] {
        let n = shape.iter().product::<u64>();
        let data: Vec<f32> = (0..n).map(|i| i as f32).collect();
        save(&home.path().join("x.npy"), shape, &data);
        let mut command = halfwave(home.path());
        command.args(["apply", "identity", "x.npy", "y.npy", "--force"]).assert().success();
        assert_eq!(load(&home.path().join("y.npy")), (shape.to_vec(), data));
        let whole = |name: &str| fs::read(home.path().join(name)).unwrap();
        assert_eq!(whole("x.npy").len() % 64, whole("y.npy").len() % 64);
    }
}

#[test]
fn bad_files_are_named_and_nothing_is_left_behind() {
    let home = tempdir().unwrap();
    let good = bytes(&[2, 3], Order::C, &[1.0_f32; 6]);
    let mut big_endian = Vec::new();
    let dtype = DType::Plain(">f4".parse().unwrap());
    let options = npyz::WriteOptions::new().dtype(dtype).shape(&[2]);
    let mut writer = options.writer(&mut big_endian).begin_nd().unwrap();
    writer.extend([1.0_f32, 2.0]).unwrap();
    writer.finish().unwrap();
    let header = |descr: &str, shape: &str| {
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}");
        [b"\x93NUMPY\x01\x00\x76\x00", format!("{text:<118}").as_bytes(), &[0; 24]].concat()
    };
    for (name, content, said) in [
        ("empty", vec![], "not a .npy file"),
        ("zip", b"PK\x03\x04 and more".to_vec(), "not a .npy file"),
        ("header", good[..50].to_vec(), "truncated: expected 128 bytes of header, found 50"),
        (
            "short",
            good[..good.len() - 1].to_vec(),
            "expected 24 bytes of data for the shape (2, 3) from offset 128, found 23",
        ),
        ("long", [&good[..], &[0]].concat(), "found more than 24"),
        (
            "f64",
            bytes(&[2], Order::C, &[1.0_f64, 2.0]),
            "expected f32 in little-endian order ('<f4'), found '<f8'",
        ),
        ("i32", bytes(&[2], Order::C, &[1_i32, 2]), "found '<i4'"),
        ("big", big_endian, "found '>f4'"),
        ("fortran", bytes(&[2, 3], Order::Fortran, &[1.0_f32; 6]), "found Fortran order"),
        ("object", header("|O", "(2, 3)"), "Python objects"),
        ("lie", header("<f4", "(9, 9)"), "expected 324 bytes"),
        ("huge", header("<f4", "(4294967296, 4294967297)"), "more elements than memory can hold"),
        ("version", [b"\x93NUMPY\x09\x09", &good[8..]].concat(), "found 9.9"),
    ] {
        let file = format!("{name}.npy");
        fs::write(home.path().join(&file), content).unwrap();
        let mut command = halfwave(home.path());
        let assert = command.args(["apply", "relu", &file, "y.npy"]).assert().code(1);
        assert.stderr(contains(&file)).stderr(contains(said)).stdout("");
        fs::write(home.path().join("x.npy"), &good).unwrap();
        let mut command = halfwave(home.path());
        command.args(["apply", "relu", "x.npy", "y.npy", "--backward", &file]).assert().code(1);
        fs::remove_file(home.path().join("x.npy")).unwrap();
        fs::remove_file(home.path().join(file)).unwrap();
        assert!(names(home.path()).is_empty(), "{name}: {:?}", names(home.path()));
    }
}

#[test]
fn paths_that_are_no_files_are_refused() {
    let home = tempdir().unwrap();
    let run =
        |arguments: &[&str]| halfwave(home.path()).arg("apply").args(arguments).assert().code(1);
    run(&["relu", "none.npy", "y.npy"]).stderr(contains("none.npy: cannot read it"));
    run(&["relu", ".", "y.npy"]).stderr(contains("expected a file"));
    #[cfg(unix)]
    run(&["relu", "/dev/zero", "y.npy"]).stderr(contains("expected a file"));
    save(&home.path().join("x.npy"), &[2], &[1.0, 2.0]);
    run(&["relu", "x.npy", "."]).stderr(contains("expected the name of a file"));
    run(&["relu", "x.npy", "no/such/y.npy"]).stderr(contains("no/such/y.npy: cannot create it"));
    run(&["relu", "x.npy", "x.npy"]).stderr(contains("exists already"));
    save(&home.path().join("dy.npy"), &[1, 2], &[1.0, 2.0]);
    run(&["relu", "x.npy", "y.npy", "--backward", "dy.npy"])
        .stderr(contains("dy.npy has the shape (1, 2), expected (2,) of x.npy"));
    assert_eq!(names(home.path()), ["dy.npy", "x.npy"]);
    assert_eq!(load(&home.path().join("x.npy")).1, [1.0, 2.0]);
}

/// A rename would put a file in the place of a pipe or of a link.
#[cfg(unix)]
#[test]
fn pipes_and_links_stay_what_they_are() {
    use std::{
        os::unix::fs::{PermissionsExt as _, symlink},
        process::Command,
    };
    let home = tempdir().unwrap();
    let path = home.path();
    save(&path.join("x.npy"), &[3], &[-1.0, 0.0, 1.0]);
    fs::write(path.join("y.npy"), "old").unwrap();
    fs::set_permissions(path.join("y.npy"), fs::Permissions::from_mode(0o600)).unwrap();
    symlink("y.npy", path.join("link.npy")).unwrap();
    run(path, "apply relu x.npy link.npy").code(1).stderr(contains("exists already"));
    run(path, "apply relu x.npy link.npy --force").success();
    assert!(fs::symlink_metadata(path.join("link.npy")).unwrap().is_symlink());
    assert_eq!(load(&path.join("y.npy")).1, [0.0, 0.0, 1.0]);
    assert_eq!(fs::metadata(path.join("y.npy")).unwrap().permissions().mode() & 0o777, 0o600);
    if Command::new("mkfifo").arg(path.join("pipe")).status().is_ok_and(|done| done.success()) {
        run(path, "apply relu x.npy pipe --force")
            .code(1)
            .stderr(contains("pipe: expected the name of a file, found a device or a pipe"));
    }
}

#[test]
fn options_that_have_no_meaning_are_refused() {
    let home = tempdir().unwrap();
    let run =
        |arguments: &[&str]| halfwave(home.path()).arg("apply").args(arguments).assert().code(2);
    run(&["relu", "x.npy", "y.npy", "--seed", "1"]).stderr(contains("stochastic"));
    run(&["nrelu", "x.npy", "y.npy", "--backward", "dy.npy"]).stderr(contains("no derivative"));
}
