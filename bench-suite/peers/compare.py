"""Ours and each peer in turns: medians, and how many times as fast ours is, with an interval.

usage: compare.py HALFWAVE ROWS THREADS ROUNDS CSV [CONTEST...]; called by compare.sh, which says what these are.

In every round ours runs, then each peer, each in a process of its own. The ratio is taken round by round; printed are its median
and the interval between two ordered ratios that holds the median with 95 %, whatever the noise (below six rounds, which no such
interval has, from the least to the greatest). Of a peer's forms the fastest counts. A peer that is not installed is named as SKIPPED.
"""
import csv
import json
import math
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
# What a peer needs, where that is called otherwise.
MODULES = {"keras": "tensorflow"}
FIELDS = ["contest", "task", "elements", "threads", "unit", "halfwave", "peer", "theirs", "ratio", "low", "high", "rounds"]


def interval(ratios):
    """The median of the ratios, and where its interval begins and ends: as `Contestant::ratio` in src/interleaved.rs.

    >>> interval([2, 9, 2, 2, 3, 2, 1, 2, 0.1, 2, 2])
    (2, 1, 3)
    >>> interval([3, 1, 2])
    (2, 1, 3)
    """
    ratios = sorted(ratios)
    n = len(ratios)
    below = [sum(math.comb(n, i) for i in range(k + 1)) / 2**n for k in range(n)]
    outside = max(sum(p <= 0.025 for p in below) - 1, 0)
    return statistics.median(ratios), ratios[outside], ratios[-1 - outside]


