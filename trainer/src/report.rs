//! Results for readers: a table on the terminal, `report.md` and `report.html`, plots, images of filters.

pub mod filters;
pub mod html;
pub mod lines;
pub mod markdown;
pub mod plot;
pub mod table;

use self::lines::Axes;
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
        Figure::Lines { title, x, y, logarithmic, lines, .. } => {
            lines::lines(&Axes { title, x, y }, *logarithmic, lines).map(String::into)
        }
        Figure::Histogram { title, x, y, range, counts, .. } => {
            lines::histogram(&Axes { title, x, y }, *range, counts).map(String::into)
        }
    };
    drawn.map_err(|reason| Error::Figure { file: figure.file(), reason })
}

/// A value as all reports write it: `97.36 ± 1.95`; more digits of a value below 0.1.
#[must_use]
pub(crate) fn number(value: f64, std: Option<f64>) -> String {
    let size = value.abs();
    let write = |x: f64| {
        if size == 0.0 || size >= 0.1 {
            format!("{x:.2}")
        } else if size >= 1e-3 {
            format!("{x:.4}")
        } else {
            format!("{x:.2e}")
        }
    };
    match std {
        Some(std) => format!("{} ± {}", write(value), write(std)),
        None => write(value),
    }
}

/// The sources of published numbers, each once, in the order of the rows.
pub(crate) struct Sources<'a>(Vec<&'a str>);

impl<'a> Sources<'a> {
    pub(crate) fn of(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut sources: Vec<&str> = Vec::new();
        for published in rows.into_iter().filter_map(|row| row.published.as_ref()) {
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

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn small_values_keep_digits() {
        assert_eq!(number(97.361, Some(1.0)), "97.36 ± 1.00");
        assert_eq!(number(0.010_578, None), "0.0106");
        assert_eq!(number(-0.05, Some(0.001)), "-0.0500 ± 0.0010");
        assert_eq!(number(1.19e-7, None), "1.19e-7");
        assert_eq!(number(0.0, Some(0.0)), "0.00 ± 0.00");
    }
}
