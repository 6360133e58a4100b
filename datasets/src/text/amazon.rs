//! The labelled part of the Multi-Domain Sentiment Dataset, version 2.0: product reviews of Amazon.
//!
//! ```text
//! sorted_data_acl/DOMAIN/negative.review     1 or 2 stars      1000 reviews as published
//! sorted_data_acl/DOMAIN/positive.review     4 or 5 stars      1000 reviews as published
//! ```
//!
//! A file looks like XML and is none: `<review>`, then fields whose tags stand on lines of their own, then
//! `</review>`; `&` and `<` inside a field are no markup. One of the published files has `<data>` and `</data>` round
//! all of it. The text of a review here is its title, an end of line,
//! and its field `review_text`.
//!
//! Blitzer, Dredze, Pereira: Biographies, Bollywood, Boom-boxes and Blenders. ACL 2007.

use std::path::Path;

use super::lines::{TextError, lines, read};
use super::{CLASSES, Texts};
use crate::error::Error;
use crate::locate::Locator;
use crate::registry;

/// Names of the domains, in the order of [`load`].
pub const DOMAINS: [&str; 4] = ["books", "dvd", "electronics", "kitchen"];

/// Stars of a negative and of a positive review, as the files write them.
const RATINGS: [[(&str, u8); 2]; 2] = [[("1.0", 1), ("2.0", 2)], [("4.0", 4), ("5.0", 5)]];

/// The reviews of each domain: the negative ones, then the positive ones.
///
/// # Errors
/// [`Error::Missing`] if no folder has all files, [`Error::Text`] for files that break their format, and those of
/// reading a file.
pub fn load(locator: &Locator) -> Result<[Texts; DOMAINS.len()], Error> {
    let paths = locator.find(registry::find("amazon-multidomain")?)?;
    let mut domains = [const { Vec::new() }; DOMAINS.len()];
    for (domain, paths) in domains.iter_mut().zip(paths.chunks_exact(CLASSES.len())) {
        *domain = paths.to_vec();
    }
    let mut loaded: [Texts; DOMAINS.len()] = Default::default();
    for (texts, paths) in loaded.iter_mut().zip(&domains) {
        for (label, path) in (0..).zip(paths) {
            add(texts, path, label)?;
        }
    }
    Ok(loaded)
}

fn add(texts: &mut Texts, path: &Path, label: u32) -> Result<(), Error> {
    let reviews = read(path, |bytes| parse(bytes, label))?;
    texts.labels.extend(reviews.iter().map(|_| label));
    for (text, stars) in reviews {
        texts.texts.push(text);
        texts.stars.push(stars);
    }
    Ok(())
}

/// The text and the stars of each review of a file of this label.
///
/// # Errors
/// [`TextError`] for bytes that are not UTF-8, a line out of place, a field that is missing, comes twice or is never
/// closed, a rating that the label does not have, and a file without reviews.
///
/// # Panics
/// If `label` is no place in [`CLASSES`].
///
/// ```
/// use halfwave_datasets::text::amazon::parse;
/// let file = b"<review>\n<rating>\n5.0\n</rating>\n<title>\nFine\n</title>\n\
///     <review_text>\nI like it.\n</review_text>\n</review>\n";
/// assert_eq!(parse(file, 1)?, [("Fine\nI like it.".to_owned(), 5)]);
/// let error = parse(file, 0).unwrap_err();
/// assert_eq!(error.to_string(), r#"line 3: expected one of the ratings 1.0, 2.0, found "5.0""#);
/// # Ok::<(), halfwave_datasets::text::TextError>(())
/// ```
pub fn parse(bytes: &[u8], label: u32) -> Result<Vec<(String, u8)>, TextError> {
    let ratings = &RATINGS[label as usize];
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        TextError::NotText { offset, expected: "text in UTF-8", found: bytes[offset] }
    })?;
    let mut reviews = Vec::new();
    let mut lines = Lines { inner: lines(text), last: 0 };
    let mut inside = false;
    while let Some((line, text)) = lines.next() {
        match text {
            "" => {}
            "<review>" => reviews.push(review(&mut lines, ratings)?),
            "<data>" if !inside && reviews.is_empty() => inside = true,
            "</data>" if inside => inside = false,
            _ => return Err(TextError::line(line, "<review>", text)),
        }
    }
    if inside {
        return Err(TextError::end(lines.last + 1, "</data>"));
    }
    if reviews.is_empty() {
        return Err(TextError::end(lines.last + 1, "at least one <review>"));
    }
    Ok(reviews)
}

/// The lines that are left, and the number of the last one that was read.
struct Lines<I> {
    inner: I,
    last: usize,
}

impl<'a, I: Iterator<Item = (usize, &'a str)>> Lines<I> {
    fn next(&mut self) -> Option<(usize, &'a str)> {
        let next = self.inner.next()?;
        self.last = next.0;
        Some(next)
    }

    fn expect(&mut self, expected: &str) -> Result<(usize, &'a str), TextError> {
        let missing = TextError::end(self.last + 1, expected);
        self.next().ok_or(missing)
    }
}

/// A field: its content, and the line on which that begins.
type Field = Option<(usize, String)>;

