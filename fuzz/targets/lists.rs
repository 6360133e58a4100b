//! The lists of people and pairs of LFW.
#![no_main]

use halfwave_datasets::lfw::Index;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok((index, _)) = Index::parse(bytes) else { return };
    drop(index.folds(bytes));
    drop(index.pairs(bytes));
    drop(index.people(bytes));
});
