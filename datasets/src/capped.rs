//! Reading to the end without trusting anyone about where that is.

use std::io::{self, ErrorKind, Read};

/// Why reading stopped before the end.
#[derive(Debug)]
pub(crate) enum Stop {
    /// More bytes than the limit.
    TooLarge,
    /// The system refused this many bytes of memory.
    Memory(usize),
    /// The reader failed after this many bytes.
    Io(usize, io::Error),
}

/// All bytes of `reader`, at most `limit` of them. Memory grows as bytes arrive.
pub(crate) fn read_to_end(mut reader: impl Read, limit: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 16 * 1024];
    loop {
        let read = match reader.read(&mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(Stop::Io(bytes.len(), error)),
        };
        if read > limit - bytes.len() {
            return Err(Stop::TooLarge);
        }
        bytes.try_reserve(read).map_err(|_| Stop::Memory(bytes.len() + read))?;
        bytes.extend_from_slice(&chunk[..read]);
    }
}
