//! The table of activation functions.
//!
//! One file each: formula, derivative, `f64` definition and worst errors. Adding one is its file and
//! one line of [`activations!`]; the public functions, tests, benches and the command line follow.
//!
//! Functions with a constant (Leaky ReLU's slope) carry it as a field; the table fixes the default.

mod abs;
mod celu;
mod elu;
mod erf;
mod exp;
mod gelu;
mod gelu_quick;
mod gelu_tanh;
mod hard_sigmoid;
mod hard_swish;
mod identity;
mod leaky_relu;
mod lif;
mod log1p;
mod mish;
mod reference;
mod relu;
mod relu6;
mod rescaled_softplus;
mod selu;
mod sigmoid;
mod silu;
mod softplus;
mod softsign;
mod swish;
mod tail;
mod tanh;
mod tanh_relu;

pub(crate) use sigmoid::{sigmoid, sigmoid_times};

use std::{fmt, str::FromStr};

use crate::simd::{F32, Simd};

/// What backward needs of forward.
///
/// ReLU and its leaky relative save the output, so that forward may run in place; since they keep the
/// sign, their backward gives the same bits from the input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Saved {
    /// The argument x.
    Input,
    /// The result y = f(x); backward is accurate as a function of this (rounded) y.
    Output,
}

/// An activation function, element by element.
pub(crate) trait Activation: Copy + Send + Sync {
    /// Snake case, as on the command line.
    const NAME: &'static str;
    /// What `backward` takes.
    const SAVED: Saved;
    /// Worst error of `forward` over all 2³² inputs, in ULP, rounded up.
    const MAX_ULP: f64;
    /// Worst error of `backward` for dy = 1 over all saved values, in ULP, rounded up.
    const MAX_ULP_BACKWARD: f64;

    /// y = f(x).
    fn forward<S: Simd>(self, x: F32<S>) -> F32<S>;

    /// dx = f'(x) · dy, from what [`Activation::SAVED`] says.
    fn backward<S: Simd>(self, saved: F32<S>, dy: F32<S>) -> F32<S>;

    /// f(x) by its mathematical definition.
    fn definition(self, x: f64) -> f64;

    /// f'(x), by its mathematical definition, from the saved value.
    fn derivative(self, saved: f64) -> f64;
}

/// Work to be done with one activation, chosen at run time: the bridge from [`Kind`] to generic code.
pub(crate) trait Visitor {
    /// What the work returns.
    type Output;
    /// The work.
    fn visit<A: Activation>(self, activation: A) -> Self::Output;
}

macro_rules! activations {
    ($($(#[$doc:meta])* $variant:ident = $value:expr, $type:ty;)*) => {
        /// An activation function, chosen at run time.
        ///
        /// ```
        /// use halfwave_kernels::Kind;
        /// assert_eq!("leaky_relu".parse::<Kind>()?, Kind::LeakyRelu);
        /// assert!(Kind::ALL.iter().any(|kind| kind.name() == "softplus"));
        /// # Ok::<(), halfwave_kernels::UnknownKind>(())
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// All activation functions, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in snake case, as on the command line.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => <$type>::NAME,)* }
            }

            /// What [`backward`](crate::backward) takes as `saved`.
            #[must_use]
            pub const fn saved(self) -> Saved {
                match self { $(Self::$variant => <$type>::SAVED,)* }
            }

            /// Worst error of forward over all 2³² inputs, in units in the last place of the exact
            /// result rounded to `f32`.
            #[must_use]
            pub const fn max_ulp(self) -> f64 {
                match self { $(Self::$variant => <$type>::MAX_ULP,)* }
            }

            /// Worst error of backward for dy = 1 over all saved values.
            #[must_use]
            pub const fn max_ulp_backward(self) -> f64 {
                match self { $(Self::$variant => <$type>::MAX_ULP_BACKWARD,)* }
            }

            /// f(x) by its mathematical definition, in `f64`.
            #[must_use]
            pub fn definition(self, x: f64) -> f64 {
                match self { $(Self::$variant => ($value).definition(x),)* }
            }

            /// f'(x) by its mathematical definition, in `f64`, from what [`Kind::saved`] says.
            #[must_use]
            pub fn derivative(self, saved: f64) -> f64 {
                match self { $(Self::$variant => ($value).derivative(saved),)* }
            }

            #[inline]
            pub(crate) fn visit<V: Visitor>(self, visitor: V) -> V::Output {
                match self { $(Self::$variant => visitor.visit($value),)* }
            }
        }
    };
}

