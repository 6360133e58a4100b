//! Figures of a result, as data: `report` draws them.

use serde::{Deserialize, Serialize};

/// A picture of a result.
#[derive(Clone, Debug)]
pub enum Figure {
    /// Lines over epochs (SVG).
    Curves {
        /// File name without extension.
        name: String,
        /// Above the plot.
        title: String,
        /// What the vertical axis shows.
        y: String,
        /// The lines.
        series: Vec<Series>,
    },
    /// A confusion matrix as a heat map (SVG).
    Confusion {
        /// File name without extension.
        name: String,
        /// Above the plot.
        title: String,
        /// Name of each class.
        classes: Vec<String>,
        /// `[classes, classes]`, rows true, columns predicted.
        counts: Vec<u64>,
    },
    /// The weights of each hidden unit as an image (PNG).
    Filters {
        /// File name without extension.
        name: String,
        /// What the report says about it.
        title: String,
        /// `[visible, hidden]`.
        weights: Vec<f32>,
        /// Rows, columns and colours (1 or 3) of the visible image; their product is `visible`.
        shape: [usize; 3],
    },
    /// Lines over a number (SVG).
    Lines {
        /// File name without extension.
        name: String,
        /// Above the plot.
        title: String,
        /// What the horizontal axis shows.
        x: String,
        /// What the vertical axis shows.
        y: String,
        /// Whether the vertical axis is.
        logarithmic: bool,
        /// The lines.
        lines: Vec<Line>,
    },
    /// How many of something fall into each of equal bins (SVG).
    Histogram {
        /// File name without extension.
        name: String,
        /// Above the plot.
        title: String,
        /// What the horizontal axis shows.
        x: String,
        /// What the vertical axis shows.
        y: String,
        /// Where the first bin begins and the last one ends.
        range: (f64, f64),
        /// Of each bin.
        counts: Vec<u64>,
    },
}

impl Figure {
    /// Name of the file.
    #[must_use]
    pub fn file(&self) -> String {
        match self {
            Self::Curves { name, .. }
            | Self::Confusion { name, .. }
            | Self::Lines { name, .. }
            | Self::Histogram { name, .. } => format!("{name}.svg"),
            Self::Filters { name, .. } => format!("{name}.png"),
        }
    }

    /// Whether there is nothing to draw: of curves and lines of which nothing is finite, as of trainings that all diverged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Curves { series, .. } => {
                !series.iter().any(|series| series.finite().next().is_some())
            }
            Self::Lines { lines, logarithmic, .. } => {
                !lines.iter().any(|line| line.visible(*logarithmic).next().is_some())
            }
            Self::Confusion { .. } | Self::Filters { .. } | Self::Histogram { .. } => false,
        }
    }

    /// What it shows.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Curves { title, .. }
            | Self::Confusion { title, .. }
            | Self::Filters { title, .. }
            | Self::Lines { title, .. }
            | Self::Histogram { title, .. } => title,
        }
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stroke {
    /// A line.
    #[default]
    Solid,
    /// A bound, a reference.
    Dashed,
    /// A dot at each point, and no line.
    Dots,
}

/// A line of a plot.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its label.
    pub label: String,
    /// (x, y), x ascending.
    pub points: Vec<(f64, f64)>,
    /// How it is drawn.
    pub stroke: Stroke,
    /// Number of its colour, where it is not that of its place.
    pub colour: Option<usize>,
}

impl Line {
    /// A solid line in the colour of its place.
    #[must_use]
    pub fn new(label: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self { label: label.into(), points, stroke: Stroke::Solid, colour: None }
    }

    /// The points that a plot has a place for: finite, and above 0 where the vertical axis is logarithmic.
    pub(crate) fn visible(&self, logarithmic: bool) -> impl Iterator<Item = (f64, f64)> {
        let has_place =
            move |&(x, y): &(f64, f64)| x.is_finite() && y.is_finite() && (!logarithmic || y > 0.0);
        self.points.iter().copied().filter(has_place)
    }
}

/// Learning curves of one kind: the mean over runs, and each run.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Its label.
    pub label: String,
    /// One line a run, each with a value an epoch.
    pub runs: Vec<Vec<f64>>,
    /// Whether it belongs to the series before it: in its colour, dashed.
    pub beside: bool,
}

impl Series {
    /// The values that a plot has a place for.
    pub(crate) fn finite(&self) -> impl Iterator<Item = f64> {
        self.runs.iter().flatten().copied().filter(|value| value.is_finite())
    }

    /// A series with a colour of its own.
    #[must_use]
    pub fn new(label: impl Into<String>, runs: Vec<Vec<f64>>) -> Self {
        Self { label: label.into(), runs, beside: false }
    }

    /// Mean over the runs that reach each epoch.
    #[must_use]
    pub fn mean(&self) -> Vec<f64> {
        let longest = self.runs.iter().map(Vec::len).max().unwrap_or_default();
        let at = |epoch: usize| self.runs.iter().filter_map(move |run| run.get(epoch));
        (0..longest).map(|epoch| at(epoch).sum::<f64>() / at(epoch).count() as f64).collect()
    }
}

/// A confusion matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// What was tested.
    pub title: String,
    /// Name of each class.
    pub classes: Vec<String>,
    /// Rows true, columns predicted.
    pub counts: Vec<Vec<u64>>,
}

impl Figure {
    /// The confusion matrix that it shows, if it shows one.
    #[must_use]
    pub fn matrix(&self) -> Option<Matrix> {
        match self {
            Self::Confusion { title, classes, counts, .. } => {
                let counts = counts.chunks(classes.len().max(1)).map(<[u64]>::to_vec).collect();
                Some(Matrix { title: title.clone(), classes: classes.clone(), counts })
            }
            _ => None,
        }
    }
}
