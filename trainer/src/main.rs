//! The program `halfwave`: reads the command line, runs, sets the exit code.

#![forbid(unsafe_code)]

mod cli;
mod interrupt;

use std::{
    io::{self, ErrorKind, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _};
use halfwave_datasets::{Locator, fetch::Watch};
use halfwave_trainer::{
    Error, apply,
    comparison::Comparison,
    data, experiments, gallery, info, npy,
    observe::{Downloads, Observer, Progress},
    output, own, reproductions,
    result::Report,
    run, sweep,
};

use tracing::Level;
use tracing_subscriber::fmt::time::uptime;

use crate::cli::{Cli, Command, Config, Data, Form, List, Man, Plot, Train, manual};

fn main() -> ExitCode {
    let Cli { command, verbose } = Cli::parse();
    log(verbose);
    match interrupt::watch().and_then(|()| execute(command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With standard error closed, the exit code still says it.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            let error = error.downcast_ref::<Error>();
            let signal = error.and_then(Error::signal).and_then(|signal| u8::try_from(signal).ok());
            let usage = error.is_some_and(Error::is_usage);
            ExitCode::from(signal.map_or(if usage { 2 } else { 1 }, |signal| 128 + signal))
        }
    }
}

/// What the library tells of itself goes to standard error, if someone wants to read it.
fn log(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => Level::INFO,
        _ => Level::DEBUG,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_timer(uptime());
    log.with_target(false)
        .with_ansi(false)
        .log_internal_errors(false)
        .with_writer(io::stderr)
        .init();
}

fn execute(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Run(args) if args.dry_run => {
            let options = args.options();
            if !options.host.quiet {
                eprintln!("a few steps of each training, to see what all would take …");
            }
            print(&run::plan(&options)?)
        }
        Command::Run(args) => {
            let done = match &args.resume {
                Some(directory) => run::resume(directory, &args.settings.host())?,
                None => run::run(&args.options())?,
            };
            let directory = done.directory.display();
            print(&format!(
                "{}\n{:.1} s; report, plots and metrics: {directory}\n",
                done.table, done.seconds
            ))
        }
        Command::Sweep(args) => {
            let options = args.options();
            let announce = &mut |cell: &str| {
                if !options.run.host.quiet {
                    // Progress that cannot be shown is no reason to stop.
                    let _ = writeln!(io::stderr(), "{cell}");
                }
            };
            let sweep::Swept { table, ran, kept, failure } = sweep::sweep(&options, announce)?;
            let out = options.out.display();
            print(&format!(
                "{table}\n{ran} cells run, {kept} kept; table: {out}/sweep.md, .csv\n"
            ))?;
            failure.map_or(Ok(()), |failure| Err(Error::from(failure).into()))
        }
        Command::Table(args) => {
            let reports = args.results.iter().map(|path| Report::read(path));
            let reports = reports.collect::<Result<Vec<_>, Error>>()?;
            let table = reproductions::table(&reports, args.rows()).map_err(Error::from)?;
            match args.into {
                Some(path) => Ok(reproductions::write_into(&path, &table, args.check)?),
                None => print(&table),
            }
        }
        Command::Report(args) => {
            let run = |path: &PathBuf| Ok((path.display().to_string(), Report::read(path)?));
            let runs = args.runs.iter().map(run).collect::<Result<Vec<_>, Error>>()?;
            let compared = Comparison::new(&runs).map_err(Error::from)?;
            let text = match args.form() {
                Form::Text => compared.text(),
                Form::Markdown => compared.markdown(),
                Form::Json => format!("{}\n", serde_json::to_string_pretty(&compared)?),
            };
            match args.out {
                None => print(&text),
                Some(path) => {
                    output::write_file(&path, args.force, |out| out.write_all(text.as_bytes()))
                        .map_err(Error::from)?;
                    print(&format!("{}\n", path.display()))
                }
            }
        }
        Command::List(List { data_dir, json: true }) => {
            print(&format!("{:#}\n", experiments::list_json(&Locator::new(data_dir))))
        }
        Command::List(List { data_dir, json: false }) => {
            print(&experiments::list(&Locator::new(data_dir)))
        }
        Command::Config(Config::Show { experiment }) => print(&experiments::show(experiment)),
        Command::Config(Config::Schema { experiment }) => {
            print(&format!("{:#}\n", experiments::schema(experiment)))
        }
        Command::Data(Data::Fetch(args)) => {
            let (sets, options) = (data::sets(&args.names, args.all)?, args.options());
            let locator = Locator::new(args.data_dir);
            let (mut downloads, mut silent) = ((!args.quiet).then(Downloads::stderr), ());
            for set in sets {
                let watch = downloads.as_mut().map_or(&mut silent as &mut dyn Watch, |it| it);
                print(&data::fetch(set, &locator, &options, watch)?)?;
            }
            Ok(())
        }
        Command::Data(Data::Generate(args)) => {
            print(&data::generate(&args.out, args.seed, args.files(), args.pairs)?)
        }
        Command::Data(Data::List { data_dir, json: true }) => {
            print(&format!("{:#}\n", data::list_json(&Locator::new(data_dir))))
        }
        Command::Data(Data::List { data_dir, json: false }) => {
            print(&data::list(&Locator::new(data_dir)))
        }
        Command::Data(Data::Verify { name, data_dir }) => {
            print(&data::verify(name.as_deref(), &Locator::new(data_dir))?)
        }
        Command::Data(Data::Path { name: None, data_dir }) => {
            print(&data::paths(&Locator::new(data_dir)))
        }
        Command::Data(Data::Path { name: Some(name), data_dir }) => {
            print(&data::path(&name, &Locator::new(data_dir))?)
        }
        Command::Train(Train::Rbm(args)) if args.dry_run => print(&own::plan(&args.job()?)?),
        Command::Train(Train::Mlp(args)) if args.network.dry_run => {
            print(&own::plan_network(&args.job()?)?)
        }
        Command::Train(Train::Cnn(args)) if args.network.dry_run => {
            print(&own::plan_network(&args.job()?)?)
        }
        Command::Train(Train::Rbm(args)) => {
            let (quiet, job) = (args.quiet, args.job()?);
            let trained = watched(quiet, |observer| own::train(&job, observer))?;
            let own::Trained { rows, validation, visible, hidden, metrics } = trained;
            let (out, metrics) = (job.out.display(), last(&metrics));
            let rows = beside(rows, validation);
            print(&format!(
                "{out}: {visible} visible, {hidden} hidden units; {rows} rows{metrics}\n"
            ))
        }
        Command::Train(Train::Mlp(args)) => network(args.network.quiet, &args.job()?),
        Command::Train(Train::Cnn(args)) => network(args.network.quiet, &args.job()?),
        Command::Predict(args) => {
            let job = args.job()?;
            let (shape, classes) = own::predict(&job)?;
            let is_csv = job.out.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
            let kind = match (is_csv, job.probabilities) {
                (false, false) => "i64",
                (false, true) => "f32",
                (true, false) => "labels",
                (true, true) => "numbers",
            };
            let (out, shape) = (job.out.display(), npy::shape_text(&shape));
            print(&format!("{out}: {kind} {shape}\nclasses: {}\n", classes.join(", ")))
        }
        Command::Export(args) => {
            let job = args.job();
            let what = own::export(&job)?;
            print(&format!("{}: {what}\n", job.out.display()))
        }
        Command::Import(args) => {
            let job = args.job();
            let what = own::import(&job)?;
            print(&format!("{}: {what}\n", job.out.display()))
        }
        Command::Features(args) => {
            let job = args.job()?;
            let shape = own::features(&job)?;
            print(&format!("{}: f32 {}\n", job.out.display(), npy::shape_text(&shape)))
        }
        Command::Score(args) => {
            let job = args.job()?;
            let own::Scored { rows, log_z, interval, average } = own::score(&job)?;
            let log_z = match interval {
                None => format!("{log_z:.4}, exact"),
                Some((low, high)) => {
                    let warning = if low.is_finite() {
                        ""
                    } else {
                        ": a few weights decide; more --temperatures"
                    };
                    format!(
                        "{log_z:.4} ({low:.4} to {high:.4}), annealed importance sampling{warning}"
                    )
                }
            };
            print(&format!(
                "{}: f32 ({rows})\nln Z                  {log_z}\n\
                 log-likelihood        {:.4} ± {:.4} nats (mean of the rows, its standard error)\n",
                job.out.display(),
                average.mean,
                average.standard_error
            ))
        }
        Command::Sample(args) => {
            let job = args.job()?;
            let shape = own::sample(&job)?;
            print(&format!("{}: f32 {}\n", job.out.display(), npy::shape_text(&shape)))
        }
        Command::Eval(args) => print(&own::evaluate(&args.job()?)?),
        Command::Apply(args) => {
            let job = args.job()?;
            let shape = apply::apply(&job)?;
            print(&format!("{}: f32 {}\n", job.output.display(), npy::shape_text(&shape)))
        }
        Command::Plot(Plot::Activations { out, force }) => {
            let files = gallery::write(&out, force)?;
            let lines: String = files.iter().map(|file| format!("{}\n", file.display())).collect();
            print(&lines)
        }
        Command::Info { model: Some(model), json: true } => {
            print(&format!("{:#}\n", own::describe_json(&model)?))
        }
        Command::Info { model: Some(model), json: false } => print(&own::describe(&model)?),
        Command::Info { model: None, json: true } => print(&format!("{:#}\n", info::json()?)),
        Command::Info { model: None, json: false } => print(&info::text()?),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "halfwave", &mut script);
            print(&String::from_utf8_lossy(&script))
        }
        Command::Man(Man { out: None, .. }) => print(&String::from_utf8_lossy(&manual::first()?)),
        Command::Man(Man { out: Some(folder), force }) => {
            let names = manual::write(&folder, force)?;
            let line = |name| format!("{}\n", folder.join(name).display());
            print(&names.iter().map(line).collect::<String>())
        }
    }
}

