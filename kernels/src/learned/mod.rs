//! Functions with learned parameters: forward, and the gradients of x *and* of the parameters.
//!
//! One file each: formula, gradients, `f64` definitions, worst errors, parameters with their initial values
//! and domains. Adding one is its file and one line of the macro `learned!`; names, checks, drivers and tests follow.
//!
//! A parameter is a slice: one value for the whole of x, or one a channel, where x is `[rows, channels]`,
//! row-major. Each parameter chooses for itself (DyT has one α and a γ and β a channel), so there is no
//! layout to pass: the lengths say it.
//!
//! Functions with an exponential, a quotient or a sine are evaluated in `f64` and rounded once: βx does
//! not fit an `f32`, and terms of any size may cancel. Their errors are half a unit, unless the terms
//! cancel to below 2⁻²⁴ of the largest. The others are one or two operations in `f32`.

mod apalu;
pub mod carelu;
mod coslu;
mod delu;
mod driver;
mod dyt;
mod elu;
mod lelelu;
mod lin_comb;
mod prelu;
mod relun;
mod scaled_softsign;
mod shilu;
mod sinlu;
mod swish;

pub use driver::{
    backward, backward_in_place, forward, forward_in_place, par_backward, par_backward_in_place,
    par_forward, par_forward_in_place,
};

use std::{fmt, str::FromStr};

use crate::simd::{F32, F64, Mask, Simd};

/// Which values a parameter may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Domain {
    /// Any finite number.
    Finite,
    /// Any finite number above 0.
    Positive,
    /// Any finite number but 0.
    NonZero,
}

impl Domain {
    /// Whether `value` is allowed.
    #[must_use]
    pub fn contains(self, value: f32) -> bool {
        value.is_finite()
            && match self {
                Self::Finite => true,
                Self::Positive => value > 0.0,
                Self::NonZero => value != 0.0,
            }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Finite => "finite",
            Self::Positive => "finite and above 0",
            Self::NonZero => "finite and not 0",
        })
    }
}

/// A learned parameter of a function.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parameter {
    /// Snake case.
    pub name: &'static str,
    /// The value at the start of training.
    pub initial: f32,
    /// Which values it may have.
    pub domain: Domain,
}

impl Parameter {
    const fn new(name: &'static str, initial: f32, domain: Domain) -> Self {
        Self { name, initial, domain }
    }
}

/// A parameter outside of its function's domain.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{kind}: parameter `{name}` is {value}, but must be {domain}")]
pub struct ParameterError {
    /// The function.
    pub kind: LearnedKind,
    /// The parameter.
    pub name: &'static str,
    /// Its value.
    pub value: f32,
    /// What it may be.
    pub domain: Domain,
}

/// A function with `N` learned parameters, element by element.
pub(crate) trait Learned<const N: usize>: Copy + Send + Sync {
    /// Snake case, as on the command line.
    const NAME: &'static str;
    /// In the order of all other methods.
    const PARAMETERS: [Parameter; N];
    /// Worst error of `forward` in ULP, rounded up, where its terms do not cancel.
    const MAX_ULP: f64;
    /// Worst error of dx for dy = 1 in ULP, rounded up, where its terms do not cancel.
    const MAX_ULP_BACKWARD: f64;

    /// y = f(x; p).
    fn forward<S: Simd>(self, x: F32<S>, p: [F32<S>; N]) -> F32<S>;

    /// dx = df/dx · dy, and this element's part df/dp · dy of each parameter's gradient.
    fn backward<S: Simd>(self, x: F32<S>, dy: F32<S>, p: [F32<S>; N]) -> (F32<S>, [F64<S>; N]);

    /// f(x; p) by its mathematical definition.
    fn definition(self, x: f64, p: [f64; N]) -> f64;
    /// df/dx by its mathematical definition.
    fn derivative(self, x: f64, p: [f64; N]) -> f64;
    /// df/dp by its mathematical definition.
    fn parameter_derivatives(self, x: f64, p: [f64; N]) -> [f64; N];

    /// What is wrong with parameters that are each in their domain: name, value, domain.
    fn refuse_together(self, _: [f32; N]) -> Option<(&'static str, f32, Domain)> {
        None
    }
}

/// Work to be done with one function, chosen at run time.
trait Visitor {
    /// What the work returns.
    type Output;
    /// The work.
    fn visit<const N: usize, L: Learned<N>>(self, function: L) -> Self::Output;
}

