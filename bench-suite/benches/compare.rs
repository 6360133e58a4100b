//! Two builds in turns: which rows of the table of kernels take longer, beyond the noise.
//!
//! | arguments | what |
//! |---|---|
//! | `--times` \[NAME…\] | prints `name seconds` of these rows, or of all, on the best level and one thread |
//! | `--elements N` \[NAME…\] | medians, with arrays of N elements, of rows whose size can be chosen |
//! | `--builds BEFORE AFTER` | runs `--times` of these two builds of this bench in turns, and compares |
//! | `--test` | compares the bits of each counted row with the scalar level's |
//!
//! `ci/bench-compare.sh` builds two commits for it. Without arguments, it prints the times.

use std::{
    collections::BTreeMap,
    env, fmt,
    process::{Command, ExitCode},
    time::Duration,
};

use halfwave_bench_suite::{
    interleaved::{self, Contestant},
    moved, scalar, table,
};
use halfwave_kernels::Level;

/// With the errors of processes and of what they print.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Rounds in which all rows are timed.
const ROUNDS: usize = 5;
/// Rounds in which those are timed again that seem to have moved.
const ROUNDS_AGAIN: usize = 9;
/// Samples of a row in a process, of which the least counts.
const SAMPLES: usize = 15;
/// Shorter than a time slice of a busy machine.
const SAMPLE: Duration = Duration::from_millis(1);

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let done = match &arguments[..] {
        [flag, before, after] if flag == "--builds" => return report(compare(before, after)),
        rest if rest.iter().any(|argument| argument == "--test") => check(),
        [flag, names @ ..] if flag == "--times" => print_times(None, names),
        [flag, elements, names @ ..] if flag == "--elements" => match elements.parse() {
            Ok(elements) => print_times(Some(elements), names),
            Err(error) => Err(format!("--elements {elements}: {error}").into()),
        },
        _ => print_times(None, &[]),
    };
    report(done.map(|()| ExitCode::SUCCESS))
}

fn report(done: Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("compare: {error}");
        ExitCode::FAILURE
    })
}

fn one_thread() -> Result<()> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?)
}

fn check() -> Result<()> {
    one_thread()?;
    for row in table::counted() {
        row.check(Level::best(), scalar());
    }
    Ok(())
}

/// Times the rows of these names, or all.
fn print_times(elements: Option<usize>, names: &[String]) -> Result<()> {
    one_thread()?;
    for row in table::timed() {
        if !names.is_empty() && !names.iter().any(|name| name == row.name()) {
            continue;
        }
        let mut kernel = match elements {
            None => row.prepare(),
            Some(elements) if row.streams().is_some() => {
                row.check_at(Level::best(), scalar(), elements);
                row.prepare_at(elements)
            }
            Some(_) => continue,
        };
        let mut contestant =
            [Contestant::new(row.name(), || kernel.run(std::hint::black_box(Level::best())))];
        interleaved::run(&mut contestant, SAMPLES, SAMPLE);
        // Beside peers' medians stand medians.
        let [contestant] = &contestant;
        let seconds = if elements.is_some() { contestant.median() } else { contestant.least() };
        println!("{} {seconds:e}", row.name());
    }
    Ok(())
}

/// Seconds by name, one number a round.
type Times = BTreeMap<String, Vec<f64>>;

/// Runs both builds in turns, and says which rows moved; fails if one of them takes longer.
fn compare(before: &str, after: &str) -> Result<ExitCode> {
    let all = rounds([before, after], ROUNDS, &[])?;
    let suspects: Vec<_> = both(&all).filter(|(_, times)| ratio(times).is_some()).collect();
    println!(
        "compare: {} rows, {ROUNDS} rounds in turns; {} differ there, and are timed again",
        both(&all).count(),
        suspects.len()
    );
    let names: Vec<_> = suspects.iter().map(|&(name, _)| name.to_owned()).collect();
    let again = if names.is_empty() {
        Default::default()
    } else {
        rounds([before, after], ROUNDS_AGAIN, &names)?
    };
    let (mut slower, mut faster) = (0, 0);
    for (name, first) in suspects {
        let second = both(&again).find(|&(other, _)| other == name).map(|(_, times)| times);
        let (first, second) = (ratio(&first), second.and_then(|times| ratio(&times)));
        // In both, and in the same direction.
        let moved =
            second.filter(|&second| first.is_some_and(|first| (first > 1.0) == (second > 1.0)));
        let verdict = match moved {
            Some(ratio) if ratio > 1.0 => ("SLOWER", &mut slower),
            Some(_) => ("faster", &mut faster),
            None => continue,
        };
        *verdict.1 += 1;
        println!("compare: {:<8}{name:<44}{}", verdict.0, Percent(moved.unwrap_or(1.0)));
    }
    let [missing, new] = [(0, 1), (1, 0)]
        .map(|(one, other)| all[one].keys().filter(|&name| !all[other].contains_key(name)).count());
    println!(
        "compare: {slower} slower, {faster} faster, beyond noise and {} %; {missing} rows gone, {new} new",
        100.0 * moved::LEAST
    );
    Ok(if slower == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Times of both builds, in an order that turns from round to round.
fn rounds(programs: [&str; 2], rounds: usize, names: &[String]) -> Result<[Times; 2]> {
    let mut times = [Times::new(), Times::new()];
    for round in 0..rounds {
        for i in [round % 2, 1 - round % 2] {
            let output = Command::new(programs[i]).arg("--times").args(names).output();
            let output = output.map_err(|error| format!("{}: {error}", programs[i]))?;
            if !output.status.success() {
                let errors = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{} failed: {errors}", programs[i]).into());
            }
            for line in String::from_utf8(output.stdout)?.lines() {
                let (name, seconds) = line.split_once(' ').ok_or_else(|| no_time(line))?;
                let seconds = seconds.parse().map_err(|_| no_time(line))?;
                times[i].entry(name.to_owned()).or_default().push(seconds);
            }
        }
    }
    Ok(times)
}

fn no_time(line: &str) -> String {
    format!("expected `name seconds`, found `{line}`")
}

/// The rows that both builds have.
fn both(times: &[Times; 2]) -> impl Iterator<Item = (&str, [&[f64]; 2])> {
    let [before, after] = times;
    before.iter().filter_map(|(name, times)| Some((&name[..], [&times[..], after.get(name)?])))
}

fn ratio([before, after]: &[&[f64]; 2]) -> Option<f64> {
    moved::ratio(before, after)
}

/// A ratio of times as what is added or saved.
struct Percent(f64);

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+.1} % time", 100.0 * (self.0 - 1.0))
    }
}
