//! The lists of LFW: images, people, and pairs. Text, one item a line, fields separated by tabs.
//!
//! ```text
//! image_names.txt      Name/Name_0001.jpg                        one line per row of the array
//! people.txt           folds; for each fold: people, then so many lines "Name  images"
//! pairs.txt            folds, pairs; for each fold: so many lines "Name  i  j" (same person),
//!                      then so many "Name  i  Other  j" (different people)
//! pairsDev*.txt        pairs; then as one fold of pairs.txt
//! ```
//!
//! Format: README of LFW, <http://vis-www.cs.umass.edu/lfw/README.txt>. No list is longer than its lines: a number
//! in a header reserves no memory.

use std::collections::{BTreeMap, HashMap};

/// Most folds, and most lines of one part of a fold.
const MAX_COUNT: usize = 100_000;

/// Two images, and whether they show the same person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Row of one image.
    pub first: u32,
    /// Row of the other.
    pub second: u32,
    /// Whether both show the same person.
    pub same: bool,
}

/// How a list breaks its format. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LfwError {
    /// Not text.
    #[error("at byte {0}: expected text in UTF-8, found another byte")]
    NotText(usize),
    /// The numbers of a header.
    #[error("line {line}: expected {expected}, found {found:?}")]
    Header {
        /// Where.
        line: usize,
        /// Which numbers.
        expected: &'static str,
        /// The line.
        found: String,
    },
    /// The list ends too early.
    #[error("line {line}: expected {expected}, found the end of the file")]
    MissingLine {
        /// The line that is not there.
        line: usize,
        /// What it should hold.
        expected: &'static str,
    },
    /// The list goes on after its last line.
    #[error("line {line}: expected the end of the file, found {found:?}")]
    ExtraLine {
        /// Where.
        line: usize,
        /// The line.
        found: String,
    },
    /// A line that is not what has to stand here.
    #[error("line {line}: expected {expected}, found {found:?}")]
    Line {
        /// Where.
        line: usize,
        /// What has to stand here.
        expected: &'static str,
        /// The line.
        found: String,
    },
    /// A person of whom there is no image.
    #[error("line {line}: expected a person with images, found {name:?}, of whom there is none")]
    UnknownName {
        /// Where.
        line: usize,
        /// The name.
        name: String,
    },
    /// An image that the person does not have.
    #[error("line {line}: expected an image of {name} in {first}..={last}, found {found}")]
    NoSuchImage {
        /// Where.
        line: usize,
        /// The person.
        name: String,
        /// Lowest number of an image of this person.
        first: u32,
        /// Highest number of an image of this person.
        last: u32,
        /// The number asked for.
        found: u32,
    },
    /// The same person or image twice.
    #[error("line {line}: expected each name once, found {name:?} again")]
    Twice {
        /// Where.
        line: usize,
        /// The name.
        name: String,
    },
    /// Folds must have no person in common.
    #[error("line {line}: expected a person of fold {fold} only, found {name} of fold {other} too")]
    SharedPerson {
        /// Where.
        line: usize,
        /// The person.
        name: String,
        /// The fold of this line, from 0.
        fold: usize,
        /// The fold in which the person was met before, from 0.
        other: usize,
    },
}

/// The rows of each person's images.
#[derive(Clone, Debug, Default)]
pub struct Index {
    /// Person → number of the image → row.
    people: HashMap<String, BTreeMap<u32, u32>>,
}

impl Index {
    /// From `image_names.txt`: line i names row i − 1. Returns the names as well, in their order.
    ///
    /// # Errors
    /// [`LfwError`] for a line that is no name of an image, and for a name that comes twice.
    pub fn parse(text: &[u8]) -> Result<(Self, Vec<String>), LfwError> {
        let (mut index, mut names) = (Self::default(), Vec::new());
        let mut lines = Lines::new(text)?;
        while let Some((line, text)) = lines.next() {
            let (name, number) = image_name(text).ok_or_else(|| LfwError::Line {
                line,
                expected: "Name/Name_0001.jpg",
                found: text.into(),
            })?;
            let row =
                u32::try_from(names.len()).expect("a list in memory has fewer than 2^32 lines");
            let images = index.people.entry(name.into()).or_default();
            if images.insert(number, row).is_some() {
                return Err(LfwError::Twice { line, name: text.into() });
            }
            names.push(text.to_owned());
        }
        Ok((index, names))
    }

    fn row(&self, line: usize, name: &str, number: u32) -> Result<u32, LfwError> {
        let images = self.images(line, name)?;
        images.get(&number).copied().ok_or_else(|| LfwError::NoSuchImage {
            line,
            name: name.into(),
            first: images.keys().next().copied().unwrap_or_default(),
            last: images.keys().next_back().copied().unwrap_or_default(),
            found: number,
        })
    }

