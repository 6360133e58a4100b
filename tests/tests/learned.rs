//! Functions with learned parameters: every test walks the table, so a new function is in all of them.

use halfwave_kernels::{
    Level,
    learned::{self, Domain, LearnedKind},
};
use halfwave_tests::{
    compare::{assert_same_bits, fused_levels, scalar},
    inputs::{smooth, spiked},
    ulp::error_in_ulp,
};
use rayon::{ThreadPoolBuilder, prelude::*};

/// Five parameter values: the function's own initial ones, then four that have little in common.
fn five_parameter_values(kind: LearnedKind) -> Vec<Vec<f32>> {
    let choice = |domain, i: usize| match domain {
        Domain::Positive => [0.01, 0.7, 3.0, 50.0][i % 4],
        _ => [-1.5, 0.3, 4.0, 0.0][i % 4],
    };
    let parameters = kind.parameters();
    let mut all = vec![parameters.iter().map(|p| p.initial).collect::<Vec<_>>()];
    all.extend((0..4).map(|set| {
        parameters.iter().enumerate().map(|(k, p)| choice(p.domain, set + k)).collect()
    }));
    all
}

/// One value a parameter, as the functions take them.
fn one_each(p: &[f32]) -> Vec<&[f32]> {
    p.iter().map(std::slice::from_ref).collect()
}

fn wide(p: &[f32]) -> Vec<f64> {
    p.iter().map(|&p| f64::from(p)).collect()
}

/// Every `stride`-th bit pattern, and a dense range around 0.
fn sweep(stride: usize) -> Vec<f32> {
    let all = (0..=u32::MAX).step_by(stride).map(f32::from_bits);
    all.chain((-200_000..200_000).map(|i| i as f32 * 1e-4)).collect()
}

#[test]
fn forward_and_gradients_are_within_the_documented_error() {
    let x = sweep(16_381);
    for &kind in LearnedKind::ALL {
        let (max_ulp, max_ulp_backward) = kind.max_ulp();
        for p in five_parameter_values(kind) {
            let exact_p = wide(&p);
            let worst = x
                .par_chunks(1 << 14)
                .map(|x| {
                    // One row, every element a channel: each gradient of a parameter is one term.
                    let n = x.len();
                    let per_channel: Vec<Vec<f32>> = p.iter().map(|&p| vec![p; n]).collect();
                    let per_channel: Vec<&[f32]> = per_channel.iter().map(Vec::as_slice).collect();
                    let (mut y, mut dx) = (vec![0.0; n], vec![0.0; n]);
                    let mut gradients = vec![vec![f32::NAN; n]; p.len()];
                    let mut slices: Vec<&mut [f32]> =
                        gradients.iter_mut().map(Vec::as_mut_slice).collect();
                    let (level, ones) = (Level::best(), vec![1.0; n]);
                    learned::forward(level, kind, &one_each(&p), x, &mut y).unwrap();
                    learned::backward(level, kind, &per_channel, x, &ones, &mut dx, &mut slices)
                        .unwrap();
                    let mut worst = [(0.0, 0.0_f32); 3];
                    let mut exact_gradients = vec![0.0; p.len()];
                    for i in 0..n {
                        let at = f64::from(x[i]);
                        kind.parameter_derivatives(at, &exact_p, &mut exact_gradients);
                        let gradient = (0..p.len())
                            .map(|k| error_in_ulp(gradients[k][i], exact_gradients[k]))
                            .fold(0.0, f64::max);
                        let errors = [
                            error_in_ulp(y[i], kind.definition(at, &exact_p)),
                            error_in_ulp(dx[i], kind.derivative(at, &exact_p)),
                            gradient,
                        ];
                        for (worst, error) in worst.iter_mut().zip(errors) {
                            if error > worst.0 {
                                *worst = (error, x[i]);
                            }
                        }
                    }
                    worst
                })
                .reduce(
                    || [(0.0, 0.0); 3],
                    |a, b| std::array::from_fn(|i| if b[i].0 > a[i].0 { b[i] } else { a[i] }),
                );
            println!("{kind:<16} {p:?}: forward, dx, parameters {worst:?}");
            for (what, (error, at), documented) in [
                ("forward", worst[0], max_ulp),
                ("dx", worst[1], max_ulp_backward),
                ("a parameter's gradient", worst[2], 0.51),
            ] {
                assert!(
                    error <= documented,
                    "{kind} {p:?}, {what}: {error:.4} ULP at {at:e}, documented {documented}"
                );
            }
        }
    }
}

