//! IDX, the format of MNIST: bytes → array.
//!
//! ```text
//! byte 0, 1   0
//!      2      type of the elements; 0x08 = unsigned byte, the only one accepted here
//!      3      number of dimensions D
//!      4 ..   D sizes, u32 big endian
//!      4+4D.. elements, the last dimension fastest; then the end of the file
//! ```
//!
//! LeCun, Cortes, Burges: <http://yann.lecun.com/exdb/mnist/>, "file formats".

use std::{
    cmp::Ordering,
    io::{self, Read},
};

/// Most dimensions accepted.
pub const MAX_DIMENSIONS: usize = 8;
/// Most elements accepted: MNIST's training images are 47,040,000.
pub const MAX_ELEMENTS: u64 = 1 << 26;
/// Length of the longest file accepted, in bytes.
pub const MAX_BYTES: usize = 4 + 4 * MAX_DIMENSIONS + (1 << 26);

const UNSIGNED_BYTE: u8 = 0x08;

/// An array of unsigned bytes, borrowed from the file's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idx<'a> {
    /// Sizes, the slowest first; 1 to 8, none is zero.
    pub dims: Vec<usize>,
    /// The elements: as many as the product of `dims`.
    pub data: &'a [u8],
    /// Where `data` starts in the file.
    pub offset: usize,
}

/// How a file breaks the format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdxError {
    /// The file ends inside the header or the data.
    #[error("at byte {found}: expected {expected} bytes ({what}), found the end of the file")]
    Truncated {
        /// What is cut.
        what: &'static str,
        /// Length that the file must have.
        expected: usize,
        /// Length of the file.
        found: usize,
    },
    /// The file does not start with two zero bytes.
    #[error("at byte 0: expected the IDX magic 00 00, found {:02x} {:02x}{}", .0[0], .0[1], hint(.0))]
    Magic(
        /// The first two bytes.
        [u8; 2],
    ),
    /// Elements are not unsigned bytes.
    #[error("at byte 2: expected type 0x08 (unsigned byte), found 0x{0:02x} ({name})", name = type_name(*.0))]
    Type(
        /// The type found.
        u8,
    ),
    /// No dimensions, or too many.
    #[error("at byte 3: expected 1 to {MAX_DIMENSIONS} dimensions, found {0}")]
    Dimensions(
        /// The number found.
        u8,
    ),
    /// A dimension of size zero.
    #[error("at byte {offset}: expected a size of at least 1, found 0")]
    ZeroDimension {
        /// Where the size stands.
        offset: usize,
    },
    /// More elements than are accepted.
    #[error("at byte 4: expected at most {most} elements, found sizes {sizes:?}")]
    TooLarge {
        /// The limit.
        most: u64,
        /// The sizes found.
        sizes: Vec<u32>,
    },
    /// The file goes on after the last element.
    #[error("at byte {offset}: expected the end of the file, found {extra} more bytes")]
    Trailing {
        /// Where the file should end.
        offset: usize,
        /// How many bytes follow.
        extra: usize,
    },
    /// A sound file, but not of the shape that is needed.
    #[error("at byte 3: expected {expected}, found sizes {found:?}")]
    Shape {
        /// The shape needed.
        expected: String,
        /// The sizes found.
        found: Vec<usize>,
    },
}

fn hint(magic: &[u8; 2]) -> &'static str {
    if *magic == crate::gz::MAGIC { " (gzip data)" } else { "" }
}

fn type_name(code: u8) -> &'static str {
    match code {
        0x08 => "unsigned byte",
        0x09 => "signed byte",
        0x0b => "16-bit integer",
        0x0c => "32-bit integer",
        0x0d => "32-bit float",
        0x0e => "64-bit float",
        _ => "no type of IDX",
    }
}