    fn images(&self, line: usize, name: &str) -> Result<&BTreeMap<u32, u32>, LfwError> {
        self.people.get(name).ok_or_else(|| LfwError::UnknownName { line, name: name.into() })
    }

    /// The folds of `pairs.txt`.
    ///
    /// # Errors
    /// [`LfwError`]: see there. No person may be in two folds.
    pub fn folds(&self, text: &[u8]) -> Result<Vec<Vec<Pair>>, LfwError> {
        const EXPECTED: &str = "the number of folds and, after a tab, the number of pairs";
        let mut lines = Lines::new(text)?;
        let [folds, pairs] = lines.header(EXPECTED)?;
        let (mut all, mut seen) = (Vec::new(), HashMap::new());
        for fold in 0..folds {
            all.push(self.fold(&mut lines, pairs, fold, &mut seen)?);
        }
        lines.end()?;
        Ok(all)
    }

    /// The pairs of `pairsDevTrain.txt` or `pairsDevTest.txt`.
    ///
    /// # Errors
    /// [`LfwError`]: see there.
    pub fn pairs(&self, text: &[u8]) -> Result<Vec<Pair>, LfwError> {
        let mut lines = Lines::new(text)?;
        let [pairs] = lines.header("the number of pairs")?;
        let all = self.fold(&mut lines, pairs, 0, &mut HashMap::new())?;
        lines.end()?;
        Ok(all)
    }

    /// The rows of all images of the people of each fold of `people.txt`.
    ///
    /// # Errors
    /// [`LfwError`]: see there. No person may be in two folds.
    pub fn people(&self, text: &[u8]) -> Result<Vec<Vec<u32>>, LfwError> {
        let mut folds = Vec::new();
        for people in people(text)? {
            let mut rows = Vec::new();
            for Person { line, name, images } in people {
                for number in 1..=images {
                    rows.push(self.row(line, name, number)?);
                }
            }
            folds.push(rows);
        }
        Ok(folds)
    }

    /// `pairs` lines of each kind. `seen` is the fold of each person met so far.
    fn fold<'a>(
        &self,
        lines: &mut Lines<'a>,
        pairs: usize,
        fold: usize,
        seen: &mut HashMap<&'a str, usize>,
    ) -> Result<Vec<Pair>, LfwError> {
        let mut all = Vec::new();
        for same in [true, false] {
            let expected = if same { "Name, i, j" } else { "Name, i, Other, j" };
            for _ in 0..pairs {
                let (line, text) = lines.must(expected)?;
                let wrong = || LfwError::Line { line, expected, found: text.into() };
                let fields: Vec<&str> = text.split('\t').collect();
                let (name, i, other, j) = match *fields.as_slice() {
                    [name, i, j] if same => (name, i, name, j),
                    [name, i, other, j] if !same && name != other => (name, i, other, j),
                    _ => return Err(wrong()),
                };
                let number = |text: &str| text.parse::<u32>().map_err(|_| wrong());
                for name in [name, other] {
                    once(seen, line, name, fold)?;
                }
                let first = self.row(line, name, number(i)?)?;
                let second = self.row(line, other, number(j)?)?;
                all.push(Pair { first, second, same });
            }
        }
        Ok(all)
    }
}

/// A line of `people.txt`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person<'a> {
    line: usize,
    pub(super) name: &'a str,
    /// Number of images: 1..=images.
    pub(super) images: u32,
}

/// The people of each fold of `people.txt`.
pub(super) fn people(text: &[u8]) -> Result<Vec<Vec<Person<'_>>>, LfwError> {
    /// More than the 13,233 of all LFW.
    const MAX_IMAGES: u32 = 100_000;
    /// As many as four digits can number.
    const MAX_OF_ONE: u32 = 9_999;
    /// Each image is held with its name twice: no list is to be multiplied by a long one. LFW's have at most 35 bytes.
    const MAX_NAME: usize = 100;
    let mut lines = Lines::new(text)?;
    let [folds] = lines.header("the number of folds")?;
    let (mut all, mut seen) = (Vec::new(), HashMap::new());
    let mut total = 0;
    for fold in 0..folds {
        let [count] = lines.header("the number of people of the fold")?;
        let mut people = Vec::new();
        for _ in 0..count {
            const EXPECTED: &str = "Name and, after a tab, the number of images";
            let (line, text) = lines.must(EXPECTED)?;
            let wrong = || LfwError::Line { line, expected: EXPECTED, found: text.into() };
            let (name, images) = text.split_once('\t').ok_or_else(wrong)?;
            let images: u32 = images.parse().map_err(|_| wrong())?;
            total += images.min(MAX_IMAGES);
            if !is_plain(name) || images == 0 || total >= MAX_IMAGES {
                return Err(wrong());
            }
            if name.len() > MAX_NAME || images > MAX_OF_ONE {
                let expected = "a name of at most 100 bytes and at most 9999 images";
                return Err(LfwError::Line { line, expected, found: text.into() });
            }
            if once(&mut seen, line, name, fold)? {
                return Err(LfwError::Twice { line, name: name.into() });
            }
            people.push(Person { line, name, images });
        }
        all.push(people);
    }
    lines.end()?;
    Ok(all)
}