#[test]
fn definitions_of_gradients_are_the_differences_of_the_function() {
    const EPSILON: f64 = 1e-6;
    for &kind in LearnedKind::ALL {
        for p in five_parameter_values(kind) {
            let p = wide(&p);
            for i in -40..=40 {
                // Off the corners, at 0 and where ReLUN saturates.
                let x = f64::from(i) * 0.237 + 0.0113;
                let near = |analytic: f64, difference: f64, what: &str| {
                    let tolerance = 1e-5 + 1e-3 * analytic.abs();
                    assert!(
                        (analytic - difference).abs() <= tolerance,
                        "{kind} {p:?} at {x}, d/d{what}: {analytic}, by differences {difference}"
                    );
                };
                let dx = kind.definition(x + EPSILON, &p) - kind.definition(x - EPSILON, &p);
                near(kind.derivative(x, &p), dx / (2.0 * EPSILON), "x");
                let mut gradients = vec![0.0; p.len()];
                kind.parameter_derivatives(x, &p, &mut gradients);
                for (k, parameter) in kind.parameters().iter().enumerate() {
                    let at = |shift: f64| {
                        let mut p = p.clone();
                        p[k] += shift;
                        kind.definition(x, &p)
                    };
                    let difference = (at(EPSILON) - at(-EPSILON)) / (2.0 * EPSILON);
                    near(gradients[k], difference, parameter.name);
                }
            }
        }
    }
}

/// (f, f') at −3, −1, −½, 0, ½, 1, 3 with the initial parameters, to eight digits.
const GOLDEN: [(&str, [(f64, f64); 7]); 5] = [
    (
        "coslu",
        [
            (-0.189_228_88, -0.126_135_92),
            (-0.123_631_75, 0.404_865_77),
            (0.142_552_77, 0.647_276_61),
            (0.5, 0.75),
            (0.857_489_12, 0.647_773_45),
            (1.126_051_21, 0.418_735_81),
            (1.914_681_14, 0.908_952_28),
        ],
    ),
    (
        "sinlu",
        [
            (-0.148_970_36, -0.141_430_70),
            (-0.495_247_82, 0.052_195_92),
            (-0.369_772_97, 0.478_695_14),
            (0.0, 1.0),
            (0.609_652_57, 1.398_887_42),
            (1.346_223_16, 1.488_106_38),
            (2.992_149_65, 0.151_438_20),
        ],
    ),
    (
        "scaled_softsign",
        [
            (-0.75, 0.0625),
            (-0.5, 0.25),
            (-0.333_333_33, 0.444_444_44),
            (0.0, 1.0),
            (0.333_333_33, 0.444_444_44),
            (0.5, 0.25),
            (0.75, 0.0625),
        ],
    ),
    (
        "dyt",
        [
            (-0.905_148_25, 0.090_353_32),
            (-0.462_117_16, 0.393_223_87),
            (-0.244_918_66, 0.470_007_42),
            (0.0, 0.5),
            (0.244_918_66, 0.470_007_42),
            (0.462_117_16, 0.393_223_87),
            (0.905_148_25, 0.090_353_32),
        ],
    ),
    (
        "swish",
        [
            (-0.142_277_62, -0.088_104_11),
            (-0.268_941_42, 0.072_329_49),
            (-0.188_770_33, 0.260_038_81),
            (0.0, 0.5),
            (0.311_229_67, 0.739_961_19),
            (0.731_058_58, 0.927_670_51),
            (2.857_722_38, 1.088_104_11),
        ],
    ),
];

#[test]
fn golden_values_come_out() {
    let x = [-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0];
    for (name, expected) in GOLDEN {
        let kind: LearnedKind = name.parse().unwrap();
        let p: Vec<f32> = kind.parameters().iter().map(|p| p.initial).collect();
        let (mut y, mut dx) = ([0.0; 7], [0.0; 7]);
        let mut gradients = vec![[0.0]; p.len()];
        let mut gradients: Vec<&mut [f32]> =
            gradients.iter_mut().map(<[f32; 1]>::as_mut_slice).collect();
        let level = Level::best();
        learned::forward(level, kind, &one_each(&p), &x, &mut y).unwrap();
        learned::backward(level, kind, &one_each(&p), &x, &[1.0; 7], &mut dx, &mut gradients)
            .unwrap();
        for i in 0..7 {
            let (f, derivative) = expected[i];
            for (found, expected) in [(y[i], f), (dx[i], derivative)] {
                // Half a unit of the eighth digit, and of the f32.
                let error = (f64::from(found) - expected).abs();
                let bound = 5.01e-9 + expected.abs() * 2f64.powi(-24);
                assert!(error <= bound, "{name} at {}: {found}, not {expected}", x[i]);
            }
        }
    }
}

