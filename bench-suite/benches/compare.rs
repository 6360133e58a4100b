//! Two builds in turns: which rows of the table of kernels take longer, beyond the noise.
//!
//! | arguments | what |
//! |---|---|
//! | `--times` \[NAME…\] | prints `name seconds` of these rows, or of all, on the best level and one thread |
//! | `--elements N THREADS` \[NAME…\] | medians, with arrays of N elements, of rows whose size can be chosen; on several threads, of parallel forms |
//! | `--steps THREADS` \[NAME…\] | medians of training steps |
//! | `--builds BEFORE AFTER` | runs `--times` of these two builds of this bench in turns, and compares |
//! | `--test` | compares the bits of each counted row with the scalar level's |
//!
//! `ci/bench-compare.sh` builds two commits for it. Without arguments, it prints the times.

use std::{
    collections::BTreeMap,
    env, fmt,
    hint::black_box,
    process::{Command, ExitCode},
    time::Duration,
};

use halfwave_bench_suite::{
    check,
    interleaved::{self, Contestant},
    moved, scalar,
    steps::{Result, STEPS},
    table,
};
use halfwave_kernels::Level;

/// Rounds in which all rows are timed.
const ROUNDS: usize = 5;
/// Rounds in which those are timed again that seem to have moved.
const ROUNDS_AGAIN: usize = 9;
/// Samples of a row in a process, of which the least counts.
const SAMPLES: usize = 15;
/// Samples of a training step, each of some steps.
const SAMPLES_OF_STEPS: usize = 5;
/// Shorter than a time slice of a busy machine.
const SAMPLE: Duration = Duration::from_millis(1);

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let done = match &arguments[..] {
        [flag, before, after] if flag == "--builds" => return report(compare(before, after)),
        rest if rest.iter().any(|argument| argument == "--test") => self_check(),
        [flag, names @ ..] if flag == "--times" => times(names),
        [flag, rest @ ..] if flag == "--elements" => elements(rest),
        [flag, rest @ ..] if flag == "--steps" => steps(rest),
        _ => times(&[]),
    };
    report(done.map(|()| ExitCode::SUCCESS))
}

fn report(done: Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        eprintln!("compare: {error}");
        ExitCode::FAILURE
    })
}

/// What uses rayon has so many threads, this one among them.
fn use_threads(count: usize) -> Result<()> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).use_current_thread();
    Ok(pool.build_global()?)
}

fn self_check() -> Result<()> {
    use_threads(1)?;
    for row in table::counted() {
        row.check(Level::best(), scalar());
    }
    Ok(())
}

/// Whether these names, or all, have this one among them.
fn chosen(names: &[String], name: &str) -> bool {
    names.is_empty() || names.iter().any(|chosen| chosen == name)
}

/// The least times of the rows of these names, or of all.
fn times(names: &[String]) -> Result<()> {
    use_threads(1)?;
    for row in table::timed().iter().filter(|row| chosen(names, row.name())) {
        let mut kernel = row.prepare();
        let timed = time(row.name(), SAMPLES, || kernel.run(black_box(Level::best())));
        print(row.name(), timed.least());
    }
    Ok(())
}

/// The same with arrays of so many elements. Beside peers' medians stand medians.
fn elements(arguments: &[String]) -> Result<()> {
    let [elements, threads, names @ ..] = arguments else {
        return Err("--elements N THREADS [NAME…]".into());
    };
    let (elements, threads) = (positive(elements)?, positive(threads)?);
    use_threads(threads)?;
    let rows = if threads == 1 { table::timed() } else { table::parallel() };
    let sized = rows.iter().filter(|row| row.streams().is_some());
    for row in sized.filter(|row| chosen(names, row.name())) {
        row.check_at(Level::best(), scalar(), elements);
        let mut kernel = row.prepare_at(elements);
        let timed = time(row.name(), SAMPLES, || kernel.run(black_box(Level::best())));
        print(row.name(), timed.median());
    }
    Ok(())
}

fn steps(arguments: &[String]) -> Result<()> {
    let [threads, names @ ..] = arguments else {
        return Err("--steps THREADS [NAME…]".into());
    };
    use_threads(positive(threads)?)?;
    for step in STEPS.iter().filter(|step| chosen(names, step.name)) {
        let (got, expected) = (step.after_one(Level::best())?, step.after_one(scalar())?);
        check::same_as_scalar(step.name, Level::best(), &got, &expected);
        let mut model = (step.new)(step.steps)?;
        let timed = time(step.name, SAMPLES_OF_STEPS, || {
            model.train(Level::best()).unwrap_or_else(|error| panic!("{}: {error}", step.name));
        });
        print(step.name, timed.median() / step.steps as f64);
    }
    Ok(())
}

fn positive(text: &str) -> Result<usize> {
    let number: std::num::NonZeroUsize =
        text.parse().map_err(|error| format!("{text}: {error}"))?;
    Ok(number.get())
}

/// Times `run` alone.
fn time<'a>(name: &str, samples: usize, run: impl FnMut() + 'a) -> Contestant<'a> {
    let mut contestant = [Contestant::new(name, run)];
    interleaved::run(&mut contestant, samples, SAMPLE);
    let [contestant] = contestant;
    contestant
}

fn print(name: &str, seconds: f64) {
    println!("{name} {seconds:e}");
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
