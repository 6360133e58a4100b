//! CSV: rows of numbers, whole and in parts of as many bytes as the first one says, and columns of labels.
#![no_main]

use std::error::Error;

use halfwave_datasets::csv;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&size, bytes)) = bytes.split_first() else { return };
    let whole = csv::numbers(bytes);
    let mut x = Vec::new();
    let take = |rows: &mut csv::Rows| -> Result<(), Box<dyn Error>> {
        x.append(&mut rows.x);
        Ok(())
    };
    let parts = csv::for_each_part_of(1 + u64::from(size), bytes, &csv::Layout::default(), take);
    // Within a text, the mark is a part of a header's name, or of no number.
    let marks = bytes.windows(3).skip(1).any(|mark| mark == "\u{feff}".as_bytes());
    match (whole, parts) {
        (Ok((whole, width)), Ok(of_parts)) => {
            assert!(if width == 0 { whole.is_empty() } else { whole.len().is_multiple_of(width) });
            assert!(marks || (whole, width) == (x, of_parts));
        }
        (Err(whole), Err(parts)) => drop((whole, parts)),
        (Ok(_), Err(error)) => assert!(marks, "{error}, but not of the whole"),
        (Err(error), Ok(_)) => assert!(marks, "{error}, but not in parts"),
    }
    // With a column of labels there are as many as rows.
    let layout = csv::Layout { labels: Some(csv::Column::Number(2)), ..Default::default() };
    let (mut numbers, mut labels) = (0, 0);
    let width = csv::for_each_part_of(
        1 + u64::from(size),
        bytes,
        &layout,
        |rows| -> Result<(), Box<dyn Error>> {
            numbers += rows.x.len();
            labels += rows.labels.len();
            Ok(())
        },
    );
    assert!(width.is_err() || width.is_ok_and(|width| numbers == width * labels));
    drop(csv::column(bytes, None, 1 << 10));
    drop(csv::parse(bytes, &["a", "b"]));
});
