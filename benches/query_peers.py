#!/usr/bin/env python3
"""Peers for `sentra bench query`: DuckDB and the ClickHouse engine answer the same questions over the same events, hot, on
two threads, from tables of their own. Every answer is held against Sentra's.

    pip install duckdb chdb pytz
    python3 benches/query_peers.py [EVENTS] [RUNS]

A peer that is not installed is left out, and that is said. Exit code 1 when an answer differs.
"""

import datetime
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import peers

THREADS = 2
NEEDLE_MS_MAX = 10.0
CLICKHOUSE_RATIO_MAX, DUCKDB_RATIO_MAX = 2.0, 1.5

# Columns with few values, as one would declare them.
FEW = {"code", "outcome", "format", "product", "service", "host", "user", "target_user", "process", "app", "problem",
       "source", "source_kind", "mart", "virtual_entity", "parent_process", "domain"}

USER = '"user"'
ID = "'raw.' || partition || '.' || \"offset\""
NEWEST = "ORDER BY time DESC, partition DESC, \"offset\" DESC"


def questions(events: int, field, has, contains, regex, hour, distinct) -> dict[str, str]:
    """SQL by the name of the question; what differs between the peers is handed in."""
    return {
        "needle id": f"SELECT {ID}, \"user\", host FROM events WHERE partition = 0 AND \"offset\" = {events // 3}",
        "needle address": f"SELECT {ID}, src_ip, \"user\" FROM events WHERE src_ip = '198.18.77.7' {NEWEST}",
        "needle user": f"SELECT {ID}, src_ip, \"user\" FROM events WHERE \"user\" = 'zoltan.needle' {NEWEST}",
        "needle hash": f"SELECT {ID}, \"user\", {field('Image')} FROM events WHERE {field('Hashes')} = "
                       f"'SHA256=5BB59D2E2F3BC4BEDC2DE4C1F3C5C5C1A0D1E2F30415263748596A7B8C9DAEBF' {NEWEST}",
        "needle word": f"SELECT {ID}, \"user\" FROM events WHERE {has('message', 'xq7needle')} {NEWEST}",
        "count": "SELECT count(*) FROM events",
        "field count": f"SELECT count(*) FROM events WHERE {field('EventID')} = '4688'",
        "top users": "SELECT \"user\", count(*) AS n FROM events GROUP BY \"user\" ORDER BY n DESC, \"user\" LIMIT 10",
        "top addresses": "SELECT src_ip, count(*) AS n FROM events GROUP BY src_ip ORDER BY n DESC, src_ip LIMIT 10",
        "top users and outcomes": "SELECT \"user\", outcome, count(*) AS n FROM events GROUP BY \"user\", outcome "
                                  "ORDER BY n DESC, \"user\", outcome LIMIT 10",
        "top processes": f"SELECT {field('Image')} AS image, count(*) AS n FROM events WHERE {field('EventID')} = '1' "
                         "GROUP BY image ORDER BY n DESC, image LIMIT 10",
        "histogram": f"SELECT {hour} AS h, count(*) FROM events GROUP BY h ORDER BY h",
        "histogram of failures": f"SELECT {hour} AS h, mart, count(*) FROM events WHERE outcome = 'failure' "
                                 "GROUP BY h, mart ORDER BY h, mart",
        "contains": f"SELECT count(*) FROM events WHERE {contains('message', 'invalid user quinn')}",
        "field contains": f"SELECT count(*) FROM events WHERE {contains(field('CommandLine'), '-encodedcommand')}",
        "regex": f"SELECT count(*) FROM events WHERE {regex('message', 'port 6[0-9]{3}1 ')}",
        "field regex": "SELECT count(*) FROM events WHERE "
                       + regex(field('CommandLine'), '(?i)powershell.*-enc[a-z]* [A-Z]{4}'),
        "distinct count": f"SELECT {distinct('src_ip')}, {distinct(USER)}, {distinct('host')} FROM events",
        "distinct by mart": f"SELECT mart, {distinct(USER)} FROM events GROUP BY mart ORDER BY mart",
        "join": "SELECT l.\"user\", failed, logins FROM (SELECT \"user\", count(*) AS failed FROM events WHERE "
                f"{field('EventID')} = '4625' GROUP BY \"user\") AS l JOIN (SELECT \"user\", count(*) AS logins FROM events "
                "WHERE mart = 'linux' GROUP BY \"user\") AS r ON l.\"user\" = r.\"user\" ORDER BY failed DESC, l.\"user\" LIMIT 10",
        "join of events": "SELECT l.\"user\", count(*) AS n FROM (SELECT \"user\", host FROM events WHERE "
                          f"{field('EventID')} = '4672') AS l JOIN (SELECT DISTINCT \"user\" FROM events WHERE mart = 'linux' "
                          "AND message LIKE 'Accepted%') AS r ON l.\"user\" = r.\"user\" GROUP BY l.\"user\" "
                          "ORDER BY n DESC, l.\"user\" LIMIT 10",
    }


