//! Training that is stopped, killed, or cannot write: nothing is lost, and what goes on ends in the same bytes.

#![cfg(unix)]

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    io::{BufRead as _, BufReader},
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{self, Child, Stdio},
    thread,
    time::Duration,
};

use predicates::{prelude::PredicateBooleanExt as _, str::contains};
use rand_pcg::{Pcg32, rand_core::Rng as _};
use tempfile::{TempDir, tempdir};

use super::{
    apply::save,
    support::{names, run, skipped},
};

/// The program, as a process to be killed.
fn start(home: &Path, arguments: &str) -> Child {
    let mut command = process::Command::new(assert_cmd::cargo::cargo_bin!("halfwave"));
    command.args(arguments.split_whitespace()).current_dir(home);
    command.env_remove("HALFWAVE_LEVEL").env_remove("HALFWAVE_DATA");
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, signal: &str) {
    let kill = process::Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
}

/// 120 rows of 6 with three classes.
fn data() -> TempDir {
    let home = tempdir().unwrap();
    let x: Vec<f32> = (0..120 * 6).map(|i| (i as f32 * 0.7).sin().abs()).collect();
    save(&home.path().join("x.npy"), &[120, 2, 3], &x);
    let labels: String = (0..120).map(|i| format!("{}\n", ["a", "b", "c"][i % 3])).collect();
    fs::write(home.path().join("y.csv"), labels).unwrap();
    home
}

/// Machines and networks, all with noise, and with a state beyond their weights.
const TRAININGS: [&str; 5] = [
    "train rbm --data x.npy --hidden-units 5 --set batch=7 --set epochs=E",
    "train rbm --data x.npy --hidden-units 5 --set batch=7 --set epochs=E --set chains=persistent",
    "train mlp --data x.npy --labels y.csv --hidden 8,8 --set batch=7 --set dropout=0.3 --epochs E",
    "train mlp --data x.npy --labels y.csv --hidden 8 --set batch=7 --validation 0.3 --patience E --epochs E",
    "train cnn --data x.npy --labels y.csv --shape 2x3 --config c.toml --set batch=7 --epochs E",
];

const CNN: &str = r#"
input = [2, 3, 1]
layers = [
    { name = "conv", channels = 4, kernel = [2, 2], activation = "relu" },
    { name = "batch_norm" },
    { name = "flatten" },
    { name = "dropout", rate = 0.25 },
    { name = "dense", units = 3 },
]
"#;

fn training(which: usize, epochs: usize) -> (TempDir, String) {
    let home = data();
    fs::write(home.path().join("c.toml"), CNN).unwrap();
    let arguments = TRAININGS[which].replace('E', &epochs.to_string()).replace("--shape 2x3 ", "");
    (home, arguments)
}

/// Whether SIGHUP, the first signal, does nothing to it, where the system says so.
fn ignores_hangup(child: &Child) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1)
}

#[test]
fn signals_save_and_exit_with_their_number() {
    for (name, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let home = tempdir().unwrap();
        let path = home.path();
        let command = "run agarap-wdbc -q --seeds 1 --epochs 1000000 --out o";
        let mut child = start(path, command);
        while !path.join("o/checkpoint/run.toml").exists() {
            assert!(child.try_wait().unwrap().is_none(), "it ended early");
            thread::sleep(Duration::from_millis(10));
        }
        if name == "-HUP" && ignores_hangup(&child) {
            skipped("these tests were started by nohup: nothing that they start ends by SIGHUP");
            child.kill().unwrap();
            child.wait().unwrap();
            continue;
        }
        thread::sleep(Duration::from_millis(200));
        signal(&child, name);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}: {said}");
        assert!(said.contains("halfwave run --resume o goes on"), "{said}");
        assert_eq!(names(&path.join("o")), ["checkpoint"]);
        // What it has shown can be read.
        let shown = fs::read_to_string(path.join("o/checkpoint/metrics.jsonl")).unwrap();
        assert!(shown.ends_with('\n'), "{shown}");
        assert!(shown.lines().all(|line| line.contains("\"loss\"")), "{shown}");
        // It is not replaced unasked, and goes on when asked.
        run(path, command).code(1).stderr(contains("say --resume"));
        let mut child = start(path, "run --resume o -q");
        thread::sleep(Duration::from_millis(300));
        assert!(child.try_wait().unwrap().is_none(), "it goes on");
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let home = tempdir().unwrap();
    run(home.path(), "run --resume nowhere")
        .code(1)
        .stderr(contains("nowhere/checkpoint/run.toml"));
}

