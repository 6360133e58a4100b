//! NumPy's `.npy` files of `f32`, `f64`, `u8`, `i32` or `i64`: magic, version, a Python dictionary, then the numbers.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>. The reader trusts
//! nothing that the file says about itself: the header is small, sizes are multiplied with checks, and
//! memory is taken as bytes arrive.

mod header;
mod stored;

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

pub use stored::StoredRows;

/// An array in row-major order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array<T = f32> {
    /// Size of each dimension; none for a single number.
    pub shape: Vec<usize>,
    /// The numbers: as many as the product of the shape.
    pub data: Vec<T>,
}

/// A type of numbers that is read and written.
pub trait Element: Copy {
    /// Its name in the header.
    const DESCR: &str;
    /// Its name for people.
    const NAME: &str;
    /// How another type is converted to it in Python.
    const CONVERT: &str;
    /// Its bytes in the file.
    type Bytes: AsRef<[u8]>;

    /// The bytes of the number.
    fn to_bytes(self) -> Self::Bytes;
    /// Appends the numbers of whole bytes; a part of a number at the end is left out.
    fn extend(numbers: &mut Vec<Self>, bytes: &[u8]);
}

macro_rules! little_endian {
    ($($type:ty, $bytes:literal, $descr:literal, $name:literal;)*) => {$(
        impl Element for $type {
            const DESCR: &str = $descr;
            const NAME: &str = concat!($name, " in little-endian order");
            const CONVERT: &str = concat!("save x.astype('", $descr, "') instead");
            type Bytes = [u8; $bytes];

            fn to_bytes(self) -> [u8; $bytes] {
                self.to_le_bytes()
            }

            fn extend(numbers: &mut Vec<Self>, bytes: &[u8]) {
                let (words, _) = bytes.as_chunks::<$bytes>();
                numbers.extend(words.iter().map(|word| Self::from_le_bytes(*word)));
            }
        }
    )*};
}

little_endian! {
    f32, 4, "<f4", "f32";
    f64, 8, "<f8", "f64";
    i32, 4, "<i4", "i32";
    i64, 8, "<i8", "i64";
}

impl Element for u8 {
    const DESCR: &str = "|u1";
    const NAME: &str = "unsigned bytes";
    const CONVERT: &str = "save x.astype('u1') instead";
    type Bytes = [u8; 1];

    fn to_bytes(self) -> [u8; 1] {
        [self]
    }

    fn extend(numbers: &mut Vec<Self>, bytes: &[u8]) {
        numbers.extend_from_slice(bytes);
    }
}

/// What is wrong with a `.npy` file.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct NpyError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong: what was expected, and what was found.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The system refused.
    #[error("cannot {action}: {error}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The system's reason.
        error: io::Error,
    },
    /// A directory, device or pipe.
    #[error("expected a file, found a directory, device or pipe")]
    NotAFile,
    /// The first bytes are others.
    #[error("not a .npy file: expected the bytes 93 'NUMPY' at offset 0, found {0:02x?}")]
    Magic(Vec<u8>),
    /// A version of the format that does not exist.
    #[error("offset 6: expected .npy version 1.0, 2.0 or 3.0, found {0}.{1}")]
    Version(u8, u8),
    /// The file ends inside the header.
    #[error("truncated: expected {expected} bytes of header, found {found}")]
    ShortHeader {
        /// Bytes up to the end of the header.
        expected: usize,
        /// Bytes there are.
        found: usize,
    },
    /// More header than any array of numbers needs.
    #[error("offset 8: expected a header of at most {max} bytes, found {found}", max = header::MAX_BYTES)]
    LongHeader {
        /// Its length as the file says it.
        found: u32,
    },
    /// A header that is not NumPy's dictionary.
    #[error("offset {offset}: expected {expected} in the header, found {found}")]
    Header {
        /// Offset in the file.
        offset: usize,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// Numbers of another type.
    #[error("expected {expected} ('{descr}'), found {found}; {hint}")]
    Type {
        /// The type that is wanted.
        expected: &'static str,
        /// The same as a header says it.
        descr: &'static str,
        /// The type as the header says it.
        found: String,
        /// How to convert it.
        hint: &'static str,
    },
    /// Columns first.
    #[error(
        "expected row-major (C) order, found Fortran order; save np.ascontiguousarray(x) instead"
    )]
    FortranOrder,
    /// More elements than a file can hold.
    #[error("the shape {0} has more elements than memory can hold")]
    Overflow(String),
    /// Fewer or more numbers than the shape says.
    #[error(
        "expected {expected} bytes of data for the shape {shape} from offset {offset}, found {found}"
    )]
    Length {
        /// Shape in the header.
        shape: String,
        /// Where data begin.
        offset: usize,
        /// Bytes that the shape needs.
        expected: usize,
        /// Bytes there are, in words.
        found: String,
    },
    /// A number, no row, or rows of nothing.
    #[error("expected at least one row of at least one number, found the shape {0}")]
    NoRows(String),
    /// The system has no memory left for data that is really there.
    #[error("no memory for {0} bytes")]
    Memory(usize),
}

/// Reads an array of one type: little-endian, row-major, any shape.
///
/// # Errors
/// [`NpyError`] for anything else, with the place in the file, what was expected and what was found.
pub fn read<T: Element>(path: &Path) -> Result<Array<T>, NpyError> {
    let at = |problem| NpyError { path: path.into(), problem };
    let io = |action| move |error| Problem::Io { action, error };
    // Asked before opening: opening a pipe would wait for its other end.
    let metadata = fs::metadata(path).map_err(io("read it")).map_err(at)?;
    if !metadata.is_file() {
        return Err(at(Problem::NotAFile));
    }
    let file = File::open(path).map_err(io("open it")).map_err(at)?;
    parse(file).map_err(at)
}

