#!/bin/bash
# Reads the files for other programs back by programs that did not write them: Python's csv and json, hdrhistogram,
# edn_format, pandas, and pyarrow for a program with the feature parquet.
#
#     cargo build --release && tests/formats.sh [target/release/seedstorm]
#
# Needs a Python with hdrhistogram, edn_format and pandas (pip install hdrhistogram edn_format pandas); without them it is
# skipped. PYTHON names another interpreter than python3.
set -euo pipefail

python=${PYTHON:-python3}
if ! "$python" -c 'import hdrh, edn_format, pandas' 2> /dev/null; then
    echo "SKIPPED: $python has not all of hdrhistogram, edn_format and pandas (pip install hdrhistogram edn_format pandas)"
    exit 0
fi
program=$(realpath "${1:-target/release/seedstorm}")
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d /tmp/seedstorm-formats.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"

"$program" run raft-swarm --seed 3 --history h.edn --trace t.perfetto.json --json > run.json || true
"$program" run raft-swarm --seed 3 --history h.jsonl --trace t.shiviz --json > /dev/null || true
"$program" run raft-calm --seed 1 --history calm.jsonl --latencies l.hlog --json > calm.json
"$program" run raft-calm --seed 1 --latencies l.hgrm --quiet > /dev/null
"$program" explore raft-swarm --seeds 0..40 --no-shrink --runs runs.csv --out a --json > explore.json || true
"$program" explore raft-swarm --seeds 0..40 --no-shrink --runs runs.jsonl --out b --json > /dev/null || true
if "$python" -c 'import pyarrow' 2> /dev/null; then
    "$program" explore raft-swarm --seeds 0..40 --no-shrink --runs runs.parquet --out c --quiet > /dev/null 2>&1 || true
fi
"$python" "$here/formats.py"
