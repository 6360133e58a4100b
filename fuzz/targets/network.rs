//! Files of networks: what is read is written and read again.
#![no_main]

use halfwave_trainer::network::Network;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(network) = Network::from_bytes(bytes, 1) else { return };
    let written = network.to_bytes().expect("a network that was read can be written");
    let again = Network::from_bytes(&written, 1).expect("what is written can be read");
    assert_eq!((again.config(), again.layers()), (network.config(), network.layers()));
});
