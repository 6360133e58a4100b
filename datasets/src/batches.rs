//! Shuffled mini-batches from a seed: the same order for every model.

use rand::seq::SliceRandom;

use crate::error::Error;
use crate::rng::generator;

/// The numbers `0..n` in random order: a pure function of `(n, seed, epoch)`.
///
/// Any epoch can be had without the ones before it, so a resumed run needs no generator state.
/// Fisher–Yates (`rand` 0.10) driven by a `Pcg32`; all `n!` orders are equally likely as far as its
/// 64 bits of state allow.
///
/// # Panics
/// If `n` is above 2³² − 1. No [`Dataset`](crate::Dataset) has that many rows.
///
/// ```
/// use halfwave_datasets::batches::permutation;
/// assert_eq!(permutation(5, 42, 0), permutation(5, 42, 0));
/// assert_ne!(permutation(100, 42, 0), permutation(100, 42, 1));
/// ```
pub fn permutation(n: usize, seed: u64, epoch: u64) -> Vec<u32> {
    let n = u32::try_from(n).expect("at most 2^32 - 1 samples");
    let mut order: Vec<u32> = (0..n).collect();
    order.shuffle(&mut generator("halfwave batches", seed, epoch));
    order
}

/// The mini-batches of one epoch: slices of row numbers that together cover the shuffled rows once.
///
/// ```
/// use halfwave_datasets::batches::Batches;
/// let batches = Batches::new(10, 4, 42, 0, false)?;
/// let sizes: Vec<usize> = batches.iter().map(<[u32]>::len).collect();
/// assert_eq!(sizes, [4, 4, 2]);
/// assert_eq!(Batches::new(10, 4, 42, 0, true)?.len(), 2);
/// # Ok::<(), halfwave_datasets::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Batches {
    order: Vec<u32>,
    size: usize,
}

impl Batches {
    /// Batches of `size` rows out of `rows`, in the order of [`permutation`]`(rows, seed, epoch)`.
    ///
    /// The last batch has fewer rows where `size` does not divide `rows`; `drop_last` leaves it out.
    /// (With `size > rows` and `drop_last` there is no batch.)
    ///
    /// # Errors
    /// [`Error::Argument`] if `size` is 0.
    ///
    /// # Panics
    /// As [`permutation`].
    pub fn new(
        rows: usize,
        size: usize,
        seed: u64,
        epoch: u64,
        drop_last: bool,
    ) -> Result<Self, Error> {
        if size == 0 {
            return Err(Error::argument("batch size", "at least 1", size));
        }
        let mut order = permutation(rows, seed, epoch);
        if drop_last {
            order.truncate(rows - rows % size);
        }
        Ok(Self { order, size })
    }

    /// The batches in their order. To go on in the middle of an epoch: `.iter().skip(done)`.
    pub fn iter(&self) -> std::slice::Chunks<'_, u32> {
        self.order.chunks(self.size)
    }

    /// Number of batches.
    pub fn len(&self) -> usize {
        self.order.len().div_ceil(self.size)
    }

    /// Whether there is no batch at all.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

