//! Measures every activation, and every other kernel that passes over arrays, and writes the tables of `kernels/README.md`,
//! between its two marks.
//!
//! ```text
//! cargo run --release -p halfwave-bench-suite --example kernels_readme
//! ```
//!
//! Per function: worst errors (documented in its file, asserted by `tests/tests/accuracy.rs`), and the median
//! time of an element on each level, one thread, 64 Ki elements: two arrays in L2. All of a row's contestants
//! are timed in turn, a plain copy of the same elements among them, or a sum of two arrays where two are read. The limit of
//! what moves as many bytes is that, or the fastest of the functions that do. Of other kernels the levels are timed in turn.

use std::{fmt::Write as _, fs, hint::black_box, path::Path, time::Duration};

use halfwave_bench_suite::{
    inputs,
    interleaved::{self, Contestant},
    levels,
    table::{self, Row},
};
use halfwave_kernels::{Kind, Level, backward, forward, learned::LearnedKind};

const ELEMENTS: usize = 1 << 16;
const ROUNDS: usize = 15;
const SLICE: Duration = Duration::from_millis(4);
const PASSES: [&str; 2] = ["forward", "backward"];
const BEGIN: &str = "<!-- table: begin -->";
const END: &str = "<!-- table: end -->";

/// A slice of `v` that begins with a cache line.
fn aligned(v: &mut [f32]) -> &mut [f32] {
    inputs::from_line(v, ELEMENTS)
}

/// Nanoseconds an element, forward or backward: of a copy, then of each level.
fn times(kind: Kind, pass: &str, levels: &[Level]) -> Vec<f64> {
    let pad = |x: &[f32]| [x, &[0.0; inputs::LINE]].concat();
    let (mut x, mut saved) =
        (pad(&inputs::pre_activations(kind, ELEMENTS)), pad(&inputs::saved(kind, ELEMENTS)));
    let mut dy = pad(&inputs::uniform(2, ELEMENTS, -1.0, 1.0));
    // Inputs begin with a cache line, too.
    for v in [&mut x, &mut saved, &mut dy] {
        let start = v.as_ptr().align_offset(64);
        v.copy_within(..ELEMENTS, start);
    }
    let (x, saved, dy) = (&*aligned(&mut x), &*aligned(&mut saved), &*aligned(&mut dy));
    let reads = reads(kind, pass);
    let copy = move |out: &mut [f32]| match reads {
        1 => out.copy_from_slice(dy),
        _ => out.iter_mut().zip(x).zip(dy).for_each(|((out, x), dy)| *out = x + dy),
    };
    let mut memory = vec![vec![0.0; ELEMENTS + inputs::LINE]; levels.len() + 1];
    let mut contestants = Vec::new();
    for (i, memory) in memory.iter_mut().enumerate() {
        let out = aligned(memory);
        let level = i.checked_sub(1).map(|i| levels[i]);
        contestants.push(Contestant::new("", move || match (level, pass) {
            (None, _) => copy(black_box(out)),
            (Some(level), "forward") => forward(level, kind, black_box(x), out),
            (Some(level), _) => backward(level, kind, black_box(saved), dy, out),
        }));
    }
    interleaved::run(&mut contestants, ROUNDS, SLICE);
    contestants.iter().map(|contestant| contestant.median() * 1e9 / ELEMENTS as f64).collect()
}

/// How many arrays it reads: the slope of the identity needs no x.
fn reads(kind: Kind, pass: &str) -> usize {
    if pass == "forward" || kind == Kind::Identity { 1 } else { 2 }
}

/// The first two lines of a table: what stands before the levels, and after them.
fn head(before: &[&str], levels: &[Level], after: &[&str]) -> String {
    let levels = levels.iter().map(|level| format!("{level}, ns"));
    let before = before.iter().map(ToString::to_string);
    let columns: Vec<_> =
        before.chain(levels).chain(after.iter().map(ToString::to_string)).collect();
    format!("| {} |\n|{}\n", columns.join(" | "), "---|".repeat(columns.len()))
}

