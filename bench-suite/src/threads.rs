//! Pools of one thread and of all.

use rayon::{ThreadPool, ThreadPoolBuilder};

/// A pool of one thread, and one of every hardware thread where there is more than one.
///
/// # Panics
/// If the system starts no thread.
#[must_use]
pub fn pools() -> Vec<ThreadPool> {
    let all = std::thread::available_parallelism().map_or(1, usize::from);
    let mut counts = vec![1, all];
    counts.dedup();
    let build = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap_or_else(|error| panic!("a pool of {threads} threads: {error}"))
    };
    counts.into_iter().map(build).collect()
}
