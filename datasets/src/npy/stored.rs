//! Rows of a file that stays on disk.

use std::{
    fs::{self, File},
    io::{self, BufReader},
    path::{Path, PathBuf},
    sync::OnceLock,
};

use super::{NpyError, Problem, header, shape_text};

/// Rows of `f32`, or of bytes, which are divided by 255, in a `.npy` file or one of nothing else: each is read where it stands
/// when it is asked for, so that the file may be larger than memory. The first dimension is that of the rows.
///
/// A file that fails or shrinks later is told by [`StoredRows::failure`], and the rows that could not be read are NaN: what
/// comes of them is no number.
///
/// ```
/// use halfwave_datasets::npy::{self, Array, StoredRows};
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("x.npy");
/// let array = Array { shape: vec![2, 3], data: vec![0.0_f32, 1.0, 2.0, 3.0, 4.0, 5.0] };
/// npy::write(&array, &mut std::fs::File::create(&path)?)?;
/// let (stored, mut row) = (StoredRows::open(&path)?, [0.0; 3]);
/// stored.read(1, &mut row);
/// assert_eq!((stored.rows(), stored.width(), row), (2, 3, [3.0, 4.0, 5.0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct StoredRows {
    file: File,
    path: PathBuf,
    /// Where the numbers begin.
    offset: u64,
    bytes: bool,
    rows: usize,
    width: usize,
    failure: OnceLock<(usize, io::Error)>,
}

impl StoredRows {
    /// Opens the file, and compares its length with its header.
    ///
    /// # Errors
    /// As [`read`](super::read), and [`Problem::NoRows`] for a number, no row, or rows of nothing.
    pub fn open(path: &Path) -> Result<Self, NpyError> {
        Self::opened(path).map_err(|problem| NpyError { path: path.into(), problem })
    }

    fn opened(path: &Path) -> Result<Self, Problem> {
        let io = |action| move |error| Problem::Io { action, error };
        // Asked before opening: opening a pipe would wait for its other end.
        let metadata = fs::metadata(path).map_err(io("read it"))?;
        if !metadata.is_file() {
            return Err(Problem::NotAFile);
        }
        let file = File::open(path).map_err(io("open it"))?;
        let (shape, offset, bytes) =
            header::read_rows(&mut BufReader::with_capacity(1 << 12, &file))?;
        let size = if bytes { size_of::<u8>() } else { size_of::<f32>() };
        let overflow = || Problem::Overflow(shape_text(&shape));
        let width = shape.iter().skip(1).try_fold(1_usize, |width, &n| width.checked_mul(n));
        let width = width.filter(|&w| w.checked_mul(size).is_some()).ok_or_else(overflow)?;
        let rows = shape.first().copied().unwrap_or_default();
        if rows == 0 || width == 0 {
            return Err(Problem::NoRows(shape_text(&shape)));
        }
        let expected = (rows as u64).checked_mul((width * size) as u64).ok_or_else(overflow)?;
        let found = metadata.len().saturating_sub(offset as u64);
        if found != expected {
            let expected = usize::try_from(expected).map_err(|_| overflow())?;
            let (shape, found) = (shape_text(&shape), found.to_string());
            return Err(Problem::Length { shape, offset, expected, found });
        }
        let (offset, path) = (offset as u64, path.into());
        Ok(Self { file, path, offset, bytes, rows, width, failure: OnceLock::new() })
    }

    /// Rows of a file that holds nothing else: `f32` in little-endian order, or bytes. A failure names `path`, where they
    /// were read from.
    #[must_use]
    pub fn of_numbers(file: File, path: &Path, bytes: bool, rows: usize, width: usize) -> Self {
        Self { file, path: path.into(), offset: 0, bytes, rows, width, failure: OnceLock::new() }
    }

    /// Number of rows, at least 1.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers of a row, at least 1.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Reads a row; from any thread. If that fails all of `out` is NaN, and [`StoredRows::failure`] says why.
    ///
    /// # Panics
    /// If there is no such row, or `out` has not its width.
    pub fn read(&self, row: usize, out: &mut [f32]) {
        assert!(row < self.rows, "row {row}, but there are {}", self.rows);
        assert_eq!(out.len(), self.width, "the row's width");
        if let Err(error) = self.try_read(row, out) {
            out.fill(f32::NAN);
            // The first one stays.
            let _ = self.failure.set((row, error));
        }
    }

    /// The first failure since the file was opened.
    ///
    /// # Errors
    /// That failure.
    pub fn failure(&self) -> Result<(), NpyError> {
        match self.failure.get() {
            None => Ok(()),
            Some((row, error)) => {
                let (action, kind) = ("read a row that was there when it was opened", error.kind());
                let error = io::Error::new(kind, format!("row {row}: {error}"));
                Err(NpyError { path: self.path.clone(), problem: Problem::Io { action, error } })
            }
        }
    }