/// The rows of all functions.
fn functions(levels: &[Level]) -> String {
    let mut text =
        head(&["function", "worst ULP, forward / backward"], levels, &["share of the limit"]);
    let timed: Vec<_> = Kind::ALL
        .iter()
        .map(|&kind| {
            eprintln!("{kind}");
            (kind, PASSES.map(|pass| (reads(kind, pass), times(kind, pass, levels))))
        })
        .collect();
    // Of the best level, in copies.
    let own = |times: &[f64]| times[1] / times[0];
    let limit = |of: usize| {
        let all = timed.iter().flat_map(|(_, passes)| passes);
        all.filter(|(reads, _)| *reads == of).map(|(_, times)| own(times)).fold(1.0, f64::min)
    };
    for (kind, [(reads, forward), (reads_back, backward)]) in &timed {
        let ulp = (kind.max_ulp(), kind.max_ulp_backward());
        write!(text, "| `{kind}` | {:.2} / {:.2} |", ulp.0, ulp.1).unwrap_or_default();
        for (forward, backward) in forward.iter().zip(backward).skip(1) {
            write!(text, " {forward:.3} / {backward:.3} |").unwrap_or_default();
        }
        let share = |reads: &usize, times: &[f64]| 100.0 * limit(*reads) / own(times);
        let shares = (share(reads, forward), share(reads_back, backward));
        writeln!(text, " {:.0} / {:.0} % |", shares.0, shares.1).unwrap_or_default();
    }
    text
}

/// Nanoseconds an element of a kernel of the benches' table, on each level.
fn times_of(row: &Row, levels: &[Level]) -> Vec<f64> {
    eprintln!("{}", row.name());
    let mut contestants: Vec<_> = levels
        .iter()
        .map(|&level| {
            let mut work = row.prepare_at(ELEMENTS);
            Contestant::new("", move || {
                work.run(level);
                black_box(work.result());
            })
        })
        .collect();
    interleaved::run(&mut contestants, ROUNDS, SLICE);
    contestants.iter().map(|contestant| contestant.median() * 1e9 / ELEMENTS as f64).collect()
}

/// The rows of functions with learned parameters, then of all other kernels of any size.
fn others(levels: &[Level]) -> (String, String) {
    let mut learned = head(&["with learned parameters", "worst ULP, forward / dx"], levels, &[]);
    let mut others = head(&["kernel"], levels, &[]);
    let rows: Vec<Row> =
        table::counted().into_iter().filter(|row| row.streams().is_some()).collect();
    let find = |name: String| rows.iter().find(|row| row.name() == name);
    for &kind in LearnedKind::ALL {
        let row = |pass| find(format!("learned-{pass}/{kind}"));
        let (Some(forward), Some(backward)) = (row("forward"), row("backward")) else { continue };
        let ulp = kind.max_ulp();
        write!(learned, "| `{kind}` | {:.2} / {:.2} |", ulp.0, ulp.1).unwrap_or_default();
        let (forward, backward) = (times_of(forward, levels), times_of(backward, levels));
        for (forward, backward) in forward.iter().zip(backward) {
            write!(learned, " {forward:.3} / {backward:.3} |").unwrap_or_default();
        }
        learned.push('\n');
    }
    let is_above = |name: &str| {
        let (table, function) = name.split_once('/').unwrap_or_default();
        match table {
            "forward" | "backward" => function.parse::<Kind>().is_ok(),
            "learned-forward" | "learned-backward" => function.parse::<LearnedKind>().is_ok(),
            _ => false,
        }
    };
    for row in rows.iter().filter(|row| !is_above(row.name())) {
        let times = times_of(row, levels).iter().map(|ns| format!("{ns:.3}")).collect::<Vec<_>>();
        writeln!(others, "| `{}` | {} |", row.name(), times.join(" | ")).unwrap_or_default();
    }
    (learned, others)
}

/// The processor's name, where the system tells.
fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name"));
    name.map_or("unknown processor".into(), |name| name.trim_start_matches(['\t', ' ', ':']).into())
}

fn main() -> Result<(), String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kernels/README.md");
    let text =
        fs::read_to_string(&readme).map_err(|error| format!("{}: {error}", readme.display()))?;
    let (head, rest) = text.split_once(BEGIN).ok_or("no mark for the begin of the table")?;
    let (_, tail) = rest.split_once(END).ok_or("no mark for the end of the table")?;
    // The scalar level is the reference and never chosen for speed.
    let levels: Vec<Level> =
        levels().into_iter().filter(|level| level.name() != "scalar").collect();
    let about = format!("{}, one thread, {ELEMENTS} elements, forward / backward:", processor());
    let (functions, (learned, others)) = (functions(&levels), others(&levels));
    let text = format!("{head}{BEGIN}\n{about}\n\n{functions}\n{learned}\n{others}{END}{tail}");
    fs::write(&readme, text).map_err(|error| format!("{}: {error}", readme.display()))
}
