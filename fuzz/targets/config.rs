//! Configurations of all experiments, as `run --config` takes them.
#![no_main]

use halfwave_trainer::{config, experiments};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(table) = text.parse::<toml::Table>() else { return };
    let changes = config::changes(&table);
    for experiment in experiments::TABLE {
        if let Ok(configuration) = experiment.configure(false, None, &changes) {
            drop(experiment.prepare(configuration));
        }
    }
});
