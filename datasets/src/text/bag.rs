//! Bags of words: which of the most frequent terms a text has.
//!
//! ```text
//! texts [rows] → x [rows, terms], x[i, j] = 1 if text i has term j, else 0
//! ```
//!
//! The 5000 most frequent terms and binary values: Glorot, Bordes, Bengio, AISTATS 2011, section 4.2.

use std::collections::{BTreeMap, HashMap};

use crate::error::Error;
use crate::sparse::SparseRows;

/// The terms of a text, in lower case: the longest runs of letters and digits, with apostrophes inside.
///
/// ```
/// use halfwave_datasets::text::bag::terms;
/// let found: Vec<String> = terms("I DON'T -- 'like' it: 2 stars").collect();
/// assert_eq!(found, ["i", "don't", "like", "it", "2", "stars"]);
/// ```
pub fn terms(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|term| term.trim_matches('\'').to_lowercase())
        .filter(|term| !term.is_empty())
}

/// The terms that make the columns of a bag of words.
///
/// ```
/// use halfwave_datasets::text::Vocabulary;
/// let vocabulary = Vocabulary::fit(["a good film", "a bad film", "bad, bad"], 3)?;
/// assert_eq!(vocabulary.terms(), ["bad", "a", "film"]);
/// let x = vocabulary.encode(["A film of no name", "BAD bad film"])?;
/// assert_eq!((x.row(0), x.row(1)), (&[1, 2][..], &[0, 2][..]));
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    terms: Vec<String>,
    columns: HashMap<String, u32>,
}

impl Vocabulary {
    /// The `most` most frequent terms of the texts, or all if there are fewer: the most frequent first, and by the
    /// alphabet (of code points) among equals.
    ///
    /// # Errors
    /// [`Error::Argument`] if there is no term, or `most` is 0 or above 2³² − 1.
    pub fn fit<'a>(texts: impl IntoIterator<Item = &'a str>, most: usize) -> Result<Self, Error> {
        if most == 0 || u32::try_from(most).is_err() {
            return Err(Error::argument("terms", format!("1 to {}", u32::MAX), most));
        }
        // In the order of the alphabet, which a stable sort keeps among equals.
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for term in texts.into_iter().flat_map(terms) {
            *counts.entry(term).or_default() += 1;
        }
        if counts.is_empty() {
            return Err(Error::argument("texts", "at least one term", "none"));
        }
        let mut counts: Vec<(String, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        counts.truncate(most);
        let terms: Vec<String> = counts.into_iter().map(|(term, _)| term).collect();
        let columns = terms.iter().cloned().zip(0..).collect();
        Ok(Self { terms, columns })
    }

    /// The terms, in the order of the columns.
    pub fn terms(&self) -> &[String] {
        &self.terms
    }

    /// A row for each text; terms that are not in the vocabulary are left out.
    ///
    /// # Errors
    /// None: a vocabulary has at least one term, and its columns are below its length.
    pub fn encode<'a>(
        &self,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<SparseRows, Error> {
        let mut rows = SparseRows::new(self.terms.len())?;
        let mut columns = Vec::new();
        for text in texts {
            columns.clear();
            columns.extend(terms(text).filter_map(|term| self.columns.get(&term).copied()));
            columns.sort_unstable();
            columns.dedup();
            rows.push(&columns)?;
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_counts_are_in_the_order_of_the_alphabet() {
        let texts = ["d c", "b a", "é a z"];
        let vocabulary = Vocabulary::fit(texts, 10).unwrap();
        assert_eq!(vocabulary.terms(), ["a", "b", "c", "d", "z", "é"]);
        let mut reversed = texts;
        reversed.reverse();
        assert_eq!(Vocabulary::fit(reversed, 10).unwrap(), vocabulary);
        assert_eq!(Vocabulary::fit(texts, 3).unwrap().terms(), ["a", "b", "c"]);
    }

    #[test]
    fn without_terms_there_is_no_vocabulary() {
        assert_eq!(
            Vocabulary::fit(["--", "' '"], 5).unwrap_err().to_string(),
            "texts: expected at least one term, found none"
        );
        assert!(Vocabulary::fit(["a"], 0).is_err());
        let x = Vocabulary::fit(["a"], 5).unwrap().encode(["", "b", "a"]).unwrap();
        assert_eq!((x.rows(), x.ones(), x.width()), (3, 1, 1));
    }
}
