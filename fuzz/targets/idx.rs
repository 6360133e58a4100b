//! IDX: what is parsed has as many bytes as its sizes say, whole and in parts.
#![no_main]

use std::error::Error;

use halfwave_datasets::idx::{self, IdxError};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut data = Vec::new();
    let parts = idx::for_each_part(bytes, |part| -> Result<(), Box<dyn Error>> {
        data.extend_from_slice(part);
        Ok(())
    });
    match idx::parse(bytes) {
        Ok(array) => {
            assert_eq!(array.data.len(), array.dims.iter().product::<usize>());
            assert_eq!((parts.expect("the whole is sound"), &data[..]), (array.dims, array.data));
        }
        // In parts a file may have any size.
        Err(IdxError::TooLarge { .. }) => drop(parts),
        Err(error) => assert_eq!(parts.expect_err("so is a part").to_string(), error.to_string()),
    }
});
