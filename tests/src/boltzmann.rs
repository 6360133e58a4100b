//! Tiny restricted Boltzmann machines in `f64`, every state of which is visited: what a likelihood is, from
//! its definition alone.
//!
//! E(v, h) = U(v) − c h − (v/σ) W h, with σ = 1 and U(v) = −b v, or |(v − b)/σ|²/2 for Gaussian units; a hidden unit has
//! states with weights, its base measure, or nodes with weights of a quadrature.

use halfwave_kernels::units::Unit;
use halfwave_trainer::{
    TrainError,
    rbm::{Rbm, RbmConfig, Visible},
};

/// The parameters, W `[visible, hidden]`.
#[derive(Clone, Debug)]
pub struct Tiny {
    /// The visible units.
    pub visible: Visible,
    /// The hidden units.
    pub hidden: Unit,
    /// W.
    pub w: Vec<f32>,
    /// b.
    pub b: Vec<f32>,
    /// c.
    pub c: Vec<f32>,
    /// σ of Gaussian units, 1 if none are given.
    pub sigma: Option<Vec<f32>>,
}

/// A state, or a node of a quadrature, and its weight.
type State = (f64, f64);

/// The states of one hidden unit: value and base measure.
///
/// # Panics
/// For NReLU, which has none.
#[must_use]
pub fn hidden_states(unit: Unit) -> Vec<State> {
    let choices = |n: u32, k: u32| (0..k).map(|i| f64::from(n - i) / f64::from(i + 1)).product();
    let gauss = |h: f64| (-0.5 * h * h).exp();
    match unit {
        Unit::Bernoulli => vec![(0.0, 1.0), (1.0, 1.0)],
        Unit::Binomial { trials } => {
            (0..=trials).map(|h| (f64::from(h), choices(trials, h))).collect()
        }
        Unit::Ssu { copies } => (0..1_u32 << copies)
            .map(|set| {
                let on = (0..copies).filter(|i| set >> i & 1 == 1);
                let shifts: f64 = on.map(|i| -0.5 - f64::from(i)).sum();
                (f64::from(set.count_ones()), shifts.exp())
            })
            .collect(),
        // The trapezoidal rule, which for such integrands has all digits.
        Unit::Gaussian => (-1000..=1000)
            .map(|i| f64::from(i) / 25.0)
            .map(|h| (h, gauss(h) / 25.0 / std::f64::consts::TAU.sqrt()))
            .collect(),
        Unit::TruncatedGaussian => simpson(20_000, 1e-3, gauss),
        Unit::Drelu { gamma, theta } => {
            let (gamma, theta) = (f64::from(gamma), f64::from(theta));
            let positive = simpson(5_000, 4e-3, |h| (-0.5 * h * h - theta * h).exp());
            let negative = simpson(5_000, -4e-3, |h| (-0.5 * gamma * h * h + theta * h).exp());
            [positive, negative].concat()
        }
        _ => panic!("{unit} has no base measure"),
    }
}

