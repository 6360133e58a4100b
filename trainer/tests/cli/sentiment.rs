//! `glorot-sentiment` on a few texts.

use std::{fs, path::Path};

use predicates::str::contains;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use super::support::halfwave;

/// Reviews of each domain and sentences: one word tells the polarity, another one the number of stars.
fn folder() -> TempDir {
    let home = tempdir().unwrap();
    let amazon = home.path().join("amazon-multidomain/sorted_data_acl");
    for domain in ["books", "dvd", "electronics", "kitchen_&_housewares"] {
        for (part, word, stars) in [("negative", "dull", [1, 2]), ("positive", "fine", [4, 5])] {
            let review = |i: usize| {
                let stars = stars[i % 2];
                format!(
                    "<review>\n<rating>\n{stars}.0\n</rating>\n<title>\nnumber{i} {domain}\n</title>\n<review_text>\n\
                     {word} stars{stars}\n</review_text>\n</review>\n"
                )
            };
            let path = amazon.join(domain).join(format!("{part}.review"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, (0..30).map(review).collect::<String>()).unwrap();
        }
    }
    let films = home.path().join("rt-polarity");
    fs::create_dir_all(&films).unwrap();
    for (file, word) in [("rt-polarity.neg", "dull"), ("rt-polarity.pos", "fine")] {
        let sentences = (0..30).map(|i| format!("a {word} film , number{i}\n"));
        fs::write(films.join(file), sentences.collect::<String>()).unwrap();
    }
    home
}

fn run(home: &Path, out: &str, more: &[&str]) -> assert_cmd::assert::Assert {
    let mut command = halfwave(home);
    command.args(["run", "glorot-sentiment", "-q", "--data-dir", ".", "--out", out]);
    command.args([
        "--set",
        "folds=2",
        "--set",
        "validation=0.25",
        "--set",
        "hidden=20",
        "--set",
        "stopping.epochs=20",
    ]);
    command.args(["--set", "pretraining.epochs=5", "--set", "rectifier.learning_rates=[0.1]"]);
    command.args(more).assert()
}

#[test]
fn sentiment_of_texts_whose_words_tell_it() {
    let home = folder();
    run(home.path(), "out", &[]).success();
    let result = fs::read(home.path().join("out/result.json")).unwrap();
    let result: Value = serde_json::from_slice(&result).unwrap();
    let rows = result["rows"].as_array().unwrap();
    // Four measures on Amazon's mean, the two of the test on each domain, two on films, of seven models.
    assert_eq!(rows.len(), 7 * (4 + 4 * 2 + 2));
    assert!(rows.iter().all(|row| row["value"].as_f64().unwrap().is_finite()));
    let mean = |metric: &str| {
        let of_mean = |row: &&Value| row["setting"].as_str().unwrap().contains("mean of books");
        let model = |row: &&Value| row["model"] == "rectifier, 1 layer, not pre-trained";
        let mut found = rows.iter().filter(of_mean).filter(model);
        let row = found.find(|row| row["metric"].as_str().unwrap().starts_with(metric));
        row.unwrap()["value"].as_f64().unwrap()
    };
    assert!(mean("accuracy") > 95.0, "{}", mean("accuracy"));
    assert!(mean("RMSE") < 0.7, "{}", mean("RMSE"));
    let published = rows.iter().filter_map(|row| row["published"]["value"].as_f64());
    assert_eq!(published.clone().next(), Some(78.95));
    assert_eq!(published.count(), 1 + 4 + 4);
}

/// One's own texts have stars, and no polarity.
#[test]
fn own_texts_stand_beside_the_published_ones() {
    let home = folder();
    let texts = (0..40).map(|i| format!("{},words of kind{} number{i}\n", 1 + i % 5, i % 5));
    let texts: String = ["stars,text\n".to_owned()].into_iter().chain(texts).collect();
    fs::write(home.path().join("own.csv"), texts).unwrap();
    let models = "models=[\"no hidden layer\"]";
    run(home.path(), "out", &["--set", "own=own.csv", "--set", models]).success();
    let result = fs::read_to_string(home.path().join("out/result.json")).unwrap();
    assert!(result.contains("own texts, 2 folds"), "{result}");
    let refused = run(home.path(), "wrong", &["--set", "models=[\"perceptron\"]"]);
    refused.failure().stderr(contains("halfwave config show glorot-sentiment"));
    fs::write(home.path().join("own.csv"), "stars,text\n6,too many\n").unwrap();
    let refused = run(home.path(), "wrong", &["--set", "own=own.csv", "--set", models]);
    refused.failure().stderr(contains("own.csv"));
}
