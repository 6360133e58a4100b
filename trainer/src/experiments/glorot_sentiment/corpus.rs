//! Texts by domain, and the bags of words of a fold.

use std::path::Path;

use halfwave_datasets::{
    Error as DataError, Locator, csv, files,
    sparse::SparseRows,
    split::{Fold, stratified_folds, stratified_split},
    text::{MOST_STARS, Texts, Vocabulary, amazon, polarity, rated},
};

use super::Task;
use crate::{Error, samples::Samples};

/// Domains that share a vocabulary.
pub(super) struct Corpus {
    pub(super) name: &'static str,
    pub(super) domains: Vec<Domain>,
}

/// Texts of one kind, each once.
pub(super) struct Domain {
    pub(super) name: &'static str,
    texts: Texts,
}

/// Rows of a domain that are used for one thing.
pub(super) struct Part {
    pub(super) rows: SparseRows,
    /// 0 or 1; empty where only stars are known.
    polarity: Vec<u32>,
    /// Stars − 1; empty where there are none.
    stars: Vec<u32>,
}

/// The rows of a domain in one fold.
pub(super) struct Parts {
    pub(super) fit: Part,
    pub(super) validation: Part,
    pub(super) test: Part,
}

impl Part {
    /// The rows with their classes, where these are known.
    pub(super) fn samples(&self, task: Task) -> Option<Samples<'_>> {
        let labels = match task {
            Task::Polarity => &self.polarity,
            Task::Stars => &self.stars,
        };
        (!labels.is_empty()).then(|| Samples::binary(&self.rows, labels))
    }

    /// The stars, where they are known.
    pub(super) fn stars(&self) -> Vec<f64> {
        self.stars.iter().map(|&class| f64::from(class + 1)).collect()
    }
}

/// The published sets and, if `own` names one, a CSV of one's own.
pub(super) fn load(locator: &Locator, own: &str) -> Result<Vec<Corpus>, Error> {
    let domain = |name, texts: &Texts| Domain { name, texts: texts.distinct() };
    let reviews = amazon::load(locator)?;
    let domains = amazon::DOMAINS.into_iter().zip(&reviews);
    let mut corpora = vec![
        Corpus {
            name: AMAZON,
            domains: domains.map(|(name, texts)| domain(name, texts)).collect(),
        },
        Corpus {
            name: "film reviews",
            domains: vec![domain("rt-polarity", &polarity::load(locator)?)],
        },
    ];
    if !own.is_empty() {
        let bytes = files::read(Path::new(own), csv::MAX_BYTES)?;
        let texts =
            rated::parse(&bytes).map_err(|error| DataError::Csv { path: own.into(), error })?;
        corpora.push(Corpus { name: "own texts", domains: vec![domain("own", &texts)] });
    }
    Ok(corpora)
}

/// The corpus of the published numbers.
pub(super) const AMAZON: &str = "Amazon";

impl Domain {
    pub(super) fn rows(&self) -> usize {
        self.texts.rows()
    }

    /// What every part has the same share of: stars, or else the polarity.
    fn strata(&self) -> Vec<u32> {
        let Texts { labels, stars, .. } = &self.texts;
        if stars.is_empty() {
            labels.clone()
        } else {
            stars.iter().copied().map(u32::from).collect()
        }
    }

    pub(super) fn folds(&self, k: usize, seed: u64) -> Result<Vec<Fold>, Error> {
        Ok(stratified_folds(&self.strata(), k, seed)?)
    }

    fn text(&self, row: usize) -> &str {
        &self.texts.texts[row]
    }

    fn part(&self, rows: &[usize], vocabulary: &Vocabulary) -> Result<Part, Error> {
        let Texts { labels, stars, .. } = &self.texts;
        Ok(Part {
            rows: vocabulary.encode(rows.iter().map(|&row| self.text(row)))?,
            polarity: rows.iter().filter_map(|&row| labels.get(row).copied()).collect(),
            stars: rows
                .iter()
                .filter_map(|&row| stars.get(row))
                .map(|&stars| u32::from(stars.clamp(1, MOST_STARS)) - 1)
                .collect(),
        })
    }
}

impl Corpus {
    /// The bags of words of each domain in one fold; the vocabulary is that of the training rows of all domains, of
    /// which a share is for validation.
    pub(super) fn parts(
        &self,
        folds: &[Fold],
        terms: usize,
        validation: f64,
        seed: u64,
    ) -> Result<Vec<Parts>, Error> {
        let domains = || self.domains.iter().zip(folds);
        let texts =
            domains().flat_map(|(domain, fold)| fold.train.iter().map(|&row| domain.text(row)));
        let vocabulary = Vocabulary::fit(texts, terms)?;
        domains()
            .map(|(domain, fold)| {
                let strata = domain.strata();
                let strata: Vec<u32> = fold.train.iter().map(|&row| strata[row]).collect();
                let split = stratified_split(&strata, validation, seed)?;
                let rows = |places: &[usize]| -> Vec<usize> {
                    places.iter().map(|&place| fold.train[place]).collect()
                };
                Ok(Parts {
                    fit: domain.part(&rows(&split.train), &vocabulary)?,
                    validation: domain.part(&rows(&split.test), &vocabulary)?,
                    test: domain.part(&fold.test, &vocabulary)?,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus() -> Corpus {
        let stars: Vec<u8> = (0..40).map(|i| [1, 2, 4, 5][i % 4]).collect();
        let texts = Texts {
            texts: (0..40).map(|i| format!("number n{i} {}", stars[i])).collect(),
            labels: stars.iter().map(|&stars| u32::from(stars > 3)).collect(),
            stars,
        };
        Corpus { name: "test", domains: vec![Domain { name: "numbers", texts }] }
    }

    /// Nothing of the test rows is in the vocabulary, and each row is in one part.
    #[test]
    fn parts_have_nothing_in_common() {
        let corpus = corpus();
        let folds = corpus.domains[0].folds(5, 3).unwrap();
        assert_eq!(folds.len(), 5);
        for fold in &folds {
            let parts = corpus.parts(std::slice::from_ref(fold), 1000, 0.25, 3).unwrap();
            let Parts { fit, validation, test } = &parts[0];
            assert_eq!((fit.rows.rows(), validation.rows.rows(), test.rows.rows()), (24, 8, 8));
            // `number`, the stars, and for training rows the term that only they have.
            for (part, ones) in [(fit, 3), (validation, 3), (test, 2)] {
                assert!((0..part.rows.rows()).all(|i| part.rows.row(i).len() == ones));
                let polarity = part.samples(Task::Polarity).unwrap().labels;
                let stars = part.samples(Task::Stars).unwrap().labels;
                assert!(polarity.iter().zip(stars).all(|(&p, &s)| (p == 1) == (s >= 3)));
                assert_eq!(polarity.iter().filter(|&&p| p == 1).count() * 2, polarity.len());
            }
        }
    }

    #[test]
    fn what_is_not_known_is_no_task() {
        let mut corpus = corpus();
        corpus.domains[0].texts.labels.clear();
        let fold = corpus.domains[0].folds(5, 3).unwrap().remove(0);
        let parts = corpus.parts(&[fold], 1000, 0.25, 3).unwrap();
        assert!(parts[0].test.samples(Task::Polarity).is_none());
        assert_eq!(parts[0].test.stars().len(), 8);
    }
}
