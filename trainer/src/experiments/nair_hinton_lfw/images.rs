//! The images of one test fold as rows of `f32`: those to train on, then those to test on.

use halfwave_datasets::{
    lfw::{Lfw, Pair, SHAPE, WIDTH},
    preprocess::PixelScaler,
};

use super::jitter::{Jitter, uniform};
use crate::{Error, TrainError};

/// Seed of the choice of copies; those of the copies are 0, 1, ….
const DRAWS_OF_PAIRS: u64 = u64::MAX;

/// Rows and pairs of one test fold.
///
/// ```text
/// x   training images, their mirror images, copies of both, test images, their mirror images
/// ```
pub(super) struct Images {
    /// `[_, 3072]`: zero mean for each image, divided by one number, fitted on the training images.
    pub(super) x: Vec<f32>,
    /// Values of x that belong to training images.
    training: usize,
    /// Pairs of rows of x: each with mirror images in all ways or, where there are copies, in random ones.
    pub(super) train: Vec<Pair>,
    /// Pairs of rows of x: each with mirror images in all ways.
    pub(super) test: Vec<Pair>,
    /// Rows of x that stand for one image: 2, or 1 without mirror images.
    copies: usize,
}

impl Images {
    /// Images that the pairs of the fold, from 0, show, and those of all other folds' pairs.
    pub(super) fn new(
        lfw: &Lfw,
        fold: usize,
        mirror: bool,
        jitter: &Jitter,
    ) -> Result<Self, Error> {
        let train = Part::new(lfw.training_images(fold)?, lfw.training_pairs(fold)?, 0);
        let copies = if mirror { 2 } else { 1 };
        let scaler = PixelScaler::fit(&lfw.images, WIDTH, &train.images)?;
        let mut x = train.rows(lfw, &scaler, mirror);
        let training = x.len();
        let mut all = train.pairs_of_rows(mirror);
        if jitter.views > 0 {
            for view in 0..jitter.views as u64 {
                let copies = jitter.view(&x[..training], view)?;
                x.extend(copies);
            }
            all = train
                .pairs_of_copies((x.len() / WIDTH / train.images.len()) as u32, jitter.ways)?;
        }
        let pairs = lfw.folds[fold].clone();
        let images = pairs.iter().flat_map(|pair| [pair.first, pair.second]);
        let images: std::collections::BTreeSet<u32> = images.collect();
        let test = Part::new(images.into_iter().collect(), pairs, x.len() / WIDTH);
        x.extend(test.rows(lfw, &scaler, mirror));
        Ok(Self { x, training, train: all, test: test.pairs_of_rows(mirror), copies })
    }

    /// The rows to pre-train on: no test image is among them.
    pub(super) fn training(&self) -> &[f32] {
        &self.x[..self.training]
    }

    /// The mean over the mirror images of each pair of images, from a value for each pair of rows.
    pub(super) fn averages(&self, of_rows: &[f32]) -> Vec<f32> {
        let ways = self.copies * self.copies;
        of_rows.chunks(ways).map(|values| values.iter().sum::<f32>() / ways as f32).collect()
    }

    /// For each pair of test images, whether it is of the same person.
    pub(super) fn answers(&self) -> impl Iterator<Item = bool> {
        self.test.iter().step_by(self.copies * self.copies).map(|pair| pair.same)
    }
}

/// Images, ascending, and pairs of them; the first stands in row `first` of x.
struct Part {
    images: Vec<u32>,
    pairs: Vec<Pair>,
    first: usize,
}

impl Part {
    fn new(images: Vec<u32>, pairs: Vec<Pair>, first: usize) -> Self {
        Self { images, pairs, first }
    }

    fn rows(&self, lfw: &Lfw, scaler: &PixelScaler, mirror: bool) -> Vec<f32> {
        let mut x = Vec::new();
        scaler.gather(&lfw.images, &self.images, &mut x);
        if mirror {
            let mirrored = mirrored(&x);
            x.extend(mirrored);
        }
        x
    }

    fn row(&self, image: u32) -> u32 {
        (self.first + self.images.partition_point(|&i| i < image)) as u32
    }

    /// Each pair `ways` times, each time with one of `copies` of each image, at random.
    fn pairs_of_copies(&self, copies: u32, ways: usize) -> Result<Vec<Pair>, TrainError> {
        let n = self.images.len() as u32;
        let draws = uniform(2 * ways * self.pairs.len(), DRAWS_OF_PAIRS)?;
        let copy = |draw: f32| ((draw * copies as f32) as u32).min(copies - 1) * n;
        let repeated = self.pairs.iter().flat_map(|pair| std::iter::repeat_n(pair, ways));
        let pairs = repeated.zip(draws.chunks_exact(2)).map(|(pair, draws)| Pair {
            first: self.row(pair.first) + copy(draws[0]),
            second: self.row(pair.second) + copy(draws[1]),
            same: pair.same,
        });
        Ok(pairs.collect())
    }

