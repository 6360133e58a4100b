//! Reviews: Amazon's bags of words, rt-polarity's lines, and rated texts in CSV.
#![no_main]

use halfwave_datasets::text::{amazon, polarity, rated};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    drop(amazon::parse(bytes, 0));
    drop(polarity::parse(bytes));
    drop(rated::parse(bytes));
});
