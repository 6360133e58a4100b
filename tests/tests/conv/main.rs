//! Convolution and max-pooling against seven loops in `f64`, central differences of them, and PyTorch.

#![allow(clippy::unwrap_used, reason = "a panic is a test's way to fail")]

mod pool;
mod reference;

use halfwave_kernels::{
    Kind, Level, backward_in_place,
    conv::{self, Conv2d, GeometryError, MaxPool2d, Padding, Workspace},
    forward_in_place,
    gemm::{Epilogue, MatRef},
    rng::Stream,
    units::{self, Unit},
};
use halfwave_tests::{
    compare::{assert_same_bits, levels, scalar},
    guard_page::{Guarded, Side},
    inputs,
};
use reference::{LAYERS, Layer, OLD, Run, assert_close, layer, random_layers, sines, torch, wide};

#[test]
fn random_geometries_are_seven_loops() {
    let mut refused = 0;
    for layer in random_layers(1500) {
        let [_, height, width, _] = layer.x;
        let too_large = layer.weights[0] > height || layer.weights[1] > width;
        if layer.padding == Padding::Valid && too_large {
            assert!(matches!(layer.shape(), Err(GeometryError::WindowTooLarge { .. })));
            refused += 1;
        } else {
            Run::new(layer).check();
        }
    }
    assert!((50..500).contains(&refused), "{refused} refused");
}

#[test]
fn layers_of_several_slots_and_parts_are_seven_loops() {
    for layer in LAYERS {
        Run::new(layer).check();
    }
}

#[test]
fn gradients_are_central_differences_of_the_definition() {
    const EPS: f64 = 1e-6;
    let small = random_layers(400).filter(|layer| {
        let size = |shape: [usize; 4]| shape.iter().product::<usize>();
        (1..200).contains(&size(layer.x)) && (1..200).contains(&size(layer.weights))
    });
    let mut checked = 0;
    for layer in small.filter(|layer| layer.shape().is_ok()).take(40) {
        let mut run = Run::new(layer);
        run.all(Level::best());
        let channels = run.bias.len();
        let dy = wide(&run.dy);
        // Σ dy · y, for numbers (x, w, b) one behind the other.
        let (inputs, weights) = (run.x.len(), run.weights.len());
        let all = [wide(&run.x), wide(&run.weights), wide(&run.bias)].concat();
        let loss = |all: &[f64]| {
            let bias = &all[inputs + weights..];
            let mut sum: f64 = dy.iter().enumerate().map(|(k, dy)| dy * bias[k % channels]).sum();
            layer.each_product(|i, j, k| sum += all[i] * all[inputs + j] * dy[k]);
            sum
        };
        let gradients = [&run.dx[..], &run.dw, &run.db].concat();
        for (at, &found) in gradients.iter().enumerate() {
            let moved = |by: f64| {
                let mut all = all.clone();
                all[at] += by;
                loss(&all)
            };
            let expected = (moved(EPS) - moved(-EPS)) / (2.0 * EPS);
            let error = (f64::from(found) - expected).abs();
            assert!(
                error <= 1e-5 + 1e-5 * expected.abs(),
                "gradient {at} of {layer:?}: {found}, by difference {expected}"
            );
            checked += 1;
        }
    }
    assert!(checked > 2000, "only {checked} numbers");
}

#[test]
fn convolutions_are_those_of_torch() {
    let torch = torch();
    for (name, layer) in [
        ("valid", layer([2, 5, 6, 3], [3, 3, 3, 4], [1, 1], Padding::Valid)),
        ("strided", layer([2, 7, 6, 2], [3, 2, 2, 5], [2, 1], Padding::Valid)),
        ("same", layer([1, 5, 4, 2], [3, 3, 2, 3], [1, 1], Padding::Same)),
        ("same_even", layer([2, 4, 5, 1], [2, 4, 1, 2], [1, 1], Padding::Same)),
        ("pointwise", layer([2, 3, 3, 4], [1, 1, 4, 5], [1, 1], Padding::Valid)),
        ("whole", layer([3, 4, 3, 2], [4, 3, 2, 6], [1, 1], Padding::Valid)),
    ] {
        let mut run = Run::new(layer);
        sines(&mut run.x, 0.3, 1.7);
        sines(&mut run.weights, 1.1, 2.3);
        sines(&mut run.bias, 0.5, 0.9);
        sines(&mut run.dy, 2.0, 1.3);
        run.all(Level::best());
        for (what, found) in [("y", &run.y), ("dw", &run.dw), ("db", &run.db), ("dx", &run.dx)] {
            assert_close((name, what), found, &torch[&(name, what)]);
        }
    }
}

