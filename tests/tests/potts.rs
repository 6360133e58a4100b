//! Potts units: the probabilities of softmax, certain where they are 0 or 1, and the same however they are split.

use halfwave_kernels::{Level, rng::Stream, units::potts};
use halfwave_tests::{
    compare::levels,
    inputs,
    statistics::{FAILS_BELOW, chi_square_of, worst_p},
};

/// χ² of the states of Potts units, the worst of some sizes of groups.
fn potts_test(sample: impl Fn(&[f32], usize, u64) -> Vec<f32>) -> f64 {
    worst_p([2, 3, 10, 16, 17, 100].map(|states| {
        let x = inputs::uniform(states, states as u64, -4.0, 3.0);
        let n = (1 << 22) / states;
        let h = sample(&x.repeat(n), states, states as u64);
        let mut counts = vec![0; states];
        for group in h.chunks_exact(states) {
            let on = group.iter().position(|&h| h == 1.0).expect("one state is on");
            assert_eq!(group.iter().sum::<f32>(), 1.0, "the others are off");
            counts[on] += 1;
        }
        let weights: Vec<f64> = x.iter().map(|&x| f64::from(x).exp()).collect();
        let sum: f64 = weights.iter().sum();
        let p: Vec<f64> = weights.iter().map(|w| w / sum).collect();
        chi_square_of(&counts, &p) * 6.0
    }))
}

#[test]
fn potts_units_have_the_probabilities_of_softmax() {
    let sample = |x: &[f32], states, seed| {
        let mut h = vec![0.0; x.len()];
        potts::sample(Level::best(), Stream::new(seed).at(0), x, states, &mut h);
        h
    };
    let p = potts_test(sample);
    assert!(p >= FAILS_BELOW, "χ²: p = {p:e}");
    let tempered = potts_test(|x, states, seed| {
        sample(&x.iter().map(|x| x * 0.99).collect::<Vec<_>>(), states, seed)
    });
    assert!(tempered < FAILS_BELOW, "a temperature of 1.01 is not noticed: p = {tempered:e}");
}

#[test]
fn potts_units_are_certain_where_softmax_is_and_split_anywhere() {
    let noise = Stream::new(8).at(5);
    for level in levels() {
        // Whatever the noise: p is 0 or 1.
        let x = [-200.0, 0.0, f32::NEG_INFINITY].repeat(5000);
        let mut h = vec![0.0; x.len()];
        potts::sample(level, noise, &x, 3, &mut h);
        assert!(h.chunks_exact(3).all(|h| h == [0.0, 1.0, 0.0]), "{level}");
        let mut h = [0.0; 6];
        potts::sample(level, noise, &[0.0, f32::NAN, 0.0, 0.0, 200.0, 0.0], 3, &mut h);
        assert!(h[..3].iter().all(|h| h.is_nan()) && h[3..] == [0.0, 1.0, 0.0], "{h:?}");
        potts::sample(level, noise, &[], 3, &mut []);
        potts::sample(level, noise, &[], 0, &mut []);
    }
    let x = inputs::uniform(100 * 7, 4, -2.0, 2.0);
    let mut whole = vec![0.0; x.len()];
    potts::sample(Level::best(), noise, &x, 7, &mut whole);
    for at in [1, 15, 16, 17, 50] {
        let mut parts = x.clone();
        let (first, second) = parts.split_at_mut(at * 7);
        potts::sample_in_place(Level::best(), noise, first, 7);
        potts::sample_in_place(Level::best(), noise.skip(at as u64), second, 7);
        assert_eq!(parts, whole, "split at group {at}");
    }
}
