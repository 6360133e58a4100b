"""The tables of a record: shares of the limits and peers' times to ours, beside the goals of goals.csv. usage: goals.py RECORD

Reads roofline.csv and, where they are, python-1.csv, python-2.csv, … of compare.sh in the directory; prints Markdown. A goal is a share of
the limit, a peer's time to ours, or nanoseconds of a call; those of seconds on another machine were turned into one of these there.
"""
import csv
import sys
from pathlib import Path

HEAD = {
    "limits": "| row | elements | threads | halfwave | share of the limit | goal | faer's time to ours |",
    "peers": "| row | elements | threads | halfwave | peer | its time to ours (95 %) | goal | |",
}


def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def number(text):
    return int(text) if text else None


def key(row, name):
    return row[name], number(row["elements"]), int(row["threads"])


def table(head):
    print(head)
    print("|" + "---|" * (head.count("|") - 1))


def best(measured):
    """The fastest level of each row."""
    fastest = {}
    for row in measured:
        of = key(row, "name")
        if of not in fastest or float(row["seconds"]) < float(fastest[of]["seconds"]):
            fastest[of] = row
    return fastest


def time(row):
    """As one says it: a rate of products, nanoseconds of elements or a call, milliseconds of a step."""
    seconds = float(row["seconds"])
    if row["part"] == "products":
        return f"{float(row['flop']) / seconds / 1e9:.0f} GFLOP/s"
    if row["elements"]:
        return f"{seconds * 1e9 / number(row['elements']):.3f} ns"
    return f"{seconds * 1e3:.2f} ms"


def limits(ours, goals):
    """Rows that have a goal of their own, and all products that faer makes, too."""
    table(HEAD["limits"])
    wanted = {key(goal, "row"): goal for goal in goals if goal["of"] in ("limit", "call")}
    products = [of for of, row in ours.items() if row["part"] == "products" and of[0].endswith(" none")]
    for of in [*wanted, *(of for of in products if of not in wanted)]:
        name, elements, threads = of
        goal = wanted.get(of)
        if of not in ours:
            print(f"| {name} | {elements or ''} | {threads} | not measured | | {goal['goal']} | |")
            continue
        row = ours[of]
        seconds, share = float(row["seconds"]), float(row["share"])
        mine, said, met = time(row), "", True
        if goal and goal["of"] == "call":
            said, met = f"{goal['goal']} ns", seconds * 1e9 <= float(goal["goal"])
            mine = f"{seconds * 1e9:.1f} ns a call"
        elif goal:
            said, met = f"{float(goal['goal']):.0%}", share >= float(goal["goal"])
        other = ours.get((name.replace(" none", " faer"), elements, threads))
        ratio = float(other["seconds"]) / seconds if other and other is not row else None
        faer = "" if ratio is None else f"{ratio:.2f}" if ratio >= 1 else f"**{ratio:.2f}, behind**"
        print(f"| {name} | {elements or ''} | {threads} | {mine} | {share:.0%} | {said if met else f'**{said}, missed**'} | {faer} |")


def peers(contests, goals):
    """All rows of compare.sh."""
    wanted = {(*key(goal, "row"), goal["of"]): float(goal["goal"]) for goal in goals}
    table(HEAD["peers"])
    for row in contests:
        task, elements, threads = key(row, "task")
        ratio, low, high = (float(row[name]) for name in ("ratio", "low", "high"))
        goal = wanted.get((task, elements, threads, row["peer"]))
        said = "" if goal is None else f"{goal}" if ratio >= goal else f"**{goal}, missed**"
        verdict = "**behind**" if high < 1 else "cannot be told apart" if low <= 1 else ""
        mine, theirs = (f"{float(row[name]):.3g}" for name in ("halfwave", "theirs"))
        print(
            f"| {task} | {elements or ''} | {threads} | {mine} {row['unit']} | {row['peer']}: {theirs} "
            f"| {ratio:.2f} ({low:.2f} to {high:.2f}) | {said} | {verdict} |"
        )


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    record, goals = Path(sys.argv[1]), rows(Path(__file__).parent / "goals.csv")
    limits(best(rows(record / "roofline.csv")), goals)
    contests = [row for file in sorted(record.glob("python-*.csv")) for row in rows(file)]
    if contests:
        print()
        peers(contests, goals)


if __name__ == "__main__":
    main()