/// y, dx and all gradients; `in_place` and `parallel` choose the form.
#[expect(clippy::unwrap_used, reason = "tests may")]
fn everything(
    level: Level,
    kind: LearnedKind,
    parameters: &[&[f32]],
    (x, dy): (&[f32], &[f32]),
    in_place: bool,
    parallel: bool,
) -> Vec<Vec<f32>> {
    let (mut y, mut dx) = (x.to_vec(), dy.to_vec());
    let mut gradients: Vec<Vec<f32>> = parameters.iter().map(|p| vec![f32::NAN; p.len()]).collect();
    let mut slices: Vec<&mut [f32]> = gradients.iter_mut().map(Vec::as_mut_slice).collect();
    let p = parameters;
    match (in_place, parallel) {
        (false, false) => {
            learned::forward(level, kind, p, x, &mut y).unwrap();
            learned::backward(level, kind, p, x, dy, &mut dx, &mut slices).unwrap();
        }
        (false, true) => {
            learned::par_forward(level, kind, p, x, &mut y).unwrap();
            learned::par_backward(level, kind, p, x, dy, &mut dx, &mut slices).unwrap();
        }
        (true, false) => {
            learned::forward_in_place(level, kind, p, &mut y).unwrap();
            learned::backward_in_place(level, kind, p, x, &mut dx, &mut slices).unwrap();
        }
        (true, true) => {
            learned::par_forward_in_place(level, kind, p, &mut y).unwrap();
            learned::par_backward_in_place(level, kind, p, x, &mut dx, &mut slices).unwrap();
        }
    }
    gradients.extend([y, dx]);
    gradients
}

#[track_caller]
fn assert_all_same(a: &[Vec<f32>], b: &[Vec<f32>], what: &str) {
    for (i, (a, b)) in a.iter().zip(b).enumerate() {
        assert_same_bits(|| format!("{what}, array {i}"), a, b);
    }
}

#[test]
fn all_levels_have_the_same_bits_at_every_length_and_alignment() {
    for &kind in LearnedKind::ALL {
        let p = five_parameter_values(kind).swap_remove(1);
        for n in 0..=67 {
            let (x, dy) = (spiked(n + 5, n as u64), smooth(n + 5, 99));
            for offset in [0, 1, 5] {
                let inputs = (&x[offset..offset + n], &dy[offset..offset + n]);
                let expected = everything(scalar(), kind, &one_each(&p), inputs, false, false);
                for level in fused_levels() {
                    for in_place in [false, true] {
                        let found = everything(level, kind, &one_each(&p), inputs, in_place, false);
                        let what = format!("{kind} on {level}, {n} elements, offset {offset}");
                        assert_all_same(&found, &expected, &what);
                    }
                }
            }
        }
    }
}

/// Every second parameter one value, the others one a channel: some shared, some not.
fn per_channel(kind: LearnedKind, channels: usize, shared: bool) -> Vec<Vec<f32>> {
    let sets = five_parameter_values(kind);
    (0..kind.parameters().len())
        .map(|k| {
            let count =
                if shared && k % 2 == 0 && kind.parameters().len() > 1 { 1 } else { channels };
            (0..count).map(|c| sets[c % 5][k]).collect()
        })
        .collect()
}

