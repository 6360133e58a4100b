//! `halfwave table`: from results of runs into a file, and the README of the project.

use std::{fs, path::Path};

use predicates::str::contains;
use tempfile::tempdir;

use super::support::run;

const MARKED: &str =
    "before\n<!-- table of reproductions -->\n<!-- end of the table of reproductions -->\nafter\n";

#[test]
fn the_table_comes_from_results_and_is_checked() {
    let home = tempdir().unwrap();
    let path = home.path();
    let wdbc = "run agarap-wdbc -q --epochs 1 --set folds=2 --set heads=['softmax']";
    run(path, &format!("{wdbc} --seeds 2 --out a")).success();
    run(path, &format!("{wdbc} --seeds 1 --seed 7 --out b")).success();
    fs::write(path.join("T.md"), MARKED).unwrap();
    let table = "table a/result.json b/result.json";
    run(path, &format!("{table} --into T.md --check"))
        .code(1)
        .stderr(contains("not that of these"));
    assert_eq!(fs::read_to_string(path.join("T.md")).unwrap(), MARKED);
    run(path, &format!("{table} --into T.md")).success();
    run(path, &format!("{table} --into T.md --check")).success();
    let text = fs::read_to_string(path.join("T.md")).unwrap();
    let printed = run(path, table).success();
    let printed = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
    let (begin, end) = MARKED.split_at(MARKED.find("<!-- end").unwrap());
    assert_eq!(text, format!("{begin}{printed}{end}"));

    let result: serde_json::Value =
        serde_json::from_slice(&fs::read(path.join("a/result.json")).unwrap()).unwrap();
    let date = result["date"].as_str().unwrap();
    assert!(
        result["machine"]["cpu"].is_string() && !result["summary"].as_str().unwrap().is_empty()
    );
    let rows: Vec<&str> = printed.lines().filter(|line| line.starts_with("| agarap")).collect();
    let wanted = result["rows"].as_array().unwrap();
    let published = wanted.iter().filter(|row| !row["published"].is_null()).count();
    assert_eq!(rows.len(), 2 * published);
    for (row, of) in rows.iter().zip(wanted.iter().filter(|row| !row["published"].is_null())) {
        let ours =
            format!("{:.2} ± {:.2}", of["value"].as_f64().unwrap(), of["std"].as_f64().unwrap());
        assert!(row.contains(&ours) && row.contains(" 1–2 ") && row.contains(date), "{row} {ours}");
        assert!(row.contains(&format!("{:.2}", of["published"]["value"].as_f64().unwrap())));
        assert!(row.ends_with("| A |"), "{row}");
    }
    assert!(rows[published..].iter().all(|row| row.contains("| 7 |")));
    assert!(printed.contains("\nMachine A: ") && printed.contains("\n\\[1\\] "));
}

/// Files of the first versions have neither date nor machine.
#[test]
fn results_without_date_and_machine_are_read() {
    let home = tempdir().unwrap();
    let path = home.path();
    let text = r#"{"experiment": "e", "configuration": {"a": 1}, "seeds": [1], "versions":
        {"halfwave": "0.1.0", "target": "t", "profile": "release"}, "level": "avx2", "threads": 2, "seconds": 1.5,
        "rows": [{"setting": "s|t", "model": "m", "metric": "accuracy", "unit": "%", "value": 98.5, "std": null,
        "n": 1, "published": {"value": 97.25, "std": 0.5, "source": "A 2018"}}], "notes": [], "confusions": [],
        "figures": []}"#;
    fs::write(path.join("r.json"), text).unwrap();
    let row = "| e | s\\|t: m, accuracy % | 97.25 ± 0.50 [1] | 98.50 | 1 | 1 | – | – |\n";
    run(path, "table r.json").success().stdout(contains(row)).stdout(contains("\\[1\\] A 2018."));

    fs::write(path.join("none.json"), text.replace("\"published\": {", "\"other\": {")).unwrap();
    run(path, "table none.json").code(1).stderr(contains("--all takes the others too"));
    run(path, "table none.json --all").success().stdout(contains("| – | 98.50 |"));
    run(path, "table r.json --all --headlines").code(2).stderr(contains("cannot be used with"));
    fs::write(path.join("no.md"), "text\n").unwrap();
    fs::write(path.join("bad.json"), "{\"experiment\": 1}").unwrap();
    for (arguments, code, said) in [
        ("table r.json --into no.md", 1, "no.md: expected one line that begins with"),
        ("table r.json --into there.md", 1, "there.md: cannot read it"),
        ("table there.json", 1, "there.json: cannot find it"),
        ("table bad.json", 1, "bad.json: expected a result.json: invalid type"),
        ("table r.json --check", 2, "--into"),
        ("table", 2, "RESULT.json"),
    ] {
        run(path, arguments).code(code).stderr(contains(said));
    }
}

