//! Kernels that pass over arrays element by element, against the fastest that moves as many bytes.

use std::hint::black_box;

use halfwave_kernels::{Kind, Level, par_forward};
use rayon::ThreadPool;

use super::{
    Effort, Measured,
    probes::{BEYOND, MEMORIES},
};
use crate::{
    LARGEST, SIZES_OF_THREADS, inputs,
    interleaved::{self, Contestant},
    levels, scalar,
    table::{self, Row, Streams},
    threads,
};

/// Elements of an array so short that the call counts.
const CALL: usize = 64;

/// Kernels that are timed in turns, and live in memory together: fewer where an array has 256 MiB.
fn together(elements: usize) -> usize {
    if elements > LARGEST { 2 } else { 8 }
}

/// Where the levels are compared.
const ALL_LEVELS: &str = "L2";

/// Above this ratio of times a kernel is named on the level next to the best.
const NEXT: f64 = 2.0;

/// A row of the table, what it moves, and where the levels give the same bits.
type Sized = (Row, Streams);

/// Every kernel whose size can be chosen: the best level in each cache and on short arrays, the others in L2; and those that
/// have a parallel form on all threads.
#[must_use]
pub fn measure(effort: Effort) -> Vec<Measured> {
    let rows = sized(table::counted());
    let (levels, pools) = (levels(), threads::pools());
    let one = &pools[0];
    let mut measured = on(&rows, one, &levels[..1], CALL, "short: the call counts", effort);
    for (memory, elements) in MEMORIES {
        if elements < BEYOND || effort.large {
            let levels = if memory == ALL_LEVELS { &levels[..] } else { &levels[..1] };
            let place = format!("{memory} of a usual core");
            let rows = on(&rows, one, levels, elements, &place, effort);
            print_next(&rows, levels);
            measured.extend(rows);
        }
    }
    let parallel = sized(table::parallel());
    for all in &pools[1..] {
        for elements in SIZES_OF_THREADS {
            if elements < BEYOND || effort.large {
                measured.extend(on(&parallel, all, &levels[..1], elements, "in parallel", effort));
            }
        }
    }
    measured
}

fn sized(rows: Vec<Row>) -> Vec<Sized> {
    rows.into_iter()
        .filter_map(|row| {
            let streams = row.streams()?;
            Some((row, streams))
        })
        .collect()
}

/// Measures rows at one size, and prints them.
fn on(
    rows: &[Sized],
    pool: &ThreadPool,
    levels: &[Level],
    elements: usize,
    place: &str,
    effort: Effort,
) -> Vec<Measured> {
    println!("\n{elements} elements ({place}), {}T", pool.current_num_threads());
    let unit = if elements == CALL { "ns/call" } else { "ns/element" };
    println!("{:<34}{:>10}{:>12}{:>10}", "", "level", unit, "of limit");
    let mut measured = Vec::new();
    for &level in levels {
        let groups = rows.chunks(together(elements));
        let times: Vec<_> =
            groups.flat_map(|group| in_turns(group, pool, level, elements, effort)).collect();
        let first = measured.len();
        for ((row, streams), Time { seconds, copies }) in rows.iter().zip(&times) {
            // The fastest that moves the same, or a copy's speed. Copies are of the same minute, so the hours of a machine cancel.
            let same = rows.iter().zip(&times).filter(|((_, of), _)| of == streams);
            let fastest = same.map(|(_, time)| time.copies).fold(f64::INFINITY, f64::min);
            let bytes = streams.bytes() as f64 / COPY.bytes() as f64;
            measured.push(Measured {
                part: "elements",
                name: row.name().into(),
                level: level.name(),
                threads: pool.current_num_threads(),
                elements: Some(elements),
                seconds: *seconds,
                flop: None,
                bytes: (streams.bytes() * elements) as f64,
                share: fastest.min(bytes) / copies,
            });
        }
        measured[first..].iter().for_each(print);
    }
    measured
}

/// How long a row takes.
struct Time {
    seconds: f64,
    /// In copies of an array, timed in turns with it.
    copies: f64,
}

/// What a copy moves.
const COPY: Streams = Streams { read: 1, written: 1 };

/// Checks the rows and times them in turns, with a copy among them.
fn in_turns(
    rows: &[Sized],
    pool: &ThreadPool,
    level: Level,
    elements: usize,
    effort: Effort,
) -> Vec<Time> {
    let (x, mut out) = (inputs::uniform(1, elements, 0.0, 6.0), vec![0.0; elements]);
    let alone = pool.current_num_threads() == 1;
    let copy = move || {
        let (x, out) = (black_box(&x[..]), black_box(&mut out[..]));
        if alone {
            out.copy_from_slice(x);
        } else {
            par_forward(level, Kind::Identity, x, out);
        }
    };
    let mut contestants = vec![Contestant::on(pool, "copy", copy)];
    for (row, _) in rows {
        pool.install(|| row.check_at(level, reference(level, elements), elements));
        let mut kernel = row.prepare_at(elements);
        contestants.push(Contestant::on(pool, row.name(), move || kernel.run(black_box(level))));
    }
    interleaved::run(&mut contestants, effort.rounds, effort.slice);
    let [copy, rows @ ..] = &contestants[..] else { return Vec::new() };
    rows.iter().map(|row| Time { seconds: row.median(), copies: row.ratio(copy).median }).collect()
}

/// What results are compared with: the scalar level's, but beyond the caches, where these would take longer than all else,
/// the next level's of the same bits, which were compared with them in L2.
fn reference(level: Level, elements: usize) -> Level {
    let slower = levels().into_iter().skip_while(|&other| other != level).skip(1);
    let next = slower.into_iter().find(|other| other.is_fused());
    next.filter(|_| elements > LARGEST).unwrap_or_else(scalar)
}

fn print(row: &Measured) {
    let divisor = row.elements.filter(|&elements| elements != CALL).unwrap_or(1);
    let ns = 1e9 * row.seconds / divisor as f64;
    println!("{:<34}{:>10}{ns:>12.4}{:>8.0} %", row.name, row.level, 100.0 * row.share);
}

/// What the level next to the best takes, where both were measured.
fn print_next(measured: &[Measured], levels: &[Level]) {
    let &[best, next, ..] = levels else { return };
    let on = |level: Level| measured.iter().filter(move |row| row.level == level.name());
    let ratio = |row: &Measured| {
        let other = on(next).find(|other| other.name == row.name)?;
        Some(other.seconds / row.seconds)
    };
    let mut ratios: Vec<_> = on(best).filter_map(|row| Some((ratio(row)?, &row.name))).collect();
    ratios.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let Some((median, _)) = ratios.get(ratios.len() / 2) else { return };
    println!("\n{next} takes {median:.2} times as long as {best}, the median of all; above {NEXT}");
    for (ratio, name) in ratios.iter().take_while(|(ratio, _)| *ratio > NEXT) {
        println!("{name:<34}{ratio:>10.2}");
    }
}
