//! `halfwave sweep`: cells, their table, going on, and what it refuses.

use std::{fs, path::Path};

use predicates::str::contains;
use serde_json::Value;
use tempfile::tempdir;

use super::support::{halfwave, names, run};

/// Two cells of one setting and two of another, each trained for an epoch.
const SWEEP: &str = "sweep agarap-wdbc -q --epochs 1 --seeds 2 --set folds=2 --set heads=['softmax'] \
    --grid mlp.dropout=0,0.5 --grid mlp.hidden=[4],[4,4] --out s";

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn every_cell_is_a_run_and_the_table_has_their_rows() {
    let home = tempdir().unwrap();
    let path = home.path();
    run(path, SWEEP).success().stderr("").stdout(contains("4 cells run, 0 kept"));
    let cells = ["cell-0001", "cell-0002", "cell-0003", "cell-0004"];
    let files = [&cells[..], &["sweep.csv", "sweep.json", "sweep.md"]].concat();
    assert_eq!(names(&path.join("s")), files);
    let mut reader = csv::Reader::from_path(path.join("s/sweep.csv")).unwrap();
    let lines: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let mut next = lines.iter();
    for (cell, [dropout, hidden]) in
        cells.iter().zip([["0", "[4]"], ["0", "[4,4]"], ["0.5", "[4]"], ["0.5", "[4,4]"]])
    {
        let result = json(&path.join("s").join(cell).join("result.json"));
        assert_eq!(result["configuration"]["part"], "validation", "to choose settings by");
        let mlp = &result["configuration"]["mlp"];
        assert_eq!(mlp["dropout"].as_f64(), dropout.parse().ok());
        assert_eq!(mlp["hidden"].to_string(), hidden);
        assert_eq!(result["seeds"], serde_json::json!([1, 2]));
        for row in result["rows"].as_array().unwrap() {
            let line = next.next().unwrap();
            assert_eq!([&line[1], &line[2]], [dropout, hidden]);
            assert_eq!(line[5], *row["metric"].as_str().unwrap());
            assert_eq!(line[7].parse::<f64>().ok(), row["value"].as_f64());
            assert_eq!(line[8].parse::<f64>().ok(), row["std"].as_f64());
            assert_eq!(line[9].parse::<u64>().ok(), row["n"].as_u64());
        }
    }
    assert!(next.next().is_none());
    let markdown = fs::read_to_string(path.join("s/sweep.md")).unwrap();
    assert!(markdown.contains("4 of 4 cells") && markdown.contains("| 4 | 0.5 | [4,4] | "));
    assert!(markdown.contains("the test was not read"));
    assert!(!markdown.contains("WDBC, test"), "{markdown}");

    let test = SWEEP.replace("--out s", "--out t --set part=test --sample 1");
    run(path, &test).success();
    let markdown = fs::read_to_string(path.join("t/sweep.md")).unwrap();
    assert!(markdown.contains("WDBC, test") && markdown.contains("is not a test result"));
}

#[test]
fn a_sweep_goes_on_where_it_stood_and_loses_nothing() {
    let home = tempdir().unwrap();
    let path = home.path();
    run(path, SWEEP).success();
    let table = fs::read(path.join("s/sweep.csv")).unwrap();
    let result = |cell: u32| path.join(format!("s/cell-000{cell}/result.json"));
    let first = fs::read(result(1)).unwrap();
    // As a kill in the midst of cell 3 would leave it.
    fs::remove_file(result(3)).unwrap();
    fs::create_dir(path.join("s/cell-0003/.partial-x")).unwrap();
    fs::remove_dir_all(path.join("s/cell-0004")).unwrap();
    run(path, SWEEP).success().stdout(contains("2 cells run, 2 kept"));
    assert_eq!(fs::read(path.join("s/sweep.csv")).unwrap(), table, "the same numbers");
    assert_eq!(fs::read(result(1)).unwrap(), first);
    assert!(!path.join("s/cell-0003/.partial-x").exists());
    run(path, SWEEP).success().stdout(contains("0 cells run, 4 kept"));

    let before = fs::read(path.join("s/sweep.json")).unwrap();
    for (more, said) in [
        ("--set folds=3", "holds a sweep with other settings"),
        ("--seed 2", "holds a sweep with other seeds"),
        ("--grid test_fraction=0.3,0.4", "holds a sweep with another grid"),
    ] {
        run(path, &format!("{SWEEP} {more}")).code(1).stderr(contains(said));
        assert_eq!(fs::read(path.join("s/sweep.json")).unwrap(), before);
    }
    fs::copy(result(1), result(2)).unwrap();
    run(path, SWEEP).code(1).stderr(contains("the result of another configuration"));
    fs::write(result(2), "{").unwrap();
    run(path, SWEEP).code(1).stderr(contains("expected a result.json"));
    fs::write(path.join("s/sweep.json"), "{}").unwrap();
    run(path, SWEEP).code(1).stderr(contains("sweep.json: expected the file that a sweep writes"));
}