/// One row a model and setting: the first of those with a published number.
#[test]
fn headlines_are_the_first_published_numbers() {
    let home = tempdir().unwrap();
    let path = home.path();
    let wdbc = "run agarap-wdbc -q --seeds 1";
    run(path, &format!("{wdbc} --protocol published --out a")).success();
    // Other protocols and other settings are no headlines.
    for (which, out) in [("honest", "honest"), ("published --set folds=2", "fewer")] {
        run(path, &format!("{wdbc} --epochs 1 --protocol {which} --out {out}")).success();
        let printed = run(path, &format!("table {out} --headlines")).code(1);
        printed.stderr(contains("that can be compared"));
    }
    let rows = |arguments: &str| -> Vec<String> {
        let printed = run(path, arguments).success();
        let text = String::from_utf8(printed.get_output().stdout.clone()).unwrap();
        text.lines().filter(|line| line.starts_with("| agarap")).map(Into::into).collect()
    };
    let (all, headlines) = (rows("table a/result.json"), rows("table a/result.json --headlines"));
    // Two heads, over the folds and on the test rows.
    assert_eq!(headlines.len(), 4, "{headlines:?}");
    // Sources have other numbers where there are more of them.
    let plain = |row: &String| row.split_once(" [").map(|(start, _)| start.to_owned());
    let known: Vec<_> = all.iter().map(plain).collect();
    for row in &headlines {
        assert!(row.contains("head, accuracy %") && known.contains(&plain(row)), "{row}");
    }
    assert!(all.len() > headlines.len(), "{all:?}");
}

/// The numbers of the documents are those of the results that are kept with them.
#[test]
fn the_documents_have_the_tables_of_the_results() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut results: Vec<_> = fs::read_dir(root.join("docs/results"))
        .unwrap()
        .map(|entry| format!("docs/results/{}", entry.unwrap().file_name().to_str().unwrap()))
        .filter(|path| path.ends_with(".json"))
        .collect();
    results.sort();
    let results = results.join(" ");
    run(&root, &format!("table {results} --headlines --into README.md --check")).success();
    run(&root, &format!("table {results} --into docs/results/README.md --check")).success();
}

