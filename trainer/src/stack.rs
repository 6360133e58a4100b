//! Stacks of RBMs, trained layer by layer, and unrolled into the hidden layers of an MLP. Stacks of auto-encoders, which
//! are unrolled in the same way, are [`autoencoder::stack`](crate::autoencoder::stack)'s.
//!
//! ```text
//! x [rows, visible] → RBM 1 → features [rows, hidden 1] → RBM 2 → …        each trained before the next
//! ```
//!
//! Hinton, Osindero & Teh 2006; with NReLU, Nair & Hinton, ICML 2010, sections 4 and 5. Features of unbounded
//! units are a Gaussian layer above: all are divided by one number, the average of their deviations, as the
//! paper does with pixels. The unrolled weights are divided by it, so that they fit the features as they are.
//! Rectifiers that are off for all rows say nothing: the layer above is trained without them, and its unrolled
//! weights from them are 0.

use halfwave_kernels::{Kind, Level};

use crate::{
    TrainError,
    network::Network,
    observe::Observer,
    rbm::{Rbm, RbmConfig, Visible},
    samples::Rows,
};

/// Weights and biases of pre-trained hidden layers, from the input on.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    pub(crate) layers: Vec<Layer>,
}

/// One hidden layer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layer {
    /// `[inputs, outputs]`.
    pub(crate) weights: Vec<f32>,
    /// `[outputs]`.
    pub(crate) bias: Vec<f32>,
}

impl Stack {
    /// Trains one RBM for each of `configs` on `x [rows, width]` or on the features of the RBM below.
    ///
    /// `x` has to fit the first machine's visible units; see [`Rbm::fit`]. The first machine has `seed`, each
    /// other one a seed of its own made of it.
    ///
    /// # Errors
    /// Those of [`Rbm::new`] and [`Rbm::fit`]; [`TrainError::Setting`] if there is no configuration, for hidden units
    /// for which an MLP has no activation, and for visible units that the layer below is no data for. All
    /// configurations are looked at before the first is trained.
    pub fn fit<'a>(
        level: Level,
        x: impl Into<Rows<'a>>,
        width: usize,
        configs: &[RbmConfig],
        seed: u64,
        run: &str,
        observer: &mut dyn Observer,
    ) -> Result<Self, TrainError> {
        TrainError::require(!configs.is_empty(), "configs", "at least one layer", 0)?;
        let data = x.into();
        check(configs, data.count(width.max(1)), width)?;
        let mut layers = Vec::with_capacity(configs.len());
        let mut below = Below { features: None, width, kept: (0..width).collect(), divisor: 1.0 };
        for (l, config) in configs.iter().enumerate() {
            if config.visible == Visible::Gaussian {
                below.prepare();
            }
            let x = below.features.as_ref().map_or(data, Rows::from);
            let mut rbm = Rbm::new(config, below.kept.len(), seed_of(l, seed))?;
            rbm.fit(level, x, &format!("{run}, layer {}", l + 1), observer)?;
            let weights = below.unrolled(&rbm.input_weights(), config.hidden_units);
            layers.push(Layer { weights, bias: rbm.hidden_bias().to_vec() });
            if l + 1 < configs.len() {
                let (features, width) = (Some(rbm.features(level, x)), config.hidden_units);
                below = Below { features, width, kept: (0..width).collect(), divisor: 1.0 };
            }
        }
        Ok(Self { layers })
    }

    /// Number of layers.
    #[must_use]
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// The stack of its first layers, at most so many.
    #[must_use]
    pub fn first(&self, layers: usize) -> Self {
        Self { layers: self.layers.iter().take(layers).cloned().collect() }
    }

    /// W of the first layer, `[visible, hidden]`.
    #[must_use]
    pub fn filters(&self) -> &[f32] {
        &self.layers[0].weights
    }

    /// Sets the first layers of `network`; the ones above stay as they are. Its activation should be that of the
    /// hidden units ([`Unit::activation`](halfwave_kernels::units::Unit::activation)).
    ///
    /// # Errors
    /// [`TrainError::Shape`] if the sizes of the MLP are others.
    pub fn unroll(&self, network: &mut Network) -> Result<(), TrainError> {
        for (l, Layer { weights, bias }) in self.layers.iter().enumerate() {
            network.set_parameters(l, weights, bias)?;
        }
        Ok(())
    }
}

