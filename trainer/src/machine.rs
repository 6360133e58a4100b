//! What results ran on, and when: no name of a host, no user.

use std::{env, fmt, fs, thread, time::Instant};

use halfwave_kernels::{Level, probe};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

/// A machine, as far as a result depends on it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Machine {
    /// The model of the processor, as the system says it; else its architecture.
    pub cpu: String,
    /// Threads that run at once.
    pub cores: Option<usize>,
}

impl Machine {
    /// This one.
    #[must_use]
    pub fn current() -> Self {
        let cpu = fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| model_name(&text));
        let cores = thread::available_parallelism().ok().map(usize::from);
        Self { cpu: cpu.unwrap_or_else(|| env::consts::ARCH.into()), cores }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.cpu)?;
        match self.cores {
            None => Ok(()),
            Some(1) => f.write_str(", 1 core"),
            Some(cores) => write!(f, ", {cores} cores"),
        }
    }
}

/// The most memory that this process has had so far (resident), in bytes, where the system says it (Linux).
#[must_use]
pub fn peak_memory() -> Option<u64> {
    high_water_mark(&fs::read_to_string("/proc/self/status").ok()?)
}

/// `VmHWM` of Linux's `/proc/self/status`, which is in KiB.
fn high_water_mark(text: &str) -> Option<u64> {
    let value = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    value.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Floating-point operations a second that the threads of the current pool reach, together, where they do nothing but fused
/// multiply-adds in registers: the best of a few tries of some milliseconds.
#[must_use]
pub fn peak_flops(level: Level) -> f64 {
    const TRIES: usize = 5;
    const ROUNDS: u64 = 500_000;
    let attempt = || {
        let start = Instant::now();
        let flop: u64 = rayon::broadcast(|_| probe::multiply_adds(level, ROUNDS)).iter().sum();
        flop as f64 / start.elapsed().as_secs_f64()
    };
    (0..TRIES).map(|_| attempt()).fold(0.0, f64::max)
}

/// The first `model name` of Linux's `/proc/cpuinfo`, with single blanks.
fn model_name(text: &str) -> Option<String> {
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let words: Vec<&str> = name?.1.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The day in UTC: `2026-11-21`.
#[must_use]
pub fn today() -> String {
    Timestamp::now().to_zoned(TimeZone::UTC).date().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_of_the_processor_is_found() {
        let text = "processor\t: 0\nmodel\t\t: 85\nmodel name\t: A  CPU @ 2.00GHz\nflags\t: fpu\n";
        assert_eq!(model_name(text).as_deref(), Some("A CPU @ 2.00GHz"));
        assert_eq!(model_name("model name\t:  \n"), None);
        assert_eq!(model_name("CPU implementer\t: 0x41\n"), None);
    }

    #[test]
    fn the_peak_of_memory_is_found() {
        assert_eq!(
            high_water_mark("VmPeak:\t  99 kB\nVmHWM:\t    12 kB\nVmRSS:\t 1 kB\n"),
            Some(12_288)
        );
        assert_eq!(high_water_mark("VmHWM:\t12\n"), None);
        assert_eq!(high_water_mark("Threads:\t1\n"), None);
        if cfg!(target_os = "linux") {
            assert!(peak_memory().is_some_and(|bytes| bytes > 1 << 20));
        }
    }

    #[test]
    fn it_is_told_without_a_host() {
        let machine = Machine { cpu: "A CPU".into(), cores: Some(2) };
        assert_eq!(machine.to_string(), "A CPU, 2 cores");
        let json = serde_json::to_string(&machine).unwrap();
        assert_eq!(json, r#"{"cpu":"A CPU","cores":2}"#);
        assert!(!Machine::current().cpu.is_empty());
        assert_eq!(today().len(), 10);
    }
}
