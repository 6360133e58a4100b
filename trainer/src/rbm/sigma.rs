//! Standard deviations σ of Gaussian visible units, learned or given.
//!
//! ```text
//! E(v, h) = Σ (v − b)² / (2 σ²) − Σ c h − Σ (v/σ) W h            visible    v ~ N(b + σ (h Wᵀ), σ²)
//! ```
//!
//! (Nair & Hinton, ICML 2010). With u = v/σ and a = b/σ it is the energy of σ = 1. So layers, chains, running
//! means and annealing work on u and a; data are divided by σ on their way in, visible states multiplied on
//! their way out, and ln Z is larger by Σ ln σ, for dv = σ du.
//!
//! ```text
//! gradient of z = ln σ²    ∂/∂z ln p(v) = ½ ⟨(u − a)² − u (h Wᵀ)⟩ given v − the same of the model
//! step                     σ ← σ e^(Δz/2), and Δb = σ Δa
//! ```
//!
//! z is the parameter of Cho, Ilin & Raiko, ICANN 2011, here with the energy above: σ stays above 0, and its step does
//! not depend on the data's scale. Nor does that of b, which is the gradient's times σ²: Σ v₀ − vₖ as for σ = 1.
//! Where the chain hands on means, 1 is added to (u − a)² of the chain, the variance of the sample that the
//! mean stands for; the share that its noise would have in u (h Wᵀ) is missing still, so that samples are
//! the default. Centring and a target of activity do not act on z. It takes one product more than a machine of σ = 1.

use std::{borrow::Cow, ops::RangeInclusive};

use halfwave_kernels::{
    Level,
    gemm::Epilogue,
    update::{self, Momentum},
};
use rayon::prelude::*;

use super::{Rbm, Visible, config::States};
use crate::{
    TrainError,
    buffers::zeros,
    checkpoint::{Place, Places},
    samples::Rows,
    train::Diverged,
};

/// Elements that a task scales: whole rows of them.
const SCALED: usize = 1 << 15;

/// Columns that one task sums.
const COLUMNS: usize = 64;

/// σ, and what goes with it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sigma {
    /// σ `[visible]`.
    sigma: Vec<f32>,
    /// a = b/σ `[visible]`.
    bias: Vec<f32>,
    /// Of z `[visible]`.
    velocity: Vec<f32>,
}

impl Sigma {
    /// What σ can be. Data of another scale are better scaled.
    const RANGE: RangeInclusive<f32> = 1e-3..=1e3;

    /// σ = 1 and b = 0.
    pub(super) fn one(visible: usize) -> Result<Self, TrainError> {
        let buffer = || zeros("the deviations of the visible units", &[visible]);
        let mut sigma = buffer()?;
        sigma.fill(1.0);
        Ok(Self { sigma, bias: buffer()?, velocity: buffer()? })
    }

    pub(super) fn places(&mut self) -> Places<'_> {
        vec![
            ("sigma".into(), Place::Fixed(&mut self.sigma)),
            ("sigma.bias".into(), Place::Fixed(&mut self.bias)),
            ("sigma.velocity".into(), Place::Fixed(&mut self.velocity)),
        ]
    }

    /// σ `[visible]`.
    pub(super) fn values(&self) -> &[f32] {
        &self.sigma
    }

    /// a ← b/σ.
    pub(super) fn follow(&mut self, bias: &[f32]) {
        let terms = bias.iter().zip(&self.sigma);
        self.bias.iter_mut().zip(terms).for_each(|(a, (b, sigma))| *a = b / sigma);
    }

    /// x ← x/σ, for rows `[_, visible]`.
    pub(super) fn divide(&self, x: &mut [f32]) {
        self.scale(x, |x, sigma| x / sigma);
    }

    /// x ← x σ, for rows `[_, visible]`.
    pub(super) fn multiply(&self, x: &mut [f32]) {
        self.scale(x, |x, sigma| x * sigma);
    }

    fn scale(&self, x: &mut [f32], f: impl Fn(f32, f32) -> f32 + Sync) {
        let rows = (SCALED / self.sigma.len()).max(1);
        x.par_chunks_mut(rows * self.sigma.len()).for_each(|x| {
            for row in x.chunks_exact_mut(self.sigma.len()) {
                row.iter_mut().zip(&self.sigma).for_each(|(x, sigma)| *x = f(*x, *sigma));
            }
        });
    }

    /// Σ σ² (a − b)² over rows `[_, visible]`.
    pub(super) fn squared_distance(&self, a: &[f32], b: &[f32]) -> f64 {
        let width = self.sigma.len();
        let rows = a.chunks_exact(width).zip(b.chunks_exact(width));
        rows.map(|(a, b)| {
            let terms = self.sigma.iter().zip(a.iter().zip(b));
            terms.map(|(sigma, (a, b))| f64::from(sigma * (a - b)).powi(2)).sum::<f64>()
        })
        .sum()
    }
}

