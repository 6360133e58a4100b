//! CAReLU, competition-based adaptive ReLU: a rectifier whose slope follows how much of a row is positive.
//!
//! x [rows, columns], and for each row
//!
//! energy     p  = Σ max(0, x)² / (Σ x² + ε)
//! slope      s  = K tanh(αp + β)
//! forward    y  = max(0, s x)
//! backward   dx = s g + (Σ g x) K α sech²(αp + β) (2 max(0, x) − 2 p x) / (Σ x² + ε),  g = dy where y > 0, else 0
//!            dα = Σ over rows (Σ g x) K sech² p,   dβ = Σ over rows (Σ g x) K sech²
//!
//! arXiv:2407.19441, in its energy form (p_E). The values of K, α, β and ε at the start could not be found
//! in a source: the defaults here are ours.

use crate::{
    dispatch::{Kernel, Level},
    elementwise::same_length,
    math::tanh_sech2_f64,
    rows::whole_rows,
    simd::{F32, F64, LANES, Simd, load_up_to, reduce, store_up_to},
};

/// What is learned, and what is fixed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CaRelu {
    /// Learned.
    pub alpha: f32,
    /// Learned.
    pub beta: f32,
    /// K: the largest slope.
    pub scale: f32,
    /// Keeps the divisor of a row of zeros from 0.
    pub epsilon: f32,
}

impl Default for CaRelu {
    fn default() -> Self {
        Self { alpha: 1.0, beta: 0.0, scale: 1.0, epsilon: 1e-8 }
    }
}

/// A value that [`CaRelu`] cannot have.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("carelu: `{name}` is {value}, but must be {domain}")]
pub struct CaReluError {
    /// The field.
    pub name: &'static str,
    /// Its value.
    pub value: f32,
    /// What it may be.
    pub domain: super::Domain,
}

impl CaRelu {
    /// Refuses values outside of the function's domain: all finite, ε > 0.
    ///
    /// # Errors
    /// The first such value.
    pub fn check(&self) -> Result<(), CaReluError> {
        use super::Domain::{Finite, Positive};
        let values = [
            ("alpha", self.alpha, Finite),
            ("beta", self.beta, Finite),
            ("scale", self.scale, Finite),
            ("epsilon", self.epsilon, Positive),
        ];
        match values.into_iter().find(|(_, value, domain)| !domain.contains(*value)) {
            Some((name, value, domain)) => Err(CaReluError { name, value, domain }),
            None => Ok(()),
        }
    }

    /// y of one row by its mathematical definition.
    pub fn definition(&self, x: &[f64], y: &mut [f64]) {
        let energy = x.iter().map(|x| x * x).sum::<f64>() + f64::from(self.epsilon);
        let p = x.iter().map(|x| x.max(0.0).powi(2)).sum::<f64>() / energy;
        let t = f64::from(self.alpha) * p + f64::from(self.beta);
        let slope = f64::from(self.scale) * t.tanh();
        for (x, y) in x.iter().zip(y) {
            *y = (slope * x).max(0.0);
        }
    }
}

/// y = max(0, s x) for each row of x `[rows, columns]`.
///
/// ```
/// use halfwave_kernels::{Level, learned::carelu::{self, CaRelu}};
/// // The whole energy of the first row is positive, none of the second's.
/// let mut y = [0.0; 4];
/// carelu::forward(Level::best(), CaRelu::default(), &[3.0, 4.0, -3.0, -4.0], 2, &mut y)?;
/// let slope = 1_f32.tanh();
/// assert!((y[0] - 3.0 * slope).abs() < 1e-6 && (y[1] - 4.0 * slope).abs() < 1e-6);
/// assert_eq!(y[2..], [0.0, 0.0]);
/// # Ok::<(), carelu::CaReluError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn forward(
    level: Level,
    carelu: CaRelu,
    x: &[f32],
    columns: usize,
    y: &mut [f32],
) -> Result<(), CaReluError> {
    same_length("x", x.len(), "y", y.len());
    whole_rows(x.len(), columns);
    carelu.check()?;
    level.run(Forward { carelu, x, columns, y });
    Ok(())
}

