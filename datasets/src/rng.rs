//! Random order as a pure function of what it is for.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// A generator that depends on its arguments only.
///
/// Seeds, epochs and purposes are small neighbouring numbers, and PCG streams of neighbouring states
/// are correlated; a hash puts them at unrelated states of unrelated streams.
pub(crate) fn generator(purpose: &str, seed: u64, index: u64) -> Pcg32 {
    let digest = Sha256::new()
        .chain_update(seed.to_le_bytes())
        .chain_update(index.to_le_bytes())
        .chain_update(purpose.as_bytes())
        .finalize();
    let mut state = [0; 16];
    state.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    Pcg32::from_seed(state)
}
