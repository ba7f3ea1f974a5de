#!/bin/bash
# Builds the package for Python in a fresh virtual environment, runs its tests against the program, and executes the notebook of the
# guide. Needs python3 with venv, cargo, and a package index for maturin, pandas, matplotlib and nbconvert.
#
#     cargo build --release && tests/python.sh [target/release/seedstorm]
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export SEEDSTORM_PROGRAM=$(realpath "${1:-$root/target/release/seedstorm}")
work=$(mktemp -d /tmp/seedstorm-python.XXXXXX)
trap 'rm -rf "$work"' EXIT

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "$root[frames]" matplotlib nbconvert ipykernel
cd "$work"
"$work/venv/bin/python" "$root/python/tests/test_seedstorm.py" -v
cp "$root/docs/guide/notebook.ipynb" .
"$work/venv/bin/jupyter" nbconvert --to notebook --execute --inplace notebook.ipynb
pictures=$(grep -c '"image/png"' "$work/notebook.ipynb")
[ "$pictures" -ge 3 ] || { echo "the notebook drew $pictures pictures" >&2; exit 1; }
echo "the package works, and the notebook drew $pictures pictures"
if [ "${UPDATE_EXPECT:-}" = 1 ]; then cp "$work/notebook.ipynb" "$root/docs/guide/notebook.ipynb"; fi