/// From behind `<review>` to its end.
fn review<'a>(
    lines: &mut Lines<impl Iterator<Item = (usize, &'a str)>>,
    ratings: &[(&str, u8)],
) -> Result<(String, u8), TextError> {
    let names = ["rating", "title", "review_text"];
    let mut fields: [Field; 3] = [const { None }; 3];
    let end = loop {
        let (line, text) = lines.expect("a field or </review>")?;
        if text == "</review>" {
            break line;
        }
        let Some(name) = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) else {
            return Err(TextError::line(line, "the tag of a field or </review>", text));
        };
        let content = field(lines, name)?;
        if let Some(i) = names.iter().position(|known| *known == name)
            && fields[i].replace((line + 1, content)).is_some()
        {
            return Err(TextError::line(line, "each field once", text));
        }
    };
    let [rating, title, text] = fields;
    let missing = |name| TextError::line(end, format!("<{name}> in a review"), "</review>");
    let (line, rating) = rating.ok_or_else(|| missing(names[0]))?;
    let stars = ratings.iter().find(|(text, _)| *text == rating).ok_or_else(|| {
        let known: Vec<&str> = ratings.iter().map(|(text, _)| *text).collect();
        TextError::line(line, format!("one of the ratings {}", known.join(", ")), &rating)
    })?;
    let (_, title) = title.ok_or_else(|| missing(names[1]))?;
    let (_, text) = text.ok_or_else(|| missing(names[2]))?;
    Ok((format!("{title}\n{text}"), stars.1))
}

/// The lines up to `</name>`.
fn field<'a>(
    lines: &mut Lines<impl Iterator<Item = (usize, &'a str)>>,
    name: &str,
) -> Result<String, TextError> {
    let close = format!("</{name}>");
    let mut content = Vec::new();
    loop {
        let (_, text) = lines.expect(&close)?;
        if text == close {
            return Ok(content.join("\n"));
        }
        content.push(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVIEW: &str = "<review>\n<asin>\n1\n</asin>\n<rating>\n1.0\n</rating>\n<title>\nNo\n</title>\n\
        <review_text>\nAn & <data>\n\nline.\n</review_text>\n</review>\n";

    fn message(text: &str) -> String {
        parse(text.as_bytes(), 0).unwrap_err().to_string()
    }

    #[test]
    fn markup_inside_a_field_is_text() {
        let two = format!("{REVIEW}\n{}", REVIEW.replace('\n', "\r\n"));
        let expected = ("No\nAn & <data>\n\nline.".to_owned(), 1);
        assert_eq!(parse(two.as_bytes(), 0).unwrap(), [expected.clone(), expected]);
    }

    #[test]
    fn data_may_stand_round_all_reviews() {
        let wrapped = |end: &str| format!("<data>\n{REVIEW}{REVIEW}{end}");
        assert_eq!(parse(wrapped("</data>\n").as_bytes(), 0).unwrap().len(), 2);
        for (text, expected) in [
            (wrapped(""), "line 34: expected </data>, found the end of the file"),
            (wrapped("<data>\n"), r#"line 34: expected <review>, found "<data>""#),
            (format!("{REVIEW}</data>\n"), r#"line 17: expected <review>, found "</data>""#),
        ] {
            assert_eq!(message(&text), expected);
        }
    }

    #[test]
    fn every_broken_file_is_an_error_with_its_place() {
        let without = |line: &str| REVIEW.replace(&format!("{line}\n"), "");
        for (text, expected) in [
            (String::new(), "line 1: expected at least one <review>, found the end of the file"),
            ("\n\n".into(), "line 3: expected at least one <review>, found the end of the file"),
            (without("<review>"), r#"line 1: expected <review>, found "<asin>""#),
            (
                without("</review>"),
                "line 16: expected a field or </review>, found the end of the file",
            ),
            (
                without("</review_text>"),
                "line 16: expected </review_text>, found the end of the file",
            ),
            (without("<asin>"), r#"line 2: expected the tag of a field or </review>, found "1""#),
            (
                REVIEW.replace("asin", "title"),
                r#"line 8: expected each field once, found "<title>""#,
            ),
            (
                REVIEW.replace("rating", "stars"),
                r#"line 16: expected <rating> in a review, found "</review>""#,
            ),
            (
                REVIEW.replace("title", "head"),
                r#"line 16: expected <title> in a review, found "</review>""#,
            ),
            (
                REVIEW.replace("1.0", "3.0"),
                r#"line 6: expected one of the ratings 1.0, 2.0, found "3.0""#,
            ),
            (
                REVIEW.replace("1.0", ""),
                r#"line 6: expected one of the ratings 1.0, 2.0, found """#,
            ),
        ] {
            assert_eq!(message(&text), expected, "{text}");
        }
        let error = parse(b"<review>\n\xe9", 0).unwrap_err();
        assert_eq!(error.to_string(), "at byte 9: expected text in UTF-8, found byte 0xe9");
    }

    /// Whatever is cut off, the rest is whole reviews or an error.
    #[test]
    fn every_truncation_is_noticed() {
        for length in 0..REVIEW.len() - 1 {
            assert!(parse(&REVIEW.as_bytes()[..length], 0).is_err(), "{length}");
        }
    }
}
