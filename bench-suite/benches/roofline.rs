//! How far from the machine's limits the kernels are, probed in the same run: `-- --quick` for less.
//!
//! Element-wise kernels are measured against the fastest that moves the same bytes, products against
//! the fastest product, of which faer's 1024³ is always one: where safe code cannot probe the peak of
//! fused multiply-adds, that is the practical yardstick. Ignores criterion's flags.

use std::{hint::black_box, time::Duration};

use halfwave_bench_suite::{
    inputs,
    interleaved::{self, Contestant},
    product::Product,
    scalar,
    shapes::{self, Epilogue, Layout, Shape},
    threads,
};
use halfwave_kernels::{
    Kind, Level, backward, forward,
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
    products(effort);
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

/// The shapes of the experiments, against the fastest, on one thread and on all.
fn products(effort: Effort) {
    let level = Level::best();
    let cube = Shape {
        name: "1024³".into(),
        m: 1024,
        k: 1024,
        n: 1024,
        layout: Layout::Forward,
        epilogues: vec![Epilogue::None],
    };
    let shapes: Vec<_> = std::iter::once(cube).chain(shapes::gemm()).collect();
    println!("\nproducts, bare and with bias and sample");
    println!("{:<38}{:>8}{:>10}{:>14}", "", "threads", "GFLOP/s", "of fastest");
    for pool in threads::pools() {
        let mut contestants = Vec::new();
        let mut flop = Vec::new();
        for shape in &shapes {
            for &epilogue in shape.epilogues.iter().filter(|&&e| e != Epilogue::BiasRelu) {
                let mut product = Product::new(shape);
                product.check(level, epilogue);
                let (name, pool) = (format!("{} {}", shape.name, epilogue.name()), &pool);
                let run = move || pool.install(|| product.run(level, epilogue));
                contestants.push(Contestant::new(name, run));
                flop.push(shape.flop());
            }
        }
        interleaved::run(&mut contestants, effort.rounds, effort.slice);
        let rates: Vec<_> =
            contestants.iter().zip(flop).map(|(c, f)| f / c.median() / 1e9).collect();
        let fastest = rates.iter().copied().fold(0.0, f64::max);
        for (contestant, rate) in contestants.iter().zip(&rates) {
            let (name, threads) = (contestant.name(), pool.current_num_threads());
            let share = format!("{:.0} %", 100.0 * rate / fastest);
            println!("{name:<38}{threads:>8}{rate:>10.1}{share:>14}");
        }
    }
}
