#!/usr/bin/env bash
# Times halfwave against torch, JAX, Keras, scikit-learn and numpy, in turns. usage: compare.sh [THREADS [ROUNDS [CONTEST...]]]
#
# CONTEST is functions, noise, cd1, mlp-128, mlp-256, rbm-784x500 or cnn; without any, all are run. 2 threads, 3 rounds.
#
#   HALFWAVE_DATA  directory with mnist/ (needed)
#   CSV            where the table is written (target/compare-THREADS.csv)
#   PYTHON         an interpreter that has the peers; else a virtual environment is made from requirements.txt
#   HALFWAVE       the binary; else it is built
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
threads=${1:-2} rounds=${2:-3}
csv=${CSV:-$target/compare-$threads.csv}

: "${HALFWAVE_DATA:?set it to the directory that has mnist/ in it}"
command -v python3 > /dev/null || { echo "compare: needs python3" >&2; exit 1; }

if [ -z "${PYTHON:-}" ]; then
  venv=$target/peers
  [ -x "$venv/bin/python" ] || python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --requirement "$here/requirements.txt" ||
    echo "compare: pip failed; peers that are not there will be skipped" >&2
  PYTHON=$venv/bin/python
fi
if [ -z "${HALFWAVE:-}" ]; then
  (cd "$root" && cargo build --release --locked --package halfwave-trainer --bin halfwave)
  HALFWAVE=$target/release/halfwave
fi

rows=$(cd "$root" && cargo bench --locked --package halfwave-bench-suite --bench compare --no-run 2>&1 |
  sed -n 's/^ *Executable .*(\(.*\))$/\1/p')
[ -x "$rows" ] || { echo "compare: the bench of kernels cannot be built" >&2; exit 1; }

# Or both OpenMP threads may land on one core.
places=$(seq -s, -f '{%g}' 0 $((threads - 1)))
export OMP_PROC_BIND=true OMP_PLACES=$places
"$PYTHON" "$here/compare.py" "$HALFWAVE" "$rows" "$threads" "$rounds" "$csv" "${@:3}"
echo "compare: $csv" >&2
