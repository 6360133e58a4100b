//! NORB's matrices, record by record.
#![no_main]

use halfwave_datasets::norb::MatrixReader;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(mut matrix) = MatrixReader::new(bytes) else { return };
    let mut record = [0; 64];
    while matrix.read(&mut record).is_ok() {}
    drop(matrix.finish());
});
