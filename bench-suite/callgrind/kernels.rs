//! Instructions and cache misses of a few kernels, counted by valgrind: figures that no neighbour disturbs.
//!
//! Valgrind hides AVX-512 from programs, so these are counts of the scalar and AVX2 paths; the wall
//! clock of the criterion benches judges AVX-512. Without valgrind or the runner the bench says how to
//! get them and succeeds; `REQUIRE_IAI=1` makes that a failure.

use std::{
    env,
    process::{Command, ExitCode},
};

mod kernels {
    use std::hint::black_box;

    use halfwave_bench_suite::{inputs, scalar};
    use halfwave_kernels::{
        Kind, Level, backward, forward,
        rng::Stream,
        units::{self, Unit},
    };
    use iai_callgrind::{library_benchmark, library_benchmark_group, main};

    const SIZE: usize = 4096;

    fn arrays(kind: Kind) -> (Kind, Vec<f32>, Vec<f32>) {
        (kind, inputs::pre_activations(kind, SIZE), vec![0.0; SIZE])
    }

    #[library_benchmark(setup = arrays)]
    #[bench::relu(Kind::Relu)]
    #[bench::sigmoid(Kind::Sigmoid)]
    #[bench::softplus(Kind::Softplus)]
    #[bench::tanh(Kind::Tanh)]
    fn best((kind, x, mut y): (Kind, Vec<f32>, Vec<f32>)) -> Vec<f32> {
        forward(Level::best(), kind, black_box(&x), &mut y);
        y
    }

    #[library_benchmark(setup = arrays)]
    #[bench::relu(Kind::Relu)]
    #[bench::sigmoid(Kind::Sigmoid)]
    fn reference((kind, x, mut y): (Kind, Vec<f32>, Vec<f32>)) -> Vec<f32> {
        forward(scalar(), kind, black_box(&x), &mut y);
        y
    }

    #[library_benchmark(setup = arrays)]
    #[bench::relu(Kind::Relu)]
    #[bench::softplus(Kind::Softplus)]
    fn best_backward((kind, saved, mut dy): (Kind, Vec<f32>, Vec<f32>)) -> Vec<f32> {
        let ones = vec![1.0; SIZE];
        backward(Level::best(), kind, black_box(&saved), &ones, &mut dy);
        dy
    }

    #[library_benchmark(setup = arrays)]
    #[bench::nrelu(Kind::Identity)]
    fn sample((_, x, mut h): (Kind, Vec<f32>, Vec<f32>)) -> Vec<f32> {
        units::sample(Level::best(), Unit::Nrelu, Stream::new(1).at(0), black_box(&x), &mut h);
        h
    }

    library_benchmark_group!(
        name = kernels;
        benchmarks = best, reference, best_backward, sample
    );
    main!(library_benchmark_groups = kernels);

    pub(super) fn count() {
        main();
    }

    /// The level that `best` has where the CPU shows no AVX-512.
    pub(super) fn best_without_avx512() -> &'static str {
        let levels = Level::available();
        levels
            .iter()
            .rev()
            .map(|level| level.name())
            .find(|&name| name != "avx512")
            .unwrap_or("scalar")
    }
}

/// The version of the library, which the runner must have too.
const VERSION: &str = "0.16.1";

fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().skip(1).collect();
    // The runner calls this program under valgrind.
    if arguments.first().is_some_and(|first| first == "--iai-run") {
        kernels::count();
        return ExitCode::SUCCESS;
    }
    if let Some(missing) = missing() {
        println!(
            "callgrind: SKIPPED, {missing}. To count instructions:\n    \
             apt-get install valgrind\n    \
             cargo install iai-callgrind-runner --version {VERSION} --locked"
        );
        let required = env::var_os("REQUIRE_IAI").is_some_and(|value| value == "1");
        return if required { ExitCode::FAILURE } else { ExitCode::SUCCESS };
    }
    if arguments.iter().any(|argument| argument != "--bench") {
        return without_arguments();
    }
    println!(
        "callgrind: valgrind hides AVX-512; level `best` is {}",
        kernels::best_without_avx512()
    );
    kernels::count();
    ExitCode::SUCCESS
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

/// Runs this program again without criterion's flags, which the runner would misunderstand.
fn without_arguments() -> ExitCode {
    let again =
        env::current_exe().and_then(|program| Command::new(program).arg("--bench").status());
    match again {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("callgrind: cannot start itself: {error}");
            ExitCode::FAILURE
        }
    }
}
