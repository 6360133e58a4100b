//! Standardised columns, folds, splits and scores against scikit-learn's.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

use halfwave_datasets::{
    Locator, load,
    preprocess::Standardiser,
    split::{stratified_folds, stratified_split},
};
use halfwave_trainer::metrics::{Confusion, Scores};

const ROWS: u32 = 203;

/// The numbers of `tests/data/sklearn_numbers.txt`, written by the script beside it.
fn sklearn(name: &str, what: &str) -> Vec<f64> {
    let start = format!("{name} {what} ");
    let text = include_str!("../data/sklearn_numbers.txt");
    let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
    line.split(' ').map(|number| number.parse().unwrap()).collect()
}

/// The labels of that script, and what is predicted there.
fn labels() -> (Vec<u32>, Vec<u32>) {
    let label = |i: u32| match (31 * i * i + 17 * i) % 100 {
        _ if i < 4 => i,
        0..50 => 0,
        50..75 => 1,
        75..90 => 2,
        _ => 3,
    };
    let labels: Vec<u32> = (0..ROWS).map(label).collect();
    let predicted = |(i, &y): (u32, &u32)| if 13 * i % 7 < 5 { y } else { (y + 1 + i % 3) % 5 };
    let predicted = (0..).zip(&labels).map(predicted).collect();
    (labels, predicted)
}

#[track_caller]
fn assert_close(what: &str, tolerance: f64, found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance * expected.abs().max(1.0), "{what} {i}: {found}, {expected}");
    }
}

#[test]
fn columns_are_standardised_as_there() {
    let wave = |i: usize| match i % 7 {
        // A constant column.
        6 => 3.0,
        column => 100.0 + (0.7 * i as f64).sin() * (1 + column) as f64,
    };
    let waves = (0..40 * 7).map(|i| wave(i) as f32).collect();
    let wdbc = load("wdbc", &Locator::new(None)).unwrap().train;
    for (name, mut x, width) in [("waves", waves, 7), ("wdbc", wdbc.x, wdbc.width)] {
        let standardiser = Standardiser::fit(&x, width).unwrap();
        assert_close(name, 1e-12, &standardiser.mean, &sklearn(name, "mean"));
        assert_close(name, 1e-10, &standardiser.std, &sklearn(name, "scale"));
        standardiser.apply(&mut x).unwrap();
        let rows: Vec<f64> = x[..5 * width].iter().map(|&x| x.into()).collect();
        assert_close(name, 1e-6, &rows, &sklearn(name, "rows"));
    }
}

/// How many of each class; which, is another generator's choice.
#[test]
fn folds_and_splits_have_as_many_of_each_class_as_there() {
    let (labels, _) = labels();
    let counts = |rows: &[usize]| {
        let mut counts = [0.0; 4];
        rows.iter().for_each(|&row| counts[labels[row] as usize] += 1.0);
        counts
    };
    for k in [2, 3, 10] {
        for seed in 1..4 {
            let folds = stratified_folds(&labels, k, seed).unwrap();
            let found: Vec<f64> = folds.iter().flat_map(|fold| counts(&fold.test)).collect();
            assert_eq!(found, sklearn(&format!("folds-{k}"), "test"), "{k} folds");
        }
    }
    for share in [0.1, 0.25, 0.3] {
        let split = stratified_split(&labels, share, 1).unwrap();
        assert_eq!(counts(&split.test).to_vec(), sklearn(&format!("split-{share}"), "test"));
    }
}

#[test]
fn scores_are_those_of_there() {
    let (labels, predicted) = labels();
    let confusion = Confusion::new(5, &labels, &predicted).unwrap();
    let counts: Vec<f64> = confusion.counts().iter().map(|&count| count as f64).collect();
    assert_eq!(counts, sklearn("scores", "confusion"));
    assert_close("accuracy", 1e-15, &[confusion.accuracy()], &sklearn("scores", "accuracy"));
    type Score = fn(Scores) -> f64;
    let scores: [(&str, Score); 4] = [
        ("precision", |scores| scores.precision),
        ("recall", |scores| scores.recall),
        ("f1", |scores| scores.f1),
        ("support", |scores| scores.support as f64),
    ];
    for (what, score) in scores {
        let found: Vec<f64> = (0..5).map(|class| score(confusion.class(class))).collect();
        assert_close(what, 1e-15, &found, &sklearn("scores", what));
    }
    let Scores { precision, recall, f1, .. } = confusion.weighted();
    assert_close("weighted", 1e-15, &[precision, recall, f1], &sklearn("scores", "weighted"));
}
