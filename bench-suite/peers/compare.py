"""Ours and each peer in turns; medians and their ratio. Called by compare.sh: compare.py HALFWAVE THREADS ROUNDS [ROWS]

ROWS is the program of the bench `compare`, which times kernels: with it, functions are compared element by element, too.

Ours: seconds of an epoch from `timings.jsonl` of a run, one object a line with `run`, `epoch` and `seconds`;
the first epoch of a run is left out, as in the peers' scripts. Peers: the figure before `s/epoch` in what they print.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from importlib import util
from pathlib import Path

HERE = Path(__file__).parent
EPOCHS = "4"

# name, (our arguments, start of the run's name, share of the images that it trains on), (peer's module, its script with arguments) each
CONTESTS = [
    (
        "MLP 784-512-512-10, Adam, batch 128",
        (["mnist-mlp", "--set", "mlp.dropout=0.0"], "", 1),
        [("torch", ["mlp_torch.py", "{threads}", "eager", "784", "128"]), ("keras", ["keras_bench.py", "{threads}", "mlp", "128"])],
    ),
    (
        "MLP 784-512-512-10, Adam, batch 256",
        (["mnist-mlp", "--set", "mlp.dropout=0.0", "--set", "mlp.batch=256"], "", 1),
        [("torch", ["mlp_torch.py", "{threads}", "eager", "784", "256"]), ("keras", ["keras_bench.py", "{threads}", "mlp", "256"])],
    ),
    (
        "RBM 784x500, binary, batch 100",
        (["mnist-rbm", "--set", "logistic.learning_rates=[0.01]", "--set", "nrelu.hidden_units=1"], "Bernoulli RBM,", 1),
        [("sklearn", ["rbm_sklearn.py", "{threads}"])],
    ),
    (
        "CNN conv 32, conv 64, pool, dense 128, Adam, batch 128",
        (["mnist-cnn", "--set", "images=[7680,128]"], "", 7680 / 60000),
        [("keras", ["keras_bench.py", "{threads}", "cnn"]), ("torch", ["mlp_torch.py", "{threads}", "cnn"])],
    ),
]

# Functions element by element, on one thread: peer's module, its script with arguments.
ELEMENTS = 65536
FUNCTIONS = [
    ("torch", ["elt_torch.py", "1", str(ELEMENTS)]),
    ("numpy", ["elt_numpy.py", str(ELEMENTS)]),
]


def row(name):
    """Our row of what a peer's script calls `name`."""
    kind = name.removesuffix("_bwd")
    return f"{'forward' if kind == name else 'backward'}/{'gelu' if kind == 'gelu_erf' else kind}"


def functions(rows, rounds):
    """Prints medians and their ratio of every function that both have."""
    mine, theirs = {}, {}
    peers = [(module, script) for module, script in FUNCTIONS if util.find_spec(module) is not None]
    for round_ in range(rounds):
        for line in subprocess.run([rows, "--elements", str(ELEMENTS)], check=True, capture_output=True, text=True).stdout.splitlines():
            name, seconds = line.split()
            mine.setdefault(name, []).append(float(seconds) * 1e9 / ELEMENTS)
        for module, (script, *arguments) in peers:
            command = [sys.executable, str(HERE / script), *arguments]
            for line in subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout.splitlines():
                _, name, _, _, nanoseconds, _ = line.split(",")
                theirs.setdefault((row(name), module), []).append(float(nanoseconds))
    for (name, module), times in theirs.items():
        if name in mine:
            a, b = statistics.median(mine[name]), statistics.median(times)
            print(f"{name}, {ELEMENTS} elements, 1 thread: halfwave {a:.3f}, {module} {b:.3f} ns; {b / a:.2f} times as fast", flush=True)
    for module, _ in FUNCTIONS:
        if util.find_spec(module) is None:
            print(f"functions: SKIPPED, {module} is not installed for {sys.executable}", flush=True)


def ours(binary, threads, arguments, start, share):
    """Seconds of the epochs of runs whose name begins with `start`; of all images, where it trains on a share of them."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [binary, "run", *arguments, "--epochs", EPOCHS, "--threads", str(threads), "--out", str(out), "--seeds", "1", "--quiet"]
        # Our threads are rayon's; what binds the peers' OpenMP threads does not concern them.
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        lines = [json.loads(line) for line in (out / "timings.jsonl").read_text().splitlines()]
    seconds = [line["seconds"] for line in lines if line["epoch"] > 1 and line["run"].lower().startswith(start.lower())]
    if not seconds:
        names = sorted({line["run"] for line in lines})
        sys.exit(f"compare: no run of {arguments[0]} begins with {start!r}; there are {names}")
    return statistics.median(seconds) / share


def peer(script, threads):
    """Seconds of an epoch in the fastest of the forms that the script prints."""
    command = [sys.executable, str(HERE / script[0]), *(word.format(threads=threads) for word in script[1:])]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=HERE).stdout
    return min(float(seconds) for seconds in re.findall(r"([0-9.]+) s/epoch", printed))


def main():
    binary, threads, rounds = os.path.abspath(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    if rounds < 3:
        sys.exit("compare: at least 3 rounds, or a median says nothing")
    if len(sys.argv) > 4:
        functions(sys.argv[4], rounds)
    for name, mine, peers in CONTESTS:
        for module, _ in peers:
            if util.find_spec(module) is None:
                print(f"{name}: SKIPPED, {module} is not installed for {sys.executable}", flush=True)
        peers = [(module, script) for module, script in peers if util.find_spec(module) is not None]
        if not peers:
            continue
        times = {"halfwave": [], **{module: [] for module, _ in peers}}
        for round_ in range(1, rounds + 1):
            times["halfwave"].append(ours(binary, threads, *mine))
            for module, script in peers:
                times[module].append(peer(script, threads))
            print(f"  round {round_}:", ", ".join(f"{who} {of[-1]:.3f}" for who, of in times.items()), "s/epoch", flush=True)
        a = statistics.median(times["halfwave"])
        for module, _ in peers:
            b = statistics.median(times[module])
            print(f"{name}, {threads} threads: halfwave {a:.3f}, {module} {b:.3f} s/epoch; {b / a:.2f} times as fast", flush=True)


if __name__ == "__main__":
    main()
