#!/usr/bin/env python3
"""A peer for `sentra bench pipeline`: the ClickHouse engine takes the same JSON lines in, on one thread.

Twice: into its JSON type, which keeps whatever fields come, as Sentra does, and into columns that were typed beforehand.
Parts are synced (fsync_after_insert), as Sentra's are. It neither detects nor keeps the raw bytes: its like is the stage
"to queryable", which keeps the bytes in a durable log and does not detect; "end to end" does everything.

    pip install chdb
    python3 benches/chdb_json.py [RUNS] [MEGABYTES] [FILE.ndjson]
"""

import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import chdb
from chdb import session

import peers

CORE = 0
DURABLE = "ENGINE = MergeTree ORDER BY tuple() SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
ONE_THREAD = ("SETTINGS max_threads = 1, max_insert_threads = 1, input_format_parallel_parsing = 0, "
              "max_parsing_threads = 1")


def insert(lines: pathlib.Path, typed: bool) -> tuple[float, float]:
    """Bytes per second and per second of processor time, of a process of its own."""
    command = [sys.executable, __file__, "--insert", str(lines), "typed" if typed else "json"]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    wall, cpu, rows = json.loads(output.splitlines()[-1])
    count = lines.read_bytes().count(b"\n")
    assert rows == count, f"{rows} of {count} rows are there"
    size = lines.stat().st_size / 1e6
    return size / wall, size / cpu


def insert_here(lines: str, kind: str) -> None:
    os.sched_setaffinity(0, {CORE})
    with tempfile.TemporaryDirectory() as directory:
        engine = session.Session(directory)
        if kind == "json":
            engine.query(f"CREATE TABLE t (j JSON) {DURABLE}")
            statement = f"INSERT INTO t SELECT json FROM file('{lines}', 'JSONAsObject', 'json JSON') {ONE_THREAD}"
        else:
            structure = json.loads(str(engine.query(
                f"DESCRIBE file('{lines}', 'JSONEachRow') SETTINGS schema_inference_make_columns_nullable = 0",
                "JSON")))["data"]
            columns = ", ".join(f"`{column['name']}` {column['type']}" for column in structure)
            engine.query(f"CREATE TABLE t ({columns}) {DURABLE}")
            quoted = columns.replace("'", "\\'")
            statement = f"INSERT INTO t SELECT * FROM file('{lines}', 'JSONEachRow', '{quoted}') {ONE_THREAD}"
        before, started = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        engine.query(statement)
        wall = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_SELF)
        rows = int(str(engine.query("SELECT count() FROM t")).strip())
        engine.close()
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps([wall, cpu, rows]))


def sentra(lines: pathlib.Path, runs: int) -> dict:
    command = ["taskset", "-c", str(CORE), peers.SENTRA, "bench", "pipeline", "--runs", str(runs), "--json", str(lines)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return {stage["stage"]: stage for stage in json.loads(output)["stages"]}


def main() -> None:
    if sys.argv[1:2] == ["--insert"]:
        return insert_here(sys.argv[2], sys.argv[3])
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with tempfile.TemporaryDirectory() as directory:
        if len(sys.argv) > 3:
            lines = pathlib.Path(sys.argv[3]).resolve()
        else:
            lines = pathlib.Path(directory) / "lines.ndjson"
            peers.corpus(lines, "json", megabytes)
        megabytes = lines.stat().st_size / 1e6
        peer = {kind: [insert(lines, kind == "typed") for _ in range(runs)] for kind in ("json", "typed")}
        stages = sentra(lines, runs)
    engine = str(chdb.query("SELECT version()")).strip().strip('"')
    print(f"chdb {chdb.__version__} (ClickHouse {engine}), one thread, core {CORE}, {megabytes:.0f} MB, synced, median of {runs} runs")
    wall, used = {}, {}
    for kind, name in (("json", "into the type JSON"), ("typed", "into typed columns")):
        clock, cpu = (list(column) for column in zip(*peer[kind]))
        wall[kind], used[kind] = peers.median(clock), peers.median(cpu)
        print(f"  {name:<24}{peers.spread(clock)}; {peers.median(cpu):.1f} MB/s per CPU second")
    print("sentra bench pipeline, the same file, the same core")
    for name, stage in stages.items():
        clock, cpu = stage["mb_per_second"], stage["mb_per_cpu_second"]
        print(f"  {name:<24}{clock:.1f} MB/s; {cpu:.1f} MB/s per CPU second")
    for stage in ("to queryable", "end to end"):
        for kind, name in (("json", "the type JSON"), ("typed", "typed columns")):
            clock, cpu = stages[stage]["mb_per_second"] / wall[kind], stages[stage]["mb_per_cpu_second"] / used[kind]
            print(f"ratio, {stage} to {name}: {clock:.2f} by the clock, {cpu:.2f} per CPU second")


if __name__ == "__main__":
    main()