macro_rules! learned {
    ($($(#[$doc:meta])* $variant:ident = $value:path;)*) => {
        /// A function with learned parameters, chosen at run time.
        ///
        /// ```
        /// use halfwave_kernels::learned::LearnedKind;
        /// let kind: LearnedKind = "prelu".parse()?;
        /// assert_eq!(kind.parameters()[0].initial, 0.25);
        /// # Ok::<(), halfwave_kernels::learned::UnknownLearnedKind>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum LearnedKind {
            $($(#[$doc])* $variant,)*
        }

        impl LearnedKind {
            /// All functions with learned parameters, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in snake case, as on the command line.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => name_of($value),)* }
            }

            /// The parameters, in the order in which all functions take them.
            #[must_use]
            pub fn parameters(self) -> &'static [Parameter] {
                match self { $(Self::$variant => parameters_of($value),)* }
            }

            /// Worst errors of forward, and of dx for dy = 1, in units in the last place of the exact
            /// result rounded to `f32`, where the terms do not cancel.
            #[must_use]
            pub fn max_ulp(self) -> (f64, f64) {
                match self { $(Self::$variant => max_ulp_of($value),)* }
            }

            /// f(x; p) by its mathematical definition, in `f64`.
            ///
            /// # Panics
            /// If `p` has not one value a parameter.
            #[must_use]
            pub fn definition(self, x: f64, p: &[f64]) -> f64 {
                match self { $(Self::$variant => $value.definition(x, fixed(self, p)),)* }
            }

            /// df/dx by its mathematical definition, in `f64`.
            ///
            /// # Panics
            /// If `p` has not one value a parameter.
            #[must_use]
            pub fn derivative(self, x: f64, p: &[f64]) -> f64 {
                match self { $(Self::$variant => $value.derivative(x, fixed(self, p)),)* }
            }

            /// df/dp by its mathematical definition, in `f64`.
            ///
            /// # Panics
            /// If `p` or `out` have not one value a parameter.
            pub fn parameter_derivatives(self, x: f64, p: &[f64], out: &mut [f64]) {
                match self { $(Self::$variant => {
                    out.copy_from_slice(&$value.parameter_derivatives(x, fixed(self, p)));
                })* }
            }

            #[inline]
            fn visit<V: Visitor>(self, visitor: V) -> V::Output {
                match self { $(Self::$variant => visitor.visit($value),)* }
            }
        }
    };
}

learned! {
    /// x above 0, a x below; He et al. 2015.
    Prelu = prelu::Prelu;
    /// x above 0, α (eˣ − 1) below; Clevert et al. 2016.
    TrainableElu = elu::Elu;
    /// x σ(βx); Ramachandran et al. 2017.
    Swish = swish::Swish;
    /// a (x + x σ(1.702 x)) above 0, b (eˣ − 1) below; arXiv:2402.08244.
    Apalu = apalu::Apalu;
    /// (x + α cos βx) σ(x).
    CosLu = coslu::CosLu;
    /// (x + a sin bx) σ(x).
    SinLu = sinlu::SinLu;
    /// min(max(0, x), n).
    ReluN = relun::ReluN;
    /// α max(0, x) + β.
    ShiLu = shilu::ShiLu;
    /// α x / (β + |x|).
    ScaledSoftsign = scaled_softsign::ScaledSoftsign;
    /// x σ(x) below 0, (n + ½) x + 1 − e⁻ˣ above.
    Delu = delu::Delu;
    /// α x above 0, α x / 10 below.
    LeLeLu = lelelu::LeLeLu;
    /// Σ w_k g_k(x) of relu, sigmoid, tanh and softsign.
    LinComb = lin_comb::LinComb;
    /// Σ w_k g_k(x) / (Σ w + 10⁻⁸) of the same.
    NormLinComb = lin_comb::NormLinComb;
    /// γ tanh(αx) + β; Zhu et al. 2025.
    Dyt = dyt::Dyt;
}

fn name_of<const N: usize, L: Learned<N>>(_: L) -> &'static str {
    L::NAME
}

fn parameters_of<const N: usize, L: Learned<N>>(_: L) -> &'static [Parameter] {
    const { &L::PARAMETERS }
}

fn max_ulp_of<const N: usize, L: Learned<N>>(_: L) -> (f64, f64) {
    (L::MAX_ULP, L::MAX_ULP_BACKWARD)
}

/// One item a parameter, as an array.
#[track_caller]
fn fixed<const N: usize, T: Copy>(kind: LearnedKind, items: &[T]) -> [T; N] {
    items.try_into().unwrap_or_else(|_| wrong_number(kind, N, items.len()))
}

#[track_caller]
fn wrong_number(kind: LearnedKind, expected: usize, found: usize) -> ! {
    panic!("{kind} has {expected} parameters, but {found} were given")
}