def printed(command):
    """What a program prints."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=HERE)
    if done.returncode != 0:
        sys.exit(f"compare: {' '.join(map(str, command))}: {done.stderr.strip()[-500:]}")
    return done.stdout


class Contest:
    """Rows that are timed by the same programs.

    rows: (task, unit, {peer: pattern of the figure in what its script prints}); ours(threads): {task: figure};
    scripts: {peer: its script with arguments}.
    """

    def __init__(self, name, ours, scripts, rows, elements=None):
        self.name, self.ours, self.scripts, self.rows, self.elements = name, ours, scripts, rows, elements

    def run(self, threads, rounds, write):
        """Times and prints all rows; `write` takes what a row of the table is."""
        missing = [peer for peer in self.scripts if util.find_spec(MODULES.get(peer, peer)) is None]
        for peer in missing:
            print(f"{self.name}: SKIPPED, {peer} is not installed", flush=True)
        peers = [peer for peer in self.scripts if peer not in missing]
        times = []
        for number in range(1, rounds + 1 if peers else 1):
            print(f"{self.name}: round {number} of {rounds}", file=sys.stderr, flush=True)
            times.append(self.round(threads, peers))
        for task, unit, patterns in self.rows:
            for peer in (peer for peer in patterns if peer in peers):
                pairs = [(of[task], of[task, peer]) for of in times]
                mine, theirs = map(statistics.median, zip(*pairs))
                ratio, low, high = interval(b / a for a, b in pairs)
                row = [self.name, task, self.elements or "", threads, unit, mine, peer, theirs, ratio, low, high, rounds]
                size = f", {self.elements} elements" if self.elements else ""
                print(f"{task}{size}, {threads}T: halfwave {mine:.4g}, {peer} {theirs:.4g} {unit}; {ratio:.2f} times as fast ({low:.2f} to {high:.2f})", flush=True)
                write(row)

    def round(self, threads, peers):
        """Figures of ours by task, of peers by task and peer."""
        figures = dict(self.ours(threads))
        for peer in peers:
            script, *arguments = self.scripts[peer]
            text = printed([sys.executable, HERE / script, *(word.format(threads=threads) for word in arguments)])
            for task, _, patterns in self.rows:
                if peer in patterns:
                    figures[task, peer] = fastest(text, patterns[peer], script)
        for task, _, _ in self.rows:
            if task not in figures:
                sys.exit(f"compare: ours has no {task}; there are {sorted(map(str, figures))}")
        return figures


def fastest(text, pattern, script):
    """The least figure that the pattern finds."""
    found = [float(figure) for figure in re.findall(pattern, text, re.MULTILINE)]
    if not found:
        sys.exit(f"compare: {script} prints nothing like {pattern}")
    return min(found)


def medians(command, scale):
    """What the bench `compare` prints, `name seconds` a line, times `scale`."""
    lines = (line.split() for line in printed(command).splitlines())
    return {name: float(seconds) * scale for name, seconds in lines}


def epochs(binary, arguments, start, share=1.0):
    """Seconds of an epoch of runs whose name begins with `start`; of all images, where it trains on a share of them.

    From `timings.jsonl`, one object a line with `run`, `epoch` and `seconds`. As in the peers' scripts, the first epoch is left out.
    """

    def seconds(threads):
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out"
            # Our threads are rayon's; what binds the peers' OpenMP threads does not concern them.
            printed([binary, "run", *arguments, "--epochs", EPOCHS, "--threads", threads, "--out", out, "--seeds", "1", "--quiet"])
            lines = [json.loads(line) for line in (out / "timings.jsonl").read_text().splitlines()]
        times = [line["seconds"] for line in lines if line["epoch"] > 1 and line["run"].lower().startswith(start.lower())]
        if not times:
            names = sorted({line["run"] for line in lines})
            sys.exit(f"compare: no run of {arguments[0]} begins with {start!r}; there are {names}")
        return statistics.median(times) / share

    return seconds


def epoch(name, binary, arguments, scripts, start="", share=1.0):
    """A contest of one row."""
    task, seconds = f"epoch/{name}", epochs(binary, arguments, start, share)
    row = (task, "s", {peer: r"([0-9.]+) s/epoch" for peer in scripts})
    return Contest(name, lambda threads: {task: seconds(threads)}, scripts, [row])


def mlp(batch, binary):
    """784-512-512-10, Adam."""
    arguments = ["mnist-mlp", "--set", "mlp.dropout=0.0", "--set", f"mlp.batch={batch}"]
    scripts = {
        "torch": ["mlp_torch.py", "{threads}", "eager", "784", str(batch)],
        "keras": ["keras_bench.py", "{threads}", "mlp", str(batch)],
        "jax": ["jax_bench.py", "{threads}", "mlp", str(batch)],
    }
    return epoch(f"mlp-{batch}", binary, arguments, scripts)


# What the scripts call functions; backward has the suffix _bwd there.
FORWARD = "relu leaky_relu elu selu gelu_erf gelu_tanh silu softplus sigmoid tanh exp log1p erf".split()
BACKWARD = "relu leaky_relu elu selu gelu_erf gelu_tanh silu softplus sigmoid tanh".split()
NUMPY = "relu exp tanh log1p".split()
OURS = {"gelu_erf": "gelu"}


def elements(rows, table, n):
    """Ours of a table, in nanoseconds an element, of n of them."""
    return lambda threads: medians([rows, "--elements", n, threads, *(task for task, _, _ in table)], 1e9 / n)


def functions(rows, threads):
    """Element by element: in L2 on one thread, 1 Mi on several."""
    n = 1 << 16 if threads == 1 else 1 << 20
    figure = r",%d,%d,([0-9.]+)," % (n, threads)
    scripts = {"torch": ["elt_torch.py", "{threads}", str(n)]}
    if threads == 1:
        scripts["numpy"] = ["elt_numpy.py", str(n)]
    table = []
    for name in FORWARD:
        peers = ["torch", "numpy"] if "numpy" in scripts and name in NUMPY else ["torch"]
        table.append((f"forward/{OURS.get(name, name)}", "ns", {peer: f"^{peer},{name}{figure}" for peer in peers}))
    table += [(f"backward/{OURS.get(name, name)}", "ns", {"torch": f"^torch,{name}_bwd{figure}"}) for name in BACKWARD]
    return Contest("functions", elements(rows, table, n), scripts, table, n)


def noise(rows, threads):
    """NReLU and, on one thread, normal numbers, which have no parallel form."""
    n = 1 << 20
    table = [("sample/nrelu", "ns", {peer: rf"^{peer} NReLU.*,{n},{threads},([0-9.]+) ns" for peer in ("torch", "jax")})]
    if threads == 1:
        table.append(("rng/normal", "ns", {"torch": rf"^torch (?:normal_|randn),{n},{threads},([0-9.]+) ns"}))
    scripts = {"torch": ["rng_torch.py", "{threads}", str(n)], "jax": ["jax_bench.py", "{threads}", "nrelu", str(n)]}
    return Contest("noise", elements(rows, table, n), scripts, table, n)


def cd1(rows):
    """Steps of CD-1 on batches of 100."""
    table = [
        ("rbm-nrelu-2048x4000", "ms", {peer: rf"^{peer} .*gauss-NReLU 2048x4000 b100 .*,([0-9.]+) ms/step" for peer in ("torch", "jax")}),
        ("rbm-bernoulli-784x500", "ms", {"torch": r"^torch binary 784x500 b100 .*,([0-9.]+) ms/step"}),
    ]
    scripts = {"torch": ["rbm_torch.py", "{threads}", "compile"], "jax": ["jax_bench.py", "{threads}", "cd1"]}
    return Contest("cd1", lambda threads: medians([rows, "--steps", threads, *(task for task, _, _ in table)], 1e3), scripts, table)


def contests(binary, rows, threads):
    """All of them; a new one is a line here."""
    return [
        functions(rows, threads),
        noise(rows, threads),
        cd1(rows),
        mlp(128, binary),
        mlp(256, binary),
        epoch(
            "rbm-784x500", binary, ["mnist-rbm", "--set", "logistic.learning_rates=[0.01]", "--set", "nrelu.hidden_units=1"],
            {"sklearn": ["rbm_sklearn.py", "{threads}"]}, start="Bernoulli RBM,",
        ),
        epoch(
            "cnn", binary, ["mnist-cnn", "--set", "images=[7680,128]"],
            {"keras": ["keras_bench.py", "{threads}", "cnn"], "torch": ["mlp_torch.py", "{threads}", "cnn"]}, share=7680 / 60000,
        ),
    ]


def main():
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    binary, rows, threads, rounds, file, *names = sys.argv[1:]
    binary, rows, threads, rounds = os.path.abspath(binary), os.path.abspath(rows), int(threads), int(rounds)
    if rounds < 3:
        sys.exit("compare: at least 3 rounds, or a median says nothing")
    chosen = contests(binary, rows, threads)
    unknown = set(names) - {contest.name for contest in chosen}
    if unknown:
        sys.exit(f"compare: no contest is called {sorted(unknown)}; there are {[contest.name for contest in chosen]}")
    with open(file, "w", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(FIELDS)

        def write(row):
            table.writerow(row)
            out.flush()

        for contest in chosen:
            if not names or contest.name in names:
                contest.run(threads, rounds, write)


if __name__ == "__main__":
    main()
