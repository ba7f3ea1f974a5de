#!/bin/bash
# Follows docs/guide/own-protocol.md to the letter, in an empty folder outside of the repository: writes the files that the page shows and
# runs the commands that it gives.
#
#     tests/fifteen-minutes.sh
#
# It builds the package and what that needs in target/fifteen, which takes some minutes the first time.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
page="$repository/docs/guide/own-protocol.md"
work=$(mktemp -d "${TMPDIR:-/tmp}/seedstorm-fifteen.XXXXXX")
trap 'rm -rf "$work"' EXIT
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$repository/target/fifteen}"

# Files stand in blocks, each after a line that begins with its name in backquotes. Commands stand in blocks of sh; `expect` is how they must end.
awk -v work="$work" '
    /^`[A-Za-z\/]+\.(toml|rs)`/ { split($0, part, "`"); name = part[2] }
    /^```/ && inside { inside = 0; if (commands == "") close(file); next }
    /^```sh/ { inside = 1; commands = "y"; expect = match($0, /expect=/) ? substr($0, RSTART + 7) : 0; next }
    /^```(toml|rust)/ { inside = 1; commands = ""; file = work "/" name; folder = file; sub(/\/[^\/]*$/, "", folder)
        system("mkdir -p " folder); printf "" > file; next }
    inside && commands != "" { print expect " " $0 > (work "/commands") }
    inside && commands == "" { print > file }
' "$page"
sed -i.bak "s|/path/to/seedstorm|$repository|" "$work/Cargo.toml"
# The versions of the repository: nothing newer than what it is tested with.
cp "$repository/Cargo.lock" "$work/Cargo.lock"

cd "$work"
while read -r expect command <&3; do
    echo "\$ $command"
    status=0
    bash -c "$command" > said 2>&1 || status=$?
    if [ "$status" -ne "$expect" ]; then
        tail -n 60 said
        echo "expected it to end with $expect, and it ended with $status"
        exit 1
    fi
    cp said "said.${command//[^a-z]/}"
done 3< commands

said() {
    grep -q "$2" said.*"$1"* || { cat said.*"$1"*; echo "$1 does not say: $2"; exit 1; }
}
said exploretestsswarmtomlseedsout "stores-again"
said stoponfirst "acks-before-sync"
said replaybugcapsulejson "FAULT"
said noplant "GONE"

# The test of the page fails with the bug, and says how to replay it.
sed -i.bak 's|seeds = 200|seeds = 2_000, plant = "acks-before-sync"|' tests/storm.rs
if cargo test > said 2>&1; then
    echo "the test does not find the bug"
    exit 1
fi
grep -q "replay it: SEEDSTORM_CAPSULE=tests/swarm.corpus/" said || { cat said; exit 1; }
ls tests/swarm.corpus/*.json > /dev/null
echo "the page holds"
