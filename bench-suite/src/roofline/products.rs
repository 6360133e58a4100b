//! Products, training steps and convolutions, against the peak of multiply-adds on as many threads.

use std::sync::{Mutex, MutexGuard, PoisonError};

use halfwave_kernels::Level;
use rayon::ThreadPool;

use super::{Effort, Measured, probes::multiply_adds};
use crate::{
    check,
    conv::{Layer, Pass},
    interleaved::{self, Contestant},
    product::Product,
    scalar,
    shapes::{self, Epilogue, Shape},
    steps::{Result, STEPS, Step},
    threads,
};

/// What is known of a contestant before it runs.
struct Work {
    part: &'static str,
    /// Steps of a call, else 1.
    steps: f64,
    /// Of a call.
    flop: f64,
    /// Of a call.
    bytes: f64,
}

/// Products with their epilogues, faer's bare ones, and training steps, on one thread and on all.
#[must_use]
pub fn measure(effort: Effort) -> Vec<Measured> {
    let shapes = shapes::gemm();
    let steps = STEPS.iter().filter(|step| !step.products.is_empty());
    let checked = |step: &'static Step| Ok((step, step.after_one(scalar())?));
    let steps: Vec<_> = steps.map(checked).collect::<Result<_>>().expect("the steps are small");
    let measured = |pool: &ThreadPool| {
        let rows = on(pool, &shapes, &steps, effort);
        let print_part = |row: &Measured| {
            print(row);
            if let Some(step) = STEPS.iter().find(|step| step.name == row.name) {
                parts(step, row.seconds, &rows);
            }
        };
        heading("products and training steps", pool);
        rows.iter().for_each(print_part);
        rows
    };
    threads::pools().iter().flat_map(measured).collect()
}

