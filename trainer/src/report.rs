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
    result::{Figure, Published, Row, Series},
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

/// The losses of models beside those on their validation sets, as many in a figure as there are colours.
pub(crate) fn validation(models: &[[Series; 2]], y: &str) -> Vec<Figure> {
    let parts = models.chunks(plot::COLOURS.len());
    let figures = parts.enumerate().map(|(i, models)| {
        let number = if i == 0 { String::new() } else { format!("-{}", i + 1) };
        Figure::Curves {
            name: format!("loss-and-validation{number}"),
            title: "loss on training and, dashed, on validation rows".into(),
            y: y.into(),
            series: models.concat(),
        }
    });
    figures.collect()
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

/// A published value as [`number`] has it, with a third decimal where it is small and published with three.
fn published_number(value: f64) -> String {
    let [two, three] = [2, 3].map(|digits| format!("{value:.digits$}"));
    let is = |text: &str| text.parse() == Ok(value);
    if value.abs() < 10.0 && is(&three) && !is(&two) { three } else { number(value, None) }
}

/// The sources of published numbers, each once, in the order of the rows.
pub(crate) struct Sources<'a>(Vec<&'a Published>);

impl<'a> Sources<'a> {
    pub(crate) fn of(rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut sources: Vec<&Published> = Vec::new();
        for published in rows.into_iter().filter_map(|row| row.published.as_ref()) {
            if !sources.iter().any(|known| same_source(known, published)) {
                sources.push(published);
            }
        }
        Self(sources)
    }

    /// A published number with the mark of its source: `91.21 ± 4.22 [1]`.
    pub(crate) fn mark(&self, published: &Published) -> String {
        let at = self.0.iter().position(|known| same_source(known, published));
        let std = published.std.map(|std| format!(" ± {}", published_number(std)));
        let value = published_number(published.value);
        format!("{value}{} [{}]", std.unwrap_or_default(), at.unwrap_or_default() + 1)
    }

    /// The sources with their numbers, from 1.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, String)> {
        let text = |published: &Published| match &published.differs {
            None => published.source.clone(),
            Some(differs) => format!("{}; not comparable: {differs}", published.source),
        };
        (1..).zip(self.0.iter().map(move |published| text(published)))
    }
}

fn same_source(a: &Published, b: &Published) -> bool {
    (&a.source, &a.differs) == (&b.source, &b.differs)
}

#[cfg(test)]
mod tests {
    use super::{number, published_number};

    #[test]
    fn published_values_keep_their_digits() {
        let texts = [92.4, 91.9594, 0.885, -84.86, 0.0, 1.0 / 3.0, 1e-7].map(published_number);
        assert_eq!(texts, ["92.40", "91.96", "0.885", "-84.86", "0.00", "0.33", "1.00e-7"]);
    }

    #[test]
    fn small_values_keep_digits() {
        assert_eq!(number(97.361, Some(1.0)), "97.36 ± 1.00");
        assert_eq!(number(0.010_578, None), "0.0106");
        assert_eq!(number(-0.05, Some(0.001)), "-0.0500 ± 0.0010");
        assert_eq!(number(1.19e-7, None), "1.19e-7");
        assert_eq!(number(0.0, Some(0.0)), "0.00 ± 0.00");
    }
}
