//! Samples with labels, in memory.

use crate::error::Error;

/// Samples with labels.
///
/// The fields are open to read; [`Dataset::new`] is the way to make one, because it checks them.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Features `[rows, width]`, row-major; all finite.
    pub x: Vec<f32>,
    /// Features of one sample: the product of `shape`.
    pub width: usize,
    /// Shape of one sample, e.g. `[28, 28]` (rows, columns) or `[30]`.
    pub shape: Vec<usize>,
    /// Class of each sample, below `class_names.len()`.
    pub labels: Vec<u32>,
    /// Name of each class.
    pub class_names: Vec<String>,
}

impl Dataset {
    /// A set of `labels.len()` samples of `shape`, with `x [rows, product of shape]`.
    ///
    /// # Errors
    /// [`Error::Argument`] if the lengths do not fit, a size of the shape is 0, a label names no class,
    /// a value is not finite, or there are more than 2³² − 1 rows.
    ///
    /// ```
    /// use halfwave_datasets::Dataset;
    /// let set = Dataset::new(vec![0.0, 1.0, 2.0, 3.0], &[2], vec![1, 0], &["no", "yes"])?;
    /// assert_eq!((set.rows(), set.width, set.classes(), set.row(1)), (2, 2, 2, &[2.0, 3.0][..]));
    /// assert!(Dataset::new(vec![0.0; 3], &[2], vec![1, 0], &["no", "yes"]).is_err());
    /// # Ok::<(), halfwave_datasets::Error>(())
    /// ```
    pub fn new<S: ToString>(
        x: Vec<f32>,
        shape: &[usize],
        labels: Vec<u32>,
        class_names: &[S],
    ) -> Result<Self, Error> {
        let width = shape
            .iter()
            .try_fold(1, |product: usize, &size| product.checked_mul(size))
            .filter(|&width| width > 0)
            .ok_or_else(|| {
                Error::argument("shape of a sample", "sizes of at least 1", format!("{shape:?}"))
            })?;
        let rows = labels.len();
        if u32::try_from(rows).is_err() {
            return Err(Error::argument("rows", format!("at most {}", u32::MAX), rows));
        }
        if rows.checked_mul(width) != Some(x.len()) {
            let expected = format!("{rows} rows of {width}");
            return Err(Error::argument("number of values", expected, x.len()));
        }
        let classes = class_names.len();
        if let Some(row) = labels.iter().position(|&label| label as usize >= classes) {
            let found = format!("{} in row {row}", labels[row]);
            return Err(Error::argument("labels", format!("less than {classes}"), found));
        }
        if let Some(at) = x.iter().position(|value| !value.is_finite()) {
            let found = format!("{} in row {}, column {}", x[at], at / width, at % width);
            return Err(Error::argument("values", "finite numbers", found));
        }
        let class_names = class_names.iter().map(ToString::to_string).collect();
        Ok(Self { x, width, shape: shape.to_vec(), labels, class_names })
    }

    /// Number of samples.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Number of classes; a class may have no sample.
    pub fn classes(&self) -> usize {
        self.class_names.len()
    }

    /// Features of sample `i`: `[width]`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, i: usize) -> &[f32] {
        &self.x[i * self.width..][..self.width]
    }

    /// Number of samples of each class: `[classes]`.
    pub fn class_counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes()];
        self.labels.iter().for_each(|&label| counts[label as usize] += 1);
        counts
    }

    /// The samples of these rows, in this order; rows may repeat.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn subset(&self, indices: &[usize]) -> Self {
        let mut x = Vec::with_capacity(indices.len() * self.width);
        indices.iter().for_each(|&i| x.extend_from_slice(self.row(i)));
        Self {
            x,
            width: self.width,
            shape: self.shape.clone(),
            labels: indices.iter().map(|&i| self.labels[i]).collect(),
            class_names: self.class_names.clone(),
        }
    }
}

/// What a registry entry yields.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The published training part, or everything where no split is published.
    pub train: Dataset,
    /// The published test part, if there is one. Else see [`split`](crate::split).
    pub test: Option<Dataset>,
}
