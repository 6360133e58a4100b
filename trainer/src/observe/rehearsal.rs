//! A rehearsal: everything that an experiment does but training, of which it takes a few steps, to know what all would take.

use std::{fmt, time::Duration};

use indicatif::HumanDuration;

use super::{Epoch, Observer};
use crate::{checkpoint::Waiting, machine, train::Loop};

/// Steps of a training that are measured at most, after a first one that is not; and the time after which they are enough.
pub(crate) const MOST_STEPS: usize = 8;
pub(crate) const ENOUGH: Duration = Duration::from_millis(200);

/// What the trainings of a rehearsal would take. Where an observer has one, a training stops after a few steps, as if its
/// first epoch had been the last.
#[derive(Debug, Default)]
pub struct Rehearsal {
    /// Its checkpoints.
    pub(crate) waiting: Waiting,
    /// Bytes of all files of its loops.
    pub(crate) ended: usize,
    trainings: Vec<Training>,
    /// Seconds of what else is long, all of it.
    else_long: f64,
    /// What the parts that were done of all this took.
    spent: Duration,
}

/// Trainings of one kind and size.
#[derive(Debug)]
struct Training {
    /// The part of its name before the first comma.
    name: String,
    count: usize,
    rows: usize,
    batch: usize,
    epochs: usize,
    /// Of one epoch, the mean over `count`.
    seconds: f64,
    /// Bytes of the model and its optimiser.
    state: usize,
}

impl Rehearsal {
    /// A training of which the first `steps` took these seconds, the end of an epoch `end` and both `spent`.
    pub(crate) fn add(
        &mut self,
        schedule: &Loop<'_>,
        steps: &[f64],
        end: Duration,
        spent: Duration,
        state: usize,
    ) {
        let Loop { run, rows, batch, epochs, .. } = *schedule;
        let mut warm = if steps.len() > 1 { steps[1..].to_vec() } else { steps.to_vec() };
        warm.sort_by(f64::total_cmp);
        let step = warm.get(warm.len() / 2).copied().unwrap_or_default();
        let seconds = rows.div_ceil(batch) as f64 * step + end.as_secs_f64();
        self.spent += spent;
        let name = run.split(',').next().unwrap_or_default();
        let same = |t: &&mut Training| {
            (&t.name[..], t.rows, t.batch, t.epochs) == (name, rows, batch, epochs)
        };
        match self.trainings.iter_mut().find(same) {
            Some(training) => {
                training.count += 1;
                training.seconds += (seconds - training.seconds) / training.count as f64;
                training.state = training.state.max(state);
            }
            None => {
                let name = name.into();
                self.trainings.push(Training {
                    name,
                    count: 1,
                    rows,
                    batch,
                    epochs,
                    seconds,
                    state,
                });
            }
        }
    }

    /// Something else that is long, of which a part, one in `share`, took `spent`.
    pub fn sampled(&mut self, share: usize, spent: Duration) {
        self.else_long += share as f64 * spent.as_secs_f64();
        self.spent += spent;
    }

    /// Seconds that the whole would take, of which the rehearsal took `all`.
    #[must_use]
    pub fn estimate(&self, all: Duration) -> f64 {
        let trainings = self.trainings.iter();
        let training: f64 = trainings.map(|t| (t.count * t.epochs) as f64 * t.seconds).sum();
        self.besides(all) + training
    }

    /// Bytes that so many seeds take, at most, where this rehearsal of one has taken `peak`: the files of all ended loops
    /// wait for the disk, and what epochs have shown stays for the report.
    #[must_use]
    pub fn memory(&self, peak: u64, seeds: usize) -> u64 {
        /// What two recorders keep of an epoch, and figures of that.
        const EPOCH: usize = 300;
        /// One part in so many more: gaps between what is freed and taken again. With it statements were 11 to 21 % above measured peaks.
        const GAPS: u64 = 6;
        let others = self.ended.saturating_mul(seeds.saturating_sub(1));
        let epochs = self.trainings.iter().map(|t| t.count.saturating_mul(t.epochs)).sum::<usize>();
        let shown = epochs.saturating_mul(seeds).saturating_mul(EPOCH);
        let bytes = self.waiting.at_most(others).saturating_add(shown) as u64;
        let bytes = peak.saturating_add(bytes);
        bytes.saturating_add(bytes / GAPS)
    }

