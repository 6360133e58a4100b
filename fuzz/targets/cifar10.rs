//! CIFAR-10's records.
#![no_main]

use halfwave_datasets::cifar10::Images;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut images = Images::default();
    if images.extend(bytes).is_ok() {
        assert_eq!(images.rows() * halfwave_datasets::cifar10::RECORD, bytes.len());
    }
});
