//! Results for readers: a table on the terminal, `report.md`, plots, images of filters.

pub mod filters;
pub mod markdown;
pub mod plot;
pub mod table;

use crate::{
    Error,
    result::{Figure, Published, Row},
};

/// The bytes of a figure's file.
///
/// # Errors
/// [`Error::Figure`] if it cannot be drawn.
pub fn draw(figure: &Figure) -> Result<Vec<u8>, Error> {
    let drawn = match figure {
        Figure::Curves { title, y, series, .. } => plot::curves(title, y, series).map(String::into),
        Figure::Confusion { title, classes, counts, .. } => {
            plot::confusion(title, classes, counts).map(String::into)
        }
        Figure::Filters { weights, shape, .. } => filters::mosaic(weights, *shape),
    };
    drawn.map_err(|reason| Error::Figure { file: figure.file(), reason })
}

/// A value as all reports write it: `97.36 ± 1.95`.
#[must_use]
pub(crate) fn number(value: f64, std: Option<f64>) -> String {
    match std {
        Some(std) => format!("{value:.2} ± {std:.2}"),
        None => format!("{value:.2}"),
    }
}

/// The sources of published numbers, each once, in the order of the rows.
pub(crate) struct Sources<'a>(Vec<&'a str>);

impl<'a> Sources<'a> {
    pub(crate) fn of(rows: &'a [Row]) -> Self {
        let mut sources: Vec<&str> = Vec::new();
        for published in rows.iter().filter_map(|row| row.published.as_ref()) {
            if !sources.contains(&published.source.as_str()) {
                sources.push(&published.source);
            }
        }
        Self(sources)
    }

    /// A published number with the mark of its source: `91.21 ± 4.22 [1]`.
    pub(crate) fn mark(&self, published: &Published) -> String {
        let at = self.0.iter().position(|source| *source == published.source).unwrap_or_default();
        format!("{} [{}]", number(published.value, published.std), at + 1)
    }

    /// The sources with their numbers, from 1.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &'a str)> {
        (1..).zip(self.0.iter().copied())
    }
}