    /// What so many seeds would take, or, where nobody counts them, the one, in lines; of which the rehearsal took `all`.
    pub(crate) fn told(&self, all: Duration, seeds: Option<usize>) -> String {
        let words = |x: f64| HumanDuration(Duration::try_from_secs_f64(x).unwrap_or(Duration::MAX));
        let one = self.estimate(all);
        let time = seeds.map_or(words(one).to_string(), |seeds| {
            format!("{}: {} a seed", words(one * seeds as f64), words(one))
        });
        let memory = machine::peak_memory().map(|peak| {
            let mebibytes = self.memory(peak, seeds.unwrap_or(1)).div_ceil(1 << 20);
            format!("; at most some {mebibytes} MiB of memory")
        });
        let (besides, memory) = (words(self.besides(all)), memory.unwrap_or_default());
        format!("about {time}, of which {besides} are not training{memory}\n{self}")
    }

    /// Seconds of everything but training.
    #[must_use]
    pub fn besides(&self, all: Duration) -> f64 {
        all.saturating_sub(self.spent).as_secs_f64() + self.else_long
    }
}

impl Observer for Rehearsal {
    fn epoch(&mut self, _: &Epoch<'_>) {}

    fn rehearsal(&mut self) -> Option<&mut Rehearsal> {
        Some(self)
    }
}

/// A line for each kind of training.
impl fmt::Display for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Training { name, count, rows, batch, epochs, seconds, state } in &self.trainings {
            let state = *state as f64 / f64::from(1 << 20);
            writeln!(
                f,
                "{count} x {name}: {rows} rows in batches of {batch}, {epochs} epochs of {seconds:.3} s; model and \
                 optimiser {state:.1} MiB"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They wait until they are 64 MiB.
    #[test]
    fn ended_loops_of_all_seeds_take_memory() {
        let rehearsal = Rehearsal { ended: 3 << 20, ..Rehearsal::default() };
        let mebibytes = [1, 5, 1000].map(|seeds| rehearsal.memory(18 << 20, seeds) >> 20);
        assert_eq!(mebibytes, [21, 35, 95]);
        let (mut rehearsal, none) = (rehearsal, Duration::ZERO);
        let schedule = Loop { run: "a", seed: 1, rows: 100, batch: 10, epochs: 1 << 20 };
        rehearsal.add(&schedule, &[1.0], none, none, 0);
        assert_eq!(rehearsal.memory(18 << 20, 5) >> 20, 35 + 5 * 350);
    }

    /// The first step and the ends of epochs are told from the others; trainings of one kind are one line.
    #[test]
    fn the_whole_follows_from_a_few_steps() {
        let mut rehearsal = Rehearsal::default();
        let schedule = |run| Loop { run, seed: 1, rows: 950, batch: 100, epochs: 20 };
        let (end, spent) = (Duration::from_millis(500), Duration::from_secs(2));
        rehearsal.add(&schedule("a, seed 1, fold 1"), &[9.0, 0.3, 0.1, 0.2], end, spent, 1 << 20);
        rehearsal.add(&schedule("a, seed 1, fold 2"), &[9.0, 0.4], end, spent, 1 << 19);
        rehearsal.add(&schedule("b"), &[1.0], end, spent, 0);
        rehearsal.sampled(100, Duration::from_secs(1));
        let all = Duration::from_secs(10);
        assert_eq!(rehearsal.besides(all), 3.0 + 100.0);
        // Of a: 20 epochs of 10 · .2 + .5 and of 10 · .4 + .5; of b: of 10 · 1 + .5.
        assert!((rehearsal.estimate(all) - (103.0 + 20.0 * (2.5 + 4.5 + 10.5))).abs() < 1e-9);
        assert_eq!(
            rehearsal.to_string(),
            "2 x a: 950 rows in batches of 100, 20 epochs of 3.500 s; model and optimiser 1.0 MiB\n\
             1 x b: 950 rows in batches of 100, 20 epochs of 10.500 s; model and optimiser 0.0 MiB\n"
        );
    }
}
