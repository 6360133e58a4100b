//! Numbers to test with.

/// Zeros, infinities, NaN, subnormal and huge numbers, and where functions change their regime; each
/// is used with both signs.
const SPECIALS: [f32; 28] = [
    0.0,
    1.0,
    0.5,
    1.5,
    2.0,
    f32::INFINITY,
    f32::NAN,
    f32::MIN_POSITIVE,
    f32::MAX,
    f32::EPSILON,
    1e-45,
    1.175_494_2e-38,
    0.999_999_94,
    1.000_000_1,
    1e30,
    1e-30,
    5.0,
    9.010_913,
    16.635_532,
    20.0,
    40.0,
    87.336_54,
    88.722_84,
    89.5,
    103.972_08,
    110.0,
    8_388_608.0,
    2_147_483_648.0,
];

/// All special values.
#[must_use]
pub fn specials() -> Vec<f32> {
    SPECIALS.iter().flat_map(|&x| [x, -x]).collect()
}

/// Every `stride`-th of all 2³² bit patterns.
#[must_use]
pub fn every(stride: usize) -> Vec<f32> {
    (0..=u32::MAX).step_by(stride).map(f32::from_bits).collect()
}

/// `n` numbers that `seed` chooses: special values, random bit patterns, and numbers in \[−16, 16\].
#[must_use]
pub fn mixed(n: usize, seed: u64) -> Vec<f32> {
    let specials = specials();
    hashes(n, seed)
        .map(|hash| match hash % 4 {
            0 => specials[(hash >> 2) as usize % specials.len()],
            1 => f32::from_bits((hash >> 32) as u32),
            _ => between(hash, -16.0, 16.0),
        })
        .collect()
}

/// `n` numbers in \[low, high\] that `seed` chooses.
#[must_use]
pub fn uniform(n: usize, seed: u64, low: f32, high: f32) -> Vec<f32> {
    hashes(n, seed).map(|hash| between(hash, low, high)).collect()
}

/// `n` values between −6 and 6 with every kind of special value among them.
#[must_use]
pub fn spiked(n: usize, seed: u64) -> Vec<f32> {
    const SPIKES: [f32; 12] = [
        0.0,
        -0.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        1e-40,
        -1e-40,
        f32::MIN_POSITIVE,
        -88.0,
        -104.0,
        3e38,
        -3e38,
    ];
    smooth(n, seed)
        .into_iter()
        .enumerate()
        .map(|(i, x)| if i % 7 == 3 { SPIKES[(i / 7) % SPIKES.len()] } else { x })
        .collect()
}

/// `n` finite values between −6 and 6.
#[must_use]
pub fn smooth(n: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    std::iter::repeat_with(|| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 * 12.0 - 6.0
    })
    .take(n)
    .collect()
}

fn between(hash: u64, low: f32, high: f32) -> f32 {
    low + (high - low) * ((hash >> 40) as f32 / 16_777_215.0)
}

/// Random numbers that owe nothing to the generator under test (SplitMix64).
fn hashes(n: usize, seed: u64) -> impl Iterator<Item = u64> {
    let start = seed.wrapping_mul(0xd134_2543_de82_ef95);
    (1..=n as u64).map(move |i| {
        let mut z = start.wrapping_add(i.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

/// The columns of `x [rows, width]` that are not the same in every row: what Gaussian visible units take.
#[must_use]
pub fn varying_columns(x: &[f32], width: usize) -> Vec<usize> {
    (0..width).filter(|&j| x.chunks(width).any(|row| row[j] != x[j])).collect()
}

/// These columns of `x [rows, width]`.
#[must_use]
pub fn columns(x: &[f32], width: usize, columns: &[usize]) -> Vec<f32> {
    x.chunks(width).flat_map(|row| columns.iter().map(|&j| row[j])).collect()
}
