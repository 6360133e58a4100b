//! Archives of arrays: what is in them is at most as long as is asked for. (The target `npy` looks at the arrays: here the
//! archive's checksums would keep the fuzzer from them.)
#![no_main]

use halfwave_datasets::npy;
use halfwave_trainer::own;

/// Less than what a small archive unpacks to.
const MOST: usize = 1 << 16;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(members) = own::members(bytes, MOST) else { return };
    // Many names may be of one array; the first ones are enough.
    for member in members.into_iter().flatten() {
        assert!(member.len() <= MOST);
        drop(npy::parse::<f32>(&member[..]));
    }
});
