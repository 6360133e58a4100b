//! IDX: what is parsed has as many bytes as its sizes say.
#![no_main]

use halfwave_datasets::idx;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(array) = idx::parse(bytes) {
        assert_eq!(array.data.len(), array.dims.iter().product::<usize>());
    }
});
