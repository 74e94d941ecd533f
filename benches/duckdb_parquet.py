#!/usr/bin/env python3
"""A peer for `sentra bench pipeline`: DuckDB turns the same NDJSON file into Parquet, on one thread.

It parses and stores; it does not fsync before acknowledging, detect, or keep the raw bytes.

    pip install duckdb
    python3 benches/duckdb_parquet.py FILE.ndjson [RUNS]
"""

import os
import resource
import statistics
import sys
import tempfile
import time

import duckdb


def run(path: str) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as directory:
        target = os.path.join(directory, "out.parquet")
        connection = duckdb.connect()
        connection.execute("SET threads = 1")
        before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
        connection.execute(
            f"COPY (SELECT * FROM read_json('{path}', format = 'newline_delimited', "
            "union_by_name = true, sample_size = -1, ignore_errors = true, map_inference_threshold = -1)) "
            f"TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
        )
        wall = time.perf_counter() - start
        after = resource.getrusage(resource.RUSAGE_SELF)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return wall, cpu


def main() -> None:
    path = sys.argv[1]
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    megabytes = os.path.getsize(path) / 1e6
    figures = [run(path) for _ in range(runs)]
    wall, cpu = (statistics.median(column) for column in zip(*figures))
    print(f"duckdb {duckdb.__version__}, NDJSON to Parquet (zstd), median of {runs}")
    print(f"{megabytes / wall:.1f} MB/s, {megabytes / cpu:.1f} MB/s per CPU second")


if __name__ == "__main__":
    main()
