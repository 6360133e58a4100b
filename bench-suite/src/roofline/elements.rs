//! Kernels that pass over arrays element by element, against the fastest that moves as many bytes.

use std::{cell::RefCell, hint::black_box};

use halfwave_kernels::Level;

use super::{Effort, Measured, fastest, probes::MEMORIES};
use crate::{
    LARGEST, inputs,
    interleaved::{self, Contestant},
    levels, scalar,
    table::{self, Row, Streams},
};

/// Kernels that are timed in turns, and live in memory together: fewer where an array has 256 MiB.
fn together(elements: usize) -> usize {
    if elements > LARGEST { 2 } else { 8 }
}

/// Where the levels are compared.
const ALL_LEVELS: &str = "L2";

/// Every kernel whose size can be chosen: the best level in each cache, the others in L2.
#[must_use]
pub fn measure(effort: Effort) -> Vec<Measured> {
    let mut rows: Vec<_> = table::counted().into_iter().filter_map(sized).collect();
    // Those of as many bytes together: the sort keeps the order of the table otherwise.
    rows.sort_by_key(|&(_, streams)| streams);
    let levels = levels();
    let mut measured = Vec::new();
    for (memory, elements) in MEMORIES {
        if memory == "DRAM" && !effort.large {
            continue;
        }
        println!("\n{elements} elements ({memory} of a usual core), one thread");
        println!("{:<34}{:>10}{:>12}{:>10}", "", "level", "ns/element", "of limit");
        let levels = if memory == ALL_LEVELS { &levels[..] } else { &levels[..1] };
        for &level in levels {
            for rows in rows.chunks(together(elements)) {
                let rows = in_turns(rows, level, elements, effort);
                rows.iter().for_each(print);
                measured.extend(rows);
            }
        }
    }
    measured
}

fn sized(row: Row) -> Option<(Row, Streams)> {
    let streams = row.streams()?;
    Some((row, streams))
}

/// Checks the rows and times them in turns, with a copy and a sum of two arrays among them.
fn in_turns(
    rows: &[(Row, Streams)],
    level: Level,
    elements: usize,
    effort: Effort,
) -> Vec<Measured> {
    let (x, y) = (inputs::uniform(1, elements, 0.0, 6.0), inputs::uniform(2, elements, -1.0, 1.0));
    let out = RefCell::new(vec![0.0_f32; elements]);
    let copy = || black_box(&mut *out.borrow_mut()).copy_from_slice(black_box(&x));
    let sum = || {
        for ((z, x), y) in black_box(&mut *out.borrow_mut()).iter_mut().zip(&x).zip(&y) {
            *z = x + y;
        }
    };
    let probes = [Streams { read: 1, written: 1 }, Streams { read: 2, written: 1 }];
    let mut contestants = vec![Contestant::new("copy", copy), Contestant::new("z = x + y", sum)];
    for (row, _) in rows {
        row.check_at(level, scalar(), elements);
        let mut kernel = row.prepare_at(elements);
        contestants.push(Contestant::new(row.name(), move || kernel.run(black_box(level))));
    }
    interleaved::run(&mut contestants, effort.rounds, effort.slice);
    let streams: Vec<_> = probes.into_iter().chain(rows.iter().map(|row| row.1)).collect();
    let with = || contestants.iter().zip(&streams);
    // At the speed of a copy, or of the fastest that moves the same.
    let byte = contestants[0].median() / probes[0].bytes() as f64;
    let limit = |of: Streams| {
        let same = with().filter(|&(_, &streams)| streams == of).map(|(contestant, _)| contestant);
        fastest(same).min(byte * of.bytes() as f64)
    };
    let rows = with().skip(probes.len()).map(|(contestant, &streams)| Measured {
        part: "elements",
        name: contestant.name().into(),
        level: level.name(),
        threads: 1,
        elements: Some(elements),
        seconds: contestant.median(),
        flop: None,
        bytes: (streams.bytes() * elements) as f64,
        share: limit(streams) / contestant.median(),
    });
    rows.collect()
}

fn print(row: &Measured) {
    let ns = 1e9 * row.seconds / row.elements.unwrap_or(1) as f64;
    println!("{:<34}{:>10}{ns:>12.4}{:>8.0} %", row.name, row.level, 100.0 * row.share);
}
