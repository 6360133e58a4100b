//! What `fuzz/targets/checkpoint.rs` looks at: files as a small model of all kinds of places takes them.

use super::{Memory, Place, Places, Position, file};
use crate::train::{Diverged, Learner, Loop, Metrics, Progress};

/// What a file would have to be a checkpoint of.
fn about() -> file::About {
    let schedule = Loop { run: "fuzz", seed: 1, rows: 4, batch: 2, epochs: 2 };
    file::About::new("a digest".into(), 1, &schedule, Progress::default())
}

/// A place of each kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Model {
    pub(super) fixed: [f32; 3],
    pub(super) growing: Vec<f32>,
    pub(super) number: f64,
    pub(super) count: usize,
    pub(super) progress: Progress,
    pub(super) flag: bool,
    pub(super) pair: Pair,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pair([f64; 2]);

impl Memory for Pair {
    fn numbers(&self) -> Vec<f64> {
        self.0.to_vec()
    }

    fn recall(&mut self, numbers: &[f64]) -> bool {
        numbers.try_into().map(|numbers| self.0 = numbers).is_ok()
    }
}

impl Learner for Model {
    fn step(&mut self, _: Progress, _: &[u32]) -> Result<(), Diverged> {
        Ok(())
    }

    fn is_sound(&self) -> bool {
        true
    }

    fn end_of_epoch(&mut self) -> Result<Metrics, Diverged> {
        Ok(Vec::new())
    }

    fn places(&mut self) -> Places<'_> {
        vec![
            ("fixed".into(), Place::Fixed(&mut self.fixed)),
            ("growing".into(), Place::Growing(&mut self.growing, 2)),
            ("number".into(), Place::Number(&mut self.number)),
            ("count".into(), Place::Count(&mut self.count)),
            ("progress".into(), Place::Progress(&mut self.progress)),
            ("flag".into(), Place::Flag(&mut self.flag)),
            ("pair".into(), Place::Memory(&mut self.pair)),
        ]
    }

    fn flop(&self) -> u64 {
        0
    }

    fn lower(&self) -> String {
        String::new()
    }
}

/// Whether the model takes a file, and the file that it writes after that.
#[must_use]
pub fn rewritten(bytes: &[u8]) -> (bool, Vec<u8>) {
    let (mut model, mut at) = (Model::default(), Position::new(Progress::default()));
    let taken = file::parse(bytes, &about(), &mut model, &mut at).is_ok();
    let written = file::bytes(&about(), &mut model, &at);
    (taken, written.expect("a model that fits in memory can be written"))
}

/// The file with the digest that its content has, and of the loop that the model is trained by, if it is so far in order.
#[must_use]
pub fn sealed(bytes: &[u8]) -> Option<Vec<u8>> {
    file::sealed(bytes, about()).ok()
}