/// dx, and the gradients of α and β, which are returned: rows in order, in `f64`.
///
/// ```
/// use halfwave_kernels::{Level, learned::carelu::{self, CaRelu}};
/// let (x, dy, mut dx) = ([3.0, 4.0], [1.0, 1.0], [0.0; 2]);
/// let [d_alpha, d_beta] = carelu::backward(Level::best(), CaRelu::default(), &x, 2, &dy, &mut dx)?;
/// // Σ x sech²(1), with p = 1.
/// assert!((d_alpha - 2.93982).abs() < 1e-5 && (d_beta - 2.93982).abs() < 1e-5);
/// # Ok::<(), carelu::CaReluError>(())
/// ```
///
/// # Errors
/// If a parameter is outside of its domain.
///
/// # Panics
/// If the lengths do not fit.
pub fn backward(
    level: Level,
    carelu: CaRelu,
    x: &[f32],
    columns: usize,
    dy: &[f32],
    dx: &mut [f32],
) -> Result<[f32; 2], CaReluError> {
    same_length("x", x.len(), "dx", dx.len());
    same_length("dy", dy.len(), "dx", dx.len());
    whole_rows(x.len(), columns);
    carelu.check()?;
    let [alpha, beta] = level.run(Backward { carelu, x, columns, dy, dx });
    Ok([alpha as f32, beta as f32])
}

/// What a row has in common.
struct Row {
    /// Σ x² + ε.
    energy: f64,
    p: f64,
    tanh: f64,
    sech2: f64,
}

impl CaRelu {
    #[inline(always)]
    fn row<S: Simd>(&self, simd: S, x: &[f32]) -> Row {
        let zero = F32::splat(simd, 0.0);
        let (mut upper, mut lower) = (zero.widen(), zero.widen());
        for x in x.chunks(LANES) {
            let x = load_up_to(simd, x);
            let below = x.le(zero);
            let (above, below) = (below.select(zero, x).widen(), below.select(x, zero).widen());
            upper = above.mul_add(above, upper);
            lower = below.mul_add(below, lower);
        }
        let upper = reduce::sum_f64(upper);
        let energy = upper + reduce::sum_f64(lower) + f64::from(self.epsilon);
        let p = upper / energy;
        let t = f64::from(self.alpha) * p + f64::from(self.beta);
        let (tanh, sech2) = tanh_sech2_f64(F64::splat(simd, t));
        Row { energy, p, tanh: tanh.to_array()[0], sech2: sech2.to_array()[0] }
    }
}

/// g: dy where s x > 0, else 0.
#[inline(always)]
fn passed<S: Simd>(x: F32<S>, slope: F64<S>, dy: F32<S>) -> F64<S> {
    let zero = x.constant(0.0);
    (x.widen() * slope).narrow().le(zero).select(zero, dy).widen()
}

struct Forward<'a> {
    carelu: CaRelu,
    x: &'a [f32],
    columns: usize,
    y: &'a mut [f32],
}

impl Kernel for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let columns = self.columns.max(1);
        for (x, y) in self.x.chunks_exact(columns).zip(self.y.chunks_exact_mut(columns)) {
            let slope = f64::from(self.carelu.scale) * self.carelu.row(simd, x).tanh;
            let slope = F64::splat(simd, slope);
            for (x, y) in x.chunks(LANES).zip(y.chunks_mut(LANES)) {
                let z = (load_up_to(simd, x).widen() * slope).narrow();
                let zero = z.constant(0.0);
                store_up_to(z.le(zero).select(zero, z), y);
            }
        }
    }
}

struct Backward<'a> {
    carelu: CaRelu,
    x: &'a [f32],
    columns: usize,
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Kernel for Backward<'_> {
    /// dα, dβ.
    type Output = [f64; 2];

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> [f64; 2] {
        let columns = self.columns.max(1);
        let zero = F32::splat(simd, 0.0);
        let scale = f64::from(self.carelu.scale);
        let mut gradients = [0.0; 2];
        let rows = self.x.chunks_exact(columns).zip(self.dy.chunks_exact(columns));
        for ((x, dy), dx) in rows.zip(self.dx.chunks_exact_mut(columns)) {
            let row = self.carelu.row(simd, x);
            let slope = F64::splat(simd, scale * row.tanh);
            let mut sum = zero.widen();
            for (x, dy) in x.chunks(LANES).zip(dy.chunks(LANES)) {
                let (x, dy) = (load_up_to(simd, x), load_up_to(simd, dy));
                sum = passed(x, slope, dy).mul_add(x.widen(), sum);
            }
            let d_beta = reduce::sum_f64(sum) * scale * row.sech2;
            gradients[0] += d_beta * row.p;
            gradients[1] += d_beta;
            let of_p = F64::splat(simd, d_beta * f64::from(self.carelu.alpha) * 2.0 / row.energy);
            let p = F64::splat(simd, row.p);
            for ((x, dy), dx) in x.chunks(LANES).zip(dy.chunks(LANES)).zip(dx.chunks_mut(LANES)) {
                let (x, dy) = (load_up_to(simd, x), load_up_to(simd, dy));
                let above = x.le(zero).select(zero, x).widen();
                let dp = (-p).mul_add(x.widen(), above);
                store_up_to(slope.mul_add(passed(x, slope, dy), of_p * dp).narrow(), dx);
            }
        }
        gradients
    }
}
