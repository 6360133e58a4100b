//! Instructions of every kernel, counted by valgrind: figures that no neighbour disturbs.
//!
//! Valgrind hides AVX-512 from programs, so these are counts of the scalar and AVX2 paths; the wall
//! clock of the criterion benches judges AVX-512. Without valgrind or the runner the bench says how to
//! get them and succeeds; `REQUIRE_IAI=1` makes that a failure.
//!
//! | arguments | what |
//! |---|---|
//! | none | counts, beside those of the run before |
//! | `--counts FILE` | counts into a file |
//! | `--compare BEFORE AFTER` | fails if a row of the second file has more than 2 % more instructions |
//! | `--test` | runs each row on each level, and compares the bits |
//!
//! `ci/callgrind.sh` puts these together.

use std::{
    env, fs,
    path::Path,
    process::{Command, ExitCode},
};

use halfwave_bench_suite::{
    counts,
    counts::{Change, Counts},
    scalar, table,
};

/// With the errors of files and of the runner.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

mod runner {
    use std::env;

    use halfwave_bench_suite::table;
    use iai_callgrind::{
        Bench, BinaryBenchmark, BinaryBenchmarkConfig, BinaryBenchmarkGroup, Callgrind, Command,
        EntryPoint, binary_benchmark_group, main,
    };

    /// Every row on every level is a run of this program.
    fn add(group: &mut BinaryBenchmarkGroup) {
        let program = env::current_exe().expect("this program has a path");
        for level in table::counted_levels() {
            let mut benchmark = BinaryBenchmark::new(level.name());
            for row in table::counted() {
                let command =
                    Command::new(&program).args(["--row", row.name(), level.name()]).build();
                benchmark.bench(Bench::new(id(row.name())).command(command));
            }
            group.binary_benchmark(benchmark);
        }
    }

    /// The name with the characters that the runner allows; ours are unique with them, too.
    pub(super) fn id(name: &str) -> String {
        name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
    }

    fn config() -> BinaryBenchmarkConfig {
        let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
        callgrind.entry_point(EntryPoint::Custom(table::REGION.into()));
        let mut config = BinaryBenchmarkConfig::default();
        config.tool(callgrind);
        config
    }

    binary_benchmark_group!(
        name = kernels;
        benchmarks = |group: &mut BinaryBenchmarkGroup| super::add(group)
    );
    main!(config = config(); binary_benchmark_groups = kernels);

    pub(super) fn count() {
        main();
    }
}

/// The version of the library, which the runner must have too.
const VERSION: &str = "0.16.1";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("callgrind: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let arguments: Vec<_> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--row", name, level] => {
            one_thread()?;
            row(name)?.count(level.parse()?);
            Ok(ExitCode::SUCCESS)
        }
        ["--compare", before, after] => compare(&read(before)?, &read(after)?),
        _ if arguments.iter().any(|argument| argument == "--test") => {
            check()?;
            Ok(ExitCode::SUCCESS)
        }
        // The runner takes its flags from its caller's arguments, and would misunderstand criterion's.
        [] if env::var_os(COUNTING).is_some() => {
            runner::count();
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            if let Some(missing) = missing() {
                return Ok(skip(&missing));
            }
            let levels: Vec<_> = table::counted_levels().iter().map(|level| level.name()).collect();
            println!("callgrind: levels {}; valgrind hides AVX-512", levels.join(" and "));
            match &arguments[..] {
                [flag, file] if flag == "--counts" => write(Path::new(file))?,
                _ => {
                    if !again().status()?.success() {
                        return Ok(ExitCode::FAILURE);
                    }
                }
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Set in the process that is to call the runner.
const COUNTING: &str = "HALFWAVE_CALLGRIND_COUNTS";

/// This program again, without criterion's flags.
fn again() -> Command {
    let program =
        env::current_exe().unwrap_or_else(|_| env::args_os().next().unwrap_or_default().into());
    let mut command = Command::new(program);
    command.arg("--bench").env(COUNTING, "1");
    command
}

/// Callgrind counts what the main thread does.
fn one_thread() -> Result<()> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()?)
}

fn row(name: &str) -> Result<table::Row> {
    let row = table::counted().into_iter().find(|row| row.name() == name);
    row.ok_or_else(|| format!("no row is called `{name}`").into())
}

