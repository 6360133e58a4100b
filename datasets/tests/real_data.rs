//! The published files of MNIST, Fashion-MNIST, CIFAR-10 and LFW, where they are found.
//!
//! `HALFWAVE_DATA=DIR cargo test --release -p halfwave-datasets`

use std::collections::BTreeSet;
use std::io::Write;

use halfwave_datasets::lfw::{self, Pair};
use halfwave_datasets::{Dataset, Error, Loaded, Locator, load, registry};

/// The set, or `None` with a loud word where it is not on this machine.
fn published(name: &str, test: &str) -> Option<Loaded> {
    match load(name, &Locator::new(None)) {
        Ok(loaded) => Some(loaded),
        Err(Error::Missing(missing)) => {
            skipped(missing.entry.title, test);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Past the capture of the test harness, which would keep a skip silent.
fn skipped(title: &str, test: &str) {
    writeln!(std::io::stderr(), "SKIPPED: {title} not found (set HALFWAVE_DATA): {test}")
        .expect("stderr is open");
}

fn assert_part(part: &Dataset, counts: [usize; 10], first_labels: [u32; 10]) {
    assert_eq!((part.width, part.shape.as_slice()), (784, &[28, 28][..]));
    assert_classes(part, counts, first_labels);
}

fn assert_classes(part: &Dataset, counts: [usize; 10], first_labels: [u32; 10]) {
    assert_eq!((part.rows(), part.classes()), (counts.iter().sum(), 10));
    assert_eq!(part.x.len(), part.rows() * part.width);
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
fn cifar10() {
    let Some(loaded) = published("cifar10", "cifar10") else { return };
    let test = loaded.test.expect("a test part");
    for part in [&loaded.train, &test] {
        assert_eq!((part.width, part.shape.as_slice()), (3072, &[32, 32, 3][..]));
    }
    assert_classes(&loaded.train, [5000; 10], [6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    assert_classes(&test, [1000; 10], [3, 8, 8, 0, 6, 6, 1, 6, 3, 1]);
    assert_eq!(loaded.train.class_names[6], "frog");
    // The means of red, green and blue that everybody normalises with.
    for (colour, expected) in [0.4914, 0.4822, 0.4465].into_iter().enumerate() {
        let values = loaded.train.x.iter().skip(colour).step_by(3);
        let mean = values.map(|&x| f64::from(x)).sum::<f64>() / (50_000.0 * 1024.0);
        assert!((mean - expected).abs() < 5e-5, "{mean}");
    }
}

#[test]
fn published_files_have_the_checksums_of_the_table() {
    for (name, files) in [("mnist", 4), ("fashion-mnist", 4), ("cifar10", 6), ("lfw", 6)] {
        let entry = registry::find(name).expect("a known name");
        match registry::verify(entry, &Locator::new(None)) {
            Ok(paths) => assert_eq!(paths.len(), files),
            Err(Error::Missing(_)) => {
                skipped(entry.title, "published_files_have_the_checksums_of_the_table");
            }
            Err(error) => panic!("{error}"),
        }
    }
}

/// What the documentation of `lfw` says of the published lists, each counted.
#[test]
fn lfw() {
    let lfw = match lfw::load(&Locator::new(None)) {
        Ok(lfw) => lfw,
        Err(Error::Missing(missing)) => return skipped(missing.entry.title, "lfw"),
        Err(error) => panic!("{error}"),
    };
    assert_eq!((lfw.rows(), lfw.images.len()), (13_233, 13_233 * lfw::WIDTH));
    let kinds = |pairs: &[Pair]| {
        (
            pairs.iter().filter(|pair| pair.same).count(),
            pairs.iter().filter(|pair| !pair.same).count(),
        )
    };
    assert_eq!(lfw.folds.len(), 10);
    assert!(lfw.folds.iter().all(|fold| kinds(fold) == (300, 300)));
    assert_eq!((kinds(&lfw.dev_train), kinds(&lfw.dev_test)), ((1100, 1100), (500, 500)));
    let named = |row: u32| lfw.names[row as usize].as_str();
    let first = lfw.folds[0][0];
    assert_eq!(named(first.first), "Abel_Pacheco/Abel_Pacheco_0001.jpg");
    assert_eq!(named(first.second), "Abel_Pacheco/Abel_Pacheco_0004.jpg");
    let person = |row: u32| named(row).split('/').next().expect("a name");
    for pair in lfw.folds.iter().chain([&lfw.dev_train, &lfw.dev_test]).flatten() {
        assert_eq!(person(pair.first) == person(pair.second), pair.same);
    }

    assert_eq!(lfw.people.iter().map(Vec::len).sum::<usize>(), 13_233);
    let mut used = BTreeSet::new();
    for (fold, pairs) in lfw.folds.iter().enumerate() {
        let tested: BTreeSet<u32> = pairs.iter().flat_map(|p| [p.first, p.second]).collect();
        let of_fold: BTreeSet<u32> = lfw.people[fold].iter().copied().collect();
        assert!(tested.is_subset(&of_fold));
        let people = |rows: &[u32]| rows.iter().map(|&row| person(row)).collect::<BTreeSet<_>>();
        let training = lfw.training_images(fold).expect("a fold");
        let more = lfw.training_people_images(fold).expect("a fold");
        let tested_people = people(&tested.iter().copied().collect::<Vec<_>>());
        assert!(people(&training).is_disjoint(&tested_people));
        assert!(people(&more).is_disjoint(&tested_people));
        assert!(
            training.is_sorted()
                && more.is_sorted()
                && training.iter().all(|row| more.contains(row))
        );
        assert_eq!(training.len() + tested.len(), 7_701);
        assert_eq!(lfw.training_pairs(fold).expect("a fold").len(), 5400);
        used.extend(tested);
    }
    assert_eq!(used.len(), 7_701);
    assert!(lfw.training_images(10).is_err() && lfw.training_pairs(10).is_err());
}
