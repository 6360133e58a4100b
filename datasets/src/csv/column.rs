//! A column of a table that a user names.

use std::{fmt, str::FromStr};

use csv::ByteRecord;

use super::quoted;
use crate::error::{did_you_mean, nearest};

/// A column of a table. As text, a whole number is its number, and all else its name.
///
/// ```
/// use halfwave_datasets::csv::Column;
/// assert_eq!("species".parse(), Ok(Column::Name("species".into())));
/// assert_eq!("5".parse(), Ok(Column::Number(5)));
/// assert!("0".parse::<Column>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Its name in the header.
    Name(String),
    /// Its number, from 1 on, as errors count them.
    Number(usize),
}

impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text.trim(), text.trim().parse()) {
            ("", _) => Err("expected the name of a column, or its number".into()),
            (_, Ok(0)) => Err("columns have numbers from 1 on".into()),
            (_, Ok(number)) => Ok(Self::Number(number)),
            (name, Err(_)) => Ok(Self::Name(name.into())),
        }
    }
}

impl fmt::Display for Column {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name:?}"),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl Column {
    /// Its place in the first row, from 0 on; else what was expected there, and what was found.
    pub(super) fn place(&self, record: &ByteRecord) -> Result<usize, (String, String)> {
        let name = match self {
            Self::Number(number) if *number <= record.len() => return Ok(number - 1),
            Self::Number(number) => {
                let found = format!("columns 1 to {}", record.len());
                return Err((format!("a column {number} of labels"), found));
            }
            Self::Name(name) => name,
        };
        let names: Vec<_> = record.iter().map(String::from_utf8_lossy).collect();
        let mut places = (0..names.len()).filter(|&i| names[i].trim() == name);
        let found = match (places.next(), places.next()) {
            (Some(place), None) => return Ok(place),
            (Some(first), Some(second)) => format!("columns {} and {}", first + 1, second + 1),
            (None, _) => {
                /// Most names that are told.
                const TOLD: usize = 10;
                let dots = if names.len() > TOLD { ", …" } else { "" };
                let told: Vec<_> = names.iter().take(TOLD).map(|name| quoted(name)).collect();
                let like = nearest(name, names.iter().map(|name| name.trim()));
                format!("{}{dots}{}", told.join(", "), did_you_mean(like))
            }
        };
        Err((format!("a header with one column {name:?} of labels"), found))
    }
}