    /// The pairs by rows of x: (a, b), and with mirror images a', b' also (a', b'), (a, b') and (a', b).
    fn pairs_of_rows(&self, mirror: bool) -> Vec<Pair> {
        let n = self.images.len() as u32;
        let ways = [(0, 0), (n, n), (0, n), (n, 0)];
        let ways = &ways[..if mirror { 4 } else { 1 }];
        let of_rows = self.pairs.iter().flat_map(|&Pair { first, second, same }| {
            let (first, second) = (self.row(first), self.row(second));
            ways.iter().map(move |(a, b)| Pair { first: first + a, second: second + b, same })
        });
        of_rows.collect()
    }
}

/// Each image of `x [_, 32, 32, 3]` with left and right exchanged.
fn mirrored(x: &[f32]) -> Vec<f32> {
    let [_, columns, colours] = SHAPE;
    let lines = x.chunks_exact(columns * colours);
    lines.flat_map(|line| line.chunks_exact(colours).rev().flatten().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: Jitter = Jitter::none();

    /// Two folds of one pair of each kind; the pixels of image i are around 10 i.
    fn lfw() -> Lfw {
        let pair = |first, second, same| Pair { first, second, same };
        let folds = vec![
            vec![pair(5, 1, true), pair(1, 3, false)],
            vec![pair(2, 0, true), pair(4, 0, false)],
        ];
        Lfw {
            images: (0..6 * WIDTH).map(|i| (i / WIDTH * 10 + i % 7) as u8).collect(),
            names: vec!["A/A_0001.jpg".into(); 6],
            people: vec![vec![1, 3, 5], vec![0, 2, 4]],
            folds,
            dev_train: Vec::new(),
            dev_test: Vec::new(),
        }
    }

    #[test]
    fn test_images_come_after_the_training_images() {
        let images = Images::new(&lfw(), 0, true, &NONE).unwrap();
        assert_eq!((images.x.len(), images.training().len()), (12 * WIDTH, 6 * WIDTH));
        let rows = |pairs: &[Pair]| -> Vec<(u32, u32, bool)> {
            pairs.iter().map(|p| (p.first, p.second, p.same)).collect()
        };
        let (one, other) = ([(1, 0), (4, 3), (1, 3), (4, 0)], [(2, 0), (5, 3), (2, 3), (5, 0)]);
        let expected: Vec<_> = one
            .map(|(a, b)| (a, b, true))
            .into_iter()
            .chain(other.map(|(a, b)| (a, b, false)))
            .collect();
        assert_eq!(rows(&images.train), expected);
        assert_eq!(rows(&images.test[..2]), [(8, 6, true), (11, 9, true)]);
        assert_eq!(images.answers().collect::<Vec<_>>(), [true, false]);
        assert_eq!(images.averages(&[1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 1.0]), [2.5, 0.25]);
    }

    #[test]
    fn without_mirror_images_every_pair_comes_once() {
        let images = Images::new(&lfw(), 1, false, &NONE).unwrap();
        assert_eq!((images.x.len(), images.training().len()), (6 * WIDTH, 3 * WIDTH));
        assert_eq!((images.train.len(), images.test.len()), (2, 2));
    }

    #[test]
    fn copies_stand_between_training_and_test_images() {
        let jitter = Jitter { views: 3, ways: 5, ..NONE };
        let images = Images::new(&lfw(), 0, true, &jitter).unwrap();
        let rows = 3 * 2 * 4;
        assert_eq!((images.x.len(), images.training().len()), ((rows + 6) * WIDTH, 6 * WIDTH));
        assert_eq!((images.train.len(), images.test.len()), (10, 8));
        for (i, pair) in images.train.iter().enumerate() {
            assert!(pair.first < rows as u32 && pair.second < rows as u32);
            assert_eq!(
                (pair.first % 3, pair.second % 3, pair.same),
                if i < 5 { (1, 0, true) } else { (2, 0, false) }
            );
        }
        assert!(images.train[..5].iter().any(|pair| pair.first != images.train[0].first));
        assert_eq!(images.test[0].first as usize, rows + 2);
    }

    #[test]
    fn mirroring_twice_changes_nothing_and_keeps_colours() {
        let x: Vec<f32> = (0..2 * WIDTH).map(|i| i as f32).collect();
        let once = mirrored(&x);
        assert_eq!(once[..3], [93.0, 94.0, 95.0]);
        assert_eq!(mirrored(&once), x);
    }
}
