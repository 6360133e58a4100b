//! Agarap's experiments under both protocols.

use std::fs;

use serde_json::Value;
use tempfile::tempdir;

use super::support::halfwave;

fn run(protocol: &str) -> Value {
    let home = tempdir().unwrap();
    let mut command = halfwave(home.path());
    command.args(["run", "agarap-wdbc", "-q", "--epochs", "4", "--seeds", "1", "--out", "o"]);
    command.args(["--set", &format!("protocol={protocol}"), "--set", "folds=2"]);
    command.assert().success();
    serde_json::from_slice(&fs::read(home.path().join("o/result.json")).unwrap()).unwrap()
}

fn metrics(result: &Value) -> Vec<&str> {
    let rows = result["rows"].as_array().unwrap().iter();
    rows.map(|row| row["metric"].as_str().unwrap()).collect()
}

#[test]
fn protocols_differ_in_what_they_test() {
    let (published, honest) = (run("published"), run("honest"));
    assert!(metrics(&published).contains(&"accuracy, fold 1"));
    assert!(!metrics(&honest).contains(&"accuracy, fold 1"));
    for (result, protocol, matrices) in [(&published, "published", 2), (&honest, "honest", 4)] {
        assert_eq!(result["confusions"].as_array().unwrap().len(), matrices, "{protocol}");
        let rows = result["rows"].as_array().unwrap();
        for row in rows {
            assert!(row["setting"].as_str().unwrap().contains(protocol), "{row}");
            assert!(row["value"].as_f64().unwrap().is_finite(), "{row}");
            if row["published"].is_object() {
                let differs = row["published"]["differs"].as_str().unwrap();
                let said = if protocol == "honest" {
                    "there the network is kept"
                } else {
                    "here folds = 2, mlp.epochs = 4"
                };
                assert!(differs.starts_with(said), "{row}");
            }
        }
    }
}

#[test]
fn networks_that_do_not_fit_are_errors_before_data_are_read() {
    let home = tempdir().unwrap();
    for (set, said) in [
        ("components=100", "an input of [256] does not take 100 components"),
        (
            "cnn.input=[8, 32, 1]",
            "layer 5 (conv): the height of the window is 3, of the input only",
        ),
        ("models=[]", "models, heads: expected at least one each"),
        ("protocol=dishonest", "unknown variant `dishonest`"),
        ("ffnn.layers=[{ name = 'dens', units = 10 }]", "unknown variant `dens`"),
    ] {
        let mut command = halfwave(home.path());
        // Any directory that has the names of the files will do: none is opened.
        let data = home.path().join("data/mnist");
        fs::create_dir_all(&data).unwrap();
        for part in ["train", "t10k"] {
            for what in ["images-idx3", "labels-idx1"] {
                fs::write(data.join(format!("{part}-{what}-ubyte")), "").unwrap();
            }
        }
        command.args(["run", "agarap-mnist", "-q", "--out", "o", "--set", set]);
        command.args(["--data-dir".as_ref(), home.path().join("data").as_os_str()]);
        command.assert().failure().stderr(predicates::str::contains(said));
    }
}