/// Memory of a step of z.
pub(super) struct SigmaStep {
    /// h Wᵀ `[2 batch, visible]`.
    inputs: Vec<f32>,
    /// Of z, summed over the batch `[visible]`.
    gradient: Vec<f32>,
    /// Δz `[visible]`.
    change: Vec<f32>,
    /// σ and the velocity after the step.
    after: Sigma,
}

impl SigmaStep {
    /// None where σ is not learned.
    pub(super) fn new(rbm: &Rbm) -> Result<Option<Self>, TrainError> {
        let (batch, visible) = (rbm.config.batch, rbm.visible_units);
        let Some(sigma) = rbm.sigma.as_ref().filter(|_| rbm.config.sigma_rate > 0.0) else {
            return Ok(None);
        };
        let buffer = |sizes: &[usize]| zeros("the step of the deviations", sizes);
        Ok(Some(Self {
            inputs: buffer(&[2, batch, visible])?,
            gradient: buffer(&[visible])?,
            change: buffer(&[visible])?,
            after: sigma.clone(),
        }))
    }

    /// The gradient from u `[2 rows, visible]` and h `[2 rows, hidden]`, the data's above the chains', each of which
    /// counts `g [2 rows]`.
    pub(super) fn gradient(&mut self, rbm: &Rbm, level: Level, u: &[f32], h: &[f32], g: &[f32]) {
        let visible = rbm.visible_units;
        let inputs = &mut self.inputs[..u.len()];
        rbm.to_visible(level, h, inputs, Epilogue::None);
        let by_means = rbm.config.visible_states() == States::Mean;
        let total: f64 = g[..g.len() / 2].iter().map(|&g| f64::from(g)).sum();
        // The chains count −Σ g.
        let variance = if by_means { -total } else { 0.0 };
        let bias = rbm.unit_bias();
        self.gradient.par_chunks_mut(COLUMNS).enumerate().for_each(|(i, out)| {
            let columns = i * COLUMNS..i * COLUMNS + out.len();
            let mut sums = [variance; COLUMNS];
            for (row, &g) in g.iter().enumerate() {
                let at = row * visible + columns.start;
                let (u, t) = (&u[at..][..out.len()], &inputs[at..][..out.len()]);
                for (((sum, u), t), a) in sums.iter_mut().zip(u).zip(t).zip(&bias[columns.clone()])
                {
                    let [u, t, a] = [u, t, a].map(|&x| f64::from(x));
                    *sum += f64::from(g) * ((u - a) * (u - a) - u * t);
                }
            }
            out.iter_mut().zip(sums).for_each(|(out, sum)| *out = (0.5 * sum) as f32);
        });
    }

    pub(super) fn is_finite(&self) -> bool {
        self.gradient.iter().all(|x| x.is_finite())
    }

    /// What σ and the velocity will be, from the gradient times `scale`.
    pub(super) fn advance(
        &mut self,
        level: Level,
        step: Momentum,
        scale: f32,
        before: &Sigma,
    ) -> Result<(), Diverged> {
        let Sigma { sigma, velocity, .. } = &mut self.after;
        velocity.copy_from_slice(&before.velocity);
        self.change.fill(0.0);
        update::momentum(level, step, scale, &self.gradient, velocity, &mut self.change);
        for (i, (sigma, before)) in sigma.iter_mut().zip(&before.sigma).enumerate() {
            let factor = libm::exp(0.5 * f64::from(self.change[i]));
            *sigma = (f64::from(*before) * factor) as f32;
            if !Sigma::RANGE.contains(sigma) {
                let (least, most) = (Sigma::RANGE.start(), Sigma::RANGE.end());
                let what = format!("σ of visible unit {i} is {sigma}, not from {least} to {most}");
                return Err(Diverged(what));
            }
        }
        Ok(())
    }

    /// Takes the step: `sigma` becomes what it will be, for the biases b.
    pub(super) fn take(&mut self, sigma: &mut Sigma, bias: &[f32]) {
        std::mem::swap(sigma, &mut self.after);
        sigma.follow(bias);
    }
}

