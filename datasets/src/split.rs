//! Stratified folds and splits: every part has the classes in (nearly) the proportion of the whole.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use crate::error::Error;
use crate::rng::generator;

/// Most folds accepted: each holds every row number, so their memory grows with `k` times the rows.
pub const MAX_FOLDS: usize = 1000;

/// One division of the rows; both lists are ascending and have no row in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Rows to train on.
    pub train: Vec<usize>,
    /// Rows to test on.
    pub test: Vec<usize>,
}

/// Why samples cannot be split as asked.
#[derive(Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// Fewer than two folds, or more than [`MAX_FOLDS`].
    #[error("number of folds: expected 2 to {MAX_FOLDS}, found {0}")]
    Folds(usize),
    /// A class that cannot be spread over all parts.
    #[error("class {label}: expected at least {needed} samples to split, found {found}")]
    ClassTooSmall {
        /// The class.
        label: u32,
        /// Samples that it needs.
        needed: usize,
        /// Samples that it has.
        found: usize,
    },
    /// A fraction that is not strictly between 0 and 1.
    #[error("test fraction: expected more than 0 and less than 1, found {0}")]
    Fraction(f64),
    /// A part too small to hold every class.
    #[error("{part} part: expected at least {classes} samples, one per class, found {found}")]
    PartTooSmall {
        /// `train` or `test`.
        part: &'static str,
        /// Number of classes.
        classes: usize,
        /// Samples that the part would have.
        found: usize,
    },
    /// Nothing to split.
    #[error("labels to split: expected at least one, found none")]
    Empty,
}

/// Divides rows into `k` folds; each row is tested exactly once.
///
/// The number of samples of a class differs by at most one between folds, and so does the size of the
/// folds (the allocation of scikit-learn's `StratifiedKFold`, with classes in ascending order). Which
/// samples go where is a pure function of `(labels, k, seed)`.
///
/// # Errors
/// [`SplitError`] if `k` is not in 2..=[`MAX_FOLDS`], a class has fewer than `k` samples, or there is no label.
///
/// ```
/// use halfwave_datasets::split::stratified_folds;
/// let labels = [0, 0, 0, 0, 1, 1];
/// for fold in stratified_folds(&labels, 2, 42)? {
///     assert_eq!((fold.train.len(), fold.test.len()), (3, 3));
///     assert_eq!(fold.test.iter().filter(|&&row| labels[row] == 1).count(), 1);
/// }
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
pub fn stratified_folds(labels: &[u32], k: usize, seed: u64) -> Result<Vec<Fold>, Error> {
    if !(2..=MAX_FOLDS).contains(&k) {
        return Err(SplitError::Folds(k).into());
    }
    let classes = shuffled_classes(labels, k, "halfwave folds", seed)?;

    // Dealing the rows out, class after class, to folds 0, 1, .., k-1, 0, .. gives both balances at once.
    let mut fold_of = vec![0; labels.len()];
    for (turn, row) in classes.into_values().flatten().enumerate() {
        fold_of[row] = turn % k;
    }
    Ok((0..k).map(|fold| divide(labels.len(), |row| fold_of[row] == fold)).collect())
}

/// Divides rows into a training and a test part of `⌈test_fraction · n⌉` rows.
///
/// Each class gives its proportional share, rounded so that the sizes come out (largest remainder;
/// the lower class first on a tie), as scikit-learn's `train_test_split(stratify=labels)` does. A class
/// whose share rounds to nothing is missing from that part. Which samples go where is a pure function
/// of `(labels, test_fraction, seed)`.
///
/// # Errors
/// [`SplitError`] if the fraction is not in (0, 1), a class has a single sample, a part would have
/// fewer samples than there are classes, or there is no label.
///
/// ```
/// use halfwave_datasets::split::stratified_split;
/// let labels = [0, 0, 0, 0, 0, 0, 1, 1, 1];
/// let split = stratified_split(&labels, 0.3, 42)?;
/// assert_eq!((split.train.len(), split.test.len()), (6, 3));
/// assert_eq!(split.test.iter().filter(|&&row| labels[row] == 1).count(), 1);
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
pub fn stratified_split(labels: &[u32], test_fraction: f64, seed: u64) -> Result<Fold, Error> {
    if !(test_fraction > 0.0 && test_fraction < 1.0) {
        return Err(SplitError::Fraction(test_fraction).into());
    }
    let classes = shuffled_classes(labels, 2, "halfwave split", seed)?;

    // Positive and at most n, because the fraction is below 1.
    let test_size = (test_fraction * labels.len() as f64).ceil() as usize;
    let train_size = labels.len() - test_size;
    for (part, found) in [("train", train_size), ("test", test_size)] {
        if found < classes.len() {
            return Err(SplitError::PartTooSmall { part, classes: classes.len(), found }.into());
        }
    }
    let counts: Vec<usize> = classes.values().map(Vec::len).collect();
    let train_counts = largest_remainder(&counts, train_size);

    let mut is_test = vec![false; labels.len()];
    for (rows, train) in classes.values().zip(train_counts) {
        rows[train..].iter().for_each(|&row| is_test[row] = true);
    }
    Ok(divide(labels.len(), |row| is_test[row]))
}