/// Two runs with other settings: what they share, side by side; a run of another experiment shares nothing.
#[test]
fn runs_are_compared() {
    let home = tempdir().unwrap();
    let path = home.path();
    for (out, hidden) in [("a", "8"), ("b", "32")] {
        let train = format!(
            "run agarap-wdbc -q --seeds 2 --epochs 3 --set folds=2 --set mlp.hidden=[{hidden}] --out {out}"
        );
        run(path, &train).success();
    }
    let printed = |arguments: &str| {
        let report = run(path, arguments).success();
        String::from_utf8(report.get_output().stdout.clone()).unwrap()
    };
    let text = printed("report a b/result.json --markdown");
    assert!(text.starts_with("| what | a | b/result.json | minus a |\n"), "{text}");
    assert!(text.contains("softmax head, accuracy %") && text.contains("95 % interval"), "{text}");
    let keys = "| key | a | b/result.json |\n|---|---|---|\n| mlp.hidden | [8] | [32] |\n";
    assert!(text.ends_with(keys), "{text}");

    // On a terminal columns stand below each other.
    let text = printed("report a b");
    let column = |line: &str| line.find(" (").unwrap();
    let block: Vec<_> = text.lines().skip(2).take_while(|line| !line.is_empty()).collect();
    let ends = |line: &&str| line.find("  ").map(|_| line[..column(line)].len());
    assert!(text.starts_with("WDBC, 2 folds") && block.len() >= 2, "{text}");
    assert!(block.iter().all(|line| ends(line).is_some()), "{text}");
    assert!(
        text.contains("settings that differ\n  key         a    b\n  mlp.hidden  [8]  [32]\n"),
        "{text}"
    );

    let json: serde_json::Value = serde_json::from_str(&printed("report a b --json")).unwrap();
    let changed = serde_json::json!([{ "key": "mlp.hidden", "values": ["[8]", "[32]"] }]);
    assert_eq!((&json["runs"], &json["differences"]), (&serde_json::json!(["a", "b"]), &changed));
    let [first, second] = [0, 1].map(|run| &json["rows"][0]["runs"][run]);
    let difference = second["value"].as_f64().unwrap() - first["value"].as_f64().unwrap();
    // Numbers in JSON are read to the last bit but one.
    let told = second["minus_first"]["value"].as_f64().unwrap();
    assert!((told - difference).abs() < 1e-9, "{told} {difference}");
    assert!(first["minus_first"].is_null() && second["minus_first"]["paired"] == true);

    run(path, "report a b --markdown --out c.md").success().stdout("c.md\n");
    assert_eq!(fs::read_to_string(path.join("c.md")).unwrap(), printed("report a b --markdown"));
    run(path, "report a b --out c.md").code(1).stderr(contains("c.md"));
    run(path, "report a b --out c.md --force").success();
    assert_eq!(fs::read_to_string(path.join("c.md")).unwrap(), printed("report a b"));

    // One run is shown.
    let one = printed("report a");
    assert!(
        one.contains("published") && one.ends_with(" s\n") && one.contains("seeds 1 2"),
        "{one}"
    );
    assert!(printed("report a --markdown").starts_with("# agarap-wdbc\n"));
    let json: serde_json::Value = serde_json::from_str(&printed("report a --json")).unwrap();
    assert_eq!(
        (&json["differences"], json["rows"][0]["runs"].as_array().unwrap().len()),
        (&serde_json::json!([]), 1)
    );

    let same = printed("report a a --markdown");
    assert!(
        same.lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .all(|line| !line.ends_with("* |"))
    );
    run(path, "report").failure().code(2);
    run(path, "report a --markdown --json").failure().code(2);
    run(path, "report a nowhere").failure().code(1).stderr(contains("nowhere"));
    // The page is one file: every figure is in it.
    let page = fs::read_to_string(path.join("a/report.html")).unwrap();
    assert!(page.contains("<table>") && page.contains("data:image/svg+xml;base64,"), "{page}");
    assert!(!page.contains(".svg\""));
}

#[test]
fn shells_and_manuals_know_the_commands() {
    let home = tempdir().unwrap();
    for (arguments, expected) in [
        ("completions bash", "--data-dir"),
        // Names of experiments and of data sets.
        ("completions bash", "optdigits-rbm"),
        ("completions zsh", "rt-polarity"),
        ("completions zsh", "#compdef"),
        ("man", ".TH halfwave"),
    ] {
        run(home.path(), arguments).success().stdout(contains(expected));
    }
    run(home.path(), "completions cmd").failure().code(2);

    // Every page that a page names is there.
    run(home.path(), "man --out man1").success().stdout(contains("man1/halfwave-train-rbm.1"));
    let first = fs::read_to_string(home.path().join("man1/halfwave.1")).unwrap();
    let named = first.lines().filter_map(|line| line.strip_prefix("halfwave\\-"));
    let named: Vec<_> = named.filter_map(|line| line.strip_suffix("(1)")).collect();
    assert!(named.len() > 10 && named.contains(&"train"), "{named:?}");
    for name in named.iter().filter(|name| **name != "help") {
        assert!(home.path().join(format!("man1/halfwave-{name}.1")).exists(), "{name}");
    }
    run(home.path(), "man --out man1").failure().code(1);
    run(home.path(), "man --out man1 --force").success();
    run(home.path(), "man --force").failure().code(2);
}