impl<'a> IntoIterator for &'a Batches {
    type Item = &'a [u32];
    type IntoIter = std::slice::Chunks<'a, u32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Copies rows of `values [rows, width]` into `out [indices.len(), width]`, in the order of `indices`.
///
/// `out` is cleared first and keeps its memory: after the largest batch nothing is allocated.
/// Samples and labels are gathered alike; labels have width 1.
///
/// # Panics
/// If an index is outside the rows.
///
/// ```
/// use halfwave_datasets::batches::gather;
/// let (x, labels) = ([0.0, 0.1, 1.0, 1.1, 2.0, 2.1], [7, 8, 9]);
/// let (mut batch, mut targets) = (Vec::new(), Vec::new());
/// gather(&x, 2, &[2, 0], &mut batch);
/// gather(&labels, 1, &[2, 0], &mut targets);
/// assert_eq!((batch, targets), (vec![2.0, 2.1, 0.0, 0.1], vec![9, 7]));
/// ```
pub fn gather<T: Copy>(values: &[T], width: usize, indices: &[u32], out: &mut Vec<T>) {
    out.clear();
    out.reserve(indices.len() * width);
    for &index in indices {
        let start = index as usize * width;
        out.extend_from_slice(&values[start..start + width]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permutation_is_one() {
        for n in [0, 1, 2, 3, 17, 1000] {
            for epoch in 0..20 {
                let mut order = permutation(n, 7, epoch);
                order.sort_unstable();
                assert!(order.iter().zip(0..).all(|(&a, b)| a == b) && order.len() == n);
            }
        }
    }

    #[test]
    fn order_depends_on_seed_and_epoch_only() {
        let of = |seed, epoch| permutation(1000, seed, epoch);
        assert_eq!(of(1, 2), of(1, 2));
        let orders = [of(0, 0), of(0, 1), of(1, 0), of(1, 1), of(0, 1 << 32), of(u64::MAX, 0)];
        for (i, a) in orders.iter().enumerate() {
            for b in &orders[..i] {
                // Two random orders agree in one place on average; 20 has a probability below 1e-18.
                assert!(a.iter().zip(b).filter(|(a, b)| a == b).count() < 20);
            }
        }
    }

    /// A checkpoint stores (seed, epoch) and no order: these must never change, or no run resumes.
    #[test]
    fn order_is_pinned() {
        assert_eq!(permutation(8, 0, 0), [0, 6, 2, 4, 5, 7, 3, 1]);
        assert_eq!(permutation(8, 42, 3), [1, 0, 7, 6, 4, 2, 3, 5]);
    }

    /// χ² of all 24 orders of 4 over 24,000 epochs, and of place × element of 10 over 10,000 epochs.
    #[test]
    fn orders_are_uniform() {
        let mut counts = std::collections::BTreeMap::<Vec<u32>, u32>::new();
        for epoch in 0..24_000 {
            *counts.entry(permutation(4, 3, epoch)).or_default() += 1;
        }
        assert_eq!(counts.len(), 24);
        let chi2 = |counts: &mut dyn Iterator<Item = u32>, expected: f64| -> f64 {
            counts.map(|c| (f64::from(c) - expected).powi(2) / expected).sum()
        };
        // 23 degrees of freedom: above 63.0 with a probability of 1.4e-5.
        let orders = chi2(&mut counts.values().copied(), 1000.0);
        assert!(orders < 63.0, "{orders}");

        let mut at = [0_u32; 100];
        for epoch in 0..10_000 {
            for (place, element) in permutation(10, 4, epoch).into_iter().enumerate() {
                at[place * 10 + element as usize] += 1;
            }
        }
        // 81 degrees of freedom: above 140 with a probability of 5e-5.
        let places = chi2(&mut at.into_iter(), 1000.0);
        assert!(places < 140.0, "{places}");
    }

    #[test]
    fn batches_cover_the_order_once() {
        for (rows, size, drop_last) in [
            (10, 3, false),
            (10, 3, true),
            (9, 3, true),
            (2, 3, false),
            (2, 3, true),
            (0, 3, false),
        ] {
            let batches = Batches::new(rows, size, 5, 6, drop_last).unwrap();
            let seen: Vec<u32> = batches.iter().flatten().copied().collect();
            let kept = if drop_last { rows - rows % size } else { rows };
            assert_eq!(seen, permutation(rows, 5, 6)[..kept]);
            assert_eq!(batches.len(), batches.iter().count());
            assert_eq!(batches.is_empty(), kept == 0);
        }
    }

    #[test]
    fn zero_batch_size_is_an_error() {
        let message = Batches::new(10, 0, 0, 0, false).unwrap_err().to_string();
        assert_eq!(message, "batch size: expected at least 1, found 0");
    }

    #[test]
    fn gather_allocates_once() {
        let x: Vec<f32> = (0_u8..12).map(f32::from).collect();
        let mut out = Vec::new();
        gather(&x, 3, &[3, 1], &mut out);
        assert_eq!(out, [9.0, 10.0, 11.0, 3.0, 4.0, 5.0]);
        let (pointer, capacity) = (out.as_ptr(), out.capacity());
        gather(&x, 3, &[0], &mut out);
        assert_eq!((out.as_slice(), out.as_ptr(), out.capacity()), (&x[..3], pointer, capacity));
    }
}
