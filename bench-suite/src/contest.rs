//! What halfwave does beside what a user would take instead, in turns on one thread: medians, and how many times as long
//! each takes, with an interval of at least 95 %.
//!
//! What a peer computes is checked before it is timed: activations against their definitions, products against sums in
//! `f64`, random numbers by mean and variance.

mod ours;

use std::{env, hint::black_box, process::ExitCode, time::Duration};

use halfwave_kernels::Kind;
use serde::Serialize;

use crate::{
    SIZES, check, inputs,
    interleaved::{self, Contestant},
    product::Product,
    shapes,
    steps::Result,
};

/// Ours: the best level first, with which all others are compared, and the level that is the reference.
pub const OURS: [Peer; 2] = [ours::BEST, ours::SCALAR];

/// y = f(x), element by element; always of the same x.
pub type Map = Box<dyn FnMut(&[f32], &mut [f32])>;

/// A random number for each element of x.
pub type Sample = fn(&[f32], &mut [f32]);

/// A product of some operands, in rows.
pub type Multiply<'a> = Box<dyn FnMut(&mut [f32]) + 'a>;

/// Some training steps.
pub type Train = Box<dyn FnMut()>;

/// What a peer can do.
#[derive(Clone, Copy)]
pub struct Peer {
    /// As it stands in the table.
    pub name: &'static str,
    /// The activation, if the peer has it or a user would write it with the peer.
    pub activation: fn(Kind) -> Option<Map>,
    /// Fills a slice with standard normal numbers.
    pub normal: Option<fn(&mut [f32])>,
    /// max(0, x + √σ(x) n), n standard normal.
    pub nrelu: Option<Sample>,
    /// The bare product of the operands.
    pub product: Option<for<'a> fn(&'a Product<'_>) -> Multiply<'a>>,
    /// So many training steps of an MLP 784-512-512-10 with ReLU, softmax and Adam, on batches of 128.
    pub mlp: Option<fn(usize) -> Result<Train>>,
}

impl Peer {
    /// One that can do nothing yet.
    #[must_use]
    pub const fn named(name: &'static str) -> Self {
        Self { name, activation: |_| None, normal: None, nrelu: None, product: None, mlp: None }
    }
}

/// Steps of a call of a training.
const MLP_STEPS: usize = 10;

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

/// What a peer does for a task, and its place among the peers.
type Entry<'a> = (usize, Box<dyn FnMut() + 'a>);

/// Times the contestants of a task, ours being the first, and prints them.
struct Contest<'a> {
    peers: &'a [Peer],
    rounds: usize,
    slice: Duration,
    lines: Vec<Line>,
}

impl Contest<'_> {
    /// `figure` is what a call of so many seconds is in `unit`.
    fn run(
        &mut self,
        task: &str,
        entries: Vec<Entry<'_>>,
        unit: &'static str,
        figure: impl Fn(f64) -> f64,
    ) {
        // A task that nobody else can do is no contest.
        if entries.iter().all(|&(peer, _)| peer < OURS.len()) {
            return;
        }
        let (peers, runs): (Vec<_>, Vec<_>) = entries.into_iter().unzip();
        let name = |&peer: &usize| self.peers[peer].name;
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
            for (i, peer) in self.peers.iter().enumerate() {
                let Some(mut map) = (peer.activation)(kind) else { continue };
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
        for (i, peer) in self.peers.iter().enumerate() {
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
        for (i, peer) in self.peers.iter().enumerate() {
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
            for (i, peer) in self.peers.iter().enumerate() {
                let Some(product) = peer.product else { continue };
                let (mut multiply, mut out) = (product(&operands), vec![0.0; shape.m * shape.n]);
                multiply(&mut out);
                operands.check_sums(&format!("{} {}", shape.name, peer.name), &out);
                entries.push((i, Box::new(move || multiply(black_box(&mut out)))));
            }
            let task = format!("product {} ({}×{}×{})", shape.name, shape.m, shape.k, shape.n);
            self.run(&task, entries, "GFLOP/s", |seconds| shape.flop() / seconds / 1e9);
        }
    }

    fn mlp(&mut self) -> Result<()> {
        let mut entries: Vec<Entry<'_>> = Vec::new();
        for (i, peer) in self.peers.iter().enumerate() {
            if let Some(mlp) = peer.mlp {
                entries.push((i, mlp(MLP_STEPS)?));
            }
        }
        self.run("step of MLP 784-512-512-10", entries, "ms", |seconds| {
            1e3 * seconds / MLP_STEPS as f64
        });
        Ok(())
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

/// Times `peers` beside [`OURS`]. Arguments of the program:
///
/// | argument | what |
/// |---|---|
/// | `--quick` | fewer rounds |
/// | `--csv FILE` | writes the table |
/// | `--test` | everything once |
///
/// Criterion's flags are ignored.
#[must_use]
pub fn main(peers: &[Peer]) -> ExitCode {
    match run(&[&OURS, peers].concat()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(peers: &[Peer]) -> Result<()> {
    let arguments: Vec<_> = env::args().collect();
    let has = |flag| arguments.iter().any(|argument| argument == flag);
    let (rounds, slice) = match (has("--test"), has("--quick")) {
        (true, _) => (1, 0),
        (_, true) => (6, 2),
        _ => (15, 4),
    };
    let slice = Duration::from_millis(slice);
    let mut contest = Contest { peers, rounds, slice, lines: Vec::new() };
    // Whatever uses rayon has one thread as well.
    rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?;
    println!(
        "times beside ours, {}, one thread; the interval holds the ratio with 95 %",
        OURS[0].name
    );
    let n = SIZES[1];
    contest.activations(n);
    contest.normals(n);
    contest.nrelu(n);
    contest.products();
    contest.mlp()?;
    if let Some(at) = arguments.iter().position(|argument| argument == "--csv") {
        write(arguments.get(at + 1).ok_or("--csv needs a path")?, &contest.lines)?;
    }
    Ok(())
}

fn write(file: &str, lines: &[Line]) -> Result<()> {
    let mut table = csv::Writer::from_path(file).map_err(|error| format!("{file}: {error}"))?;
    lines.iter().try_for_each(|line| table.serialize(line))?;
    Ok(table.flush()?)
}
