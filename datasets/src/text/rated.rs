//! One's own texts with stars: a CSV with the columns `stars` and `text`, in any order and among others.

use super::{MOST_STARS, Texts};
use crate::csv::{CsvError, Separator, for_each_record, quoted, whole_line};

/// The texts of a CSV, each with 1 to [`MOST_STARS`] stars.
///
/// # Errors
/// [`CsvError`] with line and column: a column that is missing or comes twice, rows of other lengths, stars that are
/// no whole number of that range, no rows, and what is no CSV in UTF-8.
///
/// ```
/// use halfwave_datasets::text::rated::parse;
/// let texts = parse(b"name,stars,text\nA,5,\"Fine, really\"\nB,2,no\n")?;
/// assert_eq!((texts.texts[0].as_str(), &texts.stars[..]), ("Fine, really", &[5, 2][..]));
/// let error = parse(b"stars,text\n6,fine\n").unwrap_err();
/// let expected = r#"line 2, column 1 ("stars"): expected a whole number of 1 to 5, found "6""#;
/// assert_eq!(error.to_string(), expected);
/// # Ok::<(), halfwave_datasets::csv::CsvError>(())
/// ```
pub fn parse(bytes: &[u8]) -> Result<Texts, CsvError> {
    let mut texts = Texts::default();
    let mut header: Option<(usize, [usize; 2])> = None;
    for_each_record(bytes, Some(Separator::Comma), |record, line| {
        let Some((width, [stars, text])) = header else {
            let names: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
            let places = [place("stars", &names, line())?, place("text", &names, line())?];
            header = Some((record.len(), places));
            return Ok(());
        };
        if record.len() != width {
            let expected = format!("{width} fields as in the header");
            return Err(whole_line(line(), expected, record.len()));
        }
        let field = |column: usize| String::from_utf8_lossy(&record[column]);
        let found = field(stars);
        let value = found.trim().parse().ok().filter(|value| (1..=MOST_STARS).contains(value));
        texts.stars.push(value.ok_or_else(|| CsvError {
            column: Some(stars + 1),
            name: "stars".into(),
            ..whole_line(line(), format!("a whole number of 1 to {MOST_STARS}"), quoted(&found))
        })?);
        texts.texts.push(field(text).into_owned());
        Ok(())
    })?;
    if texts.texts.is_empty() {
        let expected = "a header with the columns stars and text, and at least one row";
        return Err(whole_line(1, expected, "no row"));
    }
    Ok(texts)
}

/// The one column of this name.
fn place(name: &str, header: &[impl AsRef<str>], line: usize) -> Result<usize, CsvError> {
    let mut places = (0..header.len()).filter(|&i| header[i].as_ref().trim() == name);
    match (places.next(), places.next()) {
        (Some(place), None) => Ok(place),
        (first, _) => {
            let found = if first.is_none() { "none" } else { "two" };
            Err(whole_line(line, format!("one column {name:?} in the header"), found))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_table_is_an_error_with_its_place() {
        let none = "line 1: expected a header with the columns stars and text, and at least one row, found no row";
        for (bytes, expected) in [
            (&b""[..], none),
            (b"stars,text\n", none),
            (b"text\nfine\n", r#"line 1: expected one column "stars" in the header, found none"#),
            (
                b"stars,text,text\n1,a,b\n",
                r#"line 1: expected one column "text" in the header, found two"#,
            ),
            (b"stars,text\n1\n", "line 2: expected 2 fields as in the header, found 1"),
            (b"stars,text\n1,\xe9\n", "line 2: expected text in UTF-8, found byte 0xe9"),
            (
                b"stars,text\n1,a\n0,b\n",
                r#"line 3, column 1 ("stars"): expected a whole number of 1 to 5, found "0""#,
            ),
            (
                b"text,stars\na,4.5\n",
                r#"line 2, column 2 ("stars"): expected a whole number of 1 to 5, found "4.5""#,
            ),
        ] {
            assert_eq!(parse(bytes).unwrap_err().to_string(), expected);
        }
    }
}
