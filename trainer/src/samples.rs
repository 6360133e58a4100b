//! What a model is trained on: rows of numbers, images of bytes that become numbers a mini-batch at a time, or
//! compressed rows of zeros and ones.

use halfwave_datasets::{
    Dataset,
    npy::StoredRows,
    preprocess::{PixelScaler, Standardiser},
    sparse::SparseRows,
};
use rayon::prelude::*;

use crate::{
    TrainError,
    buffers::{check_rows, gather},
};

#[cfg(feature = "ndarray")]
mod views;

/// Rows that are numbers at once where all rows of bytes are looked at.
const BLOCK: usize = 512;

/// Rows to train on or to test with.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// `[rows, width]`.
    Values(&'a [f32]),
    /// Images of bytes, of which only a mini-batch is `f32` at a time.
    Images(Images<'a>),
    /// Zeros and ones, of which only the ones are kept.
    Binary(&'a SparseRows),
    /// Rows that stay in a file, of which only a mini-batch is in memory at a time. If the file fails later, training is
    /// [`TrainError::Unreadable`]; who only applies a model asks [`StoredRows::failure`] at the end.
    Stored(Stored<'a>),
}

/// Rows of `bytes [_, scaler.width]`, as the scaler makes them.
#[derive(Clone, Copy, Debug)]
pub struct Images<'a> {
    /// All images.
    pub bytes: &'a [u8],
    /// Which of them, in which order.
    pub rows: &'a [u32],
    /// What makes them numbers.
    pub scaler: &'a PixelScaler,
}

/// Rows of a file.
#[derive(Clone, Copy, Debug)]
pub struct Stored<'a> {
    /// All rows.
    pub file: &'a StoredRows,
    /// Which of them, in which order.
    pub rows: &'a [u32],
    /// What is done to each.
    pub standardiser: Option<&'a Standardiser>,
}

/// Rows with their classes.
#[derive(Clone, Copy, Debug)]
pub struct Samples<'a> {
    /// x.
    pub rows: Rows<'a>,
    /// Values of a row.
    pub width: usize,
    /// The class of each row.
    pub labels: &'a [u32],
}

impl<'a> From<&'a [f32]> for Rows<'a> {
    fn from(x: &'a [f32]) -> Self {
        Self::Values(x)
    }
}

impl<'a> From<&'a Vec<f32>> for Rows<'a> {
    fn from(x: &'a Vec<f32>) -> Self {
        Self::Values(x)
    }
}

impl<'a, const N: usize> From<&'a [f32; N]> for Rows<'a> {
    fn from(x: &'a [f32; N]) -> Self {
        Self::Values(x)
    }
}

impl<'a> From<Images<'a>> for Rows<'a> {
    fn from(images: Images<'a>) -> Self {
        Self::Images(images)
    }
}

impl<'a> From<Stored<'a>> for Rows<'a> {
    fn from(stored: Stored<'a>) -> Self {
        Self::Stored(stored)
    }
}

impl<'a> From<&'a SparseRows> for Rows<'a> {
    fn from(rows: &'a SparseRows) -> Self {
        Self::Binary(rows)
    }
}

impl<'a> From<&'a Dataset> for Samples<'a> {
    fn from(data: &'a Dataset) -> Self {
        Self { rows: Rows::Values(&data.x), width: data.width, labels: &data.labels }
    }
}

