//! The published files of MNIST and Fashion-MNIST, where they are found.
//!
//! `HALFWAVE_DATA=DIR cargo test --release -p halfwave-datasets`

use std::io::Write;

use halfwave_datasets::{Dataset, Error, Loaded, Locator, load, registry};

/// The set, or `None` with a loud word where it is not on this machine.
fn published(name: &str, test: &str) -> Option<Loaded> {
    match load(name, &Locator::new(None)) {
        Ok(loaded) => Some(loaded),
        Err(Error::Missing(missing)) => {
            let title = missing.entry.title;
            // Past the capture of the test harness, which would keep a skip silent.
            writeln!(std::io::stderr(), "SKIPPED: {title} not found (set HALFWAVE_DATA): {test}")
                .expect("stderr is open");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn assert_part(part: &Dataset, counts: [usize; 10], first_labels: [u32; 10]) {
    assert_eq!(part.rows(), counts.iter().sum());
    assert_eq!((part.width, part.shape.as_slice(), part.classes()), (784, &[28, 28][..], 10));
    assert_eq!(part.x.len(), part.rows() * 784);
    assert_eq!(part.class_counts(), counts);
    assert_eq!(part.labels[..10], first_labels);
    assert!(part.x.iter().all(|x| (0.0..=1.0).contains(x)));
    assert!(part.x.contains(&1.0) && part.x.contains(&0.0));
}

/// The mean pixel, which tells whether the images are the right ones.
fn mean(part: &Dataset) -> f64 {
    part.x.iter().copied().map(f64::from).sum::<f64>() / part.x.len() as f64
}

#[test]
fn mnist() {
    let Some(loaded) = published("mnist", "mnist") else { return };
    assert_part(
        &loaded.train,
        [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949],
        [5, 0, 4, 1, 9, 2, 1, 3, 1, 4],
    );
    assert_part(
        &loaded.test.expect("a test part"),
        [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009],
        [7, 2, 1, 0, 4, 1, 4, 9, 5, 9],
    );
    // The figure that everybody normalises with.
    assert!((mean(&loaded.train) - 0.1307).abs() < 5e-5, "{}", mean(&loaded.train));
}

#[test]
fn fashion_mnist() {
    let Some(loaded) = published("fashion-mnist", "fashion_mnist") else { return };
    assert_part(&loaded.train, [6000; 10], [9, 0, 0, 3, 0, 2, 7, 2, 5, 5]);
    assert_part(&loaded.test.expect("a test part"), [1000; 10], [9, 2, 1, 1, 6, 1, 4, 6, 5, 7]);
    assert_eq!(loaded.train.class_names[9], "Ankle boot");
    assert!((mean(&loaded.train) - 0.2860).abs() < 5e-5, "{}", mean(&loaded.train));
}

#[test]
fn published_files_have_the_checksums_of_the_table() {
    for name in ["mnist", "fashion-mnist"] {
        let test = "published_files_have_the_checksums_of_the_table";
        if published(name, test).is_some() {
            let entry = registry::find(name).expect("a known name");
            let verified = registry::verify(entry, &Locator::new(None));
            assert_eq!(verified.expect("the published files").len(), 4);
        }
    }
}
