//! `agarap-wdbc` and `optdigits-rbm` in short: two kinds of network, two kinds of RBM, on embedded data.

use serde::Deserialize;

use super::{Context, Run, Text, agarap, optdigits_rbm};
use crate::{Error, result::Outcome};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    wdbc: agarap::wdbc::Config,
    optdigits_rbm: optdigits_rbm::Config,
}

/// The configurations of both, with what the tour does otherwise.
pub(super) const DEFAULTS: &[Text] = &[
    ("wdbc", include_str!("configs/agarap-wdbc.toml")),
    ("optdigits_rbm", include_str!("configs/optdigits-rbm.toml")),
    ("", include_str!("configs/tour.toml")),
];

impl Run for Config {
    const KEEPS_MODELS: bool = true;

    fn run(&self, context: &mut Context<'_>) -> Result<Outcome, Error> {
        let mut outcome = self.wdbc.run(context)?;
        outcome.append(self.optdigits_rbm.run(context)?);
        Ok(outcome)
    }
}
