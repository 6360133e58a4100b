//! What of a model is in a checkpoint.

use crate::train::Progress;

/// Something that training changes.
pub(crate) enum Place<'a> {
    /// Numbers, always as many.
    Fixed(&'a mut [f32]),
    /// Numbers that are none before the first step, and always as many after it.
    Growing(&'a mut Vec<f32>, usize),
    /// A sum.
    Number(&'a mut f64),
    /// At most 2⁵³.
    Count(&'a mut usize),
    /// How far a model has been trained.
    Progress(&'a mut Progress),
    /// Yes or no.
    Flag(&'a mut bool),
    /// What an observer of a network remembers.
    Memory(&'a mut dyn Memory),
}

/// All places of a model, each with a name of its own.
pub(crate) type Places<'a> = Vec<(String, Place<'a>)>;

/// Something that can be told by numbers.
pub(crate) trait Memory {
    /// These numbers.
    fn numbers(&self) -> Vec<f64>;

    /// Takes them back; false if they cannot be its own, and then it is as it was.
    fn recall(&mut self, numbers: &[f64]) -> bool;
}

/// The content of a place.
pub(super) enum Content {
    Single(Vec<f32>),
    Double(Vec<f64>),
}

impl Place<'_> {
    /// Memory of its numbers, where these are those of a model or an optimiser.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Fixed(x) => size_of_val(&**x),
            Self::Growing(x, _) => size_of_val(&x[..]),
            _ => 0,
        }
    }

    /// Whether the numbers of a model or an optimiser are finite, as they have to be to be taken back.
    pub(super) fn is_finite(&self) -> bool {
        let finite = |x: &[f32]| x.iter().all(|x| x.is_finite());
        match self {
            Self::Fixed(x) => finite(x),
            Self::Growing(x, _) => finite(x),
            _ => true,
        }
    }

    pub(super) fn content(&self) -> Content {
        match self {
            Self::Fixed(x) => Content::Single(x.to_vec()),
            Self::Growing(x, _) => Content::Single(x.to_vec()),
            Self::Number(x) => Content::Double(vec![**x]),
            Self::Count(x) => Content::Double(vec![**x as f64]),
            Self::Flag(x) => Content::Double(vec![f64::from(u8::from(**x))]),
            Self::Progress(x) => Content::Double(vec![x.epochs as f64, x.steps as f64]),
            Self::Memory(memory) => Content::Double(memory.numbers()),
        }
    }

    /// What it has to be: its type, and its length if that is known; of what grows, `found` is a length that it may have.
    pub(super) fn length(&self, found: Option<usize>) -> (bool, Option<usize>) {
        match self {
            Self::Fixed(x) => (true, Some(x.len())),
            Self::Growing(_, most) => {
                (true, Some(found.filter(|&found| found == 0).unwrap_or(*most)))
            }
            Self::Number(_) | Self::Count(_) | Self::Flag(_) => (false, Some(1)),
            Self::Progress(_) => (false, Some(2)),
            Self::Memory(_) => (false, None),
        }
    }

    /// Takes a content of that type and length; false if a memory does not know it.
    pub(super) fn set(&mut self, content: Content) -> bool {
        match (self, content) {
            (Self::Fixed(x), Content::Single(new)) => x.copy_from_slice(&new),
            (Self::Growing(x, _), Content::Single(new)) => **x = new,
            (Self::Number(x), Content::Double(new)) => **x = new[0],
            (Self::Count(x), Content::Double(new)) => **x = new[0] as usize,
            (Self::Flag(x), Content::Double(new)) => **x = new[0] != 0.0,
            (Self::Progress(x), Content::Double(new)) => {
                **x = Progress { epochs: new[0] as u64, steps: new[1] as u64 };
            }
            (Self::Memory(memory), Content::Double(new)) => return memory.recall(&new),
            _ => return false,
        }
        true
    }
}
