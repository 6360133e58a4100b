//! Texts with a verdict, and what networks see of them: bags of words.
//!
//! | what | where | verdict |
//! |---|---|---|
//! | [`amazon::load`] | `amazon-multidomain` | negative or positive, and stars |
//! | [`polarity::load`] | `rt-polarity` | negative or positive |
//! | [`rated::parse`] | one's own CSV of `stars` and `text` | stars |

pub mod amazon;
pub mod bag;
mod lines;
pub mod polarity;
pub mod rated;

use std::collections::HashSet;

pub use bag::Vocabulary;
pub use lines::TextError;

/// Names of the two classes: label 0 and label 1.
pub const CLASSES: [&str; 2] = ["negative", "positive"];

/// Most stars of a rating; the fewest are 1.
pub const MOST_STARS: u8 = 5;

/// Longest file of texts accepted, in bytes: ten times the longest published one.
const MAX_BYTES: usize = 1 << 24;

/// Texts, each with what is known of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    /// The texts.
    pub texts: Vec<String>,
    /// 0 or 1 for each, see [`CLASSES`]; empty where only stars are known.
    pub labels: Vec<u32>,
    /// 1 to [`MOST_STARS`] for each; empty where there are no stars.
    pub stars: Vec<u8>,
}

impl Texts {
    /// Number of texts.
    pub fn rows(&self) -> usize {
        self.texts.len()
    }

    /// Each text once: without those whose terms were met before.
    ///
    /// A review that was posted for two editions would else be met in training and in the test.
    #[must_use]
    pub fn distinct(&self) -> Self {
        let mut met = HashSet::new();
        let first = |text: &String| met.insert(bag::terms(text).collect::<Vec<_>>());
        let kept: Vec<bool> = self.texts.iter().map(first).collect();
        fn only<T: Clone>(all: &[T], kept: &[bool]) -> Vec<T> {
            all.iter().zip(kept).filter(|(_, kept)| **kept).map(|(one, _)| one.clone()).collect()
        }
        Self {
            texts: only(&self.texts, &kept),
            labels: only(&self.labels, &kept),
            stars: only(&self.stars, &kept),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_terms_are_the_same_text() {
        let texts = Texts {
            texts: ["Good, good!", "bad", "good good", "good"].map(String::from).to_vec(),
            labels: vec![1, 0, 0, 1],
            stars: vec![5, 1, 2, 4],
        };
        let distinct = texts.distinct();
        assert_eq!(distinct.texts, ["Good, good!", "bad", "good"]);
        assert_eq!((&distinct.labels[..], &distinct.stars[..]), (&[1, 0, 1][..], &[5, 1, 4][..]));
        assert!(Texts { labels: vec![], ..texts }.distinct().labels.is_empty());
    }
}
