//! How far from the machine's limits the kernels are, probed in the same run: `-- --quick` for less.
//!
//! Element-wise kernels are measured against the fastest that moves the same bytes, products, convolutions and
//! training steps against the machine's peak of fused multiply-adds. `-- elements`, `-- products` or
//! `-- convolutions` for some of them.
//! Ignores criterion's flags.

use std::{cell::RefCell, hint::black_box, time::Duration};

use halfwave_bench_suite::{
    conv::{Layer, Pass},
    inputs,
    interleaved::{self, Contestant},
    product::Product,
    scalar,
    shapes::{self, Epilogue},
    steps::{STEPS, Step},
    threads,
};
use halfwave_kernels::{
    Kind, Level, backward, forward, probe,
    rng::{self, Stream},
    units::{self, Unit},
};

/// How long to measure.
#[derive(Clone, Copy)]
struct Effort {
    rounds: usize,
    slice: Duration,
}

fn main() {
    let has = |flag| std::env::args().any(|argument| argument == flag);
    let effort = if has("--test") {
        Effort { rounds: 1, slice: Duration::ZERO }
    } else if has("--quick") {
        Effort { rounds: 5, slice: Duration::from_millis(4) }
    } else {
        Effort { rounds: 11, slice: Duration::from_millis(15) }
    };
    let parts = ["elements", "products", "convolutions"].map(has);
    let [elements, products, convolutions] = if parts == [false; 3] { [true; 3] } else { parts };
    if elements {
        element_wise(effort);
    }
    if products {
        compute(effort);
    }
    if convolutions {
        convolve(effort);
    }
}

fn element_wise(effort: Effort) {
    let levels: Vec<_> =
        halfwave_bench_suite::levels().into_iter().filter(|l| *l != scalar()).collect();
    for (cache, size) in [("L1", 1 << 12), ("L2", 1 << 16), ("L3", 1 << 20), ("DRAM", 1 << 24)] {
        println!("\n{size} elements ({cache} of a usual core), one thread");
        println!("{:<26}{:>10}{:>12}{:>10}", "", "level", "ns/element", "of limit");
        // The other levels are compared in L2 only.
        let count = if cache == "L2" { levels.len() } else { 1 };
        for &level in &levels[..count] {
            forward_pass(level, size, effort);
            backward_pass(level, size, effort);
        }
    }
}

/// Kernels of one stream in and one out (8 bytes an element), against the fastest of all copies.
fn forward_pass(level: Level, size: usize, effort: Effort) {
    let x = inputs::uniform(1, size, 0.0, 6.0);
    let out = || vec![0.0_f32; size];
    let x = &x;
    let mut y = out();
    let mut contestants =
        vec![Contestant::new("copy", move || black_box(&mut y).copy_from_slice(black_box(x)))];
    for &kind in Kind::ALL {
        let mut y = out();
        let name = format!("forward {kind}");
        contestants.push(Contestant::new(name, move || forward(level, kind, x, black_box(&mut y))));
    }
    for &unit in Unit::ALL {
        let mut h = out();
        let name = format!("sample {unit}");
        let noise = Stream::new(3).at(0);
        contestants.push(Contestant::new(name, move || {
            units::sample(level, unit, noise, x, black_box(&mut h));
        }));
    }
    interleaved::run(&mut contestants, effort.rounds, effort.slice);
    print(level, size, &contestants);
    let mut filled = out();
    let noise = Stream::new(3).at(0);
    let mut fill =
        [Contestant::new("normal (one stream)", || rng::normal(level, noise, &mut filled))];
    interleaved::run(&mut fill, effort.rounds, effort.slice);
    row(level, size, &fill[0], None);
}

/// Kernels of two streams in and one out (12 bytes), against the fastest of them and of a plain sum.
fn backward_pass(level: Level, size: usize, effort: Effort) {
    let (saved, dy) = (inputs::uniform(1, size, 0.0, 1.0), inputs::uniform(2, size, -1.0, 1.0));
    let (saved, dy) = (&saved, &dy);
    let mut sum = vec![0.0_f32; size];
    let mut contestants = vec![Contestant::new("z = x + y", || {
        for ((z, x), y) in black_box(&mut sum).iter_mut().zip(saved).zip(dy) {
            *z = x + y;
        }
    })];
    // The identity's backward reads one stream only.
    for &kind in Kind::ALL.iter().filter(|&&kind| kind != Kind::Identity) {
        let mut dx = vec![0.0; size];
        let name = format!("backward {kind}");
        contestants.push(Contestant::new(name, move || {
            backward(level, kind, saved, dy, black_box(&mut dx));
        }));
    }
    interleaved::run(&mut contestants, effort.rounds, effort.slice);
    print(level, size, &contestants);
}

