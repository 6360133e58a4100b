//! Progress of downloads on standard error.

use std::{
    io::{self, IsTerminal, Write as _},
    time::{Duration, Instant},
};

use console::Term;
use halfwave_datasets::fetch::Watch;
use indicatif::{DecimalBytes, ProgressBar, ProgressStyle};

/// Columns that bar, sizes, rate, time and a name take.
const NARROW: u16 = 72;

/// A bar with rate and time left on a terminal; elsewhere plain lines, at most one in ten seconds for a file.
#[derive(Debug)]
pub struct Downloads {
    bar: Option<ProgressBar>,
    file: String,
    total: Option<u64>,
    here: u64,
    last: Instant,
}

impl Downloads {
    /// On standard error.
    #[must_use]
    pub fn stderr() -> Self {
        let bar = io::stderr().is_terminal().then(ProgressBar::no_length);
        Self { bar, file: String::new(), total: None, here: 0, last: Instant::now() }
    }

    fn line(&mut self) {
        let Self { file, total, here, .. } = self;
        let total = total.map_or(String::new(), |total| format!(" of {}", DecimalBytes(total)));
        // Progress that cannot be shown is no reason to stop.
        let _ = writeln!(io::stderr(), "{file}: {}{total}", DecimalBytes(*here));
        self.last = Instant::now();
    }
}

impl Watch for Downloads {
    fn begin(&mut self, file: &str, from: u64, total: Option<u64>) {
        (self.file, self.here, self.total) = (file.into(), from, total);
        if self.bar.is_none() {
            return self.line();
        }
        // Where there is no room the bar and the rate go.
        let narrow = Term::stderr().size_checked().is_some_and(|(_, columns)| columns < NARROW);
        // A new bar: the rate is that of this file, without what was here before. No colours: NO_COLOR needs no care.
        let (bar, template) = match total {
            Some(total) if narrow => {
                (ProgressBar::new(total), "{decimal_bytes}/{decimal_total_bytes}  {wide_msg}")
            }
            Some(total) => (
                ProgressBar::new(total),
                "{bar:20} {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}  {eta} left  {wide_msg}",
            ),
            None => {
                (ProgressBar::no_length(), "{decimal_bytes}  {decimal_bytes_per_sec}  {wide_msg}")
            }
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(file.to_owned());
        bar.set_position(from);
        bar.reset_eta();
        self.bar = Some(bar);
    }

    fn advance(&mut self, bytes: u64) {
        self.here += bytes;
        match &self.bar {
            Some(bar) => bar.inc(bytes),
            None if self.last.elapsed() >= Duration::from_secs(10) => self.line(),
            None => {}
        }
    }

    fn end(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn note(&mut self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }
}