/// The seed of a layer: models of one stack share no noise, and none with the stacks of other small seeds.
pub(crate) fn seed_of(layer: usize, seed: u64) -> u64 {
    // 2^64 / golden ratio, odd.
    seed ^ (layer as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// That every machine fits the layer below it, for `rows` of `width` values.
fn check(configs: &[RbmConfig], rows: usize, width: usize) -> Result<(), TrainError> {
    let mut below: Option<&RbmConfig> = None;
    for config in configs {
        let RbmConfig { visible, hidden, batch, .. } = *config;
        config.check()?;
        visible.check_units(below.map_or(width, |below| below.hidden_units))?;
        if batch > rows {
            return Err(TrainError::Batch { batch, rows });
        }
        let expected = "units with an activation, which an MLP has";
        TrainError::require(hidden.activation().is_some(), "hidden", expected, hidden)?;
        let is_data = match (below, visible) {
            (None, _) | (_, Visible::Gaussian) => true,
            (Some(below), Visible::Bernoulli) => below.hidden.activation() == Some(Kind::Sigmoid),
            (Some(_), Visible::Potts { .. }) => false,
        };
        let expected =
            "gaussian, where the features of the layer below are no probabilities or no states";
        TrainError::require(is_data, "visible", expected, visible)?;
        below = Some(config);
    }
    Ok(())
}

/// What a machine sees of the layer below.
struct Below {
    /// `[rows, kept]`; none for the data, which are left as they are.
    features: Option<Vec<f32>>,
    /// Units of the layer.
    width: usize,
    /// The units that it sees.
    kept: Vec<usize>,
    /// What their features are divided by.
    divisor: f32,
}

impl Below {
    /// Features of a Gaussian layer: without constant ones, and divided by the average of their population
    /// deviations.
    fn prepare(&mut self) {
        let Some(features) = &mut self.features else { return };
        let deviations = deviations(features, self.width);
        self.kept = (0..self.width).filter(|&column| deviations[column] > 0.0).collect();
        let average = deviations.iter().sum::<f64>() / self.kept.len().max(1) as f64;
        self.divisor = if average > 0.0 { average as f32 } else { 1.0 };
        let rows = features.chunks_exact(self.width);
        *features = rows
            .flat_map(|row| self.kept.iter().map(|&column| row[column] / self.divisor))
            .collect();
    }

    /// `[width, outputs]` for features as they are, from the weights `[kept, outputs]` of the machine.
    fn unrolled(&self, weights: &[f32], outputs: usize) -> Vec<f32> {
        let mut all = vec![0.0; self.width * outputs];
        for (&column, weights) in self.kept.iter().zip(weights.chunks_exact(outputs)) {
            let to = &mut all[column * outputs..][..outputs];
            to.iter_mut().zip(weights).for_each(|(to, w)| *to = w / self.divisor);
        }
        all
    }
}

/// Population deviation of each column of `x [rows, width]`; exactly 0 where it is constant.
fn deviations(x: &[f32], width: usize) -> Vec<f64> {
    let first = &x[..width.min(x.len())];
    let (mut sums, mut squares) = (vec![0.0_f64; width], vec![0.0_f64; width]);
    for row in x.chunks_exact(width) {
        for (((sum, square), &x), &first) in sums.iter_mut().zip(&mut squares).zip(row).zip(first) {
            let moved = f64::from(x) - f64::from(first);
            *sum += moved;
            *square += moved * moved;
        }
    }
    let rows = (x.len() / width).max(1) as f64;
    let deviation =
        |(sum, square): (&f64, &f64)| (square / rows - (sum / rows).powi(2)).max(0.0).sqrt();
    sums.iter().zip(&squares).map(deviation).collect()
}

#[cfg(test)]
mod tests {
    use halfwave_kernels::units::Unit;

    use super::*;
    use crate::{
        network::{Head, MlpConfig},
        observe::Silent,
        optim::Optimiser,
    };

    const WIDTH: usize = 6;

    fn data() -> Vec<f32> {
        (0..40 * WIDTH).map(|i| ((i * i) as f32 * 0.7).sin().abs()).collect()
    }

    fn mlp(sizes: &[usize], activation: Kind) -> Network {
        let config = MlpConfig {
            sizes: sizes.to_vec(),
            activation,
            dropout: 0.0,
            head: Head::Softmax,
            optimiser: Optimiser::adam(),
            batch: 4,
            epochs: 1,
        };
        Network::mlp(&config, 1).unwrap()
    }

    fn rbm(visible: Visible, hidden: Unit, units: usize) -> RbmConfig {
        RbmConfig { batch: 10, epochs: 3, ..RbmConfig::new(visible, hidden, units) }
    }

    fn fit(configs: &[RbmConfig]) -> Result<Stack, TrainError> {
        Stack::fit(Level::best(), &data(), WIDTH, configs, 7, "stack", &mut Silent)
    }

    /// The second machine sees features that are divided; its weights, unrolled, see them as they are.
    #[test]
    fn unrolled_layers_are_the_machines() {
        let configs = [
            rbm(Visible::Bernoulli, Unit::Bernoulli, 8),
            rbm(Visible::Gaussian, Unit::Bernoulli, 5),
        ];
        let stack = fit(&configs).unwrap();
        let mut network = mlp(&[WIDTH, 8, 5, 2], Kind::Sigmoid);
        stack.unroll(&mut network).unwrap();
        let (level, x) = (Level::best(), data());

        let mut first = Rbm::new(&configs[0], WIDTH, 7).unwrap();
        first.fit(level, &x, "first", &mut Silent).unwrap();
        assert_eq!(network.parameters()[0][0], first.weights());
        let mut features = first.features(level, &x);
        let divisor = (deviations(&features, 8).iter().sum::<f64>() / 8.0) as f32;
        features.iter_mut().for_each(|x| *x /= divisor);
        let mut second = Rbm::new(&configs[1], 8, seed_of(1, 7)).unwrap();
        second.fit(level, &features, "second", &mut Silent).unwrap();
        for (unrolled, w) in network.parameters()[1][0].iter().zip(second.weights()) {
            assert!((unrolled * divisor - w).abs() < 1e-6 * w.abs().max(1.0));
        }
        assert_eq!(network.parameters()[1][1], second.hidden_bias());

        // The first layer alone leaves the second as it was.
        let untouched = mlp(&[WIDTH, 8, 5, 2], Kind::Sigmoid);
        let mut network = untouched.clone();
        stack.first(1).unroll(&mut network).unwrap();
        assert_eq!(network.parameters()[0][0], stack.filters());
        assert_eq!(network.parameters()[1], untouched.parameters()[1]);
    }

    #[test]
    fn constant_features_are_left_out() {
        let features = Some(vec![0.0, 1.0, 0.1, 4.0, 0.0, 3.0, 0.1, 8.0]); // [2, 4]
        let mut below = Below { features, width: 4, kept: (0..4).collect(), divisor: 1.0 };
        below.prepare();
        assert_eq!((&below.kept[..], below.divisor), (&[1, 3][..], 1.5));
        assert_eq!(below.features.as_deref(), Some(&[1.0 / 1.5, 4.0 / 1.5, 2.0, 8.0 / 1.5][..]));
        assert_eq!(below.unrolled(&[3.0, 6.0], 1), [0.0, 2.0, 0.0, 4.0]);
    }

    #[test]
    fn stacks_that_do_not_fit_are_errors() {
        assert!(matches!(fit(&[]), Err(TrainError::Setting { name: "configs", .. })));
        let stack = fit(&[rbm(Visible::Bernoulli, Unit::Bernoulli, 8)]).unwrap();
        assert_eq!(stack.layers(), 1);
        for sizes in [&[WIDTH, 7, 2][..], &[WIDTH + 1, 8, 2]] {
            let error = stack.unroll(&mut mlp(sizes, Kind::Sigmoid)).unwrap_err();
            assert!(matches!(error, TrainError::Shape { .. }), "{error}");
        }
    }

    /// Found out before the first layer is trained, whose data would be an error too.
    #[test]
    fn layers_that_do_not_fit_are_errors_before_training() {
        let below = |hidden| rbm(Visible::Bernoulli, hidden, 8);
        let above = |visible| rbm(visible, Unit::Bernoulli, 5);
        let potts = above(Visible::Potts { categories: 3 });
        let drelu = Unit::Drelu { gamma: 4.0, theta: 0.5 };
        for (configs, expected) in [
            // Features below 0, or above 1, are no probabilities.
            ([below(Unit::Gaussian), above(Visible::Bernoulli)], "visible"),
            ([below(Unit::Nrelu), above(Visible::Bernoulli)], "visible"),
            ([below(Unit::Bernoulli), potts], "visible units"),
            ([below(Unit::Bernoulli), above(Visible::Potts { categories: 2 })], "visible"),
            ([below(Unit::Bernoulli), rbm(Visible::Gaussian, drelu, 5)], "hidden"),
            ([below(Unit::Bernoulli), RbmConfig { steps: 0, ..above(Visible::Gaussian) }], "steps"),
        ] {
            let data = vec![2.0; 40 * WIDTH];
            let level = Level::best();
            let error =
                Stack::fit(level, &data, WIDTH, &configs, 7, "stack", &mut Silent).unwrap_err();
            assert!(
                matches!(error, TrainError::Setting { name, .. } if name == expected),
                "{error}"
            );
        }
        let batch = RbmConfig { batch: 41, ..above(Visible::Gaussian) };
        let error = fit(&[below(Unit::Bernoulli), batch]).unwrap_err();
        assert_eq!(error, TrainError::Batch { batch: 41, rows: 40 });
    }

    /// The features of a machine with σ of its own are those of the unrolled layer on the same data.
    #[test]
    fn learned_noise_is_in_the_unrolled_weights() {
        let x: Vec<f32> = data().iter().map(|x| 30.0 * x).collect();
        let config = RbmConfig { sigma_rate: 1.0, ..rbm(Visible::Gaussian, Unit::Bernoulli, 8) };
        let level = Level::best();
        let stack =
            Stack::fit(level, &x, WIDTH, std::slice::from_ref(&config), 7, "stack", &mut Silent)
                .unwrap();
        let mut alone = Rbm::new(&config, WIDTH, 7).unwrap();
        alone.fit(level, &x, "stack, layer 1", &mut Silent).unwrap();
        assert!(alone.sigma().unwrap().iter().all(|&s| s > 2.0), "{:?}", alone.sigma());
        let mut network = mlp(&[WIDTH, 8, 2], Kind::Sigmoid);
        stack.unroll(&mut network).unwrap();
        let features = alone.features(level, &x);
        for (row, features) in x.chunks(WIDTH).zip(features.chunks(8)) {
            for (j, feature) in features.iter().enumerate() {
                let [weights, bias] = network.parameters()[0];
                let terms = row.iter().enumerate().map(|(i, v)| v * weights[i * 8 + j]);
                let input = bias[j] + terms.sum::<f32>();
                assert!((1.0 / (1.0 + (-input).exp()) - feature).abs() < 1e-5);
            }
        }
    }
}