/// The states that are kept are those before it, and nobody is told to go on from them.
#[test]
fn a_run_that_diverges_keeps_sound_states() {
    let home = tempdir().unwrap();
    let path = home.path();
    let sgd = "mlp.optimiser={name=\"sgd\",learning_rate=4,momentum=0.9}";
    let command =
        format!("run agarap-wdbc -q --seeds 1 --epochs 3 --checkpoint-every 0 --out o --set {sgd}");
    let failed = run(path, &command).code(1);
    failed.stderr(
        contains("diverged").and(contains("--force begins anew")).and(contains("goes on").not()),
    );
    let mut states = 0;
    for name in names(&path.join("o/checkpoint")).iter().filter(|name| name.contains(".step-")) {
        let bytes = fs::read(path.join("o/checkpoint").join(name)).unwrap();
        let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        for (name, tensor) in file.tensors().iter().filter(|(name, _)| name.ends_with("weights")) {
            let numbers = tensor.data().as_chunks::<4>().0.iter().copied().map(f32::from_le_bytes);
            states += numbers.clone().count();
            assert!(numbers.map(f32::abs).all(|x| x <= 1e5), "{name}");
        }
    }
    assert!(states > 0, "a state with weights is kept");
    run(path, &command.replace("learning_rate=4", "learning_rate=1e-3")).code(1);
    run(
        path,
        &command.replace("learning_rate=4", "learning_rate=1e-3").replace("--out", "--force --out"),
    )
    .success();
}

/// A limit of the size of files is an error of writing, and not the end without a word.
#[test]
fn a_limit_of_file_sizes_is_told_and_leaves_nothing() {
    let home = data();
    let path = home.path();
    let limited = "ulimit -f 4; exec \"$@\"";
    let train = "train mlp --data x.npy --labels y.csv --hidden 64,64 --epochs 1 -q --out m";
    let mut command = assert_cmd::Command::new("sh");
    command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_halfwave")]);
    let failed = command.args(train.split(' ')).current_dir(path).assert().code(1);
    failed.stderr(contains("error: m: cannot write it: "));
    assert_eq!(names(path), ["x.npy", "y.csv"]);
}

/// Nobody is told to go on with, or to begin anew, what is at work.
#[test]
fn a_run_that_is_at_work_is_left_alone() {
    let home = tempdir().unwrap();
    let path = home.path();
    let command = "run optdigits-rbm -q --checkpoint-every 0 --out o";
    let mut child = start(path, command);
    while names_or_none(&path.join("o/checkpoint")).len() < 4 {
        thread::sleep(Duration::from_millis(20));
    }
    for arguments in [command, &format!("{command} --force"), "run --resume o"] {
        run(path, arguments).code(1).stderr(contains("o/checkpoint: another process works on it"));
    }
    assert!(child.try_wait().unwrap().is_none(), "it still works");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The second one does not wait for the step.
#[test]
fn a_second_interrupt_ends_at_once() {
    let home = data();
    let path = home.path();
    // A step of hours.
    let command = "train rbm -q --data x.npy --hidden-units 5 --set steps=1000000000 --out m";
    let mut child = start(path, command);
    while !path.join("m.checkpoint").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(200));
    signal(&child, "-INT");
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains("once more to stop at once"), "{said}");
    assert!(child.try_wait().unwrap().is_none(), "it ends its step");
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(path.join("m.checkpoint").exists() && !path.join("m").exists());
}