/// The rows of each class in random order; every class has at least `needed`.
fn shuffled_classes(
    labels: &[u32],
    needed: usize,
    purpose: &str,
    seed: u64,
) -> Result<BTreeMap<u32, Vec<usize>>, SplitError> {
    if labels.is_empty() {
        return Err(SplitError::Empty);
    }
    let mut classes = BTreeMap::<u32, Vec<usize>>::new();
    for (row, &label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(row);
    }
    for (&label, rows) in &mut classes {
        if rows.len() < needed {
            return Err(SplitError::ClassTooSmall { label, needed, found: rows.len() });
        }
        rows.shuffle(&mut generator(purpose, seed, u64::from(label)));
    }
    Ok(classes)
}

/// Whole numbers that sum to `total` and are as near as can be to `counts · total / Σ counts`.
fn largest_remainder(counts: &[usize], total: usize) -> Vec<usize> {
    // In u128 no product of two lengths overflows, and remainders compare exactly.
    let sum = counts.iter().sum::<usize>() as u128;
    let share = |count: usize| count as u128 * total as u128;
    // A share is at most its count, which is a usize.
    let mut parts: Vec<usize> = counts.iter().map(|&c| (share(c) / sum) as usize).collect();
    let left = total - parts.iter().sum::<usize>();

    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&class| std::cmp::Reverse(share(counts[class]) % sum));
    order[..left].iter().for_each(|&class| parts[class] += 1);
    parts
}

fn divide(rows: usize, is_test: impl Fn(usize) -> bool) -> Fold {
    let (test, train) = (0..rows).partition(|&row| is_test(row));
    Fold { train, test }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn class_counts(labels: &[u32], rows: &[usize]) -> BTreeMap<u32, usize> {
        let mut counts = BTreeMap::new();
        rows.iter().for_each(|&row| *counts.entry(labels[row]).or_default() += 1);
        counts
    }

    fn assert_divides(fold: &Fold, rows: usize) {
        assert!(fold.train.is_sorted() && fold.test.is_sorted());
        let mut all = [fold.train.as_slice(), &fold.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..rows).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn folds_are_balanced(labels in prop::collection::vec(0_u32..4, 1..200), k in 2_usize..6, seed: u64) {
            let rows: Vec<usize> = (0..labels.len()).collect();
            let total = class_counts(&labels, &rows);
            let Ok(folds) = stratified_folds(&labels, k, seed) else {
                prop_assert!(total.values().any(|&count| count < k));
                return Ok(());
            };
            prop_assert_eq!(folds.len(), k);
            let mut tested = Vec::<usize>::new();
            for fold in &folds {
                assert_divides(fold, labels.len());
                tested.extend(&fold.test);
                prop_assert!(fold.test.len().abs_diff(labels.len() / k) <= 1);
                let counts = class_counts(&labels, &fold.test);
                for (label, count) in &total {
                    let share = counts.get(label).copied().unwrap_or(0);
                    prop_assert!(share == count / k || share == count.div_ceil(k));
                }
            }
            tested.sort_unstable();
            prop_assert_eq!(tested, rows);
        }

        #[test]
        fn splits_are_balanced(
            labels in prop::collection::vec(0_u32..4, 1..200), fraction in 0.01..0.99, seed: u64,
        ) {
            let Ok(split) = stratified_split(&labels, fraction, seed) else { return Ok(()) };
            assert_divides(&split, labels.len());
            let rows: Vec<usize> = (0..labels.len()).collect();
            let test = class_counts(&labels, &split.test);
            for (label, count) in class_counts(&labels, &rows) {
                let share = count as f64 * split.test.len() as f64 / labels.len() as f64;
                let found = test.get(&label).copied().unwrap_or(0) as f64;
                prop_assert!((found - share).abs() < 1.0, "class {}: {} of {}", label, found, share);
            }
        }
    }

    #[test]
    fn seeds_matter_and_repeat() {
        let labels: Vec<u32> = (0..100).map(|i| i % 3).collect();
        let folds = |seed| stratified_folds(&labels, 5, seed).unwrap();
        assert_eq!(folds(1), folds(1));
        assert_ne!(folds(1), folds(2));
        let split = |seed| stratified_split(&labels, 0.3, seed).unwrap();
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn bad_arguments_are_errors() {
        let folds = |labels: &[u32], k| stratified_folds(labels, k, 0).unwrap_err().to_string();
        for k in [0, 1, 1001, usize::MAX] {
            let expected = format!("number of folds: expected 2 to 1000, found {k}");
            assert_eq!(folds(&[0; 2000], k), expected);
        }
        assert_eq!(folds(&[], 2), "labels to split: expected at least one, found none");
        assert_eq!(
            folds(&[0, 0, 0, 5, 5], 3),
            "class 5: expected at least 3 samples to split, found 2"
        );
        assert_eq!(
            folds(&[0; 999], 1000),
            "class 0: expected at least 1000 samples to split, found 999"
        );

        let split = |labels: &[u32], f| stratified_split(labels, f, 0).unwrap_err().to_string();
        for fraction in [0.0, 1.0, -0.1, 1.5, f64::NAN, f64::INFINITY] {
            let expected =
                format!("test fraction: expected more than 0 and less than 1, found {fraction}");
            assert_eq!(split(&[0, 0, 1, 1], fraction), expected);
        }
        assert_eq!(
            split(&[0, 0, 1], 0.5),
            "class 1: expected at least 2 samples to split, found 1"
        );
        assert_eq!(
            split(&[0, 0, 1, 1], 0.9),
            "train part: expected at least 2 samples, one per class, found 0"
        );
        assert_eq!(
            split(&[0, 0, 1, 1], 0.1),
            "test part: expected at least 2 samples, one per class, found 1"
        );
        assert_eq!(split(&[], 0.5), "labels to split: expected at least one, found none");
    }
}
