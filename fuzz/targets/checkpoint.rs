//! Checkpoints, as they are and with the digest of what is in them: a model that takes one writes it again, one that does not is
//! as it was.
#![no_main]

use halfwave_trainer::checkpoint::fuzz::{rewritten, sealed};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for file in [Some(bytes.to_vec()), sealed(bytes)].into_iter().flatten() {
        let (taken, written) = rewritten(&file);
        if taken {
            assert_eq!(rewritten(&written), (true, written));
        } else {
            assert_eq!(written, rewritten(&[]).1, "a model that refused a file has changed");
        }
    }
});
