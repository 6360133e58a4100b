//! The data sets inside the program; sources and licences in ATTRIBUTION.md beside this file.

use crate::error::Error;
use crate::locate::Locator;
use crate::registry::Entry;
use crate::{Dataset, Loaded, csv};

const WDBC: &[u8] = include_bytes!("wdbc.csv");
const OPTDIGITS: &[u8] = include_bytes!("optdigits.csv");

/// 569 cases of 30 features as published; 0 = malignant, 1 = benign, as in scikit-learn.
pub(crate) fn wdbc(entry: &'static Entry, _: &Locator) -> Result<Loaded, Error> {
    load(entry, WDBC, &["M", "B"])
}

/// 1,797 digits of 8×8 pixels, 0..=16 as published.
pub(crate) fn optdigits(entry: &'static Entry, _: &Locator) -> Result<Loaded, Error> {
    load(entry, OPTDIGITS, entry.classes)
}

fn load(entry: &'static Entry, bytes: &[u8], labels: &[&str]) -> Result<Loaded, Error> {
    let table = csv::parse(bytes, labels)
        .map_err(|error| Error::Csv { path: entry.files[0].name.into(), error })?;
    Ok(Loaded {
        train: Dataset::new(table.x, entry.shape, table.labels, entry.classes)?,
        test: None,
    })
}

#[cfg(test)]
mod tests {
    use crate::preprocess::Standardiser;
    use crate::registry::{self, Sum};
    use crate::split::{stratified_folds, stratified_split};
    use crate::{Dataset, Locator};

    fn embedded(name: &str) -> Dataset {
        let loaded = crate::load(name, &Locator::default()).unwrap();
        assert!(loaded.test.is_none());
        loaded.train
    }

    #[test]
    fn files_have_the_checksums_of_the_table() {
        for (name, bytes) in [("wdbc", super::WDBC), ("optdigits", super::OPTDIGITS)] {
            let content = registry::find(name).unwrap().files[0].content;
            let sha256 = registry::check::sha256(bytes);
            assert_eq!(content, Sum { bytes: bytes.len(), sha256: Some(sha256.leak()) });
        }
    }

    #[test]
    fn wdbc_is_as_published() {
        let set = embedded("wdbc");
        assert_eq!((set.rows(), set.width, set.shape.as_slice()), (569, 30, &[30][..]));
        assert_eq!(set.class_names, ["malignant", "benign"]);
        assert_eq!(set.class_counts(), [212, 357]);
        assert_eq!(set.row(0)[..4], [17.99, 10.38, 122.8, 1001.0]);
        assert_eq!(set.row(568)[29], 0.07039);
        assert_eq!((set.labels[0], set.labels[568]), (0, 1));
    }

    #[test]
    fn optdigits_is_as_published() {
        let set = embedded("optdigits");
        assert_eq!((set.rows(), set.width, set.shape.as_slice()), (1797, 64, &[8, 8][..]));
        assert_eq!(set.class_counts(), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        assert_eq!(set.row(0)[..8], [0.0, 0.0, 5.0, 13.0, 9.0, 1.0, 0.0, 0.0]);
        assert_eq!(set.labels[..5], [0, 1, 2, 3, 4]);
        assert!(set.x.iter().all(|x| (0.0..=16.0).contains(x) && x.fract() == 0.0));
        // As numpy sums scikit-learn's load_digits().data.
        assert_eq!(set.x.iter().sum::<f32>(), 561_718.0);
    }

    // Golden numbers: scikit-learn 1.9.1, numpy 2.4.6, on the values as float32, widened to float64:
    // s = StandardScaler().fit(X); s.mean_, s.scale_, s.transform(X)

    #[test]
    fn standardiser_equals_scikit_learn() {
        let mut set = embedded("wdbc");
        let standardiser = Standardiser::fit(&set.x, 30).unwrap();
        for (column, mean, std) in [
            (0, 14.127291743072348, 3.5209507474778245),
            (3, 654.889103814043, 351.6047537432559),
            (29, 0.08394581713895387, 0.018045389236518636),
        ] {
            assert!((standardiser.mean[column] / mean - 1.0).abs() < 1e-14, "mean {column}");
            assert!((standardiser.std[column] / std - 1.0).abs() < 1e-14, "std {column}");
        }
        standardiser.apply(&mut set.x).unwrap();
        assert_eq!(set.row(0)[0], 1.0970639);
        assert_eq!(set.row(0)[29], 1.9370147);
        assert_eq!(set.row(568)[3], -1.3477893);

        let set = embedded("optdigits");
        let standardiser = Standardiser::fit(&set.x, 64).unwrap();
        for column in [0, 32, 39] {
            assert_eq!((standardiser.mean[column], standardiser.std[column]), (0.0, 1.0));
        }
        assert!((standardiser.mean[10] - 10.382303839732888).abs() < 1e-13);
        assert!((standardiser.std[10] - 5.419946941963766).abs() < 1e-13);
    }

    fn test_counts(set: &Dataset, rows: &[usize]) -> Vec<usize> {
        set.subset(rows).class_counts()
    }

    /// `[bincount(y[t]) for _, t in StratifiedKFold(10, shuffle=True).split(y, y)]` of scikit-learn 1.9.1.
    #[test]
    fn folds_have_the_class_counts_of_scikit_learn() {
        let counts = |name| {
            let set = embedded(name);
            let folds = stratified_folds(&set.labels, 10, 0).unwrap();
            folds.iter().map(|fold| test_counts(&set, &fold.test)).collect::<Vec<_>>()
        };
        let mut expected = [[21, 36]; 10];
        (expected[0], expected[1], expected[9]) = ([22, 35], [22, 35], [21, 35]);
        assert_eq!(counts("wdbc"), expected);
        assert_eq!(
            counts("optdigits"),
            [
                [18, 18, 18, 18, 19, 18, 18, 18, 17, 18],
                [18, 18, 18, 18, 18, 19, 18, 18, 17, 18],
                [18, 18, 18, 18, 18, 19, 18, 18, 17, 18],
                [18, 18, 18, 18, 18, 18, 19, 17, 18, 18],
                [18, 18, 18, 18, 18, 18, 18, 18, 18, 18],
                [18, 18, 18, 18, 18, 18, 18, 18, 18, 18],
                [18, 18, 18, 18, 18, 18, 18, 18, 18, 18],
                [18, 18, 17, 19, 18, 18, 18, 18, 17, 18],
                [17, 19, 17, 19, 18, 18, 18, 18, 17, 18],
                [17, 19, 17, 19, 18, 18, 18, 18, 17, 18],
            ]
        );
    }

    /// `bincount(train_test_split(y, test_size=f, stratify=y)[1])` of scikit-learn 1.9.1.
    #[test]
    fn splits_have_the_class_counts_of_scikit_learn() {
        let wdbc = embedded("wdbc");
        for (fraction, train, test) in [(0.3, 398, [64, 107]), (0.1, 512, [21, 36])] {
            let split = stratified_split(&wdbc.labels, fraction, 0).unwrap();
            assert_eq!(split.train.len(), train);
            assert_eq!(test_counts(&wdbc, &split.test), test);
        }
        let digits = embedded("optdigits");
        let split = stratified_split(&digits.labels, 0.1, 0).unwrap();
        assert_eq!(test_counts(&digits, &split.test), [18; 10]);
    }
}