class DuckDb:
    name = "DuckDB"

    def __init__(self, events: pathlib.Path, directory: pathlib.Path):
        import duckdb
        self.version = duckdb.__version__
        self.connection = duckdb.connect(str(directory / "duck.db"), config={"threads": THREADS})
        described = self.connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{events}')").fetchall()
        # Text is never null, as Sentra's questions have it.
        columns = [f"coalesce(\"{name}\", '') AS \"{name}\"" if kind == "VARCHAR" else f'"{name}"'
                   for name, kind, *_ in described]
        self.connection.execute(f"CREATE TABLE events AS SELECT {', '.join(columns)} FROM read_parquet('{events}') ORDER BY time")

    def questions(self, events: int) -> dict[str, str]:
        return questions(
            events,
            field=lambda name: f"coalesce(fields['{name}'], '')",
            has=lambda column, word: f"contains(lower({column}), '{word}')",
            contains=lambda column, text: f"contains(lower({column}), '{text}')",
            regex=lambda column, pattern: f"regexp_matches({column}, '{pattern}')",
            hour="date_trunc('hour', time)",
            distinct=lambda column: f"count(DISTINCT {column})",
        )

    def ask(self, question: str) -> list[list]:
        return [list(row) for row in self.connection.execute(question).fetchall()]


class ClickHouse:
    name = "ClickHouse"

    def __init__(self, events: pathlib.Path, directory: pathlib.Path):
        import chdb
        from chdb import session
        self.session = session.Session(str(directory / "chdb"))
        self.version = chdb.__version__
        self.session.query(f"SET max_threads = {THREADS}")
        described = json.loads(str(self.session.query(f"DESCRIBE file('{events}', 'Parquet')", "JSON")))["data"]
        columns, values = [], []
        for column in described:
            name, kind = column["name"], column["type"]
            if "Map" in kind:
                columns.append(f"{name} Map(LowCardinality(String), String)")
                values.append(f"CAST({name}, 'Map(LowCardinality(String), String)')")
            elif "String" in kind and name != "raw":
                columns.append(f"\"{name}\" " + ("LowCardinality(String)" if name in FEW else "String"))
                values.append(f"ifNull(\"{name}\", '')")
            else:
                columns.append(f'"{name}" {kind}')
                values.append(f'"{name}"')
        self.session.query(f"CREATE TABLE events ({', '.join(columns)}) ENGINE = MergeTree ORDER BY time")
        self.session.query(f"INSERT INTO events SELECT {', '.join(values)} FROM file('{events}', 'Parquet')")
        self.session.query("OPTIMIZE TABLE events FINAL")

    def questions(self, events: int) -> dict[str, str]:
        return questions(
            events,
            field=lambda name: f"fields['{name}']",
            has=lambda column, word: f"hasTokenCaseInsensitive({column}, '{word}')",
            contains=lambda column, text: f"positionCaseInsensitive({column}, '{text}') > 0",
            regex=lambda column, pattern: f"match({column}, '{pattern}')",
            hour="toStartOfHour(time)",
            distinct=lambda column: f"uniqExact({column})",
        )

    def ask(self, question: str) -> list[list]:
        text = str(self.session.query(f"{question} SETTINGS max_threads = {THREADS}", "JSONCompact"))
        return json.loads(text)["data"]


def plain(value):
    """A value in the form in which all three are compared."""
    if isinstance(value, datetime.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=datetime.timezone.utc)
        return moment.astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    if isinstance(value, str):
        if value.isdigit():
            return int(value)
        if len(value) >= 19 and value[4:5] == "-" and value[13:14] == ":":
            return value[:19].replace(" ", "T")
    return value