/// What the epilogue does, by the public functions on slices, after the product.
fn unfused(level: Level, epilogue: Epilogue<'_>, product: &[f32], n: usize) -> Vec<f32> {
    let mut out = product.to_vec();
    if let Epilogue::Bias(bias)
    | Epilogue::BiasActivation { bias, .. }
    | Epilogue::BiasSample { bias, .. } = epilogue
    {
        out.iter_mut().enumerate().for_each(|(i, y)| *y += bias[i % n]);
    }
    match epilogue {
        Epilogue::BiasActivation { kind, .. } => forward_in_place(level, kind, &mut out),
        Epilogue::BiasSample { unit, noise, .. } => {
            units::sample_in_place(level, unit, noise, &mut out);
        }
        Epilogue::Backward { kind, saved } => {
            let saved: Vec<f32> =
                (0..saved.nrows()).flat_map(|i| saved.row(i).iter().copied()).collect();
            backward_in_place(level, kind, &saved, &mut out);
        }
        _ => {}
    }
    out
}

#[test]
fn epilogues_see_the_whole_output_in_every_part() {
    for layer in LAYERS {
        let mut run = Run::new(layer);
        let (pixels, n) = (run.y.len() / run.bias.len(), run.bias.len());
        let bias = run.bias.clone();
        let saved = inputs::uniform(run.y.len(), 9, -2.0, 2.0);
        let saved = MatRef::from_row_major_slice(&saved, pixels, n);
        let noise = Stream::new(11).at(1 << 33);
        let mut epilogues = vec![Epilogue::Bias(&bias)];
        for kind in [Kind::Relu, Kind::Gelu] {
            epilogues.push(Epilogue::BiasActivation { bias: &bias, kind });
            epilogues.push(Epilogue::Backward { kind, saved });
        }
        for &unit in Unit::ALL {
            epilogues.push(Epilogue::BiasSample { bias: &bias, unit, noise });
        }
        for level in levels() {
            run.forward(level, Epilogue::None);
            let product = run.y.clone();
            for &epilogue in &epilogues {
                run.forward(level, epilogue);
                let what = || format!("{layer:?} on {level}, {:.70}", format!("{epilogue:?}"));
                assert_same_bits(what, &run.y, &unfused(level, epilogue, &product, n));
            }
        }
    }
}

#[test]
fn the_gradient_of_the_input_passes_an_activation_in_every_part() {
    for layer in LAYERS {
        let mut run = Run::new(layer);
        let n = run.shape.input()[3];
        let saved = inputs::uniform(run.x.len(), 9, -2.0, 2.0);
        let saved = MatRef::from_row_major_slice(&saved, run.x.len() / n, n);
        for level in levels() {
            run.backward_input(level, Epilogue::None);
            let product = run.dx.clone();
            for kind in [Kind::Relu, Kind::Gelu] {
                let epilogue = Epilogue::Backward { kind, saved };
                run.backward_input(level, epilogue);
                let what = || format!("{layer:?} on {level}, {kind}");
                assert_same_bits(what, &run.dx, &unfused(level, epilogue, &product, n));
            }
        }
    }
}

#[test]
fn products_have_the_same_bits_on_every_level() {
    for layer in LAYERS {
        let mut expected = Run::new(layer);
        expected.all(scalar());
        for level in levels().into_iter().filter(|level| level.is_fused()) {
            let mut run = Run::new(layer);
            run.all(level);
            let what = |array| move || format!("{array} of {layer:?} on {level}");
            assert_same_bits(what("y"), &run.y, &expected.y);
            assert_same_bits(what("dw"), &run.dw, &expected.dw);
            assert_same_bits(what("db"), &run.db, &expected.db);
            assert_same_bits(what("dx"), &run.dx, &expected.dx);
        }
    }
}