impl LearnedKind {
    /// Refuses parameters outside of the function's domain. Shapes as in [`forward`], which calls this.
    ///
    /// ```
    /// use halfwave_kernels::learned::LearnedKind;
    /// assert!(LearnedKind::ReluN.check(&[&[6.0]]).is_ok());
    /// let error = LearnedKind::ReluN.check(&[&[-1.0]]).unwrap_err();
    /// assert_eq!(error.to_string(), "relun: parameter `n` is -1, but must be finite and above 0");
    /// ```
    ///
    /// # Errors
    /// The first parameter that is not in its domain.
    ///
    /// # Panics
    /// If the number of parameters is wrong, or two have different numbers of channels.
    pub fn check(self, parameters: &[&[f32]]) -> Result<(), ParameterError> {
        struct Check<'a>(LearnedKind, &'a [&'a [f32]]);
        impl Visitor for Check<'_> {
            type Output = Result<(), ParameterError>;
            fn visit<const N: usize, L: Learned<N>>(self, function: L) -> Self::Output {
                let Self(kind, parameters) = self;
                let parameters: [&[f32]; N] = fixed(kind, parameters);
                let channels = driver::channels::<N, L>(parameters);
                let error = |(name, value, domain)| ParameterError { kind, name, value, domain };
                for (parameter, values) in L::PARAMETERS.iter().zip(parameters) {
                    if let Some(&value) = values.iter().find(|&&v| !parameter.domain.contains(v)) {
                        return Err(error((parameter.name, value, parameter.domain)));
                    }
                }
                for channel in 0..channels.unwrap_or(1) {
                    let p = parameters.map(|p| if p.len() == 1 { p[0] } else { p[channel] });
                    if let Some(what) = function.refuse_together(p) {
                        return Err(error(what));
                    }
                }
                Ok(())
            }
        }
        self.visit(Check(self, parameters))
    }
}

/// No function with learned parameters has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown function `{0}`; the functions with learned parameters are {names}", names = LearnedKind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownLearnedKind(String);

impl FromStr for LearnedKind {
    type Err = UnknownLearnedKind;

    fn from_str(name: &str) -> Result<Self, UnknownLearnedKind> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownLearnedKind(name.into()))
    }
}

impl fmt::Display for LearnedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Takes the place of ∞: formulas then take their limits by themselves. Times the smallest `f32` it is still
/// infinite in `f32`, times the largest it is still finite in `f64`.
const INFINITE: f64 = 2.037_035_976_334_486e90;

/// x, with ±∞ replaced by ±[`INFINITE`]. NaN stays.
#[inline(always)]
fn finite<S: Simd>(x: F32<S>) -> F64<S> {
    let x = x.widen();
    let x = x.constant(-INFINITE).max(x);
    x.constant(INFINITE).min(x)
}

fn finite_f64(x: f64) -> f64 {
    x.clamp(-INFINITE, INFINITE)
}

/// x ≤ 0, for the selection of x itself: there a compiler may take `x.le(zero)` for part of a minimum, which
/// on Arm makes a NaN of a signalling NaN.
#[inline(always)]
fn not_above_zero<S: Simd>(x: F32<S>) -> Mask<S> {
    x.abs().eq(-x)
}

/// 0 where x ≤ 0, else x.
#[inline(always)]
fn positive_part<S: Simd>(x: F32<S>) -> F32<S> {
    let zero = x.constant(0.0);
    x.le(zero).select(zero, x)
}

/// 0 where x > 0, else x.
#[inline(always)]
fn negative_part<S: Simd>(x: F32<S>) -> F32<S> {
    let zero = x.constant(0.0);
    zero.lt(x).select(zero, x)
}

/// x, made finite where the factor a is 0.
#[inline(always)]
fn factor_finite<S: Simd>(a: F32<S>, x: F32<S>) -> F32<S> {
    let cut = x.constant(f32::MAX).min(x.constant(-f32::MAX).max(x));
    a.eq(x.constant(0.0)).select(cut, x)
}

/// a x, with 0 · ∞ = 0: the limit for x → ∞.
#[inline(always)]
fn product<S: Simd>(a: F32<S>, x: F32<S>) -> F32<S> {
    a * factor_finite(a, x)
}

/// a x, with 0 · ∞ = 0.
fn product_f64(a: f64, x: f64) -> f64 {
    if a == 0.0 { a * finite_f64(x) } else { a * x }
}

/// NaN at x = ∞ unless there is a limit, 0 elsewhere: to be added.
#[inline(always)]
fn no_limit<S: Simd>(x: F32<S>, has_limit: Mask<S>) -> F32<S> {
    let zero = x.constant(0.0);
    let at_infinity = has_limit.select(zero, x.constant(f32::NAN));
    x.eq(x.constant(f32::INFINITY)).select(at_infinity, zero)
}

/// σ(t) = 1 / (1 + e⁻ᵗ).
fn sigma(t: f64) -> f64 {
    if t < 0.0 { t.exp() / (1.0 + t.exp()) } else { 1.0 / (1.0 + (-t).exp()) }
}