activations! {
    /// y = x.
    Identity = identity::Identity, identity::Identity;
    /// y = max(0, x); Nair & Hinton 2010, Glorot et al. 2011.
    Relu = relu::Relu, relu::Relu;
    /// y = min(max(0, x), 6); Krizhevsky 2010.
    Relu6 = relu6::Relu6, relu6::Relu6;
    /// y = x above 0, x / 100 below; Maas et al. 2013.
    LeakyRelu = leaky_relu::LeakyRelu { slope: 0.01 }, leaky_relu::LeakyRelu;
    /// y = |x|: two rectifiers of one weight; Glorot et al. 2011.
    Abs = abs::Abs, abs::Abs;
    /// y = x above 0, eˣ − 1 below; Clevert et al. 2015.
    Elu = elu::Elu { alpha: 1.0 }, elu::Elu;
    /// y = λ x above 0, λ α (eˣ − 1) below; Klambauer et al. 2017.
    Selu = selu::Selu, selu::Selu;
    /// y = x above 0, α (e^(x/α) − 1) below, α = 1; Barron 2017.
    Celu = celu::Celu { alpha: 1.0 }, celu::Celu;
    /// y = x Φ(x); Hendrycks & Gimpel 2016.
    Gelu = gelu::Gelu, gelu::Gelu;
    /// The tanh form of GELU; Hendrycks & Gimpel 2016.
    GeluTanh = gelu_tanh::GeluTanh, gelu_tanh::GeluTanh;
    /// y = x σ(1.702 x); Hendrycks & Gimpel 2016.
    GeluQuick = gelu_quick::GeluQuick, gelu_quick::GeluQuick;
    /// y = x σ(x); Elfwing et al. 2017.
    Silu = silu::Silu, silu::Silu;
    /// y = x tanh(ln(1 + eˣ)); Misra 2019.
    Mish = mish::Mish, mish::Mish;
    /// y = x min(max(0, x + 3), 6) / 6; Howard et al. 2019.
    HardSwish = hard_swish::HardSwish, hard_swish::HardSwish;
    /// y = ln(1 + eˣ); Dugas et al. 2001, Glorot et al. 2011.
    Softplus = softplus::Softplus, softplus::Softplus;
    /// y = ln(1 + e^(αx)) / α, α = 6; Glorot et al. 2011.
    RescaledSoftplus = rescaled_softplus::RescaledSoftplus, rescaled_softplus::RescaledSoftplus;
    /// y = 1 / (1 + e⁻ˣ).
    Sigmoid = sigmoid::Sigmoid, sigmoid::Sigmoid;
    /// y = min(max(0, x + 3), 6) / 6; Howard et al. 2019.
    HardSigmoid = hard_sigmoid::HardSigmoid, hard_sigmoid::HardSigmoid;
    /// y = tanh x.
    Tanh = tanh::Tanh, tanh::Tanh;
    /// y = max(0, tanh x); Glorot et al. 2011.
    TanhRelu = tanh_relu::TanhRelu, tanh_relu::TanhRelu;
    /// y = x / (1 + |x|); Bergstra et al. 2009.
    Softsign = softsign::Softsign, softsign::Softsign;
    /// Firing rate of a leaky integrate-and-fire neuron, τ = 10; Glorot et al. 2011.
    Lif = lif::Lif { tau: 10.0 }, lif::Lif;
    /// y = eˣ.
    Exp = exp::Exp, exp::Exp;
    /// y = ln(1 + x).
    Log1p = log1p::Log1p, log1p::Log1p;
    /// y = erf x.
    Erf = erf::Erf, erf::Erf;
}

/// No activation has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown activation `{0}`; the activations are {names}", names = Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "))]
pub struct UnknownKind(String);

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(name: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .iter()
            .copied()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownKind(name.into()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
