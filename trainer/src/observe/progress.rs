//! Progress on standard error.

use std::{
    fmt::{self, Write as _},
    io::{self, IsTerminal, Write as _},
    time::{Duration, Instant},
};

use indicatif::{HumanDuration, ProgressBar, ProgressStyle};

use super::{Epoch, Observer};

/// A bar on a terminal, unless there is a log; else plain lines, at most one a second, and fewer when it takes long.
#[derive(Debug)]
pub struct Progress {
    sink: Sink,
    pace: Pace,
}

/// How fast the epochs of a run go by.
#[derive(Debug, Default)]
struct Pace {
    run: String,
    /// Of its epochs so far.
    seconds: f64,
    epoch: usize,
    epochs: usize,
}

#[derive(Debug)]
enum Sink {
    Bar(ProgressBar),
    Lines {
        start: Instant,
        last: Option<Instant>,
    },
    /// Warnings only.
    Quiet,
}

impl Progress {
    /// On standard error.
    #[must_use]
    pub fn stderr() -> Self {
        let pace = Pace::default();
        if !io::stderr().is_terminal() || tracing::enabled!(tracing::Level::INFO) {
            return Self { sink: Sink::Lines { start: Instant::now(), last: None }, pace };
        }
        let bar = ProgressBar::new(0);
        // A template without colours: NO_COLOR needs no care.
        if let Ok(style) = ProgressStyle::with_template("{bar:12} {pos}/{len} {wide_msg}") {
            bar.set_style(style);
        }
        Self { sink: Sink::Bar(bar), pace }
    }

    /// Nothing but warnings, on standard error.
    #[must_use]
    pub fn quiet() -> Self {
        Self { sink: Sink::Quiet, pace: Pace::default() }
    }

    /// Removes the bar.
    pub fn finish(&mut self) {
        if let Sink::Bar(bar) = &self.sink {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn note(&mut self, text: &str) {
        match &self.sink {
            Sink::Quiet => {}
            Sink::Bar(_) | Sink::Lines { .. } => self.warning(text),
        }
    }

    fn warning(&mut self, text: &str) {
        match &self.sink {
            Sink::Bar(bar) => bar.println(text),
            Sink::Lines { .. } | Sink::Quiet => {
                let _ = writeln!(io::stderr(), "{text}");
            }
        }
    }

    fn epoch(&mut self, epoch: &Epoch<'_>) {
        self.pace.after(epoch);
        let Epoch { run, epoch: number, epochs, .. } = epoch;
        match &mut self.sink {
            Sink::Bar(bar) => {
                bar.set_length(*epochs as u64);
                bar.set_position(*number as u64);
                bar.set_message(format!("{run}: {}, {}", self.pace, metrics(epoch)));
            }
            Sink::Quiet => {}
            Sink::Lines { start, last } => {
                if last.is_some_and(|last| last.elapsed() < interval(start.elapsed())) {
                    return;
                }
                *last = Some(Instant::now());
                let (metrics, pace) = (metrics(epoch), &self.pace);
                // Progress that cannot be shown is no reason to stop.
                let _ = writeln!(io::stderr(), "{run}: epoch {number}/{epochs}, {metrics}; {pace}");
            }
        }
    }
}

/// Between two lines, after so long.
fn interval(since: Duration) -> Duration {
    (since / 20).clamp(Duration::from_secs(1), Duration::from_secs(60))
}

impl Pace {
    fn after(&mut self, epoch: &Epoch<'_>) {
        if self.run != epoch.run || epoch.epoch == 1 {
            *self = Self { run: epoch.run.into(), ..Self::default() };
        }
        self.seconds += epoch.seconds;
        (self.epoch, self.epochs) = (epoch.epoch, epoch.epochs);
    }
}

/// `1.3s an epoch, 2m left`.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |x: f64| Duration::try_from_secs_f64(x).unwrap_or(Duration::MAX);
        let mean = self.seconds / self.epoch as f64;
        let left = (mean * self.epochs.saturating_sub(self.epoch) as f64).ceil();
        write!(f, "{:.1?} an epoch, {:#} left", seconds(mean), HumanDuration(seconds(left)))
    }
}

fn metrics(epoch: &Epoch<'_>) -> String {
    let mut text = String::new();
    for (i, (name, value)) in epoch.metrics.iter().enumerate() {
        let comma = if i == 0 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{} {value:.4}", name.replace('_', " "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch(run: &str, epoch: usize, seconds: f64) -> Epoch<'_> {
        Epoch { run, epoch, epochs: 10, metrics: &[], seconds, flop: 0 }
    }

    #[test]
    fn the_time_left_is_that_of_the_epochs_so_far() {
        let mut pace = Pace::default();
        pace.after(&epoch("a", 1, 1.0));
        pace.after(&epoch("a", 2, 2.0));
        assert_eq!(pace.to_string(), "1.5s an epoch, 12s left");
        pace.after(&epoch("b", 1, 0.0021));
        assert_eq!(pace.to_string(), "2.1ms an epoch, 1s left");
        pace.after(&epoch("b", 2, f64::NAN));
        assert!(pace.to_string().ends_with("left"));
    }

    #[test]
    fn lines_are_fewer_when_it_takes_long() {
        let between = |seconds| interval(Duration::from_secs(seconds)).as_secs();
        assert_eq!([0, 10, 100, 86_400].map(between), [1, 1, 5, 60]);
    }
}
