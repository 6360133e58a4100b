//! The pairs: real ones where their files are, else synthetic ones.

use halfwave_datasets::{
    Error as DataError, Locator,
    norb::{self, Limit, Norb, Part, WIDTH},
    preprocess::PixelScaler,
    synthetic::norb::{Generator, PAIRS},
};
use serde::Deserialize;

use crate::{
    Error, TrainError,
    result::Row,
    samples::{Images, Samples},
};

/// How many files of each part, each of 29,160 pairs; and the seed of synthetic ones.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in super::super) struct Data {
    training_files: usize,
    testing_files: usize,
    pub(in super::super) synthetic_seed: u64,
}

/// Where the pairs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Origin {
    Files,
    Synthetic,
}

impl Origin {
    /// What the pairs are called in results.
    pub(in super::super) fn title(self) -> &'static str {
        match self {
            Self::Files => "NORB",
            Self::Synthetic => "synthetic pairs",
        }
    }

    /// The row with a number beside it that is published for NORB.
    pub(in super::super) fn beside(self, row: Row, published: f64, source: &str) -> Row {
        let row = row.beside(published, None, source);
        match self {
            Self::Files => row,
            Self::Synthetic => row.not_comparable("NORB there, synthetic pairs here"),
        }
    }
}

impl Data {
    pub(in super::super) fn check(&self) -> Result<(), TrainError> {
        let Limit { training, testing } = Limit::ALL;
        for (name, expected, most, files) in [
            ("data.training_files", "1 to 10", training, self.training_files),
            ("data.testing_files", "1 or 2", testing, self.testing_files),
        ] {
            TrainError::require((1..=most).contains(&files), name, expected, files)?;
        }
        Ok(())
    }

    /// The files in a folder `norb`; without one, as many synthetic pairs.
    pub(in super::super) fn load(&self, locator: &Locator) -> Result<Loaded, Error> {
        let limit = Limit { training: self.training_files, testing: self.testing_files };
        match norb::load(locator, limit) {
            Ok(pairs) => Ok(Loaded::new(Origin::Files, pairs)),
            Err(DataError::Missing(_)) => {
                let pairs =
                    |part, files| Generator::new(self.synthetic_seed, part).pairs(files * PAIRS);
                let train = pairs(Part::Training, self.training_files);
                let test = pairs(Part::Testing, self.testing_files);
                Ok(Loaded::new(Origin::Synthetic, Norb { train, test }))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// All pairs, in both orders of their values.
pub(in super::super) struct Loaded {
    pub(in super::super) origin: Origin,
    pub(in super::super) norb: Norb,
    /// Training and test pairs with the cameras as channels, `[_, 32, 32, 2]`.
    channels: [Vec<u8>; 2],
}

impl Loaded {
    fn new(origin: Origin, norb: Norb) -> Self {
        let channels = [&norb.train, &norb.test].map(|pairs| channels(&pairs.images));
        Self { origin, norb, channels }
    }
}

/// Rows to fit on, to stop by and to test with. No toy is in two of them.
pub(in super::super) struct Sets<'a> {
    loaded: &'a Loaded,
    scaler: PixelScaler,
    rows: [Vec<u32>; 3],
    labels: [Vec<u32>; 3],
}

/// How the values of a pair stand in its row.
#[derive(Clone, Copy)]
pub(in super::super) enum Order {
    /// `[2, 32, 32]`: one camera after the other.
    Cameras,
    /// `[32, 32, 2]`: as convolutions take them.
    Channels,
}

/// From `[_, 2, 32, 32]` to `[_, 32, 32, 2]`.
fn channels(images: &[u8]) -> Vec<u8> {
    let pairs = images.chunks_exact(WIDTH).map(|pair| pair.split_at(WIDTH / 2));
    pairs.flat_map(|(left, right)| left.iter().zip(right).flat_map(|(l, r)| [*l, *r])).collect()
}

/// A part of [`Sets`].
#[derive(Clone, Copy)]
pub(in super::super) enum Set {
    Fit,
    Validation,
    Test,
}

impl<'a> Sets<'a> {
    /// Holds out one toy of each class, by the seed. The scaler is fitted on the rows to fit on.
    pub(in super::super) fn new(loaded: &'a Loaded, seed: u64) -> Result<Self, Error> {
        let norb = &loaded.norb;
        let fold = norb.train.hold_out(seed)?;
        let rows = |rows: &[usize]| rows.iter().map(|&row| row as u32).collect::<Vec<u32>>();
        let rows = [rows(&fold.train), rows(&fold.test), (0..norb.test.rows() as u32).collect()];
        let of = |rows: &[u32], labels: &[u32]| rows.iter().map(|&r| labels[r as usize]).collect();
        let train = &norb.train.labels;
        let labels = [of(&rows[0], train), of(&rows[1], train), norb.test.labels.clone()];
        let scaler = PixelScaler::fit(&norb.train.images, WIDTH, &rows[0])?;
        Ok(Self { loaded, scaler, rows, labels })
    }

    pub(in super::super) fn images(&self, set: Set, order: Order) -> Images<'_> {
        let part = usize::from(matches!(set, Set::Test));
        let bytes = match order {
            Order::Cameras => &[&self.loaded.norb.train, &self.loaded.norb.test][part].images,
            Order::Channels => &self.loaded.channels[part],
        };
        Images { bytes, rows: &self.rows[set as usize], scaler: &self.scaler }
    }

    pub(in super::super) fn samples(&self, set: Set, order: Order) -> Samples<'_> {
        Samples::images(self.images(set, order), &self.labels[set as usize])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use halfwave_datasets::norb::{CLASSES, INSTANCE};

    use super::*;

    #[test]
    fn cameras_become_channels() {
        let image: Vec<u8> = (0..WIDTH).map(|i| (i % 251) as u8).collect();
        let by_channel = channels(&image);
        for pixel in [0, 1, 500, WIDTH / 2 - 1] {
            assert_eq!(by_channel[2 * pixel], image[pixel]);
            assert_eq!(by_channel[2 * pixel + 1], image[WIDTH / 2 + pixel]);
        }
    }

    #[test]
    fn no_toy_is_in_two_sets() {
        let pairs = |part| Generator::new(3, part).pairs(600);
        let norb = Norb { train: pairs(Part::Training), test: pairs(Part::Testing) };
        let loaded = Loaded::new(Origin::Synthetic, norb);
        let (norb, sets) = (&loaded.norb, Sets::new(&loaded, 5).unwrap());
        let toys = |set: Set| {
            let pairs = if let Set::Test = set { &norb.test } else { &norb.train };
            let toy = |&row: &u32| {
                let row = row as usize;
                (pairs.labels[row], pairs.info[row][INSTANCE] as u32)
            };
            let with_object = |&(label, _): &(u32, u32)| (label as usize) < CLASSES.len() - 1;
            sets.images(set, Order::Cameras)
                .rows
                .iter()
                .map(toy)
                .filter(with_object)
                .collect::<HashSet<_>>()
        };
        let [fit, validation, test] = [Set::Fit, Set::Validation, Set::Test].map(toys);
        assert_eq!((fit.len(), validation.len(), test.len()), (4 * 5, 5, 5 * 5));
        assert!(fit.is_disjoint(&validation) && fit.is_disjoint(&test));
        assert!(validation.is_disjoint(&test));
        let rows: HashSet<u32> = sets.rows[0].iter().chain(&sets.rows[1]).copied().collect();
        assert_eq!(rows.len(), norb.train.rows());
    }
}
