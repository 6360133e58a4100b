use std::collections::BTreeSet;

use super::*;
use crate::Locator;
use crate::norb::{self, INSTANCE};
use crate::registry::check::sha256;

/// Any change of these bits makes results incomparable with those of earlier runs.
#[test]
fn bits_are_pinned() {
    let hash = |part, rows| {
        let pairs = Generator::new(1, part).full_pairs(rows);
        sha256(&pairs.into_iter().flat_map(|pair| pair.images).collect::<Vec<u8>>())
    };
    assert_eq!(
        [hash(Part::Training, 0..24), hash(Part::Testing, PAIRS - 2..PAIRS + 2)],
        [
            "61a082ab9dc9fa04960479d2c307201f26d015c803203770c0d5267d16a0eb85",
            "39a5825259c126b2c1ae10b5b12bd01a0973e7a8d125eae9414b115b8b97b50f"
        ]
    );
}

#[test]
fn a_pair_depends_on_seed_part_and_row_only() {
    let generator = Generator::new(5, Part::Training);
    let all = generator.full_pairs(0..9);
    assert_eq!(generator.full_pairs(4..7), all[4..7]);
    assert_eq!(generator.full_pairs(8..8), []);
    assert_ne!(Generator::new(6, Part::Training).full_pairs(0..9), all);
    assert_ne!(Generator::new(5, Part::Testing).full_pairs(0..9), all);
}

#[test]
fn every_pose_comes_once_in_a_file() {
    let generator = Generator::new(1, Part::Training);
    for file in [0, 1] {
        let mut order = generator.order(file);
        order.sort_unstable();
        assert!(order.iter().copied().eq(0..PAIRS as u32));
    }
    assert_ne!(generator.order(0), generator.order(1));
}

#[test]
fn info_is_in_the_published_ranges_and_no_toy_is_in_both_parts() {
    let toys = |part| {
        let pairs = Generator::new(3, part).pairs(600);
        for info in &pairs.info {
            let whole = |k: usize, from: i32, to: i32| {
                info[k].fract() == 0.0 && (from..=to).contains(&(info[k] as i32))
            };
            assert!(
                whole(0, 0, 9) && whole(1, 0, 8) && whole(2, 0, 34) && whole(3, 0, 5),
                "{info:?}"
            );
            assert!(whole(4, -6, 6) && whole(5, -6, 6) && whole(6, -20, 20), "{info:?}");
            assert!((0.8..1.3).contains(&info[7]) && (0.78..1.0).contains(&info[8]), "{info:?}");
            assert!((-5.0..5.0).contains(&info[9]), "{info:?}");
        }
        let classes: BTreeSet<u32> = pairs.labels.iter().copied().collect();
        assert_eq!(classes.len(), 6);
        pairs.info.iter().map(|info| info[INSTANCE] as u8).collect::<BTreeSet<u8>>()
    };
    let (train, test) = (toys(Part::Training), toys(Part::Testing));
    assert_eq!((train.len(), test.len(), train.is_disjoint(&test)), (5, 5, true));
}

/// Mean over pairs of the mean square in the middle of (left − right moved by `shift`).
fn mismatch(pairs: &[Pair], shift: usize) -> f64 {
    let mut sum = 0.0;
    for pair in pairs {
        let (left, right) = pair.images.split_at(SIDE * SIDE);
        for y in 44..64 {
            for x in 44..64 {
                let difference =
                    f64::from(left[y * SIDE + x]) - f64::from(right[y * SIDE + x + shift]);
                sum += difference * difference;
            }
        }
    }
    sum / pairs.len() as f64
}

/// The cameras are turned to the toy: there they agree, and what is behind it is moved.
#[test]
fn toy_and_background_are_at_different_depths() {
    let pairs = Generator::new(2, Part::Training).full_pairs(0..600);
    let (none, toys): (Vec<Pair>, Vec<Pair>) =
        pairs.into_iter().partition(|pair| pair.label == NONE);
    assert!(mismatch(&toys, 0) < 0.8 * mismatch(&toys, 5));
    assert!(mismatch(&none, 5) < 0.8 * mismatch(&none, 0));
}

