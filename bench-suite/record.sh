#!/usr/bin/env bash
# Measures this machine and writes a record of it. usage: record.sh [--quick] [MACHINE]
#
#   bench-suite/record/<date>-<machine>/   README.md, what was printed, rows as CSV, figures as SVG
#
# MACHINE is how the directory is called, else what the processor and its cores are. --quick takes a minute and is
# for trying this out; without it, half an hour, and with peers in Python two. Runs that others disturb are no record: the load is written down.
# A record without README.md was stopped: the same command on the same day goes on with it, from what was not measured to the end.
#
#   PYTHON         an interpreter that has numpy and torch, for the table of errors (python3)
#   HALFWAVE_DATA  where mnist/ is: peers/compare.sh runs, too, beside torch, JAX, Keras, scikit-learn and numpy
#   CONTESTS       which of its contests (all)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

quick=()
if [ "${1:-}" = --quick ]; then
  quick=(--quick)
  shift
fi
cores=$(getconf _NPROCESSORS_ONLN)
cpu=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2> /dev/null | head -n 1)
cpu=${cpu:-$(uname -m)}
name=${1:-$(tr '[:upper:]' '[:lower:]' <<< "$cpu" | sed 's/([a-z]*)//g; s/ @.*//; s/\(cpu\|processor\)//g; s/[^a-z0-9]\{1,\}/-/g; s/^-//; s/-$//')-$cores-cores}
day=$(date -u +%F)
out=$PWD/bench-suite/record/$day-$name
[ ! -e "$out/README.md" ] || { echo "record: $out is there; give this one another name" >&2; exit 1; }

# A bench: its name, then its arguments. Its files are written where it runs, so paths are whole.
bench() { cargo bench --locked --package halfwave-bench-suite --bench "$1" -- "${@:2}"; }
load() { cut -d ' ' -f 1-3 /proc/loadavg 2> /dev/null || echo unknown; }
size() { getconf "$1" 2> /dev/null | awk '{ print $1 / 1024 " KiB" }' || echo unknown; }

cargo bench --locked --package halfwave-bench-suite --bench roofline --bench peers --no-run
mkdir -p "$out"
python=
[ ${#quick[@]} -gt 0 ] || export HALFWAVE_BENCH=full

# What a command prints, in a file that is there when all is; and the load before and after it.
part() {
  [ ! -e "$out/$1" ] || return 0
  local before
  before=$(load)
  "${@:2}" > "$out/.$1"
  echo "| $1 | $before | $(load) |" >> "$out/.loads"
  mv "$out/.$1" "$out/$1"
}
errors() {
  printf '# Errors in units in the last place\n`cargo run --release -p halfwave-tests --example accuracy`. A sample: what is asserted of ours holds for all inputs.\n\n'
  cargo run --release --locked --package halfwave-tests --example accuracy
}
# Below six rounds no interval holds a median with 95 %.
compare() { CSV=$out/python-$1.csv bench-suite/peers/compare.sh "$1" 6 ${CONTESTS:-}; }

part roofline.txt bench roofline "${quick[@]}" --csv "$out/roofline.csv" --svg "$out"
part peers.txt bench peers "${quick[@]}" --csv "$out/peers.csv"
part accuracy.md errors
if [ -n "${HALFWAVE_DATA:-}" ] && [ ${#quick[@]} -eq 0 ]; then
  for threads in $(printf '%s\n' 1 "$cores" | sort -nu); do
    part "python-$threads.txt" compare "$threads"
    python+=", Python, $threads threads: [rows](python-$threads.csv), [printed](python-$threads.txt)"
  done
fi

# Between two lines of a file, of which the last is empty.
lines() { sed -n "/$2/,/^$/p" "$out/$1"; }
{
  echo "# $cpu, $cores cores, $day"
  echo
  echo "Written by \`bench-suite/record.sh ${quick[*]}\` at commit $(git describe --always --dirty)."
  [ ${#quick[@]} -eq 0 ] || echo "**A quick run**: of few rounds, and of no use but to see what is measured."
  echo
  echo "| | |"
  echo "|---|---|"
  echo "| caches (L1d, L2, L3) | $(size LEVEL1_DCACHE_SIZE), $(size LEVEL2_CACHE_SIZE), $(size LEVEL3_CACHE_SIZE) |"
  echo "| system | $(uname -s), $(rustc --version) |"
  echo
  echo "[Errors](accuracy.md) · rows: [roofline](roofline.csv), [peers](peers.csv)$python · printed: [roofline](roofline.txt), [peers](peers.txt)"
  for figure in "$out"/*.svg; do
    echo
    echo "![$(basename "$figure" .svg)]($(basename "$figure"))"
  done
  echo
  if command -v python3 > /dev/null; then
    echo "## Beside the goals"
    echo "\`bench-suite/goals.py\` of these rows. **Missed** and **behind** are marked; faer's products are of the same run, not in turns."
    echo
    python3 bench-suite/goals.py "$out"
    echo
  fi
  echo "## Limits"
  echo '```text'
  lines roofline.txt '^multiply-adds in registers'
  lines roofline.txt '^copies'
  echo '```'
  echo
  echo "## Products and steps"
  echo '```text'
  lines roofline.txt '^products and training steps'
  echo '```'
  echo
  echo "## Other crates"
  echo '```text'
  cat "$out/peers.txt"
  echo '```'
  echo
  echo "## Load"
  echo "Of 1, 5 and 15 minutes; the measurement itself is a load of as many as it has threads."
  echo
  echo "| | before | after |"
  echo "|---|---|---|"
  cat "$out/.loads"
} > "$out/.README.md"
rm "$out/.loads"
mv "$out/.README.md" "$out/README.md"
echo "record: $out"
