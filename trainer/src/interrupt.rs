//! Ctrl-C and the wish of the system to end: training saves after its step; nothing else is left behind. A file that
//! may not grow is an error of writing.

use std::{
    io::{self, Write as _},
    process,
};

use anyhow::Context as _;
use halfwave_trainer::{checkpoint, output};

/// The first one while something is trained lets it save; any other ends the program at once.
fn handle(signal: i32) {
    if checkpoint::interrupt(signal) {
        // Whether it can be read or not, it is done.
        let _ = writeln!(io::stderr(), "saving after this step; once more to stop at once");
    } else {
        output::abandon();
        process::exit(128 + signal);
    }
}

/// From now on an interrupt ends the program, with 128 and the number of the signal: 130 for Ctrl-C, 143 for a
/// termination.
#[cfg(unix)]
pub(crate) fn watch() -> anyhow::Result<()> {
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ},
        iterator::Signals,
    };
    // Who starts it by nohup wants it to live.
    let hangup = (!is_ignored(SIGHUP)).then_some(SIGHUP);
    // Unless somebody waits for SIGXFSZ, a write beyond the limit of a file's size kills the process.
    let signals = Signals::new([SIGINT, SIGTERM, SIGXFSZ].into_iter().chain(hangup));
    let mut signals = signals.context("cannot watch for signals")?;
    let wait = move || {
        for signal in signals.forever().filter(|&signal| signal != SIGXFSZ) {
            handle(signal);
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(wait)
        .context("cannot watch for signals")?;
    Ok(())
}

/// Whether this process was started with a signal ignored, where the system says so.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// From now on Ctrl-C ends the program, with 130.
#[cfg(not(unix))]
pub(crate) fn watch() -> anyhow::Result<()> {
    /// That of Ctrl-C where there are signals.
    const INTERRUPT: i32 = 2;
    ctrlc::set_handler(|| handle(INTERRUPT)).context("cannot watch for Ctrl-C")
}
