//! Progress on standard error.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write as _},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Epoch, Observer};

/// A bar on a terminal; elsewhere plain lines, at most about one a second.
#[derive(Debug)]
pub struct Progress(Sink);

#[derive(Debug)]
enum Sink {
    Bar { bar: ProgressBar, run: String },
    Lines { last: Option<Instant> },
}

impl Progress {
    /// On standard error.
    #[must_use]
    pub fn stderr() -> Self {
        if !io::stderr().is_terminal() {
            return Self(Sink::Lines { last: None });
        }
        let bar = ProgressBar::new(0);
        // A template without colours: NO_COLOR needs no care.
        if let Ok(style) = ProgressStyle::with_template("{bar:20} {pos}/{len}  {wide_msg}") {
            bar.set_style(style);
        }
        Self(Sink::Bar { bar, run: String::new() })
    }

    /// Removes the bar.
    pub fn finish(&mut self) {
        if let Sink::Bar { bar, .. } = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl Observer for Progress {
    fn note(&mut self, text: &str) {
        match &self.0 {
            Sink::Bar { bar, .. } => bar.println(text),
            Sink::Lines { .. } => {
                let _ = writeln!(io::stderr(), "{text}");
            }
        }
    }

    fn epoch(&mut self, epoch: &Epoch<'_>) {
        match &mut self.0 {
            Sink::Bar { bar, run } => {
                if run != epoch.run {
                    *run = epoch.run.into();
                    bar.set_length(epoch.epochs as u64);
                }
                bar.set_position(epoch.epoch as u64);
                bar.set_message(format!("{}: {}", epoch.run, metrics(epoch)));
            }
            Sink::Lines { last } => {
                if last.is_some_and(|last| last.elapsed() < Duration::from_secs(1)) {
                    return;
                }
                *last = Some(Instant::now());
                let Epoch { run, epoch: number, epochs, .. } = epoch;
                // Progress that cannot be shown is no reason to stop.
                let _ =
                    writeln!(io::stderr(), "{run}: epoch {number}/{epochs}, {}", metrics(epoch));
            }
        }
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
