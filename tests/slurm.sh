#!/bin/bash
# Runs a sweep as a job array of a real Slurm, which this script starts on the loopback interface, and compares the result
# with the same sweep in one piece. One task is killed in the middle; the second call submits it alone.
#
#     cargo build --release && tests/slurm.sh [target/release/seedstorm]
#
# Needs Debian's packages slurm-wlm and munge; without them it is skipped.
set -euo pipefail

for needed in munged slurmctld slurmd sbatch squeue scancel; do
    if ! PATH="$PATH:/usr/sbin" command -v "$needed" > /dev/null; then
        echo "SKIPPED: $needed is not installed (apt-get install slurm-wlm munge)"
        exit 0
    fi
done
PATH="$PATH:/usr/sbin"
program=$(realpath "${1:-target/release/seedstorm}")
host=$(hostname -s)
me=$(id -un)
work=$(mktemp -d /tmp/seedstorm-slurm.XXXXXX)
chmod 755 "$work"
pids=()
finish() {
    status=$?
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$work"/*.log "$work"/out/slurm/*.out 2> /dev/null || true
    fi
    for pid in "${pids[@]}"; do kill "$pid" 2> /dev/null || true; done
    for pid in "${pids[@]}"; do wait "$pid" 2> /dev/null || true; done
    rm -rf "$work"
    exit "$status"
}
trap finish EXIT

mkdir -m 755 "$work/munge" "$work/state" "$work/spool"
dd if=/dev/urandom of="$work/munge/key" bs=128 count=1 status=none
chmod 400 "$work/munge/key"
cat > "$work/slurm.conf" << END
ClusterName=seedstorm
SlurmctldHost=$host(127.0.0.1)
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPort=26817
SlurmdPort=26818
AuthType=auth/munge
AuthInfo=socket=$work/munge/socket
CredType=cred/munge
SlurmUser=$me
SlurmdUser=$me
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=2
ReturnToService=2
JobRequeue=0
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=500 State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF="$work/slurm.conf"

munged --foreground --force --key-file="$work/munge/key" --socket="$work/munge/socket" --pid-file="$work/munge/pid" \
    --log-file="$work/munge.log" --seed-file="$work/munge/seed" > /dev/null 2>&1 &
pids+=($!)
for _ in $(seq 100); do [ -S "$work/munge/socket" ] && break; sleep 0.1; done
slurmctld -D > /dev/null 2>&1 &
pids+=($!)
slurmd -D > /dev/null 2>&1 &
pids+=($!)
for _ in $(seq 300); do
    if sinfo --noheader --format=%T 2> /dev/null | grep -q idle; then break; fi
    sleep 0.2
done
sinfo

cat > "$work/sweep.toml" << END
schema = "seedstorm.sweep/1"
title  = "Commits by group size"
seeds  = "0..${SEEDS:-800}"

[grid]
"cluster.nodes" = [3, 5, 7]

[[base]]
label    = "Raft"
scenario = "raft-calm"
per      = "operations.succeeded"
per_name = "commit"
set      = { "stop.returned" = 600, "checks.progress" = "none", "checks.at_least" = { "operations.succeeded" = 500 } }
END

cd "$work"
echo "== the sweep in one piece"
"$program" sweep sweep.toml --out whole --jobs 2 --quiet

call=("$program" sweep sweep.toml --out out --engine slurm --shards 8 --jobs 1 --partition test --sbatch=--nice=1)
echo "== as 8 tasks; one will be killed"
"${call[@]}" --quiet | tee submitted
array=$(sed -n 's/.*job array \([0-9]*\),.*/\1/p' submitted)
echo "== a second call while they run is refused"
if "${call[@]}"; then echo "it was not refused"; exit 1; fi
victim=
for _ in $(seq 300); do
    victim=$(squeue --noheader --states=R --format=%i --jobs="$array" | sort -V | tail -n 1)
    # In the middle: some of its runs are made, and its seal is not there.
    folder="out/shards/${victim##*_}-of-8"
    if [ -n "$victim" ] && [ -s "$folder/runs.jsonl" ] && [ ! -e "$folder/shard.json" ]; then break; fi
    sleep 0.05
done
echo "== killing task $victim after $(($(wc -l < "$folder/runs.jsonl") - 1)) of its runs"
scancel --signal=KILL --full "$victim"
while squeue --noheader --jobs="$array" 2> /dev/null | grep -q .; do sleep 0.5; done
sleep 1
squeue
if [ -e out/sweep.json ]; then echo "it was merged without task $victim"; exit 1; fi
echo "== merging by hand names what is missing"
code=0
"$program" merge out/shards --out early || code=$?
[ "$code" -eq 3 ]
echo "== the second call submits what is missing, alone, and waits"
"${call[@]}" --wait
grep -- '--array=' out/slurm/array.sh
grep -qx -- "#SBATCH --array=${victim##*_}" out/slurm/array.sh
echo "== compared with the sweep in one piece"
diff -r --exclude=shards --exclude=slurm --exclude='.*' whole out
echo "EQUAL: $(ls whole | wc -l) files, $(cat whole/* | wc -c) bytes"