def same(ours: list[list], theirs: list[list]) -> bool:
    return [[plain(value) for value in row] for row in ours] == [[plain(value) for value in row] for row in theirs]


def timed(peer, question: str, runs: int) -> tuple[float, float, list[list]]:
    answer = peer.ask(question)
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        peer.ask(question)
        times.append((time.perf_counter() - started) * 1e3)
    times.sort()
    return times[len(times) // 2], times[max(0, math.ceil(len(times) * 0.95) - 1)], answer


def sentra(events: int, runs: int, export: pathlib.Path, scratch: pathlib.Path) -> dict:
    command = [peers.SENTRA, "bench", "query", "--events", str(events), "--runs", str(runs), "--json", "--export",
               str(export), "--scratch", str(scratch)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output)


def main() -> int:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    os.sched_setaffinity(0, set(list(os.sched_getaffinity(0))[:THREADS]))
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        export = directory / "events.parquet"
        report = sentra(events, runs, export, directory)
        found = {}
        for kind in (DuckDb, ClickHouse):
            try:
                peer = kind(export, directory)
            except ImportError as missing:
                print(f"SKIP {kind.name}: {missing}")
                continue
            asked = peer.questions(events)
            found[kind.name] = {query["name"]: timed(peer, asked[query["name"]], runs) for query in report["queries"]}
            print(f"{kind.name} {peer.version}, {THREADS} threads")
    return shown(report, found)


def shown(report: dict, found: dict) -> int:
    raw, stored = report["raw_bytes"], report["stored_bytes"]
    print(f"{report['events']:,} events, hot, p95 in ms; Sentra's rows are read from Parquet segments")
    names = list(found)
    print(f"{'question':<24}{'Sentra':>10}" + "".join(f"{name:>12}{'ratio':>8}" for name in names) + "  target")
    differs = missed = 0
    for query in report["queries"]:
        line, targets = f"{query['name']:<24}{query['p95_ms']:>10.1f}", []
        for name in names:
            _, p95, answer = found[name][query["name"]]
            ratio = query["p95_ms"] / p95
            line += f"{p95:>12.1f}{ratio:>8.2f}"
            is_needle = query["name"].startswith("needle")
            if not is_needle:
                targets.append(ratio <= (CLICKHOUSE_RATIO_MAX if name == "ClickHouse" else DUCKDB_RATIO_MAX))
            if not same(query["rows"], answer):
                differs += 1
                line += " DIFFERS"
                print(f"  Sentra {query['rows'][:3]}\n  {name} {answer[:3]}", file=sys.stderr)
        if query["name"].startswith("needle"):
            targets.append(query["p95_ms"] <= NEEDLE_MS_MAX)
        is_met = all(targets)
        missed += not is_met
        print(f"{line}  {'met' if is_met else 'missed'}")
    memory = report["memory"]
    print(f"stored {stored / 1e6:.1f} MB of {raw / 1e6:.1f} MB raw: {100 * stored / raw:.1f} % (target 12.5 %), "
          f"{report['segments']} segments, filled in {report['fill_seconds']:.0f} s")
    print(f"visible at most {report['visible_ms_max']:.1f} ms after the append began (target 1000 ms)")
    print(f"{memory['questions']} heavy questions at once: {memory['answered']} answered, {memory['stopped']} stopped for memory; "
          f"pool {memory['pool_bytes_peak'] / 1e6:.0f} of {memory['pool_bytes_max'] / 1e6:.0f} MB, "
          f"process {memory['resident_bytes_before'] / 1e6:.0f} MB before, {memory['resident_bytes_peak'] / 1e6:.0f} MB at the most")
    print(f"{report['ended']} heavy questions were dropped: after at most {report['ended_ms_max']:.0f} ms nothing worked any more "
          "(target 100 ms)")
    by_events = {query["name"]: query["p95_ms"] for query in report["queries"]}
    for query in report["by_rollup"]:
        print(f"{query['name']} by rollup {', '.join(query['rollups']) or 'none'}: p95 {query['p95_ms']:.1f} ms, by events "
              f"{by_events[query['name']]:.1f} ms")
    print(f"{missed} of {len(report['queries'])} questions miss a target, {differs} answers differ")
    return 1 if differs else 0


if __name__ == "__main__":
    sys.exit(main())
