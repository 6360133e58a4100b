//! Principal components against scikit-learn's.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::{
    Locator, load,
    preprocess::{Pca, Standardiser},
};

/// The arrays of `tests/data/sklearn_pca.txt`, written by the script beside it.
fn sklearn(name: &str, what: &str) -> Vec<f64> {
    let start = format!("{name} {what} ");
    let text = include_str!("data/sklearn_pca.txt");
    let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    line.split(' ').map(|number| number.parse().unwrap()).collect()
}

/// The formula of that script.
fn sines(rows: usize, columns: usize) -> Vec<f32> {
    let value = |i: usize| {
        let (i, column) = (i as f64, (i % columns) as f64);
        (0.3 + 0.017 * i * i).sin() / (1.0 + column) + 0.25 * column
    };
    (0..rows * columns).map(|i| value(i) as f32).collect()
}

#[track_caller]
fn assert_close(name: &str, what: &str, found: &[f64]) {
    let expected = sklearn(name, what);
    assert_eq!(found.len(), expected.len(), "{name} {what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= 1e-5 * expected.abs().max(1.0), "{name} {what} {i}: {found}, {expected}");
    }
}

#[test]
fn components_are_those_of_scikit_learn() {
    let embedded = |name: &str| load(name, &Locator::new(None)).unwrap().train;
    let mut wdbc = embedded("wdbc");
    Standardiser::fit(&wdbc.x, wdbc.width).unwrap().apply(&mut wdbc.x).unwrap();
    for (name, x, width, components) in [
        ("tall", sines(40, 7), 7, 7),
        ("wide", sines(6, 11), 11, 4),
        ("optdigits", embedded("optdigits").x, 64, 20),
        ("wdbc", wdbc.x, 30, 30),
    ] {
        let pca = Pca::fit(&x, width, components).unwrap();
        assert_close(name, "components", &pca.components);
        assert_close(name, "variance", &pca.variance);
        assert_close(name, "ratio", &pca.variance_ratio());
        let scores = pca.apply(&x[..5 * width]).unwrap();
        let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
        assert_close(name, "scores", &scores);
    }
}
