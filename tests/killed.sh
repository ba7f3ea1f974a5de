#!/bin/bash
# Kills a shard of a sweep ten times, each time at another random moment (kill -9), resumes it each time, merges it with the
# other shard, and compares every byte with the sweep in one piece.
#
#     cargo build --release && tests/killed.sh [target/release/seedstorm]
#
# SEED chooses the moments.
set -euo pipefail

program=$(realpath "${1:-target/release/seedstorm}")
RANDOM=${SEED:-1}
work=$(mktemp -d /tmp/seedstorm-killed.XXXXXX)
trap 'rm -rf "$work"' EXIT
cd "$work"
cat > s.toml <<'SWEEP'
schema = "seedstorm.sweep/1"
title  = "Runs to be killed"
seeds  = "0..1200"
[grid]
"cluster.nodes" = [3, 5]
[[base]]
label    = "Raft"
scenario = "raft-calm"
per      = "operations.succeeded"
[base.set]
"cluster.duration" = "20s"
"checks.progress"  = "none"
SWEEP

"$program" sweep s.toml --out whole --json --quiet > /dev/null
"$program" sweep s.toml --shard 0/2 --out parts/0 --json --quiet > /dev/null
killed=0
for attempt in $(seq 1 200); do
    resume=()
    if [ -e parts/1/runs.jsonl ]; then resume=(--resume); fi
    "$program" sweep s.toml --shard 1/2 --out parts/1 --jobs 1 --json --quiet "${resume[@]}" > /dev/null 2>&1 &
    shard=$!
    if [ "$killed" -lt 10 ]; then
        sleep "0.$(printf '%03d' $((RANDOM % 250 + 20)))"
        if kill -9 "$shard" 2> /dev/null; then killed=$((killed + 1)); fi
        wait "$shard" 2> /dev/null || true
        if [ -e parts/1/shard.json ]; then
            # It was at its end: begin again, so that all ten strike one that is at work.
            rm -rf parts/1
            killed=$((killed > 0 ? killed - 1 : 0))
        fi
    else
        wait "$shard"
        break
    fi
done
[ "$killed" -eq 10 ] || { echo "FAILED: killed only $killed times"; exit 1; }
# The merge judges as the whole does: any of its exit codes may be right, the bytes decide.
"$program" merge parts --out merged --json --quiet > /dev/null || true
diff -r whole merged
echo "killed $killed times, resumed, merged: equal to the whole in every byte ($(wc -l < merged/runs.jsonl) lines)"
