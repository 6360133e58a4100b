//! gzip, with a limit.
#![no_main]

use halfwave_datasets::gz;

const LIMIT: usize = 1 << 20;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(unpacked) = gz::unpack(bytes, LIMIT) {
        assert!(unpacked.len() <= LIMIT);
    }
});
