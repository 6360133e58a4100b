//! What stands between the fields of a row, and where fields and rows end.

use super::{CsvError, whole_line};

/// A mark of UTF-8, which is no part of the first field.
pub(super) const BOM: &[u8] = "\u{feff}".as_bytes();

/// What stands between the fields of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tab.
    Tab,
}

impl Separator {
    const ALL: [Self; 3] = [Self::Comma, Self::Semicolon, Self::Tab];

    pub(super) fn byte(self) -> u8 {
        match self {
            Self::Comma => b',',
            Self::Semicolon => b';',
            Self::Tab => b'\t',
        }
    }

    /// As errors call it.
    fn name(self) -> &'static str {
        match self {
            Self::Comma => "`,`",
            Self::Semicolon => "`;`",
            Self::Tab => "a tab",
        }
    }

    /// The only one that stands in the first row that is not blank, outside of quotes; a comma if the row has one field, or
    /// there is no row.
    ///
    /// # Errors
    /// [`CsvError`] for a row with several of them, as that of numbers with decimal commas is.
    ///
    /// ```
    /// use halfwave_datasets::csv::Separator;
    /// assert_eq!(Separator::of(b"\"a, b\";c\n1;2\n")?, Separator::Semicolon);
    /// assert_eq!(Separator::of(b"a\n1\n")?, Separator::Comma);
    /// assert!(Separator::of(b"1,5;2,5\n").is_err());
    /// # Ok::<(), halfwave_datasets::csv::CsvError>(())
    /// ```
    pub fn of(text: &[u8]) -> Result<Self, CsvError> {
        let (mut found, mut line, mut blank) = ([false; 3], 1, true);
        for (at, byte, _, place) in places(text, None) {
            if place == Place::Start && b"\r\n".contains(&byte) {
                if !blank {
                    break;
                }
                line += usize::from(byte == b'\n' || text.get(at + 1) != Some(&b'\n'));
                continue;
            }
            blank &= byte == b' ';
            if place == Place::Start {
                Self::ALL.iter().zip(&mut found).for_each(|(s, found)| *found |= s.byte() == byte);
            }
        }
        let found: Vec<_> = Self::ALL.into_iter().zip(found).filter(|(_, found)| *found).collect();
        match found[..] {
            [] => Ok(Self::Comma),
            [(one, _)] => Ok(one),
            _ => {
                let names: Vec<_> = found.iter().map(|(separator, _)| separator.name()).collect();
                let expected = "one of `,`, `;` and a tab between fields (quotes around those that have others; \
                                decimal commas are not read)";
                Err(whole_line(line, expected, names.join(" and ")))
            }
        }
    }
}

/// Where in a row the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Of a field.
    Start,
    Field,
    Quoted,
    /// After a quote inside of quotes: their end, or the first of two.
    Quote,
}

impl Place {
    /// After this byte too; without a separator, any of them is one.
    fn after(self, byte: u8, separator: Option<Separator>) -> Self {
        let separates =
            || separator.map_or(b",;\t".contains(&byte), |separator| separator.byte() == byte);
        match (self, byte) {
            (Self::Quoted, b'"') => Self::Quote,
            (Self::Quoted, _) | (Self::Start | Self::Quote, b'"') => Self::Quoted,
            (_, b'\n' | b'\r') => Self::Start,
            _ if separates() => Self::Start,
            _ => Self::Field,
        }
    }
}

/// Each byte with where it stands, and where the reader is before and after it.
pub(super) fn places(
    text: &[u8],
    separator: Option<Separator>,
) -> impl Iterator<Item = (usize, u8, Place, Place)> {
    let bom = if text.starts_with(BOM) { BOM.len() } else { 0 };
    let mut place = Place::Start;
    text.iter().enumerate().skip(bom).map(move |(at, &byte)| {
        let before = place;
        place = before.after(byte, separator);
        (at, byte, before, place)
    })
}