/// Writes an array, as version 1.0.
///
/// # Errors
/// Those of `out`, and [`io::ErrorKind::InvalidInput`] for another number of numbers than the shape has.
pub fn write<T: Element>(array: &Array<T>, out: &mut dyn Write) -> io::Result<()> {
    let Array { shape, data } = array;
    let count = shape.iter().try_fold(1, |count: usize, &size| count.checked_mul(size));
    if count != Some(data.len()) {
        let problem =
            format!("the shape {} does not have {} numbers", shape_text(shape), data.len());
        return Err(io::Error::new(io::ErrorKind::InvalidInput, problem));
    }
    write_header::<T>(&array.shape, out)?;
    write_numbers(&array.data, out)
}

/// Writes what stands before the numbers of an array, which [`write_numbers`] writes after it, in as many parts as one likes.
///
/// # Errors
/// Those of `out`.
pub fn write_header<T: Element>(shape: &[usize], out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&header::format::<T>(shape)?)
}

/// Writes the next numbers of an array.
///
/// # Errors
/// Those of `out`.
pub fn write_numbers<T: Element>(numbers: &[T], out: &mut dyn Write) -> io::Result<()> {
    numbers.iter().try_for_each(|x| out.write_all(x.to_bytes().as_ref()))
}

/// A byte as a number from 0 to 1.
#[must_use]
pub fn unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

/// The shape as Python writes it: `()`, `(3,)`, `(2, 3)`.
#[must_use]
pub fn shape_text(shape: &[usize]) -> String {
    match shape {
        [n] => format!("({n},)"),
        _ => {
            let sizes: Vec<String> = shape.iter().map(ToString::to_string).collect();
            format!("({})", sizes.join(", "))
        }
    }
}

/// The array in a file of which the bytes are at hand.
///
/// # Errors
/// [`Problem`]: what is wrong with them.
pub fn parse<T: Element>(mut file: impl Read) -> Result<Array<T>, Problem> {
    let (shape, offset) = header::read::<T>(&mut file)?;
    let mut data = Vec::new();
    numbers::<T, Problem>(&mut file, &shape, offset, |part, bytes| {
        data.try_reserve(part.len()).map_err(|_| Problem::Memory(bytes))?;
        data.extend_from_slice(part);
        Ok(())
    })?;
    Ok(Array { shape, data })
}

/// Some numbers of an array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part<'a> {
    /// As they are.
    Values(&'a [f32]),
    /// To be divided by 255.
    Bytes(&'a [u8]),
}

/// Passes on the numbers of an array of `f32` or of bytes as they are read, in parts of any length and of one type; returns
/// its shape.
///
/// ```
/// use halfwave_datasets::npy::{self, Array, Part, Problem};
/// let mut file = Vec::new();
/// npy::write(&Array { shape: vec![2, 2], data: vec![1_u8, 2, 3, 4] }, &mut file)?;
/// let mut sum = 0;
/// let shape = npy::for_each_part(&file[..], |part| -> Result<(), Problem> {
///     let Part::Bytes(bytes) = part else { unreachable!("they are bytes") };
///     sum += bytes.iter().sum::<u8>();
///     Ok(())
/// })?;
/// assert_eq!((shape, sum), (vec![2, 2], 10));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`Problem`]: what is wrong with the file; those of `take`.
pub fn for_each_part<E: From<Problem>>(
    mut file: impl Read,
    mut take: impl FnMut(Part<'_>) -> Result<(), E>,
) -> Result<Vec<usize>, E> {
    let (shape, offset, bytes) = header::read_rows(&mut file)?;
    if bytes {
        numbers(&mut file, &shape, offset, |part, _| take(Part::Bytes(part)))?;
    } else {
        numbers(&mut file, &shape, offset, |part, _| take(Part::Values(part)))?;
    }
    Ok(shape)
}

/// Reads all numbers of a shape, looks whether there are more, and passes them on with how many bytes all of them are.
fn numbers<T: Element, E: From<Problem>>(
    file: &mut impl Read,
    shape: &[usize],
    offset: usize,
    mut take: impl FnMut(&[T], usize) -> Result<(), E>,
) -> Result<(), E> {
    /// A multiple of the size of every element.
    const CHUNK: usize = 1 << 16;
    // A file of numbers that fits no address space is refused before anything is read.
    let expected = shape
        .iter()
        .try_fold(size_of::<T>(), |bytes, &size| bytes.checked_mul(size))
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .ok_or_else(|| Problem::Overflow(shape_text(shape)))?;
    let wrong = |found| Problem::Length { shape: shape_text(shape), offset, expected, found };
    let (mut part, mut chunk) = (Vec::new(), vec![0; CHUNK]);
    let mut total = 0;
    while total < expected {
        let wanted = CHUNK.min(expected - total);
        let read = fill(file, &mut chunk[..wanted])?;
        total += read;
        part.clear();
        T::extend(&mut part, &chunk[..read]);
        take(&part, expected)?;
        if read < wanted {
            return Err(wrong(total.to_string()).into());
        }
    }
    if fill(file, &mut chunk[..1])? > 0 {
        return Err(wrong(format!("more than {expected}")).into());
    }
    Ok(())
}

/// Reads until the buffer is full or the file ends; returns the number of bytes.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Problem> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Problem::Io { action: "read it", error }),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests;