/// `nohup` starts it with SIGHUP ignored.
#[cfg(target_os = "linux")]
#[test]
fn what_was_to_outlive_the_terminal_does() {
    let home = tempdir().unwrap();
    let path = home.path();
    let program = assert_cmd::cargo::cargo_bin!("halfwave");
    let mut command = process::Command::new("sh");
    command
        .arg("-c")
        .arg("trap '' HUP; exec \"$0\" run agarap-wdbc -q --seeds 1 --epochs 1000000 --out o");
    command.arg(program).current_dir(path).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    while !path.join("o/checkpoint/run.toml").exists() {
        assert!(child.try_wait().unwrap().is_none(), "it ended early");
        thread::sleep(Duration::from_millis(10));
    }
    signal(&child, "-HUP");
    thread::sleep(Duration::from_millis(500));
    assert!(child.try_wait().unwrap().is_none(), "it goes on");
    signal(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}

/// What was stopped is thrown away by `--force`, and gone on with by a sweep, which needs the data of its cells only.
#[test]
fn force_begins_anew_and_a_sweep_goes_on() {
    let home = tempdir().unwrap();
    let path = home.path();
    let stopped = |command: &str, out: &str| {
        let mut child = start(path, &format!("{command} --checkpoint-every 0"));
        let saved = || names_or_none(&path.join(out)).iter().any(|name| name.starts_with("fit-"));
        while !saved() {
            assert!(child.try_wait().unwrap().is_none(), "it ended early: {command}");
            thread::sleep(Duration::from_millis(5));
        }
        signal(&child, "-INT");
        assert_eq!(child.wait().unwrap().code(), Some(130), "{command}");
    };
    let run_once = "run agarap-wdbc --seeds 1 --epochs 100 --out o";
    stopped(run_once, "o/checkpoint");
    // As a run leaves it that was killed.
    fs::create_dir(path.join("o/.partial-x")).unwrap();
    run(path, &format!("{run_once} --force")).success().stderr(contains("goes on after").not());
    stopped(&format!("{run_once} --force"), "o/checkpoint");
    run(path, "run --resume o").success().stderr(contains("goes on after"));

    assert!(!names(&path.join("o")).iter().any(|name| name.starts_with('.')));

    // Nothing of anybody else's is taken for a checkpoint, or thrown away.
    let mine = path.join("o/checkpoint/mine");
    fs::create_dir(path.join("o/checkpoint")).unwrap();
    fs::write(&mine, "mine").unwrap();
    run(path, run_once).code(1).stderr(contains("the directory is not empty"));
    run(path, &format!("{run_once} --force")).code(1).stderr(contains("found other files"));
    assert_eq!(fs::read(&mine).unwrap(), b"mine");

    let sweep = "sweep lab-depth --set set=\"optdigits\" --seeds 1 --epochs 2 --grid base.batch=20,30 --out s";
    stopped(sweep, "s/cell-0001/checkpoint");
    run(path, sweep).success().stderr(contains("goes on after")).stdout(contains("2 cells run"));
}

/// Names in a directory that may not be there.
fn names_or_none(path: &Path) -> Vec<String> {
    if path.exists() { names(path) } else { Vec::new() }
}

/// Killed at random, gone on with at another number of threads, until it is done: the same bytes as undisturbed.
/// `HALFWAVE_KILLS` says how often each training is killed, by default 12 times.
#[test]
fn killed_trainings_end_in_the_same_bytes() {
    let most = std::env::var("HALFWAVE_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let mut random = Pcg32::new(42, 7);
    for which in 0..TRAININGS.len() {
        let (home, command) = training(which, 40);
        let path = home.path();
        run(path, &format!("{command} -q --out whole --metrics whole.jsonl")).success();
        let (mut threads, mut kills) = ([1, 2, 4].iter().cycle(), 0);
        loop {
            let threads = threads.next().unwrap();
            let command = format!(
                "{command} -q --out m --metrics m.jsonl --resume --checkpoint-every 0 --threads {threads}"
            );
            let mut child = start(path, &command);
            thread::sleep(Duration::from_millis(u64::from(random.next_u32() % 40)));
            child.kill().unwrap();
            if child.wait().unwrap().success() {
                break;
            }
            kills += 1;
            assert!(kills < 2000, "it never gets on: {command}");
            if kills == most {
                // Now it may end.
                run(path, &command).success();
                break;
            }
        }
        for [resumed, whole] in [["m", "whole"], ["m.jsonl", "whole.jsonl"]] {
            let read = |name| fs::read(path.join(name)).unwrap();
            assert!(read(resumed) == read(whole), "{resumed}: {command}");
        }
        assert!(!path.join("m.checkpoint").exists());
    }
}

/// Runs of several fits, killed at random: tables and metrics are those of an undisturbed run. The laboratory looks at
/// networks after each epoch, and remembers.
#[test]
fn killed_runs_have_the_same_results() {
    killed("run agarap-wdbc -q --seeds 2 --epochs 20 --set folds=3");
    killed("run lab-depth -q --seeds 2 --epochs 2 --set set=\"optdigits\"");
}

fn killed(command: &str) {
    let home = tempdir().unwrap();
    let path = home.path();
    run(path, &format!("{command} --out whole")).success();
    let mut random = Pcg32::new(43, 7);
    // What was killed before it could say what it is, is begun once more.
    let next = || {
        let begun = path.join("o/checkpoint/run.toml").exists();
        if begun { "run --resume o -q".into() } else { format!("{command} --out o --force") }
    };
    let is_complete = || {
        path.join("o/result.json").exists() && names(&path.join("o")) == names(&path.join("whole"))
    };
    for threads in [1, 2, 4].iter().cycle().take(16) {
        if is_complete() {
            break;
        }
        let mut child =
            start(path, &format!("{} --checkpoint-every 0 --threads {threads}", next()));
        thread::sleep(Duration::from_millis(u64::from(random.next_u32() % 150)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    if !is_complete() {
        run(path, &next()).success();
    }
    let read = |folder: &str, name: &str| fs::read_to_string(path.join(folder).join(name)).unwrap();
    assert_eq!(read("o", "metrics.jsonl"), read("whole", "metrics.jsonl"));
    let rows = |folder: &str| {
        let result: serde_json::Value = serde_json::from_str(&read(folder, "result.json")).unwrap();
        result["rows"].clone()
    };
    assert_eq!(rows("o"), rows("whole"));
    assert_eq!(names(&path.join("o")), names(&path.join("whole")), "nothing else is left");
}

/// Every system call of a save fails, or is the last: what is left can be gone on with, and ends in the same bytes.
#[test]
fn every_call_of_a_save_may_fail() {
    // It may be there and not allowed to trace.
    let strace = process::Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).output();
    if !strace.is_ok_and(|output| output.status.success()) {
        skipped("saves that fail, for strace is not there, or may not trace");
        return;
    }
    let (home, command) = training(2, 3);
    let path = home.path();
    // Six steps; one thread, for calls are counted for each.
    let command = format!("{command} -q --checkpoint-every 0 --threads 1 --set batch=60");
    run(path, &format!("{command} --out whole")).success();
    let whole = fs::read(path.join("whole")).unwrap();
    let command = format!("{command} --out m --resume");
    let mut tried = 0;
    for call in ["openat", "close", "write", "fsync", "rename,renameat,renameat2", "unlink"] {
        let calls = calls_on_files(path, &command, call);
        fs::remove_file(path.join("m")).unwrap();
        for fault in ["signal=KILL", "error=ENOSPC", "error=EIO", "error=EACCES"] {
            for &n in &calls {
                let inject = format!("inject={call}:{fault}:when={n}");
                let (trace, output) = traced(path, call, &["-e", &inject], &command);
                // strace ends as the program does.
                let reached = trace.contains("INJECTED") || output.status.signal() == Some(9);
                assert!(reached, "{call} {n} {fault}: there was no such call");
                tried += 1;
                let said = String::from_utf8_lossy(&output.stderr);
                let what = format!("{call} {n} {fault}: {said}");
                // The second write of the main thread is that of the message.
                if output.status.code() == Some(1) && (call != "write" || n > 2) {
                    assert!(said.starts_with("error: "), "{what}");
                }
                // A model that is there is whole; else training goes on.
                if !path.join("m").exists() || path.join("m.checkpoint").exists() {
                    run(path, &format!("{command} --force")).success();
                }
                assert!(fs::read(path.join("m")).unwrap() == whole, "{what}");
                assert!(!path.join("m.checkpoint").exists(), "{what}");
                fs::remove_file(path.join("m")).unwrap();
            }
        }
    }
    assert!(tried > 200, "{tried}");
}

/// Which calls of a thread, counted from 1, are on the program's own files: it opens and closes libraries, too.
fn calls_on_files(path: &Path, command: &str, call: &str) -> BTreeSet<usize> {
    let (trace, output) = traced(path, call, &["-y"], command);
    assert!(output.status.success());
    let home = format!("{}/", fs::canonicalize(path).unwrap().display());
    let mut counts = HashMap::<String, usize>::new();
    let mut found = BTreeSet::new();
    for line in trace.lines() {
        // "123 close(5</home/m.checkpoint/…>) = 0"; what a call that was interrupted came to has a line of its own.
        let (thread, said) = line.split_once(' ').unwrap();
        if said.trim_start().starts_with(|c: char| c.is_ascii_lowercase()) {
            let n = counts.entry(thread.into()).or_default();
            *n += 1;
            if said.contains(&home) || said.contains("\"m") {
                found.insert(*n);
            }
        }
    }
    assert!(!found.is_empty(), "{call}");
    found
}

/// Runs the program under strace: what this saw of one kind of call, and how it ended.
fn traced(path: &Path, call: &str, options: &[&str], command: &str) -> (String, process::Output) {
    let trace = path.join("trace");
    let mut strace = process::Command::new("strace");
    strace.args(["-f", "-qq", "-e", &format!("trace={call}"), "-o"]).arg(&trace).args(options);
    strace.arg(assert_cmd::cargo::cargo_bin!("halfwave")).args(command.split_whitespace());
    let output = strace.current_dir(path).env_remove("HALFWAVE_LEVEL").output().unwrap();
    let text = fs::read_to_string(&trace).unwrap();
    fs::remove_file(&trace).unwrap();
    (text, output)
}