#[test]
fn toys_are_centred_and_of_one_size() {
    for class in 0..NONE {
        for k in 0..10 {
            let toy = toy(class, &mut generator("test", 1, k));
            for axis in 0..3 {
                let low = toy
                    .iter()
                    .map(|s| s.centre()[axis] - s.extent()[axis])
                    .fold(f32::INFINITY, f32::min);
                let high = toy
                    .iter()
                    .map(|s| s.centre()[axis] + s.extent()[axis])
                    .fold(-f32::INFINITY, f32::max);
                assert!(
                    (low + high).abs() < 1e-5 && high < 1.0 + 1e-5,
                    "{class} {k}: {low} {high}"
                );
            }
        }
    }
}

#[test]
fn written_files_are_read_as_the_same_pairs() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("norb");
    fs::create_dir(&dir).unwrap();
    let train = Generator::new(4, Part::Training);
    train.write(&dir, 1, 50).unwrap();
    train.write(&dir, 2, 7).unwrap();
    Generator::new(4, Part::Testing).write(&dir, 1, 3).unwrap();
    let locator = Locator::with(Some(root.path().into()), None, None);
    let loaded = norb::load(&locator, Limit::ALL).unwrap();
    assert_eq!((loaded.train.rows(), loaded.test), (57, Generator::new(4, Part::Testing).pairs(3)));
    let made = train.pairs(50);
    assert_eq!(loaded.train.images[..50 * WIDTH], made.images);
    assert_eq!(
        (&loaded.train.labels[..50], &loaded.train.info[..50]),
        (&made.labels[..], &made.info[..])
    );
    // The second file begins after all pairs of a whole first one.
    let second = train.full_pairs(PAIRS..PAIRS + 7);
    assert!(second.iter().map(|pair| &pair.info).eq(&loaded.train.info[50..]));

    assert_eq!(fs::read_dir(&dir).unwrap().count(), 9);
    let error = train.write(&dir, 1, 5).unwrap_err();
    assert!(matches!(error, Error::Io { action: "create", .. }), "{error}");
    let nowhere = train.write(&dir.join("nowhere"), 1, 5).unwrap_err();
    assert!(matches!(nowhere, Error::Io { action: "write", .. }), "{nowhere}");
    for (file, rows) in [(3, 0), (3, PAIRS + 1), (0, 1), (11, 1)] {
        assert!(matches!(train.write(&dir, file, rows), Err(Error::Argument { .. })));
    }
}

/// Whichever of its files is there, under whichever name, nothing is written beside it.
#[test]
fn what_is_there_is_seen_before_anything_is_written() {
    let limit = Limit { training: 1, testing: 1 };
    for kind in ["dat", "cat", "info"] {
        for end in ["", ".gz"] {
            let dir = tempfile::tempdir().unwrap();
            let name = format!("{}{end}", Part::Testing.file_name(1, kind));
            fs::write(dir.path().join(&name), "mine").unwrap();
            for error in [
                write(dir.path(), 4, limit, 2).unwrap_err(),
                Generator::new(4, Part::Testing).write(dir.path(), 1, 2).unwrap_err(),
            ] {
                assert!(error.to_string().contains(&name), "{error}");
                assert!(matches!(error, Error::Io { action: "create", .. }), "{error}");
            }
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }
}

#[cfg(unix)]
#[test]
fn no_part_is_written_through_a_link() {
    let dir = tempfile::tempdir().unwrap();
    let victim = dir.path().join("victim.txt");
    fs::write(&victim, "mine").unwrap();
    let name = Part::Training.file_name(1, "dat");
    let part = dir.path().join(format!("{name}.part"));
    std::os::unix::fs::symlink(&victim, &part).unwrap();
    let generator = Generator::new(4, Part::Training);
    let error = generator.write(dir.path(), 1, 2).unwrap_err();
    assert!(error.to_string().contains(".mat.part: cannot write it"), "{error}");
    assert_eq!(fs::read(&victim).unwrap(), b"mine");
    // One that a killed call has left is no hindrance.
    fs::remove_file(&part).unwrap();
    fs::write(&part, "half").unwrap();
    generator.write(dir.path(), 1, 2).unwrap();
    assert!(!part.exists() && dir.path().join(name).exists());
}