/// Runs each row on each level.
fn check() -> Result<()> {
    one_thread()?;
    for row in table::counted() {
        for level in table::counted_levels() {
            row.check(level, scalar());
        }
        println!("callgrind: {}: ok", row.name());
    }
    Ok(())
}

fn read(file: &str) -> Result<Counts> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    Ok(text.parse().map_err(|error| format!("{file}: {error}"))?)
}

/// Counts all rows, and writes them.
fn write(file: &Path) -> Result<()> {
    let output = again().env("IAI_CALLGRIND_OUTPUT_FORMAT", "json").output()?;
    let (out, errors) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if !output.status.success() {
        return Err(format!("the runner failed:\n{out}{errors}").into());
    }
    let mut counts = Counts::default();
    let rows = table::counted();
    for line in out.lines().filter(|line| line.starts_with('{')) {
        let summary: serde_json::Value = serde_json::from_str(line)?;
        let wrong = || format!("the runner's summary is not of version {VERSION}: {line}");
        let text = |field| summary[field].as_str().ok_or_else(wrong);
        let (level, id) = (text("function_name")?, text("id")?);
        let row = rows.iter().find(|row| runner::id(row.name()) == id).ok_or_else(wrong)?;
        let count = instructions(&summary).ok_or_else(wrong)?;
        counts.0.insert(format!("{} {level}", row.name()), count);
    }
    let expected = rows.len() * table::counted_levels().len();
    if counts.0.len() != expected || counts.0.values().any(|&count| count == 0) {
        let found = counts.0.values().filter(|&&count| count > 0).count();
        return Err(format!("{found} rows of {expected} were counted\n{errors}").into());
    }
    fs::write(file, counts.to_string()).map_err(|error| format!("{}: {error}", file.display()))?;
    println!("callgrind: {expected} counts in {}", file.display());
    Ok(())
}

/// Instructions in a summary: of this run alone, or beside those of the run before.
fn instructions(summary: &serde_json::Value) -> Option<u64> {
    let metric = summary.pointer("/profiles/0/summaries/total/summary/Callgrind/Ir/metrics")?;
    let new = metric.get("Left").or_else(|| metric.get("Both")?.get(0))?;
    new.get("Int")?.as_u64()
}

/// Prints what changed; fails where there are more instructions, or none any more.
fn compare(before: &Counts, after: &Counts) -> Result<ExitCode> {
    let changes = counts::compare(before, after);
    for (row, counts, change) in &changes {
        let [before, after] =
            counts.map(|count| count.map_or("-".into(), |count| count.to_string()));
        let (verdict, what) = match change {
            Change::Slower(percent) => ("FAILED", format!("{percent:.1} % more instructions")),
            Change::Gone => ("FAILED", "not counted any more".into()),
            Change::Faster(percent) => ("fewer", format!("{percent:.1} % fewer instructions")),
            Change::New => ("new", "not counted before".into()),
        };
        println!("callgrind: {verdict:<7}{row:<44}{before:>12} → {after:>12}  {what}");
    }
    let failed = changes.iter().filter(|(.., change)| change.fails()).count();
    println!("callgrind: {} rows, {failed} failed, limit {} %", after.0.len(), counts::LIMIT);
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Says what is missing.
fn skip(missing: &str) -> ExitCode {
    println!(
        "callgrind: SKIPPED, {missing}. To count instructions:\n    \
         apt-get install valgrind\n    \
         cargo install iai-callgrind-runner --version {VERSION} --locked"
    );
    let required = env::var_os("REQUIRE_IAI").is_some_and(|value| value == "1");
    if required { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// What is not there of valgrind and the runner, if anything.
fn missing() -> Option<String> {
    let output = |program| Command::new(program).arg("--version").output();
    if !output("valgrind").is_ok_and(|output| output.status.success()) {
        return Some("valgrind is not installed".into());
    }
    let runner = option_env!("IAI_CALLGRIND_RUNNER").unwrap_or("iai-callgrind-runner");
    // Not being asked for a count, the runner fails, with its version in the message.
    let Ok(output) = output(runner) else {
        return Some(format!("{runner} is not installed"));
    };
    let said = String::from_utf8_lossy(&output.stderr);
    (!said.contains(VERSION)).then(|| format!("{runner} is not of version {VERSION}"))
}
