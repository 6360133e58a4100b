//! Gzip (RFC 1952), unpacked whole under a limit, or as it is read.
//!
//! All members are read and every CRC and length is checked: a stream that is cut, damaged or followed by
//! anything else is an error, even where the bytes that one wanted came out. Names stored inside the
//! stream are ignored.

use std::io::{self, BufRead, ErrorKind, Read};

use flate2::bufread::MultiGzDecoder;

use crate::capped::{self, Stop};

/// The first two bytes of every gzip stream.
pub const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// What is wrong with a gzip stream. Offsets count unpacked bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GzError {
    /// The stream ends too early.
    #[error("gzip: expected more data, found the end of the file after {at} unpacked bytes")]
    Truncated {
        /// Bytes unpacked so far.
        at: usize,
    },
    /// Not gzip, a wrong checksum or length, or something else after the end.
    #[error("gzip: expected an intact stream, found after {at} unpacked bytes: {reason}")]
    Damaged {
        /// Bytes unpacked so far.
        at: usize,
        /// What the decoder says.
        reason: String,
    },
    /// More data than the format may hold.
    #[error("gzip: expected at most {limit} unpacked bytes, found more")]
    TooLarge {
        /// Largest size accepted.
        limit: usize,
    },
    /// The system has no memory left.
    #[error("gzip: no memory for {bytes} unpacked bytes")]
    Memory {
        /// How much was asked for.
        bytes: usize,
    },
    /// The reader below failed.
    #[error("gzip: cannot read: {0}")]
    Io(io::Error),
}

/// Unpacks all members of `input`, at most `limit` bytes of output.
///
/// Memory grows with the output that has really arrived, never by a number in the stream.
///
/// # Errors
/// [`GzError`]: see there.
pub fn unpack(input: impl BufRead, limit: usize) -> Result<Vec<u8>, GzError> {
    capped::read_to_end(MultiGzDecoder::new(input), limit).map_err(|stop| match stop {
        Stop::TooLarge => GzError::TooLarge { limit },
        Stop::Memory(bytes) => GzError::Memory { bytes },
        Stop::Io(at, error) => problem(at, error),
    })
}

/// Unpacks all members of `input` as they are asked for. What is wrong with the stream is a [`GzError`] inside the
/// reader's error.
pub fn reader(input: impl BufRead) -> impl Read {
    Unpacked { decoder: MultiGzDecoder::new(input), at: 0 }
}

struct Unpacked<R> {
    decoder: MultiGzDecoder<R>,
    /// Bytes unpacked so far.
    at: usize,
}

impl<R: BufRead> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.decoder.read(buffer) {
            Ok(read) => {
                self.at += read;
                Ok(read)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => Err(match problem(self.at, error) {
                GzError::Io(error) => error,
                problem => io::Error::new(ErrorKind::InvalidData, problem),
            }),
        }
    }
}

/// What the decoder's error after so many bytes says of the stream.
fn problem(at: usize, error: io::Error) -> GzError {
    match error.kind() {
        ErrorKind::UnexpectedEof => GzError::Truncated { at },
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            GzError::Damaged { at, reason: error.to_string() }
        }
        _ => GzError::Io(error),
    }
}

#[cfg(test)]
mod tests;