#[test]
fn all_levels_have_the_same_bits_with_parameters_of_channels() {
    for &kind in LearnedKind::ALL {
        for channels in (1..=35).chain([64, 130, 300]) {
            for shared in [false, true] {
                let p = per_channel(kind, channels, shared);
                let p: Vec<&[f32]> = p.iter().map(Vec::as_slice).collect();
                let (x, dy) = (spiked(3 * channels, 5), smooth(3 * channels, 6));
                let expected = everything(scalar(), kind, &p, (&x, &dy), false, false);
                for level in fused_levels() {
                    for in_place in [false, true] {
                        let found = everything(level, kind, &p, (&x, &dy), in_place, false);
                        assert_all_same(
                            &found,
                            &expected,
                            &format!("{kind} on {level}, {channels}"),
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let level = Level::best();
    for &kind in LearnedKind::ALL {
        for channels in [0, 24, 200] {
            let n = if channels == 0 { 300_001 } else { 1500 * 200 };
            let (x, dy) = (smooth(n, 1), smooth(n, 2));
            let p = match channels {
                0 => five_parameter_values(kind)[1].iter().map(|&p| vec![p]).collect(),
                _ => per_channel(kind, channels, true),
            };
            let p: Vec<&[f32]> = p.iter().map(Vec::as_slice).collect();
            let expected = everything(level, kind, &p, (&x, &dy), false, false);
            for threads in 1..=4 {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                for in_place in [false, true] {
                    let found =
                        pool.install(|| everything(level, kind, &p, (&x, &dy), in_place, true));
                    let what = format!("{kind}, {channels} channels, {threads} threads");
                    assert_all_same(&found, &expected, &what);
                }
            }
        }
    }
}

#[test]
fn gradients_of_parameters_are_the_sums_of_their_terms() {
    for &kind in LearnedKind::ALL {
        for channels in [1, 3, 40] {
            let rows = 30_000 / channels;
            let (x, dy) = (smooth(rows * channels, 7), smooth(rows * channels, 8));
            let p = five_parameter_values(kind).swap_remove(1);
            let values: Vec<Vec<f32>> = p.iter().map(|&p| vec![p; channels]).collect();
            let values: Vec<&[f32]> = values.iter().map(Vec::as_slice).collect();
            let found = everything(Level::best(), kind, &values, (&x, &dy), false, false);
            #[expect(clippy::needless_range_loop, reason = "a channel of every gradient")]
            for c in 0..channels {
                let mut sums = vec![(0.0, 0.0); p.len()];
                let mut terms = vec![0.0; p.len()];
                for row in 0..rows {
                    let at = row * channels + c;
                    kind.parameter_derivatives(f64::from(x[at]), &wide(&p), &mut terms);
                    for (sum, term) in sums.iter_mut().zip(&terms) {
                        let term = term * f64::from(dy[at]);
                        *sum = (sum.0 + term, sum.1 + term.abs());
                    }
                }
                for (k, (sum, magnitude)) in sums.into_iter().enumerate() {
                    let error = (f64::from(found[k][c]) - sum).abs();
                    let bound = sum.abs() * 2f64.powi(-24) + magnitude * 2f64.powi(-44);
                    assert!(error <= bound, "{kind}, parameter {k}: {error:e} of {sum:e}");
                }
            }
        }
    }
}

#[test]
fn a_shared_parameter_gets_the_sum_over_the_channels() {
    let (x, dy) = (smooth(40 * 150, 3), smooth(40 * 150, 4));
    let (gamma, beta) = (vec![1.5; 150], vec![0.25; 150]);
    let level = Level::best();
    let mixed =
        everything(level, LearnedKind::Dyt, &[&[0.5], &gamma, &beta], (&x, &dy), false, false);
    let whole =
        everything(level, LearnedKind::Dyt, &[&[0.5], &[1.5], &[0.25]], (&x, &dy), false, false);
    assert_same_bits(|| "y".into(), &mixed[3], &whole[3]);
    assert_same_bits(|| "dx".into(), &mixed[4], &whole[4]);
    assert!((mixed[0][0] - whole[0][0]).abs() <= 1e-6 * whole[0][0].abs(), "the gradient of alpha");
    let dbeta: f32 = mixed[2].iter().sum();
    assert!((dbeta - whole[2][0]).abs() < 1e-3, "{dbeta} {}", whole[2][0]);
}

#[test]
fn limits_are_taken_at_infinity() {
    let at = |name: &str, p: &[f32], x: f32| {
        let kind: LearnedKind = name.parse().unwrap();
        let (mut y, mut dx) = ([0.0], [0.0]);
        let mut gradients = vec![[0.0]; p.len()];
        let mut gradients: Vec<&mut [f32]> =
            gradients.iter_mut().map(<[f32; 1]>::as_mut_slice).collect();
        learned::forward(Level::best(), kind, &one_each(p), &[x], &mut y).unwrap();
        learned::backward(Level::best(), kind, &one_each(p), &[x], &[1.0], &mut dx, &mut gradients)
            .unwrap();
        (y[0], dx[0], gradients[0][0])
    };
    let infinity = f32::INFINITY;
    assert_eq!(at("swish", &[1.0], -infinity), (0.0, 0.0, 0.0));
    assert_eq!(at("swish", &[1.0], infinity), (infinity, 1.0, 0.0));
    assert_eq!(at("swish", &[-1.0], infinity).0, 0.0);
    assert_eq!(at("swish", &[0.0], -infinity), (-infinity, 0.5, infinity));
    assert_eq!(at("trainable_elu", &[2.0], -infinity), (-2.0, 0.0, -1.0));
    assert_eq!(at("scaled_softsign", &[3.0, 2.0], -infinity), (-3.0, 0.0, -1.0));
    assert_eq!(at("dyt", &[0.5, 2.0, 1.0], infinity), (3.0, 0.0, 0.0));
    assert_eq!(at("dyt", &[0.0, 2.0, 1.0], infinity).0, 1.0);
    assert_eq!(at("apalu", &[0.5, 0.25], -infinity), (-0.25, 0.0, 0.0));
    assert_eq!(at("delu", &[-0.5], infinity).0, 1.0);
    assert_eq!(at("delu", &[0.0], -infinity).0, 0.0);
    assert_eq!(at("relun", &[6.0], infinity), (6.0, 0.0, 1.0));
    assert_eq!(at("shilu", &[0.0, 2.0], infinity).0, 2.0);
    assert_eq!(at("prelu", &[0.0], -infinity).0, 0.0);
    for name in ["coslu", "sinlu"] {
        assert_eq!(at(name, &[1.0, 1.0], -infinity), (0.0, 0.0, 0.0));
        let (y, dx, d_alpha) = at(name, &[1.0, 1.0], infinity);
        assert!(y == infinity && dx.is_nan() && d_alpha.is_nan(), "{name}: {y} {dx} {d_alpha}");
        assert_eq!(at(name, &[0.0, 1.0], infinity).1, 1.0, "{name} is SiLU with a factor of 0");
    }
}

#[test]
fn nan_stays_and_a_rectifier_selects() {
    for &kind in LearnedKind::ALL {
        let p = five_parameter_values(kind).swap_remove(1);
        let all =
            everything(Level::best(), kind, &one_each(&p), (&[f32::NAN], &[2.0]), false, false);
        assert!(all[p.len()][0].is_nan(), "{kind}");
    }
    // An infinite dy below 0 is not multiplied by 0.
    for name in ["relun", "shilu"] {
        let kind: LearnedKind = name.parse().unwrap();
        let p: Vec<f32> = kind.parameters().iter().map(|p| p.initial).collect();
        let inputs: (&[f32], &[f32]) = (&[-1.0], &[f32::INFINITY]);
        let all = everything(Level::best(), kind, &one_each(&p), inputs, false, false);
        assert_eq!(all[0], [0.0], "{name}");
        assert_eq!(all[p.len() + 1], [0.0], "{name}");
    }
}

#[test]
fn parameters_outside_of_their_domain_are_refused() {
    for &kind in LearnedKind::ALL {
        let initial: Vec<f32> = kind.parameters().iter().map(|p| p.initial).collect();
        for (k, parameter) in kind.parameters().iter().enumerate() {
            assert!(parameter.domain.contains(parameter.initial), "{kind} {}", parameter.name);
            let mut bad = vec![f32::NAN, f32::INFINITY];
            if parameter.domain == Domain::Positive {
                bad.extend([0.0, -1.0]);
            }
            for value in bad {
                let mut p = initial.clone();
                p[k] = value;
                let mut y = [7.0];
                let error = learned::forward(Level::best(), kind, &one_each(&p), &[1.0], &mut y)
                    .unwrap_err();
                assert_eq!((error.kind, error.name), (kind, parameter.name));
                assert!(error.value.to_bits() == value.to_bits());
                assert_eq!(y, [7.0], "a refused call writes nothing");
            }
        }
    }
    let error = LearnedKind::NormLinComb.check(&one_each(&[1.0, -1.0, 0.0, -1e-8])).err();
    assert_eq!(error, None, "the sum is only nearly 0");
}

#[test]
fn names_are_unique_and_parse() {
    for &kind in LearnedKind::ALL {
        assert_eq!(kind.name().parse(), Ok(kind));
        assert_eq!(LearnedKind::ALL.iter().filter(|k| k.name() == kind.name()).count(), 1);
    }
    assert!("nothing".parse::<LearnedKind>().is_err());
}

#[test]
#[should_panic(expected = "`x` has 3 elements, `y` has 2")]
fn lengths_must_match() {
    let _ =
        learned::forward(Level::best(), LearnedKind::Prelu, &[&[0.1]], &[0.0; 3], &mut [0.0; 2]);
}

#[test]
#[should_panic(expected = "`x` has 5 elements, no whole number of rows of 2 channels")]
fn rows_must_be_whole() {
    let p: &[f32] = &[0.1, 0.2];
    let _ = learned::forward(Level::best(), LearnedKind::Prelu, &[p], &[0.0; 5], &mut [0.0; 5]);
}

#[test]
#[should_panic(expected = "coslu has 2 parameters, but 1 were given")]
fn all_parameters_must_be_there() {
    let _ = learned::forward(Level::best(), LearnedKind::CosLu, &[&[0.1]], &[0.0], &mut [0.0]);
}

#[test]
fn carelu_is_its_definition_and_its_gradient_that_of_differences() {
    use halfwave_kernels::learned::carelu::{self, CaRelu};
    let carelu = CaRelu { alpha: 0.8, beta: -0.3, scale: 1.5, epsilon: 1e-8 };
    let (rows, columns) = (3, 21);
    let (x, dy) = (smooth(rows * columns, 11), smooth(rows * columns, 12));
    let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    carelu::forward(Level::best(), carelu, &x, columns, &mut y).unwrap();
    let gradients = carelu::backward(Level::best(), carelu, &x, columns, &dy, &mut dx).unwrap();

    // Σ y dy in f64, of x and parameters that differ a little.
    let loss = |carelu: CaRelu, x: &[f64]| -> f64 {
        x.chunks(columns)
            .zip(dy.chunks(columns))
            .map(|(x, dy)| {
                let mut y = vec![0.0; columns];
                carelu.definition(x, &mut y);
                y.iter().zip(dy).map(|(y, &dy)| y * f64::from(dy)).sum::<f64>()
            })
            .sum()
    };
    let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
    for (row, y) in wide.chunks(columns).zip(y.chunks(columns)) {
        let mut exact = vec![0.0; columns];
        carelu.definition(row, &mut exact);
        for (&y, exact) in y.iter().zip(exact) {
            assert!(error_in_ulp(y, exact) <= 0.51, "{y} {exact}");
        }
    }
    for i in 0..x.len() {
        let at = |shift: f64| {
            let mut x = wide.clone();
            x[i] += shift;
            loss(carelu, &x)
        };
        let difference = (at(1e-6) - at(-1e-6)) / 2e-6;
        let found = f64::from(dx[i]);
        assert!(
            (found - difference).abs() <= 1e-5 + 1e-3 * difference.abs(),
            "dx {i}: {found} {difference}"
        );
    }
    for (found, at) in gradients.into_iter().zip([
        |shift: f32| CaRelu { alpha: 0.8 + shift, beta: -0.3, scale: 1.5, epsilon: 1e-8 },
        |shift: f32| CaRelu { alpha: 0.8, beta: -0.3 + shift, scale: 1.5, epsilon: 1e-8 },
    ]) {
        // The parameters are f32: a step that they can hold.
        let step = 1.0 / 4096.0;
        let difference = (loss(at(step), &wide) - loss(at(-step), &wide)) * 2048.0;
        let found = f64::from(found);
        assert!((found - difference).abs() <= 1e-3 * difference.abs(), "{found} {difference}");
    }
    for level in fused_levels() {
        for columns in 0..=67 {
            let (x, dy) = (spiked(2 * columns, 1), smooth(2 * columns, 2));
            let run = |level| {
                let (mut y, mut dx) = (vec![0.0; x.len()], vec![0.0; x.len()]);
                carelu::forward(level, carelu, &x, columns, &mut y).unwrap();
                let gradients = carelu::backward(level, carelu, &x, columns, &dy, &mut dx).unwrap();
                y.extend(dx);
                y.extend(gradients);
                y
            };
            assert_same_bits(|| format!("{level}, {columns} columns"), &run(level), &run(scalar()));
        }
    }
    let error = carelu::forward(Level::best(), CaRelu { epsilon: 0.0, ..carelu }, &[], 0, &mut [])
        .unwrap_err();
    assert_eq!(error.to_string(), "carelu: `epsilon` is 0, but must be finite and above 0");
}
