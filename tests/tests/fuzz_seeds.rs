//! Seeds of fuzz targets that have to be sound to be of use.

use halfwave_trainer::checkpoint::fuzz::{rewritten, sealed};

/// A checkpoint but for its digest: else the fuzzer would never come past that.
#[test]
fn the_checkpoint_is_taken_once_it_is_sealed() {
    let seed = include_bytes!("../../fuzz/seeds/checkpoint/epoch");
    let (taken, untouched) = rewritten(seed);
    assert!(!taken);
    assert_eq!(untouched, rewritten(&[]).1);
    let (taken, written) = rewritten(&sealed(seed).unwrap());
    assert!(taken);
    assert_ne!(written, untouched);
    assert_eq!(rewritten(&written), (true, written));
}
