//! The binary matrices of NORB, named `.mat` though MATLAB cannot read them: bytes ↔ records.
//!
//! ```text
//! byte 0      magic, u32 little endian: the type of the elements
//!      4      number of dimensions D, i32
//!      8 ..   sizes, i32 each: D of them, but at least three (those past D mean nothing)
//!      then   elements, little endian, the last dimension fastest; then the end of the file
//! ```
//!
//! LeCun, Huang: <https://cs.nyu.edu/~ylclab/data/norb-v1.0/>, "file format".

use std::io::{self, ErrorKind, Read, Write};

use crate::gz::GzError;

/// Most dimensions accepted.
const MAX_DIMENSIONS: usize = 8;
/// Slots for sizes that every file has.
const MIN_SLOTS: usize = 3;
/// Most elements accepted: a published file of images has 680,244,480.
const MAX_ELEMENTS: u64 = 1 << 30;

/// Type of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Unsigned byte.
    Byte,
    /// 32-bit integer.
    Int,
    /// 32-bit float.
    Single,
}

/// Each magic with what it means, and the type if it is one that is read here.
const MAGICS: [(u32, &str, Option<Element>); 6] = [
    (0x1E3D_4C51, "32-bit floats", Some(Element::Single)),
    (0x1E3D_4C52, "a packed matrix", None),
    (0x1E3D_4C53, "64-bit floats", None),
    (0x1E3D_4C54, "32-bit integers", Some(Element::Int)),
    (0x1E3D_4C55, "bytes", Some(Element::Byte)),
    (0x1E3D_4C56, "16-bit integers", None),
];

impl Element {
    /// The first four bytes of a file, as a little-endian number.
    pub fn magic(self) -> u32 {
        match self {
            Self::Single => 0x1E3D_4C51,
            Self::Int => 0x1E3D_4C54,
            Self::Byte => 0x1E3D_4C55,
        }
    }

    /// Bytes of an element.
    pub fn bytes(self) -> usize {
        if self == Self::Byte { 1 } else { 4 }
    }
}

/// How a file breaks the format, or is not the one that is needed. Offsets count in the unpacked file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NorbError {
    /// No magic of the format, or one of a type that no NORB file has.
    #[error("at byte 0: expected a NORB matrix of bytes, 32-bit integers or floats (51, 54 or 55 4c 3d 1e), \
        found {:02x?}{}", found, hint(*found))]
    Magic {
        /// The first four bytes.
        found: [u8; 4],
    },
    /// Elements of another type than this file must have.
    #[error(
        "at byte 0: expected {expected}, found {found} (is this another one of -dat, -cat, -info?)"
    )]
    Type {
        /// The type needed.
        expected: &'static str,
        /// The type found.
        found: &'static str,
    },
    /// The file ends inside the header or the data.
    #[error("at byte {found}: expected {expected} bytes ({what}), found the end of the file")]
    Truncated {
        /// What is cut.
        what: &'static str,
        /// Length that the file must have.
        expected: u64,
        /// Length of the file.
        found: u64,
    },
    /// No dimensions, too many, or a negative number of them.
    #[error("at byte 4: expected 1 to {MAX_DIMENSIONS} dimensions, found {0}")]
    Dimensions(i32),
    /// A size below one.
    #[error("at byte {offset}: expected a size of at least 1, found {found}")]
    Size {
        /// Where the size stands.
        offset: usize,
        /// The size.
        found: i32,
    },
    /// More elements than are accepted.
    #[error("at byte 8: expected at most {MAX_ELEMENTS} elements, found sizes {0:?}")]
    TooLarge(Vec<usize>),
    /// A sound file, but not of the shape that is needed.
    #[error("at byte 8: expected {expected}, found sizes {found:?}")]
    Shape {
        /// The shape needed.
        expected: String,
        /// The sizes found.
        found: Vec<usize>,
    },
    /// The file goes on after the last element.
    #[error("at byte {offset}: expected the end of the file, found more")]
    Trailing {
        /// Where the file should end.
        offset: u64,
    },
    /// An element that means nothing.
    #[error("at byte {offset}: expected {expected}, found {found}")]
    Value {
        /// Where.
        offset: u64,
        /// What it must be.
        expected: &'static str,
        /// The value.
        found: f64,
    },
    /// A gzip stream that is damaged.
    #[error("after {offset} unpacked bytes: expected an intact gzip stream, found: {reason}")]
    Gzip {
        /// Bytes unpacked before.
        offset: u64,
        /// What the decoder says.
        reason: String,
    },
    /// The system failed to read.
    #[error("at byte {offset}: cannot read: {error}")]
    Io {
        /// Bytes read before.
        offset: u64,
        /// What the system answered.
        error: io::Error,
    },
}

fn hint(found: [u8; 4]) -> String {
    let name = |magic| MAGICS.iter().find(|(known, ..)| *known == magic).map(|(_, name, _)| *name);
    let (little, big) = (u32::from_le_bytes(found), u32::from_be_bytes(found));
    match (name(little), name(big), &found) {
        (Some(name), ..) => format!(" ({name})"),
        (_, Some(name), _) => format!(" ({name}, byte-swapped)"),
        (.., b"MATL") => " (a MATLAB 5 file)".into(),
        (.., b"\x89HDF") => " (an HDF5 file, as MATLAB 7.3 writes)".into(),
        _ => String::new(),
    }
}

