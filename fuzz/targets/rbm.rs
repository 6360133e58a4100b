//! Files of machines: what is read is written and read again.
#![no_main]

use halfwave_trainer::rbm::Rbm;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(rbm) = Rbm::from_bytes(bytes, 1) else { return };
    let written = rbm.to_bytes().expect("a machine that was read can be written");
    let again = Rbm::from_bytes(&written, 1).expect("what is written can be read");
    assert_eq!((again.config(), again.weights()), (rbm.config(), rbm.weights()));
});