/// Whether the person was met before in this fold; an error if in another.
fn once<'a>(
    seen: &mut HashMap<&'a str, usize>,
    line: usize,
    name: &'a str,
    fold: usize,
) -> Result<bool, LfwError> {
    match seen.insert(name, fold) {
        Some(other) if other != fold => {
            Err(LfwError::SharedPerson { line, name: name.into(), fold, other })
        }
        before => Ok(before.is_some()),
    }
}

/// Person and number of `Name/Name_0001.jpg`.
fn image_name(text: &str) -> Option<(&str, u32)> {
    let (name, file) = text.split_once('/')?;
    let number = file.strip_prefix(name)?.strip_prefix('_')?.strip_suffix(".jpg")?;
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    (is_plain(name) && is_number).then(|| Some((name, number.parse().ok()?)))?
}

/// Names become parts of paths: no separator, nothing hidden, no way up.
fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    !name.is_empty() && name.bytes().all(plain)
}

/// The lines of a list, counted from 1.
struct Lines<'a> {
    lines: std::str::Lines<'a>,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a [u8]) -> Result<Self, LfwError> {
        let text =
            std::str::from_utf8(text).map_err(|error| LfwError::NotText(error.valid_up_to()))?;
        Ok(Self { lines: text.lines(), line: 0 })
    }

    fn next(&mut self) -> Option<(usize, &'a str)> {
        self.line += 1;
        Some((self.line, self.lines.next()?))
    }

    fn must(&mut self, expected: &'static str) -> Result<(usize, &'a str), LfwError> {
        self.next().ok_or(LfwError::MissingLine { line: self.line, expected })
    }

    /// A line of N whole numbers from 1 on.
    fn header<const N: usize>(&mut self, expected: &'static str) -> Result<[usize; N], LfwError> {
        let (line, text) = self.must(expected)?;
        let count =
            |field: &str| field.parse().ok().filter(|count| (1..=MAX_COUNT).contains(count));
        text.split('\t')
            .map(count)
            .collect::<Option<Vec<usize>>>()
            .and_then(|numbers| numbers.try_into().ok())
            .ok_or_else(|| LfwError::Header { line, expected, found: text.into() })
    }

    fn end(mut self) -> Result<(), LfwError> {
        match self.next() {
            None => Ok(()),
            Some((line, text)) => Err(LfwError::ExtraLine { line, found: text.into() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAMES: &str = "A_B/A_B_0001.jpg\nA_B/A_B_0002.jpg\nC-D/C-D_0001.jpg\n\
        E/E_0001.jpg\nE/E_0002.jpg\nF/F_0001.jpg\n";

    fn index() -> Index {
        Index::parse(NAMES.as_bytes()).unwrap().0
    }

    #[test]
    fn lists_are_read() {
        let (index, names) = Index::parse(NAMES.as_bytes()).unwrap();
        assert_eq!((names.len(), names[2].as_str()), (6, "C-D/C-D_0001.jpg"));
        let pair = |first, second, same| Pair { first, second, same };
        let folds = index.folds(b"2\t1\nA_B\t1\t2\nC-D\t1\tA_B\t2\nE\t2\t1\nE\t1\tF\t1\n").unwrap();
        assert_eq!(
            folds,
            [vec![pair(0, 1, true), pair(2, 1, false)], vec![pair(4, 3, true), pair(3, 5, false)]]
        );
        let dev = index.pairs(b"1\r\nA_B\t1\t2\r\nE\t1\tF\t1\r\n").unwrap();
        assert_eq!(dev, [pair(0, 1, true), pair(3, 5, false)]);
        let people = index.people(b"2\n2\nA_B\t2\nC-D\t1\n1\nE\t2\n").unwrap();
        assert_eq!(people, [vec![0, 1, 2], vec![3, 4]]);
    }

    #[test]
    fn every_bad_list_is_an_error_with_its_line() {
        let pairs = |text: &str| index().pairs(text.as_bytes()).unwrap_err().to_string();
        let folds = |text: &str| index().folds(text.as_bytes()).unwrap_err().to_string();
        let people = |text: &str| index().people(text.as_bytes()).unwrap_err().to_string();
        let names = |text: &[u8]| Index::parse(text).unwrap_err().to_string();
        const COUNT: &str = "line 1: expected the number of pairs, found";
        for (found, said) in [
            (pairs(""), format!("{COUNT} the end of the file")),
            (pairs("1\t2\n"), format!("{COUNT} \"1\\t2\"")),
            (pairs("0\n"), format!("{COUNT} \"0\"")),
            (pairs("-1\n"), format!("{COUNT} \"-1\"")),
            (pairs("99999999999999999999\n"), format!("{COUNT} \"99999999999999999999\"")),
            (pairs("100001\n"), format!("{COUNT} \"100001\"")),
            (pairs("1\n"), "line 2: expected Name, i, j, found the end of the file".into()),
            (pairs("100000\nA_B\t1\t2\n"), "line 3: expected Name, i, j, found the end of the file".into()),
            (pairs("1\nA_B 1 2\n"), "line 2: expected Name, i, j, found \"A_B 1 2\"".into()),
            (pairs("1\nA_B\t1\t-2\n"), "line 2: expected Name, i, j, found \"A_B\\t1\\t-2\"".into()),
            (pairs("1\nA_B\t1\tE\t1\n"), "line 2: expected Name, i, j, found \"A_B\\t1\\tE\\t1\"".into()),
            (
                pairs("1\nA_B\t1\t2\nA_B\t1\tA_B\t2\n"),
                "line 3: expected Name, i, Other, j, found \"A_B\\t1\\tA_B\\t2\"".into(),
            ),
            (
                pairs("1\nX\t1\t2\n"),
                "line 2: expected a person with images, found \"X\", of whom there is none".into(),
            ),
            (
                pairs("1\nA_B\t1\t2\nA_B\t2\tC-D\t2\n"),
                "line 3: expected an image of C-D in 1..=1, found 2".into(),
            ),
            (pairs("1\nA_B\t0\t2\n"), "line 2: expected an image of A_B in 1..=2, found 0".into()),
            (
                pairs("1\nA_B\t1\t2\nE\t1\tF\t1\n\n"),
                "line 4: expected the end of the file, found \"\"".into(),
            ),
            (
                folds("10\n"),
                "line 1: expected the number of folds and, after a tab, the number of pairs, found \"10\"".into(),
            ),
            (
                folds("2\t1\nA_B\t1\t2\nC-D\t1\tA_B\t2\nE\t2\t1\nE\t1\tC-D\t1\n"),
                "line 5: expected a person of fold 1 only, found C-D of fold 0 too".into(),
            ),
            (
                folds("2\t1\nA_B\t1\t2\nC-D\t1\tA_B\t2\n"),
                "line 4: expected Name, i, j, found the end of the file".into(),
            ),
            (
                people("2\n1\nE\t2\n1\nE\t2\n"),
                "line 5: expected a person of fold 1 only, found E of fold 0 too".into(),
            ),
            (people("1\n2\nE\t2\nE\t2\n"), "line 4: expected each name once, found \"E\" again".into()),
            (people("1\n1\nE\t3\n"), "line 3: expected an image of E in 1..=2, found 3".into()),
            (
                people("1\n1\nE\t4294967295\n"),
                "line 3: expected Name and, after a tab, the number of images, found \"E\\t4294967295\"".into(),
            ),
            (
                people("1\n1\n../E\t1\n"),
                "line 3: expected Name and, after a tab, the number of images, found \"../E\\t1\"".into(),
            ),
            (
                people("1\n1\nE\t10000\n"),
                "line 3: expected a name of at most 100 bytes and at most 9999 images, found \"E\\t10000\"".into(),
            ),
            (names(b"A/A_0001.jpg\n\xff"), "at byte 13: expected text in UTF-8, found another byte".into()),
            (
                names(b"A/A_0001.jpg\nA/A_0001.jpg\n"),
                "line 2: expected each name once, found \"A/A_0001.jpg\" again".into(),
            ),
            (names(b"A_0001.jpg\n"), "line 1: expected Name/Name_0001.jpg, found \"A_0001.jpg\"".into()),
            (names(b"A/B_0001.jpg\n"), "line 1: expected Name/Name_0001.jpg, found \"A/B_0001.jpg\"".into()),
            (names(b"../.._0001.jpg\n"), "line 1: expected Name/Name_0001.jpg, found \"../.._0001.jpg\"".into()),
            (names(b"A/A_+001.jpg\n"), "line 1: expected Name/Name_0001.jpg, found \"A/A_+001.jpg\"".into()),
        ] {
            assert_eq!(found, said);
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[0-9A-F_\t\n./jpg-]{0,200}", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                let _ = (index().pairs(text), index().folds(text), index().people(text), Index::parse(text));
            }
        }
    }
}