/// Reads a matrix from its beginning to its end, holding only what it is asked for.
#[derive(Debug)]
pub struct MatrixReader<R> {
    reader: R,
    /// Bytes read.
    offset: u64,
    /// Length that the file must have, in bytes.
    end: u64,
    /// Type of the elements.
    pub element: Element,
    /// Sizes, the slowest first: 1 to 8, none is zero.
    pub dims: Vec<usize>,
}

impl<R: Read> MatrixReader<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// [`NorbError`]: see there.
    pub fn new(mut reader: R) -> Result<Self, NorbError> {
        let mut start = [0; 8];
        fill(&mut reader, 0, &mut start[..4], 8, "magic and number of dimensions")?;
        let magic = [start[0], start[1], start[2], start[3]];
        let known = MAGICS.iter().find(|(known, ..)| *known == u32::from_le_bytes(magic));
        let Some(&(_, _, Some(element))) = known else {
            return Err(NorbError::Magic { found: magic });
        };
        fill(&mut reader, 4, &mut start[4..], 8, "magic and number of dimensions")?;
        let count = i32::from_le_bytes([start[4], start[5], start[6], start[7]]);
        let dimensions = usize::try_from(count)
            .ok()
            .filter(|count| (1..=MAX_DIMENSIONS).contains(count))
            .ok_or(NorbError::Dimensions(count))?;

        let mut slots = [0; 4 * MAX_DIMENSIONS];
        let slots = &mut slots[..4 * dimensions.max(MIN_SLOTS)];
        let offset = 8 + slots.len();
        fill(&mut reader, 8, slots, offset as u64, "sizes")?;
        let (sizes, _) = slots.as_chunks::<4>();
        let mut dims = Vec::new();
        for (size, at) in sizes[..dimensions].iter().zip((8..).step_by(4)) {
            let found = i32::from_le_bytes(*size);
            let size = usize::try_from(found).ok().filter(|&size| size > 0);
            dims.push(size.ok_or(NorbError::Size { offset: at, found })?);
        }
        let elements = dims
            .iter()
            .try_fold(1, |product: u64, &size| product.checked_mul(size as u64))
            .filter(|&elements| elements <= MAX_ELEMENTS)
            .ok_or_else(|| NorbError::TooLarge(dims.clone()))?;
        let offset = offset as u64;
        let end = offset + elements * element.bytes() as u64;
        Ok(Self { reader, offset, end, element, dims })
    }

    /// Bytes read so far: where the next record begins.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The error for elements of another type.
    pub(super) fn wrong_type(&self, expected: &'static str) -> NorbError {
        let found = MAGICS.iter().find(|(magic, ..)| *magic == self.element.magic());
        NorbError::Type { expected, found: found.map_or("another", |(_, name, _)| name) }
    }

    /// Reads the next bytes of the elements.
    ///
    /// # Errors
    /// [`NorbError::Truncated`] if the file has fewer, [`NorbError::Gzip`], [`NorbError::Io`].
    pub fn read(&mut self, record: &mut [u8]) -> Result<(), NorbError> {
        fill(&mut self.reader, self.offset, record, self.end, "header and data")?;
        self.offset += record.len() as u64;
        Ok(())
    }

    /// Checks that the file ends here; for a gzip stream its checksums, too.
    ///
    /// # Errors
    /// [`NorbError::Trailing`] if it goes on, [`NorbError::Gzip`], [`NorbError::Io`].
    pub fn finish(mut self) -> Result<(), NorbError> {
        match some(&mut self.reader, &mut [0]) {
            Ok(0) => Ok(()),
            Ok(_) => Err(NorbError::Trailing { offset: self.offset }),
            Err(error) => Err(failure(self.offset, error)),
        }
    }
}

/// Fills the buffer, which begins at this offset of the file.
fn fill(
    reader: &mut impl Read,
    offset: u64,
    buffer: &mut [u8],
    expected: u64,
    what: &'static str,
) -> Result<(), NorbError> {
    let mut filled = 0;
    while filled < buffer.len() {
        let found = offset + filled as u64;
        match some(reader, &mut buffer[filled..]) {
            Ok(0) => return Err(NorbError::Truncated { what, expected, found }),
            Ok(read) => filled += read,
            Err(error) => return Err(failure(found, error)),
        }
    }
    Ok(())
}

fn some(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// The decoder of gzip reports damage as an error of reading.
fn failure(offset: u64, error: io::Error) -> NorbError {
    match error.downcast() {
        Ok(GzError::Damaged { reason, .. }) => NorbError::Gzip { offset, reason },
        Ok(_) => NorbError::Gzip { offset, reason: "its end".into() },
        Err(error) => NorbError::Io { offset, error },
    }
}

/// Writes a header; the elements are to follow, little endian.
///
/// # Errors
/// Those of `out`, and [`ErrorKind::InvalidInput`] for sizes that no reader here would accept.
pub fn write_header(out: &mut impl Write, element: Element, dims: &[usize]) -> io::Result<()> {
    let size = |&size: &usize| i32::try_from(size).ok().filter(|&size| size > 0);
    let sizes: Option<Vec<i32>> = dims.iter().map(size).collect();
    let sizes =
        sizes.filter(|sizes| (1..=MAX_DIMENSIONS).contains(&sizes.len())).ok_or_else(|| {
            io::Error::new(ErrorKind::InvalidInput, format!("no sizes of a matrix: {dims:?}"))
        })?;
    out.write_all(&element.magic().to_le_bytes())?;
    out.write_all(&(sizes.len() as i32).to_le_bytes())?;
    for slot in 0..sizes.len().max(MIN_SLOTS) {
        out.write_all(&sizes.get(slot).copied().unwrap_or(1).to_le_bytes())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
