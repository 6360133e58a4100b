//! Interleaved timing: all contestants in turn, round after round, so that a clock that drifts or a
//! neighbour that wakes up meets all of them.

use std::time::{Duration, Instant};

/// Something to time.
pub struct Contestant<'a> {
    name: String,
    run: Box<dyn FnMut() + 'a>,
    calls: u32,
    seconds: Vec<f64>,
}

impl<'a> Contestant<'a> {
    /// Times `run`.
    pub fn new(name: impl Into<String>, run: impl FnMut() + 'a) -> Self {
        Self { name: name.into(), run: Box::new(run), calls: 1, seconds: Vec::new() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Median over the rounds of the seconds of a call.
    #[must_use]
    pub fn median(&self) -> f64 {
        let mut sorted = self.seconds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// The least over the rounds of the seconds of a call: what neighbours added the least to.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.seconds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Seconds of a call, over `self.calls` calls.
    fn time(&mut self) -> f64 {
        let start = Instant::now();
        for _ in 0..self.calls {
            (self.run)();
        }
        start.elapsed().as_secs_f64() / f64::from(self.calls)
    }

    /// Chooses the calls of a round to last about `slice`, warm.
    fn calibrate(&mut self, slice: Duration) {
        self.time();
        while self.time() * f64::from(self.calls) < slice.as_secs_f64() / 2.0 {
            self.calls *= 2;
        }
    }
}

/// Times all contestants over `rounds` rounds in which each has about `slice`.
pub fn run(contestants: &mut [Contestant<'_>], rounds: usize, slice: Duration) {
    contestants.iter_mut().for_each(|contestant| contestant.calibrate(slice));
    for _ in 0..rounds {
        for contestant in &mut *contestants {
            // The caches are another's.
            (contestant.run)();
            let seconds = contestant.time();
            contestant.seconds.push(seconds);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contestant_has_its_turns() {
        let (mut slow, mut fast) = (0, 0);
        let mut contestants = [
            Contestant::new("slow", || {
                slow += 1;
                std::thread::sleep(Duration::from_millis(2));
            }),
            Contestant::new("fast", || fast += 1),
        ];
        run(&mut contestants, 3, Duration::from_millis(1));
        assert!(contestants[0].median() >= 0.002);
        assert!(contestants[0].least() <= contestants[0].median());
        assert!(contestants[1].median() < contestants[0].median());
        assert_eq!(contestants[0].name(), "slow");
        drop(contestants);
        assert!(slow >= 3 && fast > slow);
    }
}
