//! A configuration, as `run --config` takes it, of the experiment that the first byte chooses.
#![no_main]

use halfwave_trainer::{config, experiments};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, text)) = bytes.split_first() else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let Ok(table) = text.parse::<toml::Table>() else { return };
    let experiment = &experiments::TABLE[usize::from(choice) % experiments::TABLE.len()];
    if let Ok(configuration) = experiment.configure(false, None, &config::changes(&table)) {
        drop(experiment.prepare(configuration));
    }
});
