//! What watches a training run.

/// One finished epoch.
#[derive(Clone, Copy, Debug)]
pub struct Epoch<'a> {
    /// Which run, where an experiment has several.
    pub run: &'a str,
    /// Number of the epoch, from 1.
    pub epoch: usize,
    /// Epochs that the run will have.
    pub epochs: usize,
    /// Names and values, in the order in which they are to be shown.
    pub metrics: &'a [(&'static str, f64)],
}

/// Is told of every epoch.
pub trait Observer {
    /// Called once after each epoch.
    fn epoch(&mut self, epoch: &Epoch<'_>);
}

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn epoch(&mut self, _: &Epoch<'_>) {}
}
