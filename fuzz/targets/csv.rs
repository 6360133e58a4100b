//! CSV: rows of numbers, whole and in parts, and columns of labels.
#![no_main]

use std::error::Error;

use halfwave_datasets::csv;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let whole = csv::numbers(bytes);
    let mut x = Vec::new();
    let parts = csv::for_each_part(bytes, |part| -> Result<(), Box<dyn Error>> {
        x.extend_from_slice(part);
        Ok(())
    });
    match (whole, parts) {
        (Ok((whole, width)), Ok(of_parts)) => {
            assert!(if width == 0 { whole.is_empty() } else { whole.len().is_multiple_of(width) });
            assert_eq!((whole, width), (x, of_parts));
        }
        (Err(whole), Err(parts)) => drop((whole, parts)),
        (Ok(_), Err(error)) => panic!("{error}, but not of the whole"),
        (Err(error), Ok(_)) => panic!("{error}, but not in parts"),
    }
    drop(csv::column(bytes, 1 << 10));
    drop(csv::parse(bytes, &["a", "b"]));
});