    fn try_read(&self, row: usize, out: &mut [f32]) -> io::Result<()> {
        /// Read at once, on the stack: a multiple of four.
        const PIECE: usize = 1 << 12;
        let mut piece = [0; PIECE];
        let size = if self.bytes { 1 } else { 4 };
        let mut at = self.offset + row as u64 * (self.width * size) as u64;
        for out in out.chunks_mut(PIECE / size) {
            let piece = &mut piece[..out.len() * size];
            read_exact_at(&self.file, piece, at)?;
            at += piece.len() as u64;
            if self.bytes {
                out.iter_mut().zip(&*piece).for_each(|(x, &byte)| *x = super::unit(byte));
            } else {
                let words = piece.as_chunks::<4>().0;
                out.iter_mut().zip(words).for_each(|(x, word)| *x = f32::from_le_bytes(*word));
            }
        }
        Ok(())
    }
}

/// Fills the buffer from an offset, and leaves alone where other threads read.
#[cfg(unix)]
fn read_exact_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, buffer, offset)
}

/// The same where a read at an offset moves the place of the next one, which nobody asks for.
#[cfg(windows)]
fn read_exact_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buffer.is_empty() {
        match std::os::windows::fs::FileExt::seek_read(file, buffer, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => {
                buffer = &mut buffer[read..];
                offset += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Array, Element, write},
        *,
    };

    fn saved<T: Element>(shape: &[usize], data: Vec<T>) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let mut file = File::create(&path).unwrap();
        write(&Array { shape: shape.to_vec(), data }, &mut file).unwrap();
        (folder, path)
    }

    /// Rows of several pieces, too, and in any order.
    #[test]
    fn rows_are_those_of_the_array() {
        for width in [1, 3, 1023, 1024, 1025, 5000] {
            let x: Vec<f32> = (0..4 * width).map(|i| i as f32 - 7.5).collect();
            let (_folder, path) = saved(&[4, width], x.clone());
            let stored = StoredRows::open(&path).unwrap();
            assert_eq!((stored.rows(), stored.width()), (4, width));
            let mut row = vec![0.0; width];
            for i in [3, 0, 2, 2, 1] {
                stored.read(i, &mut row);
                assert_eq!(row, x[i * width..][..width]);
            }
            assert!(stored.failure().is_ok());
        }
        let bytes: Vec<u8> = (0..2 * 5000).map(|i| (i % 251) as u8).collect();
        let (_folder, path) = saved(&[2, 50, 100], bytes.clone());
        let stored = StoredRows::open(&path).unwrap();
        let mut row = vec![0.0; 5000];
        stored.read(1, &mut row);
        assert!(row.iter().zip(&bytes[5000..]).all(|(x, &b)| *x == f32::from(b) / 255.0));
    }

    #[test]
    fn a_file_that_shrinks_is_told_and_its_rows_are_no_numbers() {
        let (_folder, path) = saved(&[3, 2], vec![1.0_f32; 6]);
        let stored = StoredRows::open(&path).unwrap();
        let length = fs::metadata(&path).unwrap().len();
        File::options().write(true).open(&path).unwrap().set_len(length - 12).unwrap();
        let mut row = [0.0; 2];
        stored.read(0, &mut row);
        assert_eq!(row, [1.0; 2]);
        assert!(stored.failure().is_ok());
        stored.read(2, &mut row);
        assert!(row.iter().all(|x| x.is_nan()));
        stored.read(1, &mut row);
        let message = stored.failure().unwrap_err().to_string();
        assert!(message.contains("x.npy") && message.contains("row 2: "), "{message}");
    }

    #[test]
    fn what_has_no_rows_or_another_length_is_an_error() {
        let message = |path: &Path| StoredRows::open(path).unwrap_err().to_string();
        for shape in [&[][..], &[0, 3], &[3, 0]] {
            let numbers = shape.iter().product();
            let (_folder, path) = saved(shape, vec![0.0_f32; numbers]);
            assert!(message(&path).contains("expected at least one row"), "{shape:?}");
        }
        let (folder, path) = saved(&[3, 2], vec![0_i64; 6]);
        assert!(message(&path).contains("expected f32"), "{}", message(&path));
        assert!(message(folder.path()).contains("expected a file"));
        for length in [2, 20, 100] {
            let (_folder, path) = saved(&[3, 2], vec![0.0_f32; 6]);
            File::options().write(true).open(&path).unwrap().set_len(length).unwrap();
            assert!(StoredRows::open(&path).is_err(), "{length}");
        }
        let (_folder, path) = saved(&[3, 2], vec![0.0_f32; 6]);
        File::options().write(true).open(&path).unwrap().set_len(1000).unwrap();
        assert!(message(&path).contains("expected 24 bytes of data"), "{}", message(&path));
    }
}