/// Prints contestants that move the same bytes.
fn print(level: Level, size: usize, contestants: &[Contestant<'_>]) {
    let limit = contestants.iter().map(Contestant::median).fold(f64::INFINITY, f64::min);
    for contestant in contestants {
        row(level, size, contestant, Some(limit));
    }
}

fn row(level: Level, size: usize, contestant: &Contestant<'_>, limit: Option<f64>) {
    let (seconds, name) = (contestant.median(), contestant.name());
    let share = limit.map_or("-".into(), |limit| format!("{:.0} %", 100.0 * limit / seconds));
    println!("{name:<26}{:>10}{:>12.4}{share:>10}", level.name(), 1e9 * seconds / size as f64);
}

/// Multiply-adds of a probe in each chain: about 1 ms.
const ROUNDS: u64 = 500_000;

/// All threads of the pool, with nothing but multiply-adds; returns the operations.
fn peak(level: Level) -> u64 {
    rayon::broadcast(|_| probe::multiply_adds(level, ROUNDS)).iter().sum()
}

/// Products and training steps, on one thread and on all.
fn compute(effort: Effort) {
    let (level, shapes) = (Level::best(), shapes::gemm());
    for pool in threads::pools() {
        let mut contestants = Vec::new();
        let flop = pool.install(|| peak(level)) as f64;
        contestants.push(Contestant::new("multiply-adds", || {
            pool.install(|| peak(level));
        }));
        let mut work = vec![flop];
        for shape in &shapes {
            let mut product = Product::new(shape);
            let faer = &pool;
            let run = move || faer.install(|| product.run_faer());
            contestants.push(Contestant::new(format!("{} faer", shape.name), run));
            work.push(shape.flop());
            for &epilogue in &shape.epilogues {
                let mut product = Product::new(shape);
                product.check(level, epilogue);
                let pool = &pool;
                let run = move || pool.install(|| product.run(level, epilogue));
                contestants.push(Contestant::new(name(&shape.name, epilogue), run));
                work.push(shape.flop());
            }
        }
        for step in &STEPS {
            let pool = &pool;
            let mut model =
                (step.new)(step.steps).unwrap_or_else(|error| panic!("{}: {error}", step.name));
            let run = move || pool.install(|| model.train(level)).expect("the steps are small");
            contestants.push(Contestant::new(step.name, run));
            let of = |name| shapes.iter().find(|s| s.name == name).expect("a shape").flop();
            let products = step.products.iter();
            let flop: f64 = products.map(|&(name, count)| f64::from(count) * of(name)).sum();
            work.push(flop * step.steps as f64);
        }
        interleaved::run(&mut contestants, effort.rounds, effort.slice);

        let threads = pool.current_num_threads();
        let peak = work[0] / contestants[0].median();
        println!("\nproducts and training steps, {threads} threads, {level}");
        println!("{:<38}{:>12}{:>10}{:>10}", "", "ms", "GFLOP/s", "of peak");
        let seconds = |name: &str| {
            let of = contestants.iter().find(|contestant| contestant.name() == name);
            of.map_or(f64::NAN, Contestant::median)
        };
        let print = |name: &str, seconds: f64, flop: f64| {
            let (rate, share) = (flop / seconds / 1e9, 100.0 * flop / seconds / peak);
            println!("{name:<38}{:>12.3}{rate:>10.1}{share:>8.0} %", 1e3 * seconds);
        };
        for (contestant, &flop) in contestants.iter().zip(&work) {
            let step = STEPS.iter().find(|step| step.name == contestant.name());
            let steps = step.map_or(1.0, |step| step.steps as f64);
            print(contestant.name(), contestant.median() / steps, flop / steps);
            if let Some(step) = step {
                parts(step, contestant.median() / steps, &seconds);
            }
        }
    }
}

/// The passes of convolutions, on one thread and on all.
fn convolve(effort: Effort) {
    let level = Level::best();
    for pool in threads::pools() {
        let layers = Layer::all().map(RefCell::new);
        let flop = pool.install(|| peak(level)) as f64;
        let mut contestants = vec![Contestant::new("multiply-adds", || {
            pool.install(|| peak(level));
        })];
        let mut work = vec![flop];
        for layer in &layers {
            let pool = &pool;
            layer.borrow_mut().check(level);
            for pass in Pass::ALL {
                let name = format!("{} {}", layer.borrow().name, pass.name());
                let run = move || {
                    let layer = &mut *layer.borrow_mut();
                    pool.install(|| layer.run(level, pass));
                };
                contestants.push(Contestant::new(name, run));
                work.push(2.0 * layer.borrow().shape.multiply_adds());
            }
        }
        interleaved::run(&mut contestants, effort.rounds, effort.slice);
        println!("\nconvolutions, {} threads, {level}", pool.current_num_threads());
        println!("{:<38}{:>12}{:>10}{:>10}", "", "ms", "GFLOP/s", "of peak");
        let peak = work[0] / contestants[0].median();
        for (contestant, flop) in contestants.iter().zip(work) {
            let (ms, rate) = (1e3 * contestant.median(), flop / contestant.median());
            let (name, share) = (contestant.name(), 100.0 * rate / peak);
            println!("{name:<38}{ms:>12.3}{:>10.1}{share:>8.0} %", rate / 1e9);
        }
    }
}

/// Where the time of a step goes, by what its parts take alone.
fn parts(step: &Step, all: f64, seconds: &dyn Fn(&str) -> f64) {
    let part = |name: &str, seconds: f64| {
        println!("  {name:<36}{:>12.3}{:>10}{:>8.0} %", 1e3 * seconds, "", 100.0 * seconds / all);
    };
    let bare = |shape| seconds(&name(shape, Epilogue::None));
    let products: f64 = step.products.iter().map(|&(s, count)| f64::from(count) * bare(s)).sum();
    // What an epilogue adds to its product, where it is measured.
    let added = |shape, epilogue| {
        let added = seconds(&name(shape, epilogue)) - bare(shape);
        if added.is_finite() { added } else { 0.0 }
    };
    let update: f64 = step
        .products
        .iter()
        .map(|&(s, _)| added(s, Epilogue::Momentum) + added(s, Epilogue::Adam))
        .sum();
    let sampled = step.products.iter().find(|(shape, _)| shape.ends_with("-hidden"));
    let samples = sampled.map_or(0.0, |&(shape, _)| added(shape, Epilogue::Sample));
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
