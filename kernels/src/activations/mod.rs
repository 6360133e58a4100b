//! The table of activation functions.
//!
//! One file each: formula, derivative, `f64` definition and worst errors. Adding one is its file and
//! one line of [`activations!`]; the public functions, tests, benches and the command line follow.
//!
//! Functions with a constant (Leaky ReLU's slope) carry it as a field; the table fixes the default.

mod exp;
mod identity;
mod leaky_relu;
mod log1p;
mod relu;
mod sigmoid;
mod softplus;
mod tanh;

pub(crate) use sigmoid::sigmoid;

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
    /// y = x above 0, x / 100 below; Maas et al. 2013.
    LeakyRelu = leaky_relu::LeakyRelu { slope: 0.01 }, leaky_relu::LeakyRelu;
    /// y = 1 / (1 + e⁻ˣ).
    Sigmoid = sigmoid::Sigmoid, sigmoid::Sigmoid;
    /// y = tanh x.
    Tanh = tanh::Tanh, tanh::Tanh;
    /// y = ln(1 + eˣ); Dugas et al. 2001, Glorot et al. 2011.
    Softplus = softplus::Softplus, softplus::Softplus;
    /// y = eˣ.
    Exp = exp::Exp, exp::Exp;
    /// y = ln(1 + x).
    Log1p = log1p::Log1p, log1p::Log1p;
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
        f.write_str(self.name())
    }
}
