//! The experiments of Nair & Hinton's figures, small and on embedded data.

use std::fs;

use serde_json::Value;
use tempfile::tempdir;

use super::support::{halfwave, names};

/// The rows of a small run.
fn rows(experiment: &str, changes: &[&str], figures: usize) -> Vec<Value> {
    let home = tempdir().unwrap();
    let mut command = halfwave(home.path());
    command.args(["run", experiment, "-q", "--epochs", "2", "--seeds", "2", "--out", "o"]);
    for set in changes {
        command.args(["--set", set]);
    }
    command.assert().success();
    let out = home.path().join("o");
    let result: Value =
        serde_json::from_slice(&fs::read(out.join("result.json")).unwrap()).unwrap();
    assert_eq!(result["figures"].as_array().unwrap().len(), figures);
    assert_eq!(names(&out).len(), figures + 5);
    let rows = result["rows"].as_array().unwrap().clone();
    assert!(rows.iter().all(|row| row["value"].as_f64().is_some_and(f64::is_finite)));
    rows
}

fn value(rows: &[Value], setting: &str, model: &str, metric: &str) -> f64 {
    let wanted = |row: &&Value| {
        let has = |key: &str, text: &str| row[key].as_str().unwrap().contains(text);
        has("setting", setting) && row["model"] == model && has("metric", metric)
    };
    rows.iter().find(wanted).unwrap()["value"].as_f64().unwrap()
}

#[test]
fn figures_of_nair_and_hinton_are_drawn() {
    let small = ["rbm.hidden_units=40", "rows=500", "filters=9"];
    let rows = rows("nair-hinton-figures", &small, 6);
    let gap = value(&rows, "Figure 1", "SSU, N = ∞", "softplus");
    assert!((gap - 0.010_578).abs() < 1e-6, "{gap}");
    assert!(rows.iter().any(|row| row["setting"] == "optdigits, 40 NReLU units, activity"));
}

#[test]
fn variances_are_compared_in_pairs() {
    let small = ["rbm.hidden_units=30", "train_rows=600", "test_rows=200"];
    let rows = rows("noise-ablation", &small, 2);
    let error = |model| value(&rows, "optdigits", model, "sampled h");
    assert!(error("V = 0") < error("V = 1"));
    assert_eq!(rows.iter().filter(|row| row["model"] == "V = 1").count(), 4 + 2);
}

#[test]
fn rectifiers_without_biases_do_not_see_the_gain() {
    let units = ["nrelu", "second", "bernoulli"].map(|rbm| format!("{rbm}.hidden_units=30"));
    let small = [&units[0], &units[1], &units[2], "train_rows=600", "test_rows=100"];
    let rows = rows("equivariance", &small, 2);
    for model in ["NReLU, no biases", "two layers of NReLU, no biases"] {
        assert!(value(&rows, "images times α", model, "f(αx)") < 1e-5);
        assert!(value(&rows, "images times α", model, "cosine") < 1e-5);
        let normalised = format!("{model}, normalised");
        let at = |gain| value(&rows, &format!("at gain {gain}"), &normalised, "accuracy");
        assert_eq!(at(0.25), at(1.0));
        assert_eq!(at(4.0), at(1.0));
    }
    assert!(value(&rows, "images times α", "Bernoulli", "cosine") > 0.01);
}

#[test]
fn data_meet_no_more_regions_than_the_bound() {
    let small = ["dimensions=[2, 3]", "units=[1, 2, 3, 6]", "directions=20000", "rows=500"];
    let rows = rows("linear-regions", &small, 2);
    for row in &rows {
        let bound = row["published"]["value"].as_f64().unwrap();
        assert!(row["value"].as_f64().unwrap() <= bound, "{row}");
    }
    let met = value(&rows, "d = 2", "N = 2, random weights, random directions", "regions");
    assert_eq!(met, 4.0);
}

#[test]
fn settings_that_would_show_something_else_are_refused() {
    let home = tempdir().unwrap();
    for (experiment, set, said) in [
        ("nair-hinton-figures", "bins=0", "bins"),
        ("nair-hinton-figures", "sets=[]", "sets"),
        ("nair-hinton-figures", "sets=['optdigit']", "unknown variant"),
        ("equivariance", "alphas=[0.0]", "alphas"),
        ("equivariance", "sets=['lfw']", "no classes"),
        ("equivariance", "nrelu.hidden_biases=true", "hidden_biases"),
        ("linear-regions", "units=[65]", "from 1 to 64"),
        ("linear-regions", "dimensions=[0]", "dimensions"),
        ("linear-regions", "dimensions=[100]", "expected 1 to 64"),
    ] {
        let mut command = halfwave(home.path());
        command.args(["run", experiment, "-q", "--out", "o", "--set", set]);
        command.assert().code(2).stderr(predicates::str::contains(said));
        assert!(names(home.path()).is_empty(), "{set}");
    }
}
