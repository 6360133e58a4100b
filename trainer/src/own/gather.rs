//! Rows on their way from a file into memory, or into a temporary file where they are too many.

use std::{
    env,
    fs::File,
    io::{self, BufWriter, Write as _},
    path::Path,
    sync::Arc,
};

use halfwave_datasets::npy::{self, Part, StoredRows};

use super::{data::Problem, source::Source};

/// Most bytes of numbers in memory.
pub(super) const MAX_BYTES: usize = 1 << 32;

/// Rows of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// `[rows, width]`, row-major.
    pub x: Vec<f32>,
    /// Numbers of a row.
    pub width: usize,
}

/// Where rows may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    /// In memory; more than [`MAX_BYTES`] there are an error.
    Memory,
    /// In memory; more than that in a file.
    Any,
    /// In a file.
    Disk,
}

/// The numbers of rows, of one type, so far.
pub(super) struct Gather {
    room: Room,
    values: Vec<f32>,
    bytes: Vec<u8>,
    of_bytes: bool,
    /// All of them, where they are too many for memory: nobody else sees this file, and it goes with the program.
    file: Option<BufWriter<File>>,
    count: usize,
}

impl Gather {
    pub(super) fn new(room: Room) -> Self {
        let (values, bytes) = (Vec::new(), Vec::new());
        Self { room, values, bytes, of_bytes: false, file: None, count: 0 }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Adds some, of the type that the others have.
    pub(super) fn push(&mut self, part: Part<'_>) -> Result<(), Problem> {
        let most = match self.room {
            Room::Memory | Room::Any => MAX_BYTES / size_of::<f32>(),
            Room::Disk => 0,
        };
        self.push_within(most, part)
    }

    /// The same with so many numbers in memory.
    fn push_within(&mut self, most: usize, part: Part<'_>) -> Result<(), Problem> {
        let more = match part {
            Part::Values(x) => x.len(),
            Part::Bytes(x) => x.len(),
        };
        self.of_bytes = matches!(part, Part::Bytes(_));
        self.count += more;
        if self.count > most && self.file.is_none() {
            if self.room == Room::Memory {
                return Err(Problem::TooLarge(most));
            }
            self.spill().map_err(no_room)?;
        }
        let too_large = |_| Problem::TooLarge(most);
        match (&mut self.file, part) {
            (Some(file), Part::Values(x)) => npy::write_numbers(x, file).map_err(no_room)?,
            (Some(file), Part::Bytes(x)) => file.write_all(x).map_err(no_room)?,
            (None, Part::Values(x)) => {
                self.values.try_reserve(more).map_err(too_large)?;
                self.values.extend_from_slice(x);
            }
            (None, Part::Bytes(x)) => {
                self.bytes.try_reserve(more).map_err(too_large)?;
                self.bytes.extend_from_slice(x);
            }
        }
        Ok(())
    }

    /// From memory into a file.
    fn spill(&mut self) -> io::Result<()> {
        let mut file = BufWriter::with_capacity(1 << 16, tempfile::tempfile()?);
        npy::write_numbers(&std::mem::take(&mut self.values), &mut file)?;
        file.write_all(&std::mem::take(&mut self.bytes))?;
        self.file = Some(file);
        Ok(())
    }

    /// All rows, of `width` numbers each, that were read from `path`.
    pub(super) fn finish(self, path: &Path, width: usize) -> Result<Source, Problem> {
        let Some(file) = self.file else {
            let mut x = self.values;
            x.try_reserve_exact(self.bytes.len()).map_err(|_| Problem::TooLarge(self.count))?;
            x.extend(self.bytes.into_iter().map(npy::unit));
            return Ok(Source::Memory(Matrix { x, width }));
        };
        let file = file.into_inner().map_err(|error| no_room(error.into_error()))?;
        let rows = self.count / width;
        let stored = StoredRows::of_numbers(file, path, self.of_bytes, rows, width);
        Ok(Source::Stored(Arc::new(stored)))
    }
}

fn no_room(error: io::Error) -> Problem {
    Problem::NoRoom { folder: env::temp_dir(), error }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All numbers of a source, `width` a row.
    fn numbers(source: &Source) -> (bool, Vec<f32>) {
        match source {
            Source::Memory(matrix) => (false, matrix.x.clone()),
            Source::Stored(file) => {
                let mut x = vec![0.0; file.rows() * file.width()];
                x.chunks_exact_mut(file.width()).enumerate().for_each(|(i, x)| file.read(i, x));
                (true, x)
            }
        }
    }

    /// What comes of ninety numbers, thirty rows, of which `most` may be in memory.
    fn gathered(room: Room, most: usize, parts: &[Part<'_>]) -> Result<(bool, Vec<f32>), Problem> {
        let mut gather = Gather::new(room);
        parts.iter().try_for_each(|&part| gather.push_within(most, part))?;
        assert_eq!(gather.count(), 90);
        gather.finish(Path::new("x.csv"), 3).map(|source| numbers(&source))
    }

    /// Up to the limit in memory, beyond it all in a file, with the same numbers.
    #[test]
    fn rows_go_where_there_is_room() {
        let values: Vec<f32> = (0..90).map(|i| i as f32 - 7.5).collect();
        let bytes: Vec<u8> = (0..90).map(|i| i * 2 + 1).collect();
        let units = bytes.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        let parts_of_values: Vec<_> = values.chunks(7).map(Part::Values).collect();
        let parts_of_bytes: Vec<_> = bytes.chunks(7).map(Part::Bytes).collect();
        for (parts, expected) in [(parts_of_values, values.clone()), (parts_of_bytes, units)] {
            for (most, on_disk) in [(90, false), (89, true), (20, true), (0, true)] {
                let found = gathered(Room::Any, most, &parts).unwrap();
                assert_eq!(found, (on_disk, expected.clone()), "{most}");
            }
            assert_eq!(gathered(Room::Memory, 90, &parts).unwrap(), (false, expected));
            let error = gathered(Room::Memory, 89, &parts).unwrap_err();
            assert!(matches!(error, Problem::TooLarge(89)), "{error}");
        }
    }
}
