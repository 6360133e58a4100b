//! CSV: rows of numbers, and columns of labels.
#![no_main]

use halfwave_datasets::csv;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok((x, width)) = csv::numbers(bytes) {
        assert!(if width == 0 { x.is_empty() } else { x.len().is_multiple_of(width) });
    }
    drop(csv::column(bytes));
    drop(csv::parse(bytes, &["a", "b"]));
});
