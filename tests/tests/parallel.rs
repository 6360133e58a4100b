//! The forms on a thread pool, and stores past the caches, have the bits of the plain ones.

use halfwave_kernels::{
    Kind, Level, backward, backward_in_place, forward, forward_in_place, par_backward,
    par_backward_in_place, par_forward, par_forward_in_place,
    rng::Stream,
    units::{self, Unit, potts},
};
use halfwave_tests::{
    compare::assert_same_bits,
    inputs::{smooth, spiked},
};
use rayon::ThreadPoolBuilder;

/// Below and above the length from which threads are used, and no multiple of a block.
const LENGTHS: [usize; 4] = [0, 1000, (1 << 17) - 1, (1 << 17) + 3 * (1 << 14) + 5];

#[test]
fn the_number_of_threads_changes_no_bit() {
    let level = Level::best();
    for threads in 1..=4 {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        for n in LENGTHS {
            let (x, dy) = (spiked(n, 1), smooth(n, 2));
            for &kind in Kind::ALL {
                let what = format!("{kind}, {n} elements, {threads} threads");
                let (mut y, mut dx) = (x.clone(), dy.clone());
                forward_in_place(level, kind, &mut y);
                backward_in_place(level, kind, &x, &mut dx);
                let (mut par_y, mut par_dx) = (vec![0.0; n], vec![0.0; n]);
                let (mut in_place_y, mut in_place_dx) = (x.clone(), dy.clone());
                pool.install(|| {
                    par_forward(level, kind, &x, &mut par_y);
                    par_backward(level, kind, &x, &dy, &mut par_dx);
                    par_forward_in_place(level, kind, &mut in_place_y);
                    par_backward_in_place(level, kind, &x, &mut in_place_dx);
                });
                assert_same_bits(|| what.clone(), &par_y, &y);
                assert_same_bits(|| what.clone(), &par_dx, &dx);
                assert_same_bits(|| what.clone(), &in_place_y, &y);
                assert_same_bits(|| what.clone(), &in_place_dx, &dx);
            }
            for &unit in Unit::ALL {
                let what = format!("{unit}, {n} elements, {threads} threads");
                let noise = Stream::new(7).at(1 << 20);
                let (mut one, mut par, mut in_place) = (vec![0.0; n], vec![0.0; n], x.clone());
                units::sample(level, unit, noise, &x, &mut one);
                pool.install(|| {
                    units::par_sample(level, unit, noise, &x, &mut par);
                    units::par_sample_in_place(level, unit, noise, &mut in_place);
                });
                assert_same_bits(|| what.clone(), &par, &one);
                assert_same_bits(|| what.clone(), &in_place, &one);
                let (mut mean, mut par_mean, mut both_mean) = (x.clone(), par, vec![0.0; n]);
                let (mut mean_in_place, mut both) = (x.clone(), in_place);
                units::mean_in_place(level, unit, &mut mean);
                pool.install(|| {
                    units::par_mean(level, unit, &x, &mut par_mean);
                    units::par_mean_in_place(level, unit, &mut mean_in_place);
                    units::par_sample_with_mean(level, unit, noise, &x, &mut both_mean, &mut both);
                });
                assert_same_bits(|| what.clone(), &par_mean, &mean);
                assert_same_bits(|| what.clone(), &mean_in_place, &mean);
                assert_same_bits(|| what.clone(), &both_mean, &mean);
                assert_same_bits(|| what.clone(), &both, &one);
            }
            for states in [1, 3, 100] {
                let what = format!("potts({states}), {n} elements, {threads} threads");
                let x = &x[..n / states * states];
                let noise = Stream::new(7).at(1 << 20);
                let (mut mean, mut one) = (x.to_vec(), x.to_vec());
                potts::mean(level, x, states, &mut mean);
                potts::sample(level, noise, x, states, &mut one);
                let (mut par_mean, mut par) = (x.to_vec(), x.to_vec());
                let (mut both_mean, mut both) = (x.to_vec(), x.to_vec());
                pool.install(|| {
                    potts::par_mean(level, x, states, &mut par_mean);
                    potts::par_sample(level, noise, x, states, &mut par);
                    potts::par_sample_with_mean(level, noise, x, states, &mut both_mean, &mut both);
                });
                assert_same_bits(|| what.clone(), &par_mean, &mean);
                assert_same_bits(|| what.clone(), &par, &one);
                assert_same_bits(|| what.clone(), &both_mean, &mean);
                assert_same_bits(|| what.clone(), &both, &one);
            }
        }
    }
}

#[test]
fn stores_past_the_caches_have_the_same_bits_at_every_alignment() {
    // Longer than any output that stays in the caches.
    const N: usize = (8 << 20) + 37;
    let all = spiked(N + 16, 3);
    for level in Level::available_or_required().unwrap() {
        // Slow levels have no such stores; one alignment shows that they take that path too.
        let offsets = if ["scalar", "portable"].contains(&level.name()) { 1..2 } else { 0..3 };
        for offset in offsets.map(|i| i * 5) {
            let x = &all[offset..offset + N];
            let mut expected = x.to_vec();
            forward_in_place(level, Kind::Relu, &mut expected);
            let mut out = vec![f32::NAN; N + 16];
            for parallel in [false, true] {
                let run = if parallel { par_forward } else { forward };
                run(level, Kind::Relu, x, &mut out[offset..offset + N]);
                let what = format!("{level}, offset {offset}, parallel {parallel}");
                assert_same_bits(|| what.clone(), &out[offset..offset + N], &expected);
                assert!(
                    out[..offset].iter().chain(&out[offset + N..]).all(|y| y.is_nan()),
                    "{what}"
                );
            }
            let mut expected = x.to_vec();
            backward_in_place(level, Kind::Relu, x, &mut expected);
            for parallel in [false, true] {
                let run = if parallel { par_backward } else { backward };
                run(level, Kind::Relu, x, x, &mut out[offset..offset + N]);
                assert_same_bits(
                    || format!("{level} backward"),
                    &out[offset..offset + N],
                    &expected,
                );
            }
        }
    }
}

#[test]
#[should_panic(expected = "`x` has 3 elements, `y` has 4")]
fn lengths_must_match() {
    par_forward(Level::best(), Kind::Relu, &[0.0; 3], &mut [0.0; 4]);
}