/// Parses a whole file. Allocates nothing but the list of sizes.
///
/// # Errors
/// [`IdxError`] if a byte is wrong, missing or left over.
///
/// ```
/// use halfwave_datasets::idx;
/// let array = idx::parse(&[0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 70, 71])?;
/// assert_eq!((array.dims.as_slice(), array.data), (&[1, 2][..], &[70, 71][..]));
/// # Ok::<(), idx::IdxError>(())
/// ```
pub fn parse(bytes: &[u8]) -> Result<Idx<'_>, IdxError> {
    let Header { dims, elements, offset } = header(bytes, MAX_ELEMENTS)?;
    let data = &bytes[offset..];
    check_length(offset, elements, data.len())?;
    Ok(Idx { dims, data, offset })
}

/// Passes on the elements of a file of any size as they are read, in parts of any length; returns its sizes.
///
/// # Errors
/// As [`parse`], but more elements are too large only where no length is so large; those of the reader and of `take`.
pub fn for_each_part<E: From<io::Error> + From<IdxError>>(
    mut reader: impl Read,
    mut take: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<Vec<usize>, E> {
    const PART: u64 = 1 << 16;
    let mut part = Vec::new();
    reader.by_ref().take(4).read_to_end(&mut part)?;
    let dimensions = part.get(3).map_or(0, |&count| usize::from(count).min(MAX_DIMENSIONS));
    reader.by_ref().take(4 * dimensions as u64).read_to_end(&mut part)?;
    let Header { dims, elements, offset } = header(&part, u64::MAX)?;
    let mut found = 0;
    loop {
        part.clear();
        reader.by_ref().take(PART).read_to_end(&mut part)?;
        if part.is_empty() {
            check_length(offset, elements, found)?;
            return Ok(dims);
        }
        // What is too much is only counted.
        let wanted = part.len().min(elements.saturating_sub(found));
        if wanted > 0 {
            take(&part[..wanted])?;
        }
        found += part.len();
    }
}

/// That as many elements follow the header as should.
fn check_length(offset: usize, elements: usize, found: usize) -> Result<(), IdxError> {
    let end = offset + elements;
    match found.cmp(&elements) {
        Ordering::Less => {
            let what = "magic, sizes and data";
            Err(IdxError::Truncated { what, expected: end, found: offset + found })
        }
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(IdxError::Trailing { offset: end, extra: found - elements }),
    }
}

struct Header {
    dims: Vec<usize>,
    elements: usize,
    /// Where they start.
    offset: usize,
}

/// What stands before the elements, of which there are at most so many.
fn header(bytes: &[u8], most: u64) -> Result<Header, IdxError> {
    let truncated = |what, expected| IdxError::Truncated { what, expected, found: bytes.len() };

    let Some((&[zero0, zero1, element, count], rest)) = bytes.split_first_chunk() else {
        return Err(truncated("the magic", 4));
    };
    if [zero0, zero1] != [0, 0] {
        return Err(IdxError::Magic([zero0, zero1]));
    }
    if element != UNSIGNED_BYTE {
        return Err(IdxError::Type(element));
    }
    let dimensions = usize::from(count);
    if dimensions == 0 || dimensions > MAX_DIMENSIONS {
        return Err(IdxError::Dimensions(count));
    }

    let offset = 4 + 4 * dimensions;
    let Some(sizes) = rest.get(..4 * dimensions) else {
        return Err(truncated("magic and sizes", offset));
    };
    let (sizes, _) = sizes.as_chunks();
    let sizes: Vec<u32> = sizes.iter().map(|size| u32::from_be_bytes(*size)).collect();
    if let Some(zero) = sizes.iter().position(|&size| size == 0) {
        return Err(IdxError::ZeroDimension { offset: 4 + 4 * zero });
    }
    // In u64 on every machine, and back to lengths only below the limit.
    let most = most.min((usize::MAX - offset) as u64);
    let elements = sizes
        .iter()
        .try_fold(1, |product: u64, &size| product.checked_mul(u64::from(size)))
        .filter(|&elements| elements <= most)
        .and_then(|elements| usize::try_from(elements).ok());
    let dims = sizes.iter().map(|&size| usize::try_from(size).ok()).collect();
    let (Some(elements), Some(dims)) = (elements, dims) else {
        return Err(IdxError::TooLarge { most, sizes });
    };
    Ok(Header { dims, elements, offset })
}

#[cfg(test)]
mod tests;