/// Every array touches inaccessible pages, from either side.
#[test]
fn convolutions_stay_between_guard_pages() {
    let small = random_layers(100).filter(|layer| layer.shape().is_ok());
    for layer in LAYERS.into_iter().chain(small) {
        for (level, side) in levels().into_iter().flat_map(|l| [(l, Side::Front), (l, Side::Back)])
        {
            let mut run = Run::new(layer);
            run.all(level);
            let guarded = |values: &[f32]| Guarded::new(side, values);
            let old = |values: &[f32]| Guarded::new(side, &vec![OLD; values.len()]);
            let Run { shape, mut workspace, .. } = run;
            let [x, weights, bias, dy] =
                [&run.x, &run.weights, &run.bias, &run.dy].map(|values| guarded(values));
            let (x, weights, bias, dy) =
                (x.as_slice(), weights.as_slice(), bias.as_slice(), dy.as_slice());
            let [mut y, mut dw, mut db, mut dx] =
                [&run.y, &run.dw, &run.db, &run.dx].map(|values| old(values));
            let epilogue = Epilogue::Bias(bias);
            let (y_, dw_, dx_) = (y.as_mut_slice(), dw.as_mut_slice(), dx.as_mut_slice());
            let (db_, none) = (Some(db.as_mut_slice()), Epilogue::None);
            conv::forward(level, &shape, x, weights, y_, epilogue, &mut workspace);
            conv::backward_weights(level, &shape, x, dy, dw_, db_, &mut workspace);
            conv::backward_input(level, &shape, dy, weights, dx_, none, &mut workspace);
            let what = |array| move || format!("{array} of {layer:?} on {level}, {side:?}");
            assert_same_bits(what("y"), y.as_slice(), &run.y);
            assert_same_bits(what("dw"), dw.as_slice(), &run.dw);
            assert_same_bits(what("db"), db.as_slice(), &run.db);
            assert_same_bits(what("dx"), dx.as_slice(), &run.dx);
        }
    }
}

fn on_threads<R: Send>(threads: usize, f: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for layer in LAYERS {
        let result = || {
            let mut run = Run::new(layer);
            run.all(Level::best());
            [run.y, run.dw, run.db, run.dx].concat()
        };
        let expected = on_threads(1, result);
        for threads in 2..=4 {
            let what = || format!("{layer:?} on {threads} threads");
            assert_same_bits(what, &on_threads(threads, result), &expected);
        }
    }
}

#[test]
fn nan_and_infinity_stay_in_their_windows() {
    for layer in LAYERS {
        let mut run = Run::new(layer);
        run.all(Level::best());
        let clean = (run.y.clone(), run.dx.clone());
        for poison in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let mut run = Run::new(layer);
            let (at_x, at_dy) = (run.x.len() / 2, run.dy.len() / 3);
            (run.x[at_x], run.dy[at_dy]) = (poison, poison);
            run.all(Level::best());
            let (mut y_covered, mut dx_covered) =
                (vec![false; run.y.len()], vec![false; run.x.len()]);
            layer.each_product(|i, _, k| {
                y_covered[k] |= i == at_x;
                dx_covered[i] |= k == at_dy;
            });
            for (covered, found, clean) in
                [(y_covered, &run.y, &clean.0), (dx_covered, &run.dx, &clean.1)]
            {
                for (i, covered) in covered.into_iter().enumerate() {
                    if covered {
                        assert!(!found[i].is_finite(), "{layer:?}, {poison}: {i} is {}", found[i]);
                    } else {
                        assert_eq!(
                            found[i].to_bits(),
                            clean[i].to_bits(),
                            "{layer:?}, {poison}: {i}"
                        );
                    }
                }
            }
            assert!(run.db.iter().filter(|db| !db.is_finite()).count() == 1, "{layer:?}");
        }
    }
}

#[test]
fn a_workspace_serves_smaller_batches() {
    let mut layers = LAYERS.to_vec();
    layers.push(layer([500, 28, 28, 3], [3, 3, 3, 512], [1, 1], Padding::Same));
    layers.push(layer([40, 9, 9, 300], [5, 5, 300, 700], [1, 1], Padding::Same));
    for layer in layers {
        let shape = layer.shape().unwrap();
        let workspace = Workspace::new(&shape);
        for batch in 0..=layer.x[0] {
            assert!(workspace.fits(&shape.with_batch(batch).unwrap()), "{batch} of {layer:?}");
        }
    }
    let large = layer([9, 14, 13, 17], [3, 3, 17, 33], [1, 1], Padding::Same);
    let mut run = Run::new(Layer { x: [4, 14, 13, 17], ..large });
    run.workspace = Workspace::new(&large.shape().unwrap());
    run.check();
}

