//! The lists of people and pairs of LFW: each is given the bytes, with images that do not depend on them.
#![no_main]

use std::sync::LazyLock;

use halfwave_datasets::lfw::{Index, images_of_people};

/// Of three people, as the seeds have them.
static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let names = include_bytes!("../seeds/lists/names");
    Index::parse(names).expect("a sound list").0
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok((_, names)) = Index::parse(bytes) {
        assert!(names.len() <= bytes.len());
    }
    drop(INDEX.folds(bytes));
    drop(INDEX.pairs(bytes));
    drop(INDEX.people(bytes));
    drop(images_of_people(bytes));
});