impl Rows<'_> {
    /// Number of rows, of `width` values each.
    pub(crate) fn count(&self, width: usize) -> usize {
        match self {
            Self::Values(x) => x.len() / width,
            Self::Images(images) => images.rows.len(),
            Self::Binary(rows) => rows.rows(),
            Self::Stored(stored) => stored.rows.len(),
        }
    }

    /// That all rows so far could be read, where they are in a file.
    pub(crate) fn readable(&self) -> Result<(), TrainError> {
        match self {
            Self::Stored(Stored { file, .. }) => {
                file.failure().map_err(|error| TrainError::Unreadable(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// That these are at least one row of `width` finite numbers; returns the number of rows.
    pub(crate) fn check(&self, width: usize) -> Result<usize, TrainError> {
        match self {
            Self::Values(x) => check_rows(x, width),
            Self::Images(images) => images.check(width),
            Self::Binary(rows) => check_binary(rows, width),
            Self::Stored(stored) => stored.check(width, |_| Ok(())),
        }
    }

    /// The same, and that `f` finds nothing wrong with any rows, whole rows at a time; its errors count rows from the first
    /// of these. A file is read once.
    pub(crate) fn check_all(
        &self,
        width: usize,
        f: impl FnMut(&[f32]) -> Result<(), TrainError>,
    ) -> Result<usize, TrainError> {
        if let Self::Stored(stored) = self {
            return stored.check(width, f);
        }
        let rows = self.check(width)?;
        self.check_each(width, f).map(|()| rows)
    }

    /// out [indices, width] ← the rows that `indices` name, in their order.
    pub(crate) fn gather(&self, width: usize, indices: &[u32], out: &mut [f32]) {
        match self {
            Self::Values(x) => gather(x, width, indices, out),
            Self::Images(images) => images.gather(indices, out),
            Self::Binary(rows) => spread(rows, indices, out),
            Self::Stored(stored) => stored.gather(indices, out),
        }
    }

    /// Calls `f` with all rows `[_, width]` in their order, whole rows at a time.
    ///
    /// # Panics
    /// If they have another width.
    pub(crate) fn for_each(&self, width: usize, mut f: impl FnMut(&[f32])) {
        let found = match self {
            Self::Values(x) => {
                let whole = x.len().is_multiple_of(width);
                assert!(whole, "{} values are no whole rows of {width}", x.len());
                return f(x);
            }
            Self::Images(images) => images.scaler.width,
            Self::Binary(rows) => rows.width(),
            Self::Stored(stored) => stored.file.width(),
        };
        assert_eq!(found, width, "rows of {found} values in place of {width}");
        let count = self.count(width);
        let mut block = vec![0.0; BLOCK.min(count) * width];
        for from in (0..count).step_by(BLOCK) {
            let indices: Vec<u32> =
                (from..count.min(from + BLOCK)).map(|index| index as u32).collect();
            let block = &mut block[..indices.len() * width];
            self.gather(width, &indices, block);
            f(block);
        }
    }

    /// That `f` finds nothing wrong with any rows, whole rows at a time; its errors count rows from the first of these.
    pub(crate) fn check_each(
        &self,
        width: usize,
        mut f: impl FnMut(&[f32]) -> Result<(), TrainError>,
    ) -> Result<(), TrainError> {
        let (mut before, mut result) = (0, Ok(()));
        self.for_each(width, |x| {
            if result.is_ok() {
                result = f(x).map_err(|error| error.rows_later(before));
            }
            before += x.len() / width;
        });
        result
    }

    /// Calls `f` with each row and its weight, 1 without `weights`.
    pub(crate) fn for_each_weighted(
        &self,
        width: usize,
        weights: Option<&[f32]>,
        mut f: impl FnMut(&[f32], f64),
    ) {
        let mut weights = weights.into_iter().flatten();
        self.for_each(width, |x| {
            for row in x.chunks_exact(width) {
                f(row, weights.next().map_or(1.0, |&weight| f64::from(weight)));
            }
        });
    }
}

/// That these are at least one row of this width.
fn check_binary(rows: &SparseRows, width: usize) -> Result<usize, TrainError> {
    if rows.rows() == 0 {
        return Err(TrainError::Empty);
    }
    if rows.width() != width {
        let (name, found) = ("features of a row", rows.width());
        return Err(TrainError::Shape { name, expected: width, found });
    }
    Ok(rows.rows())
}

/// out [indices, width] ← the rows that `indices` name, with their zeros.
fn spread(rows: &SparseRows, indices: &[u32], out: &mut [f32]) {
    out.par_chunks_exact_mut(rows.width()).zip(indices).for_each(|(out, &index)| {
        out.fill(0.0);
        rows.row(index as usize).iter().for_each(|&column| out[column as usize] = 1.0);
    });
}

impl Images<'_> {
    fn check(&self, width: usize) -> Result<usize, TrainError> {
        if self.rows.is_empty() {
            return Err(TrainError::Empty);
        }
        if self.scaler.width != width {
            let (name, found) = ("pixels of an image", self.scaler.width);
            return Err(TrainError::Shape { name, expected: width, found });
        }
        let count = self.bytes.len() / width;
        match self.rows.iter().find(|&&row| row as usize >= count) {
            Some(&row) => {
                let (name, found) = ("images", row as usize);
                Err(TrainError::Shape { name, expected: count, found })
            }
            None => Ok(self.rows.len()),
        }
    }

    fn gather(&self, indices: &[u32], out: &mut [f32]) {
        let Self { bytes, rows, scaler } = *self;
        let width = scaler.width;
        out.par_chunks_exact_mut(width).zip(indices).for_each(|(out, &index)| {
            let row = rows[index as usize] as usize;
            scaler.scale(&bytes[row * width..][..width], out);
        });
    }
}

impl Stored<'_> {
    fn check(
        &self,
        width: usize,
        mut f: impl FnMut(&[f32]) -> Result<(), TrainError>,
    ) -> Result<usize, TrainError> {
        if self.rows.is_empty() {
            return Err(TrainError::Empty);
        }
        let shape = |name, expected, found| Err(TrainError::Shape { name, expected, found });
        for (name, found) in [
            ("features of a row", self.file.width()),
            ("columns of the standardiser", self.standardiser.map_or(width, Standardiser::width)),
        ] {
            if found != width {
                return shape(name, width, found);
            }
        }
        let count = self.file.rows();
        if let Some(&row) = self.rows.iter().find(|&&row| row as usize >= count) {
            return shape("rows of the file", count, row as usize);
        }
        let all = Rows::Stored(*self);
        let fine = all.check_each(width, |x| check_rows(x, width).and_then(|_| f(x)));
        // NaN may be of a row that was not read.
        all.readable()?;
        fine.map(|()| self.rows.len())
    }

    fn gather(&self, indices: &[u32], out: &mut [f32]) {
        let width = self.file.width();
        out.par_chunks_exact_mut(width).zip(indices).for_each(|(out, &index)| {
            self.file.read(self.rows[index as usize] as usize, out);
            if let Some(standardiser) = self.standardiser {
                standardiser.apply(out).expect("check compared the widths");
            }
        });
    }
}

impl<'a> Samples<'a> {
    /// Images and the class of each of their rows.
    #[must_use]
    pub fn images(images: Images<'a>, labels: &'a [u32]) -> Self {
        Self { rows: Rows::Images(images), width: images.scaler.width, labels }
    }

    /// Compressed rows and the class of each.
    #[must_use]
    pub fn binary(rows: &'a SparseRows, labels: &'a [u32]) -> Self {
        Self { rows: Rows::Binary(rows), width: rows.width(), labels }
    }

    /// That rows have `width` values, and that there is a label for each, all of them classes.
    pub(crate) fn check(&self, width: usize, classes: usize) -> Result<(), TrainError> {
        if self.width != width {
            let (name, found) = ("features of a row", self.width);
            return Err(TrainError::Shape { name, expected: width, found });
        }
        let rows = self.rows.check(width)?;
        if rows != self.labels.len() {
            let (name, found) = ("labels", self.labels.len());
            return Err(TrainError::Shape { name, expected: rows, found });
        }
        crate::metrics::check_labels(self.labels, classes)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::File,
        panic::{AssertUnwindSafe, catch_unwind},
    };

    use halfwave_datasets::npy::{self, Array};
    use halfwave_kernels::{Kind, Level};

    use super::*;
    use crate::{
        network::{Head, MlpConfig, Network},
        observe::{Epoch, Observer},
        optim::{Optimiser, Schedule},
    };

    const WIDTH: usize = 6;

    fn bytes() -> Vec<u8> {
        (0..40 * WIDTH).map(|i| (i * i * 31 % 251) as u8).collect()
    }

    /// Bytes are the rows that the scaler makes of them, by bits.
    #[test]
    fn images_are_their_scaled_rows() {
        let (bytes, rows) = (bytes(), [3, 0, 39, 7, 7]);
        let scaler = PixelScaler::fit(&bytes, WIDTH, &rows).unwrap();
        let mut x = Vec::new();
        scaler.gather(&bytes, &rows, &mut x);
        let images = Rows::from(Images { bytes: &bytes, rows: &rows, scaler: &scaler });
        assert_eq!((images.check(WIDTH), images.count(WIDTH)), (Ok(5), 5));
        let mut all = Vec::new();
        images.for_each(WIDTH, |block| all.extend_from_slice(block));
        assert_eq!(all, x);
        let (mut of_bytes, mut of_values) = ([0.0; 2 * WIDTH], [0.0; 2 * WIDTH]);
        images.gather(WIDTH, &[4, 2], &mut of_bytes);
        Rows::from(&x).gather(WIDTH, &[4, 2], &mut of_values);
        assert_eq!(of_bytes, of_values);
    }

    #[test]
    fn images_that_do_not_fit_are_errors() {
        let bytes = bytes();
        let scaler = PixelScaler::fit(&bytes, WIDTH, &[0, 1]).unwrap();
        let check = |rows, width| Images { bytes: &bytes, rows, scaler: &scaler }.check(width);
        assert_eq!(check(&[0, 39], WIDTH), Ok(2));
        assert_eq!(check(&[], WIDTH), Err(TrainError::Empty));
        assert!(matches!(check(&[40], WIDTH), Err(TrainError::Shape { name: "images", .. })));
        assert!(matches!(check(&[0], 5), Err(TrainError::Shape { .. })));
    }

    /// A file with these rows, and where it is.
    fn stored(x: &[f32]) -> (tempfile::TempDir, StoredRows) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.npy");
        let array = Array { shape: vec![x.len() / WIDTH, WIDTH], data: x.to_vec() };
        npy::write(&array, &mut File::create(&path).unwrap()).unwrap();
        let rows = StoredRows::open(&path).unwrap();
        (folder, rows)
    }

    /// Rows of a file are those of the same array in memory, by bits, in more than one block.
    #[test]
    fn stored_rows_are_those_of_the_array() {
        let x: Vec<f32> = (0..1300 * WIDTH).map(|i| (i as f32 * 0.37).sin() * 9.0).collect();
        let (_folder, file) = stored(&x);
        let standardiser = Standardiser::fit(&x, WIDTH).unwrap();
        let rows: Vec<u32> = (0..1300).rev().collect();
        for standardiser in [None, Some(&standardiser)] {
            let mut expected: Vec<f32> = x.chunks(WIDTH).rev().flatten().copied().collect();
            standardiser.into_iter().for_each(|it| it.apply(&mut expected).unwrap());
            let stored = Rows::from(Stored { file: &file, rows: &rows, standardiser });
            assert_eq!((stored.count(WIDTH), stored.check(WIDTH)), (1300, Ok(1300)));
            let mut all = Vec::new();
            stored.for_each(WIDTH, |x| all.extend_from_slice(x));
            assert_eq!(all, expected);
            let mut gathered = [0.0; 2 * WIDTH];
            stored.gather(WIDTH, &[1299, 4], &mut gathered);
            assert_eq!(gathered[..WIDTH], expected[1299 * WIDTH..]);
            assert_eq!(gathered[WIDTH..], expected[4 * WIDTH..][..WIDTH]);
        }
    }

    #[test]
    fn stored_rows_that_do_not_fit_are_errors() {
        let mut x = vec![0.5; 1300 * WIDTH];
        x[1000 * WIDTH + 3] = f32::NAN;
        let (folder, file) = stored(&x);
        let of = |rows, standardiser| Rows::from(Stored { file: &file, rows, standardiser });
        assert_eq!(of(&[], None).check(WIDTH), Err(TrainError::Empty));
        assert!(matches!(of(&[0], None).check(5), Err(TrainError::Shape { .. })));
        assert!(matches!(of(&[1300], None).check(WIDTH), Err(TrainError::Shape { .. })));
        let narrow = Standardiser::fit(&[1.0, 2.0], 1).unwrap();
        assert!(matches!(of(&[0], Some(&narrow)).check(WIDTH), Err(TrainError::Shape { .. })));
        let all: Vec<u32> = (0..1300).collect();
        let error = of(&all, None).check(WIDTH).unwrap_err();
        assert!(matches!(error, TrainError::NotFinite { row: 1000, column: 3, .. }), "{error}");
        assert_eq!(of(&[0, 1299], None).check(WIDTH), Ok(2));
        File::options().write(true).open(folder.path().join("x.npy")).unwrap().set_len(90).unwrap();
        let error = of(&[0, 1299], None).check(WIDTH).unwrap_err();
        assert!(matches!(&error, TrainError::Unreadable(text) if text.contains("row ")), "{error}");
    }

    /// A file that fails while a model is trained on it is the error, and not a divergence.
    #[test]
    fn training_ends_where_a_file_fails() {
        struct Cut(std::path::PathBuf);
        impl Observer for Cut {
            fn epoch(&mut self, epoch: &Epoch<'_>) {
                assert_eq!(epoch.epoch, 1, "training went on");
                File::options().write(true).open(&self.0).unwrap().set_len(200).unwrap();
            }
        }
        let x: Vec<f32> = (0..200 * WIDTH).map(|i| (i % 7) as f32 / 7.0).collect();
        let (folder, file) = stored(&x);
        let rows: Vec<u32> = (0..200).collect();
        let data = Stored { file: &file, rows: &rows, standardiser: None };
        let labels: Vec<u32> = (0..200).map(|i| i % 2).collect();
        let mut network = network();
        let samples = Samples { rows: data.into(), width: WIDTH, labels: &labels };
        let mut cut = Cut(folder.path().join("x.npy"));
        let error = network.fit(Level::best(), samples, None, "cut", &mut cut).unwrap_err();
        assert!(
            matches!(&error, TrainError::Unreadable(text) if text.contains("x.npy")),
            "{error}"
        );
    }

    fn network() -> Network {
        let config = MlpConfig {
            sizes: vec![WIDTH, 4, 2],
            activation: Kind::Relu,
            head: Head::Softmax,
            dropout: 0.0,
            optimiser: Optimiser::adam(),
            schedule: Schedule::Constant,
            batch: 20,
            epochs: 5,
        };
        Network::mlp(&config, 1).unwrap()
    }

    /// Rows of another width would come out shifted.
    #[test]
    fn rows_of_another_width_are_not_predicted_for() {
        let network = network();
        let mut narrow = SparseRows::new(3).unwrap();
        (0..4).for_each(|_| narrow.push(&[1]).unwrap());
        let scaler = PixelScaler::fit(&[1, 2, 3, 4], 2, &[0, 1]).unwrap();
        let images = Images { bytes: &[1, 2, 3, 4, 5, 6], rows: &[0, 1, 2], scaler: &scaler };
        for rows in [Rows::Binary(&narrow), images.into(), (&[0.0; 7]).into()] {
            let predicted = catch_unwind(AssertUnwindSafe(|| network.predict(Level::best(), rows)))
                .unwrap_err();
            let said = predicted.downcast_ref::<String>().unwrap();
            assert!(
                said.contains("in place of 6") || said.contains("no whole rows of 6"),
                "{said}"
            );
        }
    }

    #[test]
    fn compressed_rows_are_their_zeros_and_ones() {
        let mut rows = SparseRows::new(3).unwrap();
        for row in [&[0, 2][..], &[], &[1]] {
            rows.push(row).unwrap();
        }
        let x = [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let (binary, mut all) = (Rows::from(&rows), Vec::new());
        binary.for_each(3, |block| all.extend_from_slice(block));
        assert_eq!((all, binary.count(3), binary.check(3)), (x.to_vec(), 3, Ok(3)));
        let mut gathered = [f32::NAN; 6];
        binary.gather(3, &[2, 0], &mut gathered);
        assert_eq!(gathered, [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]);
        assert!(matches!(binary.check(4), Err(TrainError::Shape { .. })));
        assert_eq!(Rows::from(&rows.subset(&[])).check(3), Err(TrainError::Empty));
    }
}