/// Trains, with progress on standard error unless it is to be `quiet`.
fn watched<T>(
    quiet: bool,
    train: impl FnOnce(&mut (dyn Observer + Send)) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut progress = if quiet { Progress::quiet() } else { Progress::stderr() };
    let trained = train(&mut progress)?;
    progress.finish();
    Ok(trained)
}

/// Metrics of the last epoch, as the end of a line.
fn last(metrics: &[(&str, f64)]) -> String {
    metrics.iter().map(|(name, value)| format!("; {name} {value:.6}")).collect()
}

/// Rows to train on, and those for validation, if any.
fn beside(rows: usize, validation: usize) -> String {
    if validation > 0 { format!("{rows} + {validation}") } else { rows.to_string() }
}

fn network(quiet: bool, job: &own::NetworkJob) -> anyhow::Result<()> {
    let trained = watched(quiet, |observer| own::train_network(job, observer))?;
    let own::TrainedNetwork { rows, validation, inputs, classes, parameters, epoch, metrics } =
        trained;
    let metrics = if job.patience.is_some() {
        format!("; best epoch {epoch}{}", last(&metrics))
    } else {
        last(&metrics)
    };
    let (out, classes) = (job.out.display(), classes.len());
    let rows = beside(rows, validation);
    print(&format!(
        "{out}: {inputs} inputs, {classes} classes, {parameters} parameters; {rows} rows{metrics}\n"
    ))
}

/// Prints; a reader that has seen enough (`halfwave list | head -1`) is no failure.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(error).context("cannot write to standard output")
        }
        _ => Ok(()),
    }
}
