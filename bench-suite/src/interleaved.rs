//! Interleaved timing: all contestants in turn, round after round, so that a clock that drifts or a
//! neighbour that wakes up meets all of them.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use rayon::ThreadPool;

/// Something to time.
pub struct Contestant<'a> {
    name: String,
    /// So many times.
    run: Box<dyn FnMut(u32) + 'a>,
    calls: u32,
    seconds: Vec<f64>,
}

impl<'a> Contestant<'a> {
    /// Times `run`.
    pub fn new(name: impl Into<String>, mut run: impl FnMut() + 'a) -> Self {
        Self::times(name, move |calls| repeat(calls, &mut run))
    }

    /// Times `run` on a thread of the pool, where trainings call what they need: from outside each call would wait to be
    /// handed over, some 10 µs.
    pub fn on(
        pool: &'a ThreadPool,
        name: impl Into<String>,
        mut run: impl FnMut() + Send + 'a,
    ) -> Self {
        Self::times(name, move |calls| pool.install(|| repeat(calls, &mut run)))
    }

    fn times(name: impl Into<String>, run: impl FnMut(u32) + 'a) -> Self {
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

    /// How many times as long as `other` it takes: the median of the rounds' ratios, and an interval of it.
    ///
    /// The interval goes from one ordered ratio to another and holds the median with at least 95 % probability, whatever
    /// the distribution of the noise; with less than six rounds no two do, and it goes from the least to the greatest.
    #[must_use]
    pub fn ratio(&self, other: &Self) -> Ratio {
        let mut ratios: Vec<_> =
            self.seconds.iter().zip(&other.seconds).map(|(a, b)| a / b).collect();
        ratios.sort_by(f64::total_cmp);
        let outside = outside(ratios.len());
        let at = |i: usize| ratios.get(i).copied().unwrap_or(f64::NAN);
        let last = ratios.len().saturating_sub(1);
        Ratio { median: at(ratios.len() / 2), low: at(outside), high: at(last - outside.min(last)) }
    }

    /// The least over the rounds of the seconds of a call: what neighbours added the least to.
    #[must_use]
    pub fn least(&self) -> f64 {
        self.seconds.iter().copied().fold(f64::INFINITY, f64::min)
    }

    /// Seconds of a call, over `self.calls` calls.
    fn time(&mut self) -> f64 {
        let start = Instant::now();
        (self.run)(self.calls);
        start.elapsed().as_secs_f64() / f64::from(self.calls)
    }

    /// Chooses the calls of a round to last about `slice`, warm.
    fn calibrate(&mut self, slice: Duration) {
        self.time();
        // What takes no time at all does not end there.
        while self.time() * f64::from(self.calls) < slice.as_secs_f64() / 2.0
            && self.calls < 1 << 30
        {
            self.calls *= 2;
        }
    }
}

/// Calls it so often. The compiler cannot make one of many calls, however little each does.
fn repeat(calls: u32, run: &mut impl FnMut()) {
    for _ in 0..calls {
        black_box(&mut *run)();
    }
}

/// A ratio of times.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    /// Of the rounds.
    pub median: f64,
    /// Where its interval begins.
    pub low: f64,
    /// Where it ends.
    pub high: f64,
}

/// How many of n ordered numbers may be left out on each side, so that the rest holds the median with at least 95 %
/// probability: the greatest k with P(X ≤ k) ≤ 2.5 %, X ~ B(n, ½).
fn outside(n: usize) -> usize {
    let (mut below, mut exactly) = (0.0, 0.5_f64.powi(n as i32));
    for k in 0..n {
        below += exactly;
        if below > 0.025 {
            return k.saturating_sub(1);
        }
        exactly *= (n - k) as f64 / (k + 1) as f64;
    }
    0
}

/// Times all contestants over `rounds` rounds in which each has about `slice`.
pub fn run(contestants: &mut [Contestant<'_>], rounds: usize, slice: Duration) {
    contestants.iter_mut().for_each(|contestant| contestant.calibrate(slice));
    for _ in 0..rounds {
        for contestant in &mut *contestants {
            // The caches are another's.
            (contestant.run)(1);
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

    #[test]
    fn a_ratio_has_an_interval_from_its_rounds() {
        let of =
            |seconds: &[f64]| Contestant { seconds: seconds.into(), ..Contestant::new("", || ()) };
        let ones = of(&[1.0; 11]);
        let ratio = of(&[2.0, 9.0, 2.0, 2.0, 3.0, 2.0, 1.0, 2.0, 0.1, 2.0, 2.0]).ratio(&ones);
        assert_eq!(ratio, Ratio { median: 2.0, low: 1.0, high: 3.0 });
        assert_eq!([5, 6, 11, 15].map(outside), [0, 0, 1, 3]);
        assert!(of(&[]).ratio(&ones).median.is_nan());
    }
}
