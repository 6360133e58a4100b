//! Crates that a user would take instead, in turns with ours, on one thread: medians, and how many times as long each
//! takes, with an interval of at least 95 %.
//!
//! A peer is a file beside this one and a line of [`PEERS`]. What it computes is checked before it is timed: activations
//! against their definitions, products against sums in `f64`, random numbers by mean and variance.
//!
//! | arguments | what |
//! |---|---|
//! | `--quick` | fewer rounds |
//! | `--csv FILE` | writes the table |
//! | `--test` | everything once |
//!
//! Ignores criterion's flags.

mod faer;
mod ndarray;
mod ours;
mod plain;
mod rand_distr;
mod wide;

use std::{env, hint::black_box, process::ExitCode, time::Duration};

use halfwave_bench_suite::{
    SIZES, check, inputs,
    interleaved::{self, Contestant},
    product::Product,
    shapes,
};
use halfwave_kernels::Kind;
use serde::Serialize;

/// All of them; the first is what the others are compared with.
const PEERS: [Peer; 7] = [
    ours::BEST,
    ours::SCALAR,
    plain::PEER,
    wide::PEER,
    rand_distr::PEER,
    faer::PEER,
    ndarray::PEER,
];
/// How many of these are ours.
const OURS: usize = 2;

/// y = f(x), element by element.
type Map = Box<dyn Fn(&[f32], &mut [f32])>;

/// A random number for each element of x.
type Sample = fn(&[f32], &mut [f32]);

/// What a peer can do.
struct Peer {
    name: &'static str,
    /// The activation, if the peer has it or a user would write it with the peer.
    activation: fn(Kind) -> Option<Map>,
    /// Fills a slice with standard normal numbers.
    normal: Option<fn(&mut [f32])>,
    /// max(0, x + √σ(x) n), n standard normal.
    nrelu: Option<Sample>,
    /// The bare product of the operands, in rows.
    product: Option<fn(&Product<'_>, &mut [f32])>,
}

impl Peer {
    /// One that can do nothing yet.
    const fn named(name: &'static str) -> Self {
        Self { name, activation: |_| None, normal: None, nrelu: None, product: None }
    }
}

/// A line of the table.
#[derive(Serialize)]
struct Line {
    task: String,
    peer: &'static str,
    /// Median of a call.
    seconds: f64,
    /// In `unit`.
    figure: f64,
    unit: &'static str,
    /// Its time over ours, round by round, and an interval of at least 95 %.
    ratio: f64,
    low: f64,
    high: f64,
}

/// What a peer does for a task, and its place in [`PEERS`].
type Entry<'a> = (usize, Box<dyn FnMut() + 'a>);

/// Times the contestants of a task, ours being the first, and prints them.
struct Contest {
    rounds: usize,
    slice: Duration,
    lines: Vec<Line>,
}

impl Contest {
    /// `figure` is what a call of so many seconds is in `unit`.
    fn run(
        &mut self,
        task: &str,
        entries: Vec<Entry<'_>>,
        unit: &'static str,
        figure: impl Fn(f64) -> f64,
    ) {
        // A task that nobody else can do is no contest.
        if entries.iter().all(|&(peer, _)| peer < OURS) {
            return;
        }
        let (peers, runs): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let name = |&peer: &usize| PEERS[peer].name;
        let mut contestants: Vec<_> =
            peers.iter().zip(runs).map(|(peer, run)| Contestant::new(name(peer), run)).collect();
        interleaved::run(&mut contestants, self.rounds, self.slice);
        println!("\n{task}");
        for (peer, contestant) in peers.iter().zip(&contestants) {
            let (seconds, ratio) = (contestant.median(), contestant.ratio(&contestants[0]));
            let line = Line {
                task: task.into(),
                peer: name(peer),
                seconds,
                figure: figure(seconds),
                unit,
                ratio: ratio.median,
                low: ratio.low,
                high: ratio.high,
            };
            println!(
                "  {:<28}{:>10.3} {unit:<8}{:>8.2} ×  ({:.2} to {:.2})",
                line.peer, line.figure, line.ratio, line.low, line.high
            );
            self.lines.push(line);
        }
    }

    fn activations(&mut self, n: usize) {
        for &kind in Kind::ALL {
            let x = inputs::pre_activations(kind, n);
            let mut entries: Vec<Entry<'_>> = Vec::new();
            for (i, peer) in PEERS.iter().enumerate() {
                let Some(map) = (peer.activation)(kind) else { continue };
                let mut y = vec![0.0; n];
                map(&x, &mut y);
                for (&x, &y) in x.iter().zip(&y) {
                    let exact = kind.definition(f64::from(x));
                    let name = format!("{} {kind} of {x:e}", peer.name);
                    check::within(&name, f64::from(y), exact, 1e-5 * exact.abs().max(1.0));
                }
                let x = &x;
                entries.push((i, Box::new(move || map(black_box(x), black_box(&mut y)))));
            }
            self.run(&format!("forward/{kind}, {n} elements"), entries, "ns", |s| {
                1e9 * s / n as f64
            });
        }
    }