/// The nodes of Simpson's rule from 0 on, for an even number of steps after which `weight` is 0.
fn simpson(steps: u32, step: f64, weight: impl Fn(f64) -> f64) -> Vec<State> {
    let node = |i: u32| {
        let factor = if i.is_multiple_of(steps) { 1.0 } else { f64::from(2 + i % 2 * 2) };
        let h = f64::from(i) * step;
        (h, weight(h) * factor * step.abs() / 3.0)
    };
    (0..=steps).map(node).collect()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| x.into()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The gradients of W, b, c and ln σ², one after the other.
#[derive(Clone, Debug)]
struct Gradient {
    w: Vec<f64>,
    b: Vec<f64>,
    c: Vec<f64>,
    z: Vec<f64>,
}

/// What the gradient takes of some states: means of u = v/σ, of h, and, with a = b/σ, of (u − a)² − u (W h).
struct Statistics {
    u: Vec<f64>,
    h: Vec<f64>,
    of_z: Vec<f64>,
}

impl Tiny {
    /// The trainer's machine with these parameters.
    ///
    /// # Errors
    /// If the configuration is bad.
    pub fn rbm(&self, config: &RbmConfig, seed: u64) -> Result<Rbm, TrainError> {
        let rbm = Rbm::from_parameters(config, &self.w, &self.b, &self.c, seed)?;
        match &self.sigma {
            Some(sigma) => rbm.with_sigma(sigma),
            None => Ok(rbm),
        }
    }

    /// σ.
    fn sigma(&self) -> Vec<f64> {
        self.sigma.as_ref().map_or_else(|| vec![1.0; self.b.len()], |sigma| wide(sigma))
    }

    /// x/σ.
    fn scaled(&self, x: &[f32]) -> Vec<f64> {
        x.iter().zip(self.sigma()).map(|(&x, sigma)| f64::from(x) / sigma).collect()
    }

    /// W h.
    fn shifts(&self, h: &[f64]) -> Vec<f64> {
        wide(&self.w).chunks(h.len()).map(|w| dot(w, h)).collect()
    }

    /// The states of the visible units, those of the first unit changing last.
    ///
    /// # Panics
    /// For Gaussian units, which have too many.
    #[must_use]
    pub fn visible_states(&self) -> Vec<Vec<f32>> {
        let one_of = |k: usize| {
            (0..k).map(move |i| (0..k).map(|j| f32::from(u8::from(i == j))).collect()).collect()
        };
        let group: Vec<Vec<f32>> = match self.visible {
            Visible::Bernoulli => vec![vec![0.0], vec![1.0]],
            Visible::Potts { categories } => one_of(categories as usize),
            Visible::Gaussian => panic!("a continuum"),
        };
        product(&group, self.b.len() / group[0].len())
    }

    /// u W + c.
    fn inputs(&self, v: &[f64]) -> Vec<f64> {
        let n = self.c.len();
        let x = |j: usize| {
            let w = self.w.iter().skip(j).step_by(n).map(|&w| f64::from(w));
            f64::from(self.c[j]) + w.zip(v).map(|(w, v)| w * v).sum::<f64>()
        };
        (0..n).map(x).collect()
    }

    /// Σ over the states of one hidden unit of weight · e^(x h) · h^power, for inputs x.
    fn moment(states: &[State], x: f64, power: i32) -> f64 {
        states.iter().map(|&(h, weight)| weight * (x * h).exp() * h.powi(power)).sum()
    }

    fn means(&self, v: &[f64]) -> Vec<f64> {
        let states = hidden_states(self.hidden);
        let mean = |x: f64| Self::moment(&states, x, 1) / Self::moment(&states, x, 0);
        self.inputs(v).into_iter().map(mean).collect()
    }

    /// F(v), from the sum over the hidden states.
    #[must_use]
    pub fn free_energy(&self, v: &[f32]) -> f64 {
        let (v, b) = (self.scaled(v), self.scaled(&self.b));
        let u = match self.visible {
            Visible::Gaussian => v.iter().zip(&b).map(|(v, b)| 0.5 * (v - b) * (v - b)).sum(),
            _ => -dot(&v, &b),
        };
        let states = hidden_states(self.hidden);
        u - self.inputs(&v).into_iter().map(|x| Self::moment(&states, x, 0).ln()).sum::<f64>()
    }

    /// ln Z, from the sum over the visible states, or for Gaussian units over the hidden ones.
    #[must_use]
    pub fn log_z(&self) -> f64 {
        let (states, gaussian) = match self.visible {
            Visible::Gaussian => (self.by_hidden(), self.b.len() as f64),
            _ => (self.by_visible(), 0.0),
        };
        let z: f64 = states.iter().map(|(p, _)| p).sum();
        let volume: f64 = self.sigma().iter().map(|sigma| sigma.ln()).sum();
        z.ln() + volume + 0.5 * gaussian * std::f64::consts::TAU.ln()
    }

    /// P(v, h) over the visible states times the values of the hidden units, each from 0 to `values` − 1,
    /// those of the last hidden unit changing first.
    #[must_use]
    pub fn joint(&self, values: usize) -> Vec<f64> {
        let states = hidden_states(self.hidden);
        let numbers: Vec<Vec<f32>> = (0..values).map(|h| vec![h as f32]).collect();
        let mut p = Vec::new();
        for v in self.visible_states() {
            let v = wide(&v);
            let x = self.inputs(&v);
            for h in product(&numbers, self.c.len()) {
                let of_unit = |(h, x): (&f32, &f64)| {
                    let weight =
                        states.iter().filter(|s| s.0 == f64::from(*h)).map(|s| s.1).sum::<f64>();
                    weight * (x * f64::from(*h)).exp()
                };
                let of_hidden: f64 = h.iter().zip(&x).map(of_unit).product();
                p.push(dot(&v, &wide(&self.b)).exp() * of_hidden);
            }
        }
        let z: f64 = p.iter().sum();
        p.iter().map(|p| p / z).collect()
    }

    /// The gradient of the mean log-likelihood of the `rows`: of W, then b, then c, then ln σ² where σ is given.
    #[must_use]
    pub fn gradient(&self, rows: &[Vec<f32>]) -> Vec<f64> {
        let mut gradient = Gradient {
            w: vec![0.0; self.w.len()],
            b: vec![0.0; self.b.len()],
            c: vec![0.0; self.c.len()],
            z: vec![0.0; self.b.len()],
        };
        for row in rows {
            gradient.add(1.0 / rows.len() as f64, &self.given(row));
        }
        let states = match self.visible {
            Visible::Gaussian => self.by_hidden(),
            _ => self.by_visible(),
        };
        let z: f64 = states.iter().map(|(p, _)| p).sum();
        for (p, statistics) in &states {
            gradient.add(-p / z, statistics);
        }
        // ∂u/∂v, and a half of ∂ ln σ²/∂ ln σ.
        gradient.b.iter_mut().zip(self.sigma()).for_each(|(b, sigma)| *b /= sigma);
        gradient.z.iter_mut().for_each(|z| *z *= 0.5);
        let Gradient { w, b, c, z } = gradient;
        if self.sigma.is_some() { [w, b, c, z].concat() } else { [w, b, c].concat() }
    }

    /// The statistics given v.
    fn given(&self, v: &[f32]) -> Statistics {
        let (u, a) = (self.scaled(v), self.scaled(&self.b));
        let h = self.means(&u);
        let terms = u.iter().zip(&a).zip(self.shifts(&h));
        let of_z = terms.map(|((u, a), t)| (u - a) * (u - a) - u * t).collect();
        Statistics { u, h, of_z }
    }

    /// e^(−F(v)), and the statistics given v, for each v.
    fn by_visible(&self) -> Vec<(f64, Statistics)> {
        let of = |v: &Vec<f32>| ((-self.free_energy(v)).exp(), self.given(v));
        self.visible_states().iter().map(of).collect()
    }

    /// The weight of h, and the statistics given h, for each h: u ~ N(a + W h, 1).
    fn by_hidden(&self) -> Vec<(f64, Statistics)> {
        let (a, c) = (self.scaled(&self.b), wide(&self.c));
        let unit: Vec<Vec<State>> =
            hidden_states(self.hidden).into_iter().map(|state| vec![state]).collect();
        let of = |state: Vec<State>| {
            let weight: f64 = state.iter().map(|s| s.1).product();
            let h: Vec<f64> = state.iter().map(|s| s.0).collect();
            let shift = self.shifts(&h);
            let exponent = dot(&c, &h) + dot(&a, &shift) + 0.5 * dot(&shift, &shift);
            let u = a.iter().zip(&shift).map(|(a, t)| a + t).collect();
            let of_z = a.iter().zip(&shift).map(|(a, t)| t * t + 1.0 - (a + t) * t).collect();
            (weight * exponent.exp(), Statistics { u, h, of_z })
        };
        product(&unit, c.len()).into_iter().map(of).collect()
    }
}

impl Gradient {
    fn add(&mut self, scale: f64, Statistics { u, h, of_z }: &Statistics) {
        let pairs = u.iter().flat_map(|u| h.iter().map(move |h| u * h));
        self.w.iter_mut().zip(pairs).for_each(|(g, uh)| *g += scale * uh);
        self.b.iter_mut().zip(u).for_each(|(g, u)| *g += scale * u);
        self.c.iter_mut().zip(h).for_each(|(g, h)| *g += scale * h);
        self.z.iter_mut().zip(of_z).for_each(|(g, z)| *g += scale * z);
    }
}

/// All sequences of `n` of the `choices`, one after the other in each.
fn product<T: Copy>(choices: &[Vec<T>], n: usize) -> Vec<Vec<T>> {
    (0..n).fold(vec![Vec::new()], |all, _| {
        all.iter().flat_map(|head| choices.iter().map(|c| [&head[..], c].concat())).collect()
    })
}
