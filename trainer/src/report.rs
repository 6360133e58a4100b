//! Results for readers: a table on the terminal, `report.md`, plots, images of filters.

pub mod filters;
pub mod markdown;
pub mod plot;
pub mod table;

use crate::{Error, result::Figure};

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