    fn normals(&mut self, n: usize) {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for (i, peer) in PEERS.iter().enumerate() {
            let Some(normal) = peer.normal else { continue };
            let mut out = vec![0.0; n];
            normal(&mut out);
            // Five standard errors.
            let (mean, variance) = moments(&out);
            check::within(peer.name, mean, 0.0, 5.0 / (n as f64).sqrt());
            check::within(peer.name, variance, 1.0, 5.0 * (2.0 / n as f64).sqrt());
            entries.push((i, Box::new(move || normal(black_box(&mut out)))));
        }
        self.run(&format!("normal numbers, {n}"), entries, "ns", |s| 1e9 * s / n as f64);
    }

    fn nrelu(&mut self, n: usize) {
        let x = inputs::uniform(1, n, -4.0, 4.0);
        let mut entries: Vec<Entry<'_>> = Vec::new();
        let mut ours = None;
        for (i, peer) in PEERS.iter().enumerate() {
            let Some(sample) = peer.nrelu else { continue };
            let mut h = vec![0.0; n];
            sample(&x, &mut h);
            // The same x: means of independent samples differ by less than five standard errors.
            let (mean, variance) = moments(&h);
            let expected = *ours.get_or_insert(mean);
            check::within(peer.name, mean, expected, 5.0 * (2.0 * variance / n as f64).sqrt());
            let x = &x;
            entries.push((i, Box::new(move || sample(black_box(x), black_box(&mut h)))));
        }
        self.run(&format!("samples of NReLU, {n}"), entries, "ns", |s| 1e9 * s / n as f64);
    }

    fn products(&mut self) {
        for shape in shapes::gemm().iter().filter(|shape| !shape.is_large()) {
            let operands = Product::new(shape);
            let mut entries: Vec<Entry<'_>> = Vec::new();
            for (i, peer) in PEERS.iter().enumerate() {
                let Some(product) = peer.product else { continue };
                let mut out = vec![0.0; shape.m * shape.n];
                product(&operands, &mut out);
                operands.check_sums(&format!("{} {}", shape.name, peer.name), &out);
                let operands = &operands;
                entries.push((i, Box::new(move || product(operands, black_box(&mut out)))));
            }
            let task = format!("product {} ({}×{}×{})", shape.name, shape.m, shape.k, shape.n);
            self.run(&task, entries, "GFLOP/s", |seconds| shape.flop() / seconds / 1e9);
        }
    }
}

/// Mean and variance.
fn moments(x: &[f32]) -> (f64, f64) {
    let mean = |f: &dyn Fn(f64) -> f64| -> f64 {
        x.iter().map(|&x| f(f64::from(x))).sum::<f64>() / x.len() as f64
    };
    let first = mean(&|x| x);
    (first, mean(&|x| (x - first) * (x - first)))
}

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().collect();
    let has = |flag| arguments.iter().any(|argument| argument == flag);
    let (rounds, slice) = match (has("--test"), has("--quick")) {
        (true, _) => (1, 0),
        (_, true) => (6, 2),
        _ => (15, 4),
    };
    let mut contest = Contest { rounds, slice: Duration::from_millis(slice), lines: Vec::new() };
    // Whatever uses rayon has one thread as well.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global();
    if let Err(error) = pool {
        eprintln!("peers: {error}");
        return ExitCode::FAILURE;
    }
    println!(
        "times beside ours, {}, one thread; the interval holds the ratio with 95 %",
        PEERS[0].name
    );
    let n = SIZES[1];
    contest.activations(n);
    contest.normals(n);
    contest.nrelu(n);
    contest.products();
    let file =
        arguments.iter().position(|argument| argument == "--csv").map(|at| arguments.get(at + 1));
    match file.map(|file| write(file, &contest.lines)) {
        Some(Err(error)) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn write(file: Option<&String>, lines: &[Line]) -> Result<(), Box<dyn std::error::Error>> {
    let file = file.ok_or("--csv needs a path")?;
    let mut table = csv::Writer::from_path(file).map_err(|error| format!("{file}: {error}"))?;
    lines.iter().try_for_each(|line| table.serialize(line))?;
    Ok(table.flush()?)
}
