//! Which instructions run: [`Level`], and the way from a level to a kernel's code for it.
//!
//! A level's token asks the CPU when it is made (`detect` in `simd/`). A program does so once, at the top, by a
//! `Level`, and passes that down by value.

use std::{env, fmt, str::FromStr};

#[cfg(target_arch = "aarch64")]
use crate::simd::Neon;
#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{FUSED, LANES, Portable, Scalar, Simd};

/// Names of all levels, on this architecture or not, from the reference to the widest.
const NAMES: [&str; 5] = ["scalar", "portable", "neon", "avx2", "avx512"];

/// An instruction set that this machine has: the proof is that the value exists.
///
/// All levels work on sixteen lanes and give the same bits ([`Level::Portable`] where its target has
/// fused multiply-add).
///
/// ```
/// use halfwave_kernels::Level;
/// let level = Level::best();
/// assert!(Level::available().contains(&level));
/// assert_eq!("scalar".parse::<Level>()?.name(), "scalar");
/// # Ok::<(), halfwave_kernels::LevelError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// Plain Rust, lane by lane: the reference that all others are compared with.
    Scalar(Scalar),
    /// The `wide` crate, for whatever the target was compiled for.
    Portable(Portable),
    /// AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// AVX-512 F, BW, DQ, VL, and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    /// NEON of AArch64.
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
}

/// Why a level cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LevelError {
    /// No level has this name.
    #[error("unknown level `{0}`; the levels are scalar, portable, neon, avx2, avx512")]
    Unknown(String),
    /// The level exists, but not on this machine.
    #[error("level `{0}` cannot run on this machine, which has {available}", available = list())]
    Unavailable(String),
}

fn list() -> String {
    Level::available().iter().map(|l| l.name()).collect::<Vec<_>>().join(", ")
}

impl Level {
    /// The fastest level of this machine.
    #[must_use]
    pub fn best() -> Self {
        *Self::available().last().unwrap_or(&Self::Portable(Portable))
    }

    /// All levels of this machine, slowest first: `scalar`, `portable`, then what the CPU has.
    #[must_use]
    pub fn available() -> Vec<Self> {
        let mut levels = vec![Self::Scalar(Scalar), Self::Portable(Portable)];
        #[cfg(target_arch = "aarch64")]
        levels.extend(Neon::detect().map(Self::Neon));
        #[cfg(target_arch = "x86_64")]
        {
            levels.extend(Avx2::detect().map(Self::Avx2));
            levels.extend(Avx512::detect().map(Self::Avx512));
        }
        levels
    }

    /// The level that the environment variable `HALFWAVE_LEVEL` names, else [`Level::best`].
    ///
    /// # Errors
    /// If the variable names no level, or one that this machine lacks.
    pub fn from_env() -> Result<Self, LevelError> {
        match env::var_os("HALFWAVE_LEVEL") {
            None => Ok(Self::best()),
            Some(name) => name.to_string_lossy().parse(),
        }
    }

    /// [`Level::available`] for tests and benches: fails where a level that the environment variable
    /// `HALFWAVE_REQUIRE` names (`avx2,avx512`) would be skipped silently.
    ///
    /// # Errors
    /// If the variable names no level, or one that this machine lacks.
    pub fn available_or_required() -> Result<Vec<Self>, LevelError> {
        if let Some(names) = env::var_os("HALFWAVE_REQUIRE") {
            for name in names.to_string_lossy().split(',').filter(|name| !name.is_empty()) {
                name.trim().parse::<Self>()?;
            }
        }
        Ok(Self::available())
    }

    /// `scalar`, `portable`, `neon`, `avx2` or `avx512`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar(_) => "scalar",
            Self::Portable(_) => "portable",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => "neon",
        }
    }

    /// Whether multiply-add is fused, and results therefore have the same bits as on the others.
    #[must_use]
    pub fn is_fused(self) -> bool {
        !matches!(self, Self::Portable(_)) || FUSED
    }

    /// Runs the kernel's code for this level.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        /// One copy of the kernel a level, with the level's instructions.
        #[inline(always)]
        fn on<S: Simd, K: Kernel>(simd: S, kernel: K) -> K::Output {
            simd.vectorize(
                #[inline(always)]
                || kernel.run(simd),
            )
        }
        match self {
            Self::Scalar(simd) => on(simd, kernel),
            Self::Portable(simd) => on(simd, kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(simd) => on(simd, kernel),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(simd) => on(simd, kernel),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(simd) => on(simd, kernel),
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Level {
    type Err = LevelError;

    fn from_str(name: &str) -> Result<Self, LevelError> {
        match Self::available().into_iter().find(|level| level.name() == name) {
            Some(level) => Ok(level),
            None if NAMES.contains(&name) => Err(LevelError::Unavailable(name.into())),
            None => Err(LevelError::Unknown(name.into())),
        }
    }
}

/// A computation that is written once for all levels.
pub(crate) trait Kernel {
    /// What it returns.
    type Output;
    /// The computation; `#[inline(always)]`, like all that it calls.
    fn run<S: Simd>(self, simd: S) -> Self::Output;
}

/// Whether this thread's floating-point unit flushes subnormal numbers to zero, which somebody else
/// must have asked for: results below 2⁻¹²⁶ are then wrong.
#[must_use]
pub fn flushes_subnormals() -> bool {
    std::hint::black_box(f32::MIN_POSITIVE) * std::hint::black_box(0.5) == 0.0
}

const _: () = assert!(LANES == 16);