/// With steps come the weights that the scalar level gets in one.
fn on(
    pool: &ThreadPool,
    shapes: &[Shape],
    steps: &[(&'static Step, Vec<f32>)],
    effort: Effort,
) -> Vec<Measured> {
    let level = Level::best();
    let (mut contestants, mut work) = (Vec::new(), Vec::new());
    for shape in shapes.iter().filter(|shape| effort.large || !shape.is_large()) {
        let known = |part, bytes| Work { part, steps: 1.0, flop: shape.flop(), bytes };
        let mut product = Product::new(shape);
        let run = move || product.run_faer();
        contestants.push(Contestant::on(pool, format!("{} faer", shape.name), run));
        work.push(known("faer", shape.bytes(Epilogue::None)));
        for &epilogue in &shape.epilogues {
            let mut product = Product::new(shape);
            product.check(level, epilogue);
            let run = move || product.run(level, epilogue);
            contestants.push(Contestant::on(pool, name(&shape.name, epilogue), run));
            work.push(known("products", shape.bytes(epilogue)));
        }
    }
    for (step, expected) in steps {
        let got = pool.install(|| step.after_one(level)).expect("the steps are small");
        check::same_as_scalar(step.name, level, &got, expected);
        let mut model =
            (step.new)(step.steps).unwrap_or_else(|error| panic!("{}: {error}", step.name));
        let run = move || model.train(level).expect("the steps are small");
        contestants.push(Contestant::on(pool, step.name, run));
        let of = |name| shapes.iter().find(|s| s.name == name).expect("a shape");
        let sum = |what: fn(&Shape) -> f64| -> f64 {
            let products = step.products.iter();
            let one: f64 = products.map(|&(name, count)| f64::from(count) * what(of(name))).sum();
            one * step.steps as f64
        };
        work.push(Work {
            part: "steps",
            steps: step.steps as f64,
            flop: sum(Shape::flop),
            bytes: sum(|shape| shape.bytes(Epilogue::None)),
        });
    }
    in_turns(pool, contestants, &work, effort)
}

/// The passes of convolutions, on one thread and on all.
#[must_use]
pub fn convolutions(effort: Effort) -> Vec<Measured> {
    let level = Level::best();
    let mut measured = Vec::new();
    for pool in &threads::pools() {
        let layers = Layer::all().map(Mutex::new);
        let (mut contestants, mut work) = (Vec::new(), Vec::new());
        for layer in &layers {
            locked(layer).check(level);
            for pass in Pass::ALL {
                let shape = locked(layer).shape;
                let name = format!("{} {}", locked(layer).name, pass.name());
                let run = move || locked(layer).run(level, pass);
                contestants.push(Contestant::on(pool, name, run));
                let arrays = [shape.input(), shape.weights(), shape.output()];
                let elements: usize = arrays.map(|array| array.iter().product()).iter().sum();
                work.push(Work {
                    part: "convolutions",
                    steps: 1.0,
                    flop: 2.0 * shape.multiply_adds(),
                    bytes: (size_of::<f32>() * elements) as f64,
                });
            }
        }
        let rows = in_turns(pool, contestants, &work, effort);
        heading("convolutions", pool);
        rows.iter().for_each(print);
        measured.extend(rows);
    }
    measured
}

/// A layer whose passes, one at a time, are several contestants.
fn locked(layer: &Mutex<Layer>) -> MutexGuard<'_, Layer> {
    layer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Times the contestants in turns, with multiply-adds in registers among them.
fn in_turns<'a>(
    pool: &'a ThreadPool,
    mut contestants: Vec<Contestant<'a>>,
    work: &[Work],
    effort: Effort,
) -> Vec<Measured> {
    let level = Level::best();
    let flop = multiply_adds(pool, level);
    contestants.push(Contestant::new("multiply-adds", move || {
        multiply_adds(pool, level);
    }));
    interleaved::run(&mut contestants, effort.rounds, effort.slice);
    let peak = flop / contestants[work.len()].median();
    let rows = contestants.iter().zip(work).map(|(contestant, work)| Measured {
        part: work.part,
        name: contestant.name().into(),
        level: level.name(),
        threads: pool.current_num_threads(),
        elements: None,
        seconds: contestant.median() / work.steps,
        flop: Some(work.flop / work.steps),
        bytes: work.bytes / work.steps,
        share: work.flop / contestant.median() / peak,
    });
    rows.collect()
}

fn heading(what: &str, pool: &ThreadPool) {
    println!("\n{what}, {}T, {}", pool.current_num_threads(), Level::best());
    println!("{:<38}{:>12}{:>10}{:>10}", "", "ms", "GFLOP/s", "of peak");
}

fn print(row: &Measured) {
    let rate = row.rate().unwrap_or(f64::NAN) / 1e9;
    let (ms, share) = (1e3 * row.seconds, 100.0 * row.share);
    println!("{:<38}{ms:>12.3}{rate:>10.1}{share:>8.0} %", row.name);
}

/// Where the time of a step goes, by what its parts take alone.
fn parts(step: &Step, all: f64, rows: &[Measured]) {
    let seconds = |shape, epilogue| {
        let name = name(shape, epilogue);
        rows.iter().find(|row| row.name == name).map(|row| row.seconds)
    };
    let part = |name: &str, seconds: f64| {
        println!("  {name:<36}{:>12.3}{:>10}{:>8.0} %", 1e3 * seconds, "", 100.0 * seconds / all);
    };
    let bare = |shape| seconds(shape, Epilogue::None).unwrap_or(f64::NAN);
    let products: f64 = step.products.iter().map(|&(s, count)| f64::from(count) * bare(s)).sum();
    // What an epilogue adds to its product, where it is measured.
    let added = |shape, epilogue| seconds(shape, epilogue).map_or(0.0, |with| with - bare(shape));
    let update: f64 = step
        .products
        .iter()
        .map(|&(s, _)| added(s, Epilogue::Momentum) + added(s, Epilogue::Adam))
        .sum();
    let sampled = step.products.iter().find(|(shape, _)| shape.ends_with("-hidden"));
    // The hidden units of the last phase are means.
    let samples = sampled
        .map_or(0.0, |&(shape, count)| f64::from(count - 1) * added(shape, Epilogue::Sample));
    part("products", products);
    part("update, beyond its product", update);
    if sampled.is_some() {
        part("samples (of NReLU), beyond theirs", samples);
    }
    part("rest", all - products - update - samples);
}

fn name(shape: &str, epilogue: Epilogue) -> String {
    format!("{shape} {}", epilogue.name())
}