impl Rbm {
    /// The machine with standard deviations σ `[visible]` of its Gaussian visible units; without, they are 1. With a
    /// [`sigma_rate`](super::RbmConfig::sigma_rate) above 0 training goes on from them, else they stay.
    ///
    /// ```
    /// use halfwave_kernels::{Level, units::Unit};
    /// use halfwave_trainer::rbm::{Rbm, RbmConfig, Visible};
    /// let config = RbmConfig::new(Visible::Gaussian, Unit::Bernoulli, 1);
    /// let rbm = Rbm::from_parameters(&config, &[2.0], &[3.0], &[0.0], 1)?.with_sigma(&[0.5])?;
    /// // b + σ W h
    /// assert_eq!(rbm.visible_mean(Level::best(), &[0.0, 1.0]), [3.0, 4.0]);
    /// # Ok::<(), halfwave_trainer::TrainError>(())
    /// ```
    ///
    /// # Errors
    /// [`TrainError::Setting`] for units that are not Gaussian and for a σ that is not from 10⁻³ to 10³;
    /// [`TrainError::Shape`].
    pub fn with_sigma(mut self, sigma: &[f32]) -> Result<Self, TrainError> {
        let visible = self.config.visible;
        TrainError::require(
            visible == Visible::Gaussian,
            "sigma",
            "gaussian visible units",
            visible,
        )?;
        let (expected, found) = (self.visible_units, sigma.len());
        if expected != found {
            return Err(TrainError::Shape { name: "sigma", expected, found });
        }
        if let Some(bad) = sigma.iter().find(|&sigma| !Sigma::RANGE.contains(sigma)) {
            return Err(TrainError::setting("sigma", "from 0.001 to 1000", bad));
        }
        let mut all = Sigma::one(self.visible_units)?;
        all.sigma.copy_from_slice(sigma);
        all.follow(&self.visible_bias);
        self.sigma = Some(all);
        self.sigma_by_data = false;
        Ok(self)
    }

    /// σ `[visible]` of Gaussian visible units, where they are learned or were given; else they are 1.
    #[must_use]
    pub fn sigma(&self) -> Option<&[f32]> {
        self.sigma.as_ref().map(Sigma::values)
    }

    /// W `[visible, hidden]` as it is multiplied by data: its rows divided by σ.
    #[must_use]
    pub fn input_weights(&self) -> Cow<'_, [f32]> {
        let Some(Sigma { sigma, .. }) = &self.sigma else { return Cow::Borrowed(&self.weights) };
        let rows = self.weights.chunks_exact(self.hidden_units()).zip(sigma);
        rows.flat_map(|(row, sigma)| row.iter().map(move |w| w / sigma)).collect()
    }

    /// a = b/σ.
    pub(super) fn unit_bias(&self) -> &[f32] {
        self.sigma.as_ref().map_or(&self.visible_bias, |sigma| &sigma.bias)
    }

    /// x/σ in `f64`.
    pub(super) fn wide_units(&self, x: &[f32]) -> Vec<f64> {
        let x = x.iter().map(|&x| f64::from(x));
        match &self.sigma {
            None => x.collect(),
            Some(Sigma { sigma, .. }) => x.zip(sigma).map(|(x, &s)| x / f64::from(s)).collect(),
        }
    }

    /// u = v/σ of rows `[_, visible]`.
    pub(super) fn scaled<'a>(&self, v: &'a [f32]) -> Cow<'a, [f32]> {
        let mut u = Cow::Borrowed(v);
        if let Some(sigma) = &self.sigma {
            sigma.divide(u.to_mut());
        }
        u
    }

    /// The same in place.
    pub(super) fn scale_in_place(&self, v: &mut [f32]) {
        if let Some(sigma) = &self.sigma {
            sigma.divide(v);
        }
    }

    /// v = u σ of rows `[_, visible]`, in place.
    pub(super) fn unscale_in_place(&self, u: &mut [f32]) {
        if let Some(sigma) = &self.sigma {
            sigma.multiply(u);
        }
    }

    /// Σ ln σ.
    pub(super) fn log_volume(&self) -> f64 {
        self.sigma.iter().flat_map(|sigma| &sigma.sigma).map(|&s| f64::from(s).ln()).sum()
    }

    /// σ ← the deviations of `x [rows, visible]` from its means `bias`, where σ is learned; the rows' weights have mean 1.
    /// As it was where one is none that σ can be.
    pub(super) fn set_sigma(
        &mut self,
        x: Rows<'_>,
        weights: Option<&[f32]>,
        bias: &[f32],
    ) -> Result<(), TrainError> {
        let Some(all) = &mut self.sigma else { return Ok(()) };
        if !self.sigma_by_data {
            all.follow(bias);
            return Ok(());
        }
        let mut squares = vec![0.0; bias.len()];
        x.for_each_weighted(bias.len(), weights, |row, weight| {
            for ((square, &v), &b) in squares.iter_mut().zip(row).zip(bias) {
                *square += weight * (f64::from(v) - f64::from(b)).powi(2);
            }
        });
        let rows = x.count(bias.len()) as f64;
        let sigma: Vec<f32> = squares.iter().map(|square| (square / rows).sqrt() as f32).collect();
        if let Some(column) = sigma.iter().position(|sigma| !Sigma::RANGE.contains(sigma)) {
            return Err(TrainError::Deviation { column, deviation: sigma[column] });
        }
        all.sigma = sigma;
        all.follow(bias);
        Ok(())
    }
}
