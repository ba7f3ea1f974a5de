"""Deterministic simulation and chaos testing for coordination protocols.

The functions run a command of the program inside this process and return its JSON document as a plain dict, with the exit code
of the program under ``exit`` (0 as expected, 1 a finding, 3 inconclusive). What cannot be run raises :class:`Error`.
"""

import json
import os
import tempfile

from . import _native

__all__ = ["Error", "check", "command", "explore", "frame", "replay", "run", "sweep"]

#: Exit codes that come with a document.
_RESULTS = (0, 1, 3)


class Error(Exception):
    """Arguments, files or settings that make no sense: ``exit`` is the exit code of the program, the text says why."""

    def __init__(self, exit, text):
        super().__init__(text.strip() or f"the program ended with exit code {exit}")
        self.exit = exit


def command(*words):
    """Runs any command, as ``command("explain", "raft/election-safety")``, and returns its JSON document."""
    words = [os.fspath(word) if isinstance(word, os.PathLike) else str(word) for word in words]
    exit, result, complaint = _native.answer(_native.__file__, ["seedstorm", *words, "--json"])
    try:
        document = json.loads(result)
    except ValueError:
        document = None
    if exit not in _RESULTS or document is None:
        raise Error(exit, complaint)
    document["exit"] = exit
    return document


def run(scenario, seed=0, *, settings=None, plant=(), out=None, history=None, trace=None):
    """Runs a scenario once, a built-in one by its name or a file by its path.

    ``settings`` replaces values of the scenario, as ``{"cluster.nodes": 7}``; ``plant`` names planted bugs; ``out`` is a folder for
    the record, the page and a capsule; ``history`` and ``trace`` are files to write.
    """
    words = ["run", scenario, "--seed", seed, *_overlays(settings), *_each("--plant", plant)]
    return command(*words, *_given({"--out": out, "--history": history, "--trace": trace}))


def explore(scenario, seeds=(0, 1000), *, settings=None, plant=(), out=None, jobs=None, stop_on_first=False,
            outcome_only=False, shrink=True, runs=None):
    """Runs a scenario under many seeds, and collects, shrinks and tells what fails.

    ``seeds`` is a range or a pair of the first seed and the one after the last. Capsules and pages are in the folder ``out``, a new
    temporary one if it is ``None``; the document names it under ``out``. ``runs`` is a file that gets a row for each run.
    """
    out = tempfile.mkdtemp(prefix="seedstorm-") if out is None else out
    words = ["explore", scenario, "--seeds", _range(seeds), "--start-over", *_overlays(settings), *_each("--plant", plant)]
    words += [flag for flag, on in [("--stop-on-first", stop_on_first), ("--outcome-only", outcome_only),
                                    ("--no-shrink", not shrink)] if on]
    document = command(*words, *_given({"--out": out, "--jobs": jobs, "--runs": runs}))
    document["out"] = os.fspath(out)
    return document


def sweep(file, *, seeds=None, out=None, jobs=None, runs=None):
    """Runs the same seeds at every point of a grid: a built-in sweep by its name or a file by its path.

    Figures, tables and the page are in the folder ``out``, a new temporary one if it is ``None``; the document names it under ``out``.
    """
    out = tempfile.mkdtemp(prefix="seedstorm-") if out is None else out
    words = ["sweep", file, "--start-over"]
    seeds = None if seeds is None else _range(seeds)
    document = command(*words, *_given({"--seeds": seeds, "--out": out, "--jobs": jobs, "--runs": runs}))
    document["out"] = os.fspath(out)
    return document


def replay(capsule, *, plant=True, out=None):
    """Replays a capsule; ``plant=False`` leaves the planted bugs out."""
    return command("replay", capsule, *([] if plant else ["--no-plant"]), *_given({"--out": out}))


def check(history, model, **limits):
    """Whether a recorded history is linearizable; ``limits`` are ``budget`` (steps) and ``memory`` (megabytes)."""
    return command("check", history, "--model", model, *_given({f"--{name}": value for name, value in limits.items()}))


def frame(document):
    """The points of a sweep, or the failures of an exploration, as a ``pandas.DataFrame``; a list of dicts without pandas.

    A point has a column for each axis of the grid, and for each figure columns such as ``messages_per.mean`` and
    ``messages_per.mean_interval``, a pair.
    """
    rows = [_point(row) for row in document["points"]] if "points" in document else document["failures"]
    rows = [_flat(row) for row in rows]
    try:
        import pandas
    except ImportError:
        return rows
    return pandas.DataFrame(rows)


def _point(point):
    """A point of a sweep without the layers of its document."""
    axes = {at["key"]: at["value"] if at.get("number") is None else at["number"] for at in point["at"]}
    return {**axes, **{key: point[key] for key in ("base", "runs", "conclusive")}, **point["columns"]}


def _flat(value, name=""):
    """A nested dict as one of names with dots."""
    if not isinstance(value, dict):
        return {name: value}
    flat = {}
    for key, inner in value.items():
        flat.update(_flat(inner, f"{name}.{key}" if name else key))
    return flat


def _given(options):
    return [word for name, value in options.items() if value is not None for word in (name, value)]


def _overlays(settings):
    pairs = [] if settings is None else settings.items()
    return [word for key, value in pairs for word in ("--set", f"{key}={_toml(value)}")]


def _toml(value):
    """A value as an overlay writes it: texts as they are, what has a structure as inline TOML."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_quoted(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_quoted(inner) for inner in value) + "]"
    return str(value)


def _quoted(value):
    return json.dumps(value) if isinstance(value, str) else _toml(value)


def _each(name, values):
    values = [values] if isinstance(values, str) else values
    return [word for value in values for word in (name, value)]


def _range(seeds):
    first, end = (seeds.start, seeds.stop) if isinstance(seeds, range) else seeds
    if isinstance(seeds, range) and seeds.step != 1:
        raise ValueError("seeds must follow each other")
    return f"{first}..{end}"
