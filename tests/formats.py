"""Reads what tests/formats.sh has written, and compares it with what the program says of the same runs."""

import json
import os
import re

import edn_format
import pandas
from edn_format import Keyword
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader

run = json.load(open("run.json"))


def answered(history):
    return [entry for entry in history if entry["ok"] is not None]


def edn():
    """Each operation of the JSON lines is a pair of events in EDN."""
    history = [json.loads(line) for line in open("h.jsonl")]
    events = [edn_format.loads(line) for line in open("h.edn")]
    of = lambda event, key: event.get(Keyword(key))
    open_calls, ended = {}, []
    for event in events:
        process = of(event, "process")
        if of(event, "type") == Keyword("invoke"):
            assert process not in open_calls, "a process has one operation open"
            open_calls[process] = event
        else:
            ended.append((open_calls.pop(process), event))
    assert not open_calls and len(ended) == len(history)
    known = [(call, end) for call, end in ended if of(end, "type") != Keyword("info")]
    expected = {(e["process"], e["call_ns"], e["return_ns"], e["key"]) for e in answered(history)}
    found = {
        (of(call, "process"), of(call, "time"), of(end, "time"), of(end, "value")[0]) for call, end in known
    }
    assert found == expected
    return f"{len(events)} events"


def histograms():
    """The log, put together, has the percentiles of the history and of the run, and prints the table."""
    calm = [json.loads(line) for line in open("calm.jsonl")]
    whole, seconds = HdrHistogram(1, 1 << 43, 3), 0
    reader = HistogramLogReader("l.hlog", whole)
    while (part := reader.get_next_interval_histogram()) is not None:
        seconds += 1
        whole.add(part)
    latencies = sorted(entry["return_ns"] - entry["call_ns"] for entry in answered(calm))
    assert whole.get_total_count() == len(latencies) > 100
    for percentile in (50, 90, 99, 100):
        rank = max(0, -(-len(latencies) * percentile // 100) - 1)
        exact, read = latencies[rank], whole.get_value_at_percentile(percentile)
        assert abs(exact - read) <= exact / 500, (percentile, exact, read)
    metric = json.load(open("calm.json"))["metrics"]["operation_latency_ns"]
    assert abs(whole.get_value_at_percentile(50) - metric["p50"]) <= metric["p50"] / 100
    lines = [line.split() for line in open("l.hgrm").read().splitlines()[2:] if not line.startswith("#")]
    table = [[float(cell) for cell in line] for line in lines]
    for value, share, count, *_ in table:
        # The library's own table has other steps than the format's reference. A row ends at the last value that counts.
        assert abs(value * 1e6 - latencies[int(count) - 1]) <= value * 1e3 + 500, (share, value, count)
        assert count >= share * len(latencies) - 1e-6
    assert len(table) > 30 and table[-1][1:] == [1.0, len(latencies)]
    return f"{seconds} seconds, {len(table)} rows"


def perfetto():
    """Slices of a thread do not cross, arrows begin and end within slices, operations that end have begun."""
    events = json.load(open("t.perfetto.json"))["traceEvents"]
    names = {event["tid"]: event["args"]["name"] for event in events if event["ph"] == "M"}
    slices = {(e["tid"], e["ts"]) for e in events if e["ph"] == "X"}
    sent = {e["id"]: e["ts"] for e in events if e["ph"] == "s"}
    arrived = [e for e in events if e["ph"] == "f"]
    begun = {e["id"] for e in events if e["ph"] == "b"}
    assert all(event["tid"] in names for event in events)
    assert all((e["tid"], e["ts"]) in slices and sent[e["id"]] <= e["ts"] for e in arrived)
    assert all(e["id"] in begun for e in events if e["ph"] == "e")
    assert len(sent) == run["messages"]["sent"] and len(arrived) == run["messages"]["delivered"]
    return f"{len(events)} events of {len(names)} threads"


def shiviz():
    """The rules of its parser: every host counts its own events from 1, and knows of no event that was not before."""
    text = open("t.shiviz").read()
    expression, delimiter, log = text.split("\n", 2)
    assert delimiter == ""
    pattern = re.compile(expression.replace("(?<", "(?P<"))
    last, count = {}, 0
    for match in pattern.finditer(log):
        host, clock = match["host"], json.loads(match["clock"])
        assert clock[host] == last.get(host, 0) + 1
        last[host] = clock[host]
        assert all(seen <= last[other] for other, seen in clock.items())
        count += 1
    assert 2 * count == len(log.splitlines())
    return f"{count} events of {len(last)} hosts"


def runs():
    """Both tables hold the same numbers, and add up to what the exploration says."""
    csv, lines = pandas.read_csv("runs.csv"), pandas.read_json("runs.jsonl", lines=True)
    total = json.load(open("explore.json"))
    assert list(csv["seed"]) == list(lines["seed"]) == list(range(40)) and total["runs"] == 40
    for column in csv.columns:
        if csv[column].notna().any():
            both = csv[column].dropna().tolist(), lines[column].dropna().tolist()
            assert both[0] == both[1], column
    assert dict(csv["verdict"].value_counts()) == {k: v for k, v in total["activity"]["verdicts"].items() if v}
    return f"{len(csv)} rows, {len(csv.columns)} columns"


def parquet():
    """The columns of Parquet have types, and the values of the CSV."""
    if not os.path.exists("runs.parquet"):
        return "SKIPPED: it needs pyarrow, and a program with the feature parquet"
    from pyarrow import parquet

    table = parquet.read_table("runs.parquet")
    csv = pandas.read_csv("runs.csv")
    assert table.column_names == list(csv.columns) and table.num_rows == len(csv)
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert (types["seed"], types["finding"], types["verdict"], types["messages"]) == ("int64", "bool", "string", "double")
    for name in table.column_names:
        ours, theirs = table[name].to_pandas(), csv[name]
        assert list(ours.isna()) == list(theirs.isna()), name
        assert ours.dropna().tolist() == theirs.dropna().tolist(), name
    return f"{table.num_rows} rows, {len(types)} columns"


for check in (edn, histograms, perfetto, shiviz, runs, parquet):
    print(f"{check.__name__:12} {check()}")
