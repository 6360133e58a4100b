//! Errors in units in the last place.

use halfwave_kernels::{Kind, Level, Saved, backward, forward};
use rayon::prelude::*;

/// |y − exact| in units in the last place of `exact` rounded to `f32`; NaN for NaN and infinity for
/// infinity count 0, any other mismatch of these infinite.
///
/// The unit is 2^(max(exponent, −126) − 23): never a difference of bit patterns.
#[must_use]
pub fn error_in_ulp(y: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if rounded.is_nan() || y.is_nan() {
        return if rounded.is_nan() && y.is_nan() { 0.0 } else { f64::INFINITY };
    }
    if rounded.is_infinite() || y.is_infinite() {
        return if rounded == y { 0.0 } else { f64::INFINITY };
    }
    let exponent = (i64::from(rounded.to_bits() >> 23 & 0xff) - 127).max(-126);
    (f64::from(y) - exact).abs() / 2f64.powi(exponent as i32 - 23)
}

/// The largest error that a sweep found, and where.
#[derive(Clone, Copy, Debug)]
pub struct Worst {
    /// In units in the last place.
    pub ulp: f64,
    /// The input.
    pub at: f32,
}

/// Which of f and f' a sweep measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// f(x).
    Forward,
    /// f'(x) · 1, as a function of what forward saves.
    Backward,
    /// f'(x) · dy, for a normal dy of any sign, exponent and mantissa.
    BackwardOfAny,
}

impl Pass {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Forward, Self::Backward, Self::BackwardOfAny];

    /// dy for the i-th input: of no pattern, by multiplicative hashing (Knuth 1973, section 6.4).
    fn dy(self, i: u64) -> f32 {
        if self != Self::BackwardOfAny {
            return 1.0;
        }
        let dy = f32::from_bits((i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32);
        if dy.is_normal() { dy } else { 1.5 }
    }
}

/// The worst error of a function over every `stride`-th of all 2³² bit patterns.
#[must_use]
pub fn sweep(level: Level, kind: Kind, pass: Pass, stride: u64) -> Worst {
    const BLOCK: u64 = 1 << 14;
    let count = (1_u64 << 32).div_ceil(stride);
    (0..count.div_ceil(BLOCK))
        .into_par_iter()
        .map(|block| {
            let x: Vec<f32> = (block * BLOCK..((block + 1) * BLOCK).min(count))
                .map(|i| f32::from_bits((i * stride) as u32))
                .filter(|&x| pass == Pass::Forward || in_range_of_saved(kind, x))
                .collect();
            let dy: Vec<f32> = (block * BLOCK..).take(x.len()).map(|i| pass.dy(i)).collect();
            let mut y = vec![0.0; x.len()];
            match pass {
                Pass::Forward => forward(level, kind, &x, &mut y),
                Pass::Backward | Pass::BackwardOfAny => backward(level, kind, &x, &dy, &mut y),
            }
            let exact = |x: f32, dy: f32| match pass {
                Pass::Forward => kind.definition(f64::from(x)),
                Pass::Backward | Pass::BackwardOfAny => {
                    kind.derivative(f64::from(x)) * f64::from(dy)
                }
            };
            x.iter()
                .zip(&y)
                .zip(&dy)
                .map(|((&x, &y), &dy)| Worst { ulp: error_in_ulp(y, exact(x, dy)), at: x })
                .fold(Worst { ulp: 0.0, at: 0.0 }, worse)
        })
        .reduce(|| Worst { ulp: 0.0, at: 0.0 }, worse)
}

fn worse(a: Worst, b: Worst) -> Worst {
    if b.ulp > a.ulp { b } else { a }
}

/// Whether `saved` can be what forward saves: an output beyond the function's range is no input of its
/// backward.
#[must_use]
pub fn in_range_of_saved(kind: Kind, saved: f32) -> bool {
    let range = match (kind, kind.saved()) {
        (_, Saved::Input) => return true,
        (Kind::Sigmoid, _) => 0.0..=1.0,
        (Kind::Tanh | Kind::Softsign, _) => -1.0..=1.0,
        (Kind::TanhRelu, _) => f32::NEG_INFINITY..=1.0,
        (Kind::Exp, _) => 0.0..=f32::INFINITY,
        (Kind::Elu | Kind::Celu, _) => -1.0..=f32::INFINITY,
        (Kind::Selu, _) => -1.758_099_4..=f32::INFINITY,
        _ => return true,
    };
    saved.is_nan() || range.contains(&saved)
}
