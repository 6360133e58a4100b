//! Ctrl-C and the wish of the system to end: no partial output is left behind.

use std::process;

use anyhow::Context as _;
use halfwave_trainer::output;

/// From now on an interrupt ends the program, with 128 and the number of the signal: 130 for Ctrl-C, 143 for a
/// termination.
#[cfg(unix)]
pub(crate) fn watch() -> anyhow::Result<()> {
    use signal_hook::{
        consts::{SIGHUP, SIGINT, SIGTERM},
        iterator::Signals,
    };
    let signals = Signals::new([SIGHUP, SIGINT, SIGTERM]);
    let mut signals = signals.context("cannot watch for signals")?;
    let wait = move || {
        if let Some(signal) = signals.forever().next() {
            output::abandon();
            process::exit(128 + signal);
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(wait)
        .context("cannot watch for signals")?;
    Ok(())
}

/// From now on Ctrl-C ends the program, with 130.
#[cfg(not(unix))]
pub(crate) fn watch() -> anyhow::Result<()> {
    let handler = || {
        output::abandon();
        process::exit(130);
    };
    ctrlc::set_handler(handler).context("cannot watch for Ctrl-C")
}
