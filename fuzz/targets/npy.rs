//! .npy: what is read is written and read again, bit by bit.
#![no_main]

use halfwave_datasets::npy::{self, Element};

fn again<T: Element>(bytes: &[u8]) {
    let Ok(array) = npy::parse::<T>(bytes) else { return };
    let mut written = Vec::new();
    npy::write(&array, &mut written).expect("memory takes it");
    let again = npy::parse::<T>(&written[..]).expect("what is written can be read");
    let bits =
        |data: &[T]| data.iter().flat_map(|x| x.to_bytes().as_ref().to_vec()).collect::<Vec<u8>>();
    assert_eq!((again.shape, bits(&again.data)), (array.shape, bits(&array.data)));
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    again::<f32>(bytes);
    again::<f64>(bytes);
    again::<u8>(bytes);
    again::<i32>(bytes);
    again::<i64>(bytes);
});
