//! The limits: multiply-adds in registers, and copies within each cache and outside of them.

use std::sync::{Mutex, PoisonError};

use halfwave_kernels::{Kind, Level, forward, probe};
use rayon::ThreadPool;

use super::{Bandwidth, Effort, Peak};
use crate::{
    SIZES,
    inputs::{LINE, from_line},
    interleaved::{self, Contestant},
    levels, scalar, threads,
};

/// Names of caches and elements of an array: two of them fill the cache of a usual core.
pub const MEMORIES: [(&str, usize); 4] =
    [("L1", SIZES[0]), ("L2", SIZES[1]), ("L3", SIZES[2]), ("DRAM", BEYOND)];

/// Elements of an array beyond all caches.
pub const BEYOND: usize = 1 << 26;

/// Multiply-adds of a probe in each chain: about 10 ms, of which sharing out is no part.
const ROUNDS: u64 = 5_000_000;

/// Elements that a thread copies in a call, so that sharing out costs nothing.
const COPIED: usize = 1 << 24;

/// All threads of the pool, with nothing but multiply-adds; returns the operations.
pub fn multiply_adds(pool: &ThreadPool, level: Level) -> f64 {
    // The scalar level takes a hundred times as long for each.
    let rounds = if level == scalar() { ROUNDS / 100 } else { ROUNDS };
    let flop = pool.broadcast(|_| probe::multiply_adds(level, rounds));
    flop.iter().sum::<u64>() as f64
}

/// The peak of every level, on one thread and on all.
#[must_use]
pub fn peaks(effort: Effort) -> Vec<Peak> {
    let (pools, levels) = (threads::pools(), levels());
    let mut contestants = Vec::new();
    let mut work = Vec::new();
    for pool in &pools {
        for &level in &levels {
            work.push((level, pool.current_num_threads(), multiply_adds(pool, level)));
            contestants.push(Contestant::new("", move || {
                multiply_adds(pool, level);
            }));
        }
    }
    interleaved::run(&mut contestants, effort.rounds, effort.slice);
    let peaks = contestants.iter().zip(work).map(|(contestant, (level, threads, flop))| Peak {
        level: level.name(),
        threads,
        flop_per_second: flop / contestant.median(),
    });
    peaks.collect()
}

/// Copies on the best level by our own identity, on one thread and on all, each thread from and to arrays of its
/// own that begin a cache line. Outputs of 32 MiB and more are stored past the caches, unless they are copied piece
/// by piece; smaller ones never are, so only arrays beyond the caches are copied both ways.
///
/// # Panics
/// If a copy is wrong.
#[must_use]
pub fn copies(effort: Effort) -> Vec<Bandwidth> {
    let (level, pools) = (Level::best(), threads::pools());
    let mut copies = Vec::new();
    for (memory, elements) in MEMORIES {
        let most = pools.iter().map(ThreadPool::current_num_threads).max().unwrap_or(1);
        let array = |x| vec![x; elements + LINE];
        let arrays: Vec<_> = (0..most).map(|_| Mutex::new((array(1.0), array(0.0)))).collect();
        let repeats = COPIED.div_ceil(elements);
        let ways: &[bool] = if elements == BEYOND { &[false, true] } else { &[false] };
        let mut contestants = Vec::new();
        for pool in &pools {
            for &past_caches in ways {
                let arrays = &arrays;
                let piece = if past_caches { elements } else { elements.min(SIZES[0]) };
                let copy = move || {
                    pool.broadcast(|context| {
                        let arrays = arrays[context.index()].lock();
                        let (x, y) = &mut *arrays.unwrap_or_else(PoisonError::into_inner);
                        let (x, y) = (from_line(x, elements), from_line(y, elements));
                        for _ in 0..repeats {
                            let pieces = x.chunks(piece).zip(y.chunks_mut(piece));
                            pieces.for_each(|(x, y)| forward(level, Kind::Identity, x, y));
                        }
                    });
                };
                contestants.push(Contestant::new("", copy));
            }
        }
        interleaved::run(&mut contestants, effort.rounds, effort.slice);
        for (i, contestant) in contestants.iter().enumerate() {
            let threads = pools[i / ways.len()].current_num_threads();
            let bytes = 2 * size_of::<f32>() * elements * repeats * threads;
            copies.push(Bandwidth {
                memory,
                elements,
                past_caches: ways[i % ways.len()],
                threads,
                bytes_per_second: bytes as f64 / contestant.median(),
            });
        }
        drop(contestants);
        for (_, mut y) in arrays.into_iter().filter_map(|array| array.into_inner().ok()) {
            let right = from_line(&mut y, elements).iter().all(|&y| y == 1.0);
            assert!(right, "a copy of {elements} elements is wrong");
        }
    }
    copies
}

/// Prints both.
pub fn print(peaks: &[Peak], copies: &[Bandwidth]) {
    println!("multiply-adds in registers, GFLOP/s");
    for peak in peaks {
        println!("{:<26}{:>10}T{:>12.1}", peak.level, peak.threads, peak.flop_per_second / 1e9);
    }
    println!("\ncopies, GB/s read and written together");
    for copy in copies {
        let how = if copy.past_caches { "past the caches" } else { "ordinary stores" };
        let name = format!("{} {how}", copy.memory);
        println!("{name:<26}{:>10}T{:>12.1}", copy.threads, copy.bytes_per_second / 1e9);
    }
}