#[test]
fn without_a_bias_only_the_weights_are_summed() {
    let mut run = Run::new(LAYERS[1]);
    run.all(Level::best());
    let mut dw = vec![OLD; run.dw.len()];
    let Run { shape, x, dy, workspace, .. } = &mut run;
    conv::backward_weights(Level::best(), shape, x, dy, &mut dw, None, workspace);
    assert_same_bits(|| "dw".into(), &dw, &run.dw);
}

#[test]
fn geometries_that_cannot_be_say_why() {
    let message = |x, weights, stride, padding| {
        Conv2d::new(x, weights, stride, padding).unwrap_err().to_string()
    };
    let (x, w) = ([1, 5, 5, 2], [3, 3, 2, 4]);
    for (found, expected) in [
        (message(x, w, [0, 1], Padding::Same), "the height of the stride is 0"),
        (message(x, [3, 0, 2, 4], [1, 1], Padding::Same), "the width of the window is 0"),
        (message([1, 0, 5, 2], w, [1, 1], Padding::Same), "the height of the input is 0"),
        (message(x, [3, 3, 1, 4], [1, 1], Padding::Same), "x has 2 channels, the weights take 1"),
        (
            message(x, [3, 6, 2, 4], [1, 1], Padding::Valid),
            "the width of the window is 6, of the input only 5: take a smaller window",
        ),
        (
            message([usize::MAX, 5, 5, 0], [3, 3, 0, 4], [1, 1], Padding::Same),
            "more than memory can hold",
        ),
        (
            message([1, 5, 5, 1], [usize::MAX, usize::MAX, 1, 1], [1, 1], Padding::Same),
            "the weights is",
        ),
        (
            MaxPool2d::new([1, 50, 50, 1], [16, 17], [1, 1], Padding::Same)
                .unwrap_err()
                .to_string(),
            "16 × 17 has more than 256 positions",
        ),
    ] {
        assert!(found.contains(expected), "`{found}` is not `{expected}`");
    }
    // Strides beyond all sizes are fine: one window.
    let shape = Conv2d::new(x, w, [usize::MAX; 2], Padding::Same).unwrap();
    assert_eq!(shape.output(), [1, 1, 1, 4]);
}

fn small() -> Run {
    Run::new(layer([2, 5, 5, 3], [3, 3, 3, 4], [1, 1], Padding::Valid))
}

#[test]
#[should_panic(expected = "`x` has 149 elements, but [2, 5, 5, 3] has 150")]
fn an_input_that_does_not_fit_is_refused() {
    let mut run = small();
    run.x.pop();
    run.all(Level::best());
}

#[test]
#[should_panic(expected = "`out` has 73 elements, but [2, 3, 3, 4] has 72")]
fn an_output_that_does_not_fit_is_refused() {
    let mut run = small();
    run.y.push(0.0);
    run.all(Level::best());
}

#[test]
#[should_panic(expected = "`db` has 3 elements, but [4] has 4")]
fn a_bias_gradient_that_does_not_fit_is_refused() {
    let mut run = small();
    run.db.pop();
    run.all(Level::best());
}

#[test]
#[should_panic(expected = "`saved` is (19, 4), out is (18, 4)")]
fn saved_values_of_another_shape_are_refused() {
    let saved = [0.0; 19 * 4];
    let saved = MatRef::from_row_major_slice(&saved, 19, 4);
    small().forward(Level::best(), Epilogue::Backward { kind: Kind::Relu, saved });
}

#[test]
#[should_panic(expected = "the workspace is for a smaller shape")]
fn a_workspace_of_another_layer_is_refused() {
    let mut run = small();
    let other = layer([2, 5, 5, 1], [1, 1, 1, 1], [1, 1], Padding::Valid);
    run.workspace = Workspace::new(&other.shape().unwrap());
    run.all(Level::best());
}
