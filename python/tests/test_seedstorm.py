"""Tests of the package: `tests/python.sh` runs them with the program that must come to the same digests."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import seedstorm

PROGRAM = os.environ.get("SEEDSTORM_PROGRAM")


def printed(*words):
    said = subprocess.run([PROGRAM, *words, "--json"], capture_output=True, text=True)
    return json.loads(said.stdout)


class Seedstorm(unittest.TestCase):
    @unittest.skipUnless(PROGRAM, "SEEDSTORM_PROGRAM names no program")
    def test_digests_are_those_of_the_program(self):
        for scenario in ["raft-calm", "raft-partition", "bracha-equivocation", "swim-first-detection"]:
            for seed in [1, 2]:
                ours = seedstorm.run(scenario, seed=seed)
                self.assertEqual(ours["digest"], printed("run", scenario, "--seed", str(seed))["digest"])
        with tempfile.TemporaryDirectory() as out:
            theirs = printed("explore", "raft-swarm", "--seeds", "0..40", "--start-over", "--out", out)
        self.assertEqual(seedstorm.explore("raft-swarm", (0, 40))["digest"], theirs["digest"])

    def test_a_planted_bug_is_found_and_replayed(self):
        found = seedstorm.explore("demo-bug", range(0, 200), plant="vote-not-durable", stop_on_first=True)
        self.assertEqual(found["exit"], 1)
        capsules = [name for name in os.listdir(found["out"]) if name.endswith(".capsule.json")]
        self.assertEqual(len(capsules), 1)
        capsule = os.path.join(found["out"], capsules[0])
        self.assertEqual(seedstorm.replay(capsule)["exit"], 1)
        self.assertEqual(seedstorm.replay(capsule, plant=False)["exit"], 0)
        self.assertEqual(len(seedstorm.frame(found)), 1)

    def test_settings_are_overlays(self):
        small = seedstorm.run("raft-calm", settings={"cluster.nodes": 3, "cluster.duration": "2s", "workload.mix": {"read": 1}})
        self.assertEqual(small["nodes"], 3)

    def test_a_history_is_written_and_judged(self):
        with tempfile.TemporaryDirectory() as folder:
            history = os.path.join(folder, "calm.jsonl")
            seedstorm.run("raft-calm", history=history)
            self.assertEqual(seedstorm.check(history, "cas-register", budget=100_000)["exit"], 0)

    def test_a_sweep_is_a_frame(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "small.toml")
            with open(path, "w") as file:
                file.write(SWEEP)
            points = seedstorm.frame(seedstorm.sweep(path, seeds=(0, 3)))
        self.assertEqual(len(points), 2)
        try:
            import pandas
        except ImportError:
            return
        self.assertIsInstance(points, pandas.DataFrame)

    def test_what_makes_no_sense_is_an_error_with_the_nearest_name(self):
        with self.assertRaisesRegex(seedstorm.Error, "raft-calm") as raised:
            seedstorm.run("raft-clam")
        self.assertEqual(raised.exception.exit, 2)
        with self.assertRaises(seedstorm.Error):
            seedstorm.command("no-such-command")
        with self.assertRaises(ValueError):
            seedstorm.explore("raft-swarm", range(0, 10, 2))

    def test_other_threads_go_on(self):
        ticks, over = [], threading.Event()

        def tick():
            while not over.is_set():
                ticks.append(time.monotonic())
                time.sleep(0.01)

        thread = threading.Thread(target=tick)
        thread.start()
        begun = time.monotonic()
        seedstorm.explore("raft-swarm", (0, 300), shrink=False, jobs=1)
        lasted = time.monotonic() - begun
        over.set()
        thread.join()
        self.assertGreater(len(ticks), lasted / 0.01 / 5, f"{len(ticks)} ticks in {lasted:.1f} s")

    def test_ctrl_c_ends_a_campaign(self):
        code = "import seedstorm; print('on', flush=True); seedstorm.explore('raft-swarm', (0, 1_000_000), shrink=False)"
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertEqual(child.stdout.readline(), "on\n")
        time.sleep(1)
        child.send_signal(signal.SIGINT)
        _, complaint = child.communicate(timeout=20)
        self.assertIn("KeyboardInterrupt", complaint)


SWEEP = """
schema = "seedstorm.sweep/1"
title  = "Two sizes"
seeds  = "0..3"
[grid]
"cluster.nodes" = [3, 5]
[[base]]
label    = "Raft"
scenario = "raft-calm"
per      = "operations.succeeded"
[base.set]
"cluster.duration" = "5s"
"checks.progress"  = "none"
"""

if __name__ == "__main__":
    unittest.main()
