//! Where the time of training goes, and how much arithmetic it was.

use super::{Epoch, Observer};
use crate::result::Timing;

/// Adds up the epochs of trainings of one model: those whose names are the same before the first comma.
#[derive(Debug, Default)]
pub struct Timings {
    all: Vec<Timing>,
}

impl Timings {
    /// The sums, in the order in which the models came.
    #[must_use]
    pub fn into_vec(self) -> Vec<Timing> {
        self.all
    }
}

impl Observer for Timings {
    fn epoch(&mut self, epoch: &Epoch<'_>) {
        let Epoch { run, seconds, flop, .. } = *epoch;
        if flop == 0 {
            // No training: found out once.
            return;
        }
        let model = run.split(',').next().unwrap_or_default();
        let place = self.all.iter().position(|timing| timing.model == model);
        let place = place.unwrap_or_else(|| {
            self.all.push(Timing { model: model.into(), epochs: 0, seconds: 0.0, flop: 0 });
            self.all.len() - 1
        });
        let timing = &mut self.all[place];
        timing.epochs += 1;
        timing.seconds += seconds;
        timing.flop = timing.flop.saturating_add(flop);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn epochs_of_one_model_are_added_up() {
        let mut timings = Timings::default();
        let runs = [("a, seed 1", 1.0, 10), ("b", 5.0, 7), ("a, seed 2", 2.0, 10), ("c", 0.0, 0)];
        for (run, seconds, flop) in runs {
            timings.epoch(&Epoch { run, epoch: 1, epochs: 1, metrics: &[], seconds, flop });
        }
        let timing = |model: &str, epochs, seconds, flop| Timing {
            model: model.into(),
            epochs,
            seconds,
            flop,
        };
        assert_eq!(timings.into_vec(), [timing("a", 2, 3.0, 20), timing("b", 1, 5.0, 7)]);
    }
}