#[test]
fn random_points_are_in_their_ranges_and_depend_on_the_seed() {
    let home = tempdir().unwrap();
    let path = home.path();
    let sweep = |out: &str, seed: u32| {
        let arguments = format!(
            "sweep agarap-wdbc -q --epochs 1 --seeds 1 --set folds=2 --sample 3 --seed {seed} --out {out} \
             --grid mlp.optimiser.learning_rate=1e-4..1e-2:log --grid mlp.batch=10..20 --grid mlp.activation=relu,elu"
        );
        run(path, &arguments).success();
        json(&path.join(out).join("sweep.json"))["cells"].clone()
    };
    let cells = sweep("a", 1);
    assert_eq!(cells.as_array().unwrap().len(), 3);
    for cell in cells.as_array().unwrap() {
        let mlp = &cell["configuration"]["mlp"];
        assert!((10..=20).contains(&mlp["batch"].as_u64().unwrap()));
        assert!((1e-4..=1e-2).contains(&mlp["optimiser"]["learning_rate"].as_f64().unwrap()));
    }
    assert_eq!(sweep("b", 1), cells);
    assert_ne!(sweep("c", 2), cells);
}

#[test]
fn cells_that_diverge_are_noted_and_others_fail_the_sweep_at_its_end() {
    let home = tempdir().unwrap();
    let path = home.path();
    let sweep = "sweep agarap-wdbc -q --epochs 3 --seeds 1 --set folds=2";
    run(path, &format!("{sweep} --grid mlp.optimiser.learning_rate=1e30,1e-3 --out d"))
        .success()
        .stdout(contains("diverged"));
    let table = fs::read_to_string(path.join("d/sweep.csv")).unwrap();
    assert_eq!(table.lines().filter(|line| line.contains("diverged")).count(), 1);
    assert_eq!(names(&path.join("d")), ["cell-0002", "sweep.csv", "sweep.json", "sweep.md"]);
    run(path, &format!("{sweep} --grid mlp.dropout=2,0.1 --out f"))
        .code(1)
        .stderr(contains("1 of 2 cells failed; the first: dropout: expected 0 to below 1"));
    assert!(path.join("f/cell-0002/result.json").exists());
}

#[test]
fn bad_sweeps_are_errors_before_anything_is_made() {
    let home = tempdir().unwrap();
    let path = home.path();
    fs::create_dir(path.join("full")).unwrap();
    fs::write(path.join("full/mine"), "mine").unwrap();
    let before = names(path);
    let many = |key: &str| {
        let values: Vec<String> = (1..=101).map(|i| i.to_string()).collect();
        format!("--grid {key}={}", values.join(","))
    };
    let large = format!("{} {}", many("mlp.batch"), many("mlp.epochs"));
    for (arguments, code, said) in [
        ("", 2, "--grid"),
        ("--grid mlp.droput=0,1", 2, "did you mean `mlp.dropout`?"),
        ("--grid mlp.dropout=0,many", 2, "`mlp.dropout`: expected a finite number"),
        ("--grid mlp.activation=relu,rleu", 2, "rleu"),
        ("--grid mlp.dropout=", 2, "expected KEY=VALUE"),
        ("--grid mlp.dropout=0..0.5", 2, "say --sample N"),
        ("--grid mlp.dropout=0.5..0 --sample 2", 2, "the first below the second"),
        ("--grid mlp.batch=1.2..1.8 --sample 2", 2, "no whole number in the range"),
        ("--grid mlp.dropout=0 --grid mlp.dropout=1", 2, "stands twice"),
        ("--grid folds=2 --sample 0", 2, "expected a whole number from 1"),
        (&large, 2, "the grid has 10201 cells, at most 10000"),
        ("--grid folds=2 --out full", 1, "expected an empty directory, or this sweep's own"),
        ("--grid folds=2 --out full/mine", 1, "full/mine"),
    ] {
        let out = if arguments.contains("--out") { "" } else { "--out s" };
        run(path, &format!("sweep agarap-wdbc -q {out} {arguments}"))
            .code(code)
            .stderr(contains(said));
        assert_eq!(names(path), before, "{arguments}");
    }
    let mut command = halfwave(path);
    command.args(["sweep", "mnist-mlp", "--grid", "mlp.batch=1", "--out", "s"]);
    command.assert().code(1).stderr(contains("not found"));
    assert_eq!(names(path), before);
}
