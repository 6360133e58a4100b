//! Everything that can go wrong in training.

use halfwave_kernels::rng::PlanError;

use crate::layers::LayerError;

/// Why a model cannot be built or trained.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting has a value that makes no sense.
    #[error("{name}: expected {expected}, found {found}")]
    Setting {
        /// The setting, e.g. `learning_rate`.
        name: &'static str,
        /// What it can be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A layer of a network cannot stand where it is.
    #[error("layer {number} ({name}): {error}")]
    Layer {
        /// Which one, from 1.
        number: usize,
        /// What it is, e.g. `max-pool`.
        name: &'static str,
        /// Why.
        error: LayerError,
    },
    /// Rows that stay in a file cannot be read any more.
    #[error("{0}")]
    Unreadable(String),
    /// A signal asked for an end; everything is saved.
    #[error("interrupted")]
    Interrupted {
        /// Its number.
        signal: i32,
    },
    /// A checkpoint cannot be saved; the one before it is there still.
    #[error("cannot save a checkpoint: {reason}")]
    Checkpoint {
        /// Where, and why.
        reason: String,
    },
    /// A checkpoint is there that cannot be gone on from as it is; it stays.
    #[error("cannot go on from a checkpoint: {reason}")]
    UnusedCheckpoint {
        /// Which, and why.
        reason: String,
    },
    /// A view of `ndarray` that has its rows not one after the other.
    #[cfg(feature = "ndarray")]
    #[error(
        "rows of shape {shape:?} with strides {strides:?}: expected all rows one after the other; \
         take a copy, `.as_standard_layout().view()`"
    )]
    Layout {
        /// Rows and columns.
        shape: [usize; 2],
        /// Elements from row to row and from column to column.
        strides: [isize; 2],
    },
    /// There is nothing to train on.
    #[error("the data are empty: expected at least one row")]
    Empty,
    /// A mini-batch cannot have more rows than the data.
    #[error("batch: expected at most the {rows} rows of the data, found {batch}")]
    Batch {
        /// The setting.
        batch: usize,
        /// Rows of the data.
        rows: usize,
    },
    /// The data do not fit the model.
    #[error("{name}: the model expects {expected}, the data have {found}")]
    Shape {
        /// What does not fit, e.g. `features of a row`.
        name: &'static str,
        /// Size in the model.
        expected: usize,
        /// Size in the data.
        found: usize,
    },
    /// A label names no class of the model.
    #[error("label {label} in row {row} (from 0): there are {classes} classes, from 0 on")]
    Label {
        /// Where.
        row: usize,
        /// The label.
        label: u32,
        /// Outputs of the model.
        classes: usize,
    },
    /// A pair names a row that the data do not have.
    #[error("row {row} in pair {pair}: the data have {rows} rows, from 0 on")]
    Pair {
        /// Which pair, from 0.
        pair: usize,
        /// The row that it names.
        row: u32,
        /// Rows of the data.
        rows: usize,
    },
    /// A value of the data is NaN or infinite.
    #[error(
        "{value} in row {row}, column {column} of the data (both from 0): expected a finite number"
    )]
    NotFinite {
        /// Where.
        row: usize,
        /// Where.
        column: usize,
        /// NaN or an infinity.
        value: f32,
    },
    /// A Bernoulli visible unit is driven by a probability.
    #[error(
        "{value} in row {row}, column {column} of the data (both from 0): Bernoulli visible units take values \
         from 0 to 1; scale the data, or take Gaussian visible units"
    )]
    Visible {
        /// Where.
        row: usize,
        /// Where.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A target of a cross-entropy is a probability.
    #[error(
        "{value} in row {row}, column {column} of the targets (both from 0): cross-entropy takes values from 0 to 1; scale the data, \
         or take another reconstruction"
    )]
    Target {
        /// Where.
        row: usize,
        /// Where.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A group of Potts visible units is in no state.
    #[error(
        "row {row} of the data, from column {column} on (both from 0): expected one 1 and {} zeros, the state of a Potts unit",
        .categories - 1
    )]
    OneHot {
        /// Where.
        row: usize,
        /// Where.
        column: usize,
        /// Units of a group.
        categories: usize,
    },
    /// A column of the data says nothing, and a Gaussian unit of variance 1 would be no model of it.
    #[error(
        "column {column} of the data (from 0) is {value} in every row: Gaussian visible units take data of unit variance; \
         leave the column out"
    )]
    Constant {
        /// Where.
        column: usize,
        /// The value.
        value: f32,
    },
    /// The deviation of a column is none that a Gaussian unit can have.
    #[error(
        "the standard deviation of column {column} of the data is {deviation}: that of a Gaussian visible unit is \
         from 0.001 to 1000; scale the column"
    )]
    Deviation {
        /// Where.
        column: usize,
        /// The deviation.
        deviation: f32,
    },
    /// A sample's weight is no number above 0.
    #[error("the weight of row {row} is {value}: expected a finite number above 0")]
    SampleWeight {
        /// Where.
        row: usize,
        /// The weight.
        value: f32,
    },
    /// The units have no joint energy, and so neither free energy nor likelihood.
    #[error(
        "{hidden} hidden units have no joint energy: there is neither free energy nor likelihood; \
         take those of ssu(N) with the same weights and biases, which they approximate"
    )]
    NoEnergy {
        /// The hidden units.
        hidden: &'static str,
    },
    /// Neither layer has few enough states to visit all of them.
    #[error(
        "neither layer has at most {limit} states, those of 20 binary units: ln Z cannot be summed; \
         estimate it by annealed importance sampling"
    )]
    TooManyStates {
        /// How many can be visited.
        limit: u64,
    },
    /// The weights are too large for the units: Z may be infinite.
    #[error(
        "Gaussian visible and {hidden} hidden units with weights of spectral norm {norm}: they have a \
         likelihood for sure only below {limit}"
    )]
    NoDensity {
        /// The hidden units.
        hidden: &'static str,
        /// The largest singular value of the weights, from below.
        norm: f64,
        /// 1, or √γ for dReLU with γ < 1.
        limit: f64,
    },
    /// Chains of Gibbs steps that do not stay among finite numbers.
    #[error(
        "the states of the chains are no finite numbers after step {steps}: the weights are too large for units of these          kinds, which have no distribution then"
    )]
    Chains {
        /// Steps that were taken.
        steps: usize,
    },
    /// A value is neither 0 nor 1 where states of binary units are needed.
    #[error(
        "{value} in row {row}, column {column} of the data (both from 0): expected 0 or 1; binarise the data"
    )]
    NotBinary {
        /// Where.
        row: usize,
        /// Where.
        column: usize,
        /// The value.
        value: f32,
    },
    /// The model has more parameters or larger buffers than memory.
    #[error("no memory for {name}")]
    Memory {
        /// What was to be allocated.
        name: &'static str,
    },
    /// The run would use up its stream of random numbers.
    #[error(transparent)]
    Noise(#[from] PlanError),
    /// Training left the range where numbers mean something.
    #[error("{run} diverged in epoch {epoch}, step {step}: {what}; lower {lower}")]
    Diverged {
        /// The name of the run.
        run: String,
        /// Epoch of the run, from 1.
        epoch: usize,
        /// Step of the run, from 1.
        step: u64,
        /// What was found.
        what: String,
        /// What to lower, with its present value.
        lower: String,
    },
}

impl TrainError {
    /// The row of the data that it is about, from 0.
    pub(crate) fn row(&self) -> Option<usize> {
        match self {
            Self::NotFinite { row, .. }
            | Self::Visible { row, .. }
            | Self::Target { row, .. }
            | Self::OneHot { row, .. }
            | Self::NotBinary { row, .. } => Some(*row),
            _ => None,
        }
    }

    /// The same, where what was looked at began so many rows later.
    pub(crate) fn rows_later(mut self, rows: usize) -> Self {
        if let Self::NotFinite { row, .. }
        | Self::Visible { row, .. }
        | Self::Target { row, .. }
        | Self::OneHot { row, .. }
        | Self::NotBinary { row, .. } = &mut self
        {
            *row += rows;
        }
        self
    }

    pub(crate) fn setting(
        name: &'static str,
        expected: &'static str,
        found: impl ToString,
    ) -> Self {
        Self::Setting { name, expected, found: found.to_string() }
    }

    /// `Ok` if `holds`, else what the setting should have been.
    pub(crate) fn require(
        holds: bool,
        name: &'static str,
        expected: &'static str,
        found: impl ToString,
    ) -> Result<(), Self> {
        if holds { Ok(()) } else { Err(Self::setting(name, expected, found)) }
    }
}
