#!/usr/bin/env python3
"""A peer for Sentra's decoder: syslog-ng parses RFC 5424 and writes JSON, on one core.

The file goes in over one TCP connection; the sender sits on another core. Sentra's side decodes the same file on one
thread of the same core and, beyond syslog, finds the format of every message, its entities and its event code; its
figures are `decode` (rows) and `decode to columns` (Arrow) of `sentra bench pipeline`.

    python3 benches/syslog_ng_json.py [RUNS] [MEGABYTES]
"""

import json
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

import peers

PACKAGES = ["syslog-ng-core", "libivykis0", "libnet1", "libpcre3", "libjson-c5", "libwrap0"]
CORE, SENDER_CORE = "0", "1"
CONFIG = """@version: 3.38
options {{ keep-hostname(yes); use-dns(no); chain-hostnames(no); stats-freq(0); log-msg-size(65536); }};
source in {{ network(ip("127.0.0.1") port({port}) transport("tcp") flags(syslog-protocol)
             log-iw-size(100000) log-fetch-limit(10000) max-connections(4)); }};
destination out {{ file("{out}" template("$(format-json --scope rfc5424)\\n") flush-lines(1000) log-fifo-size(200000)); }};
log {{ source(in); destination(out); flags(flow-control); }};
"""


def syslog_ng(root: pathlib.Path, lines: pathlib.Path, count: int) -> tuple[float, float]:
    """Bytes of input per second and per second of processor time."""
    environment = peers.libraries(root, "usr/lib/syslog-ng", "usr/lib/syslog-ng/3.38")
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        port, out, conf = peers.free_port(), place / "out.json", place / "syslog-ng.conf"
        conf.write_text(CONFIG.format(port=port, out=out))
        modules = root / "usr/lib/syslog-ng/3.38"
        daemon = ["taskset", "-c", CORE, root / "usr/sbin/syslog-ng", "-F", "--no-caps", "-f", conf,
                  "--module-path", modules, "-p", place / "pid", "-c", place / "ctl", "-R", place / "persist",
                  "--worker-threads", "2"]
        with peers.running(daemon, env=environment, stderr=subprocess.PIPE) as process:
            peers.wait_for_port(port)
            cpu, started = peers.cpu_seconds(process), time.monotonic()
            with peers.running(["taskset", "-c", SENDER_CORE, sys.executable, __file__, "--send", lines, port]):
                wait_for_lines(out, count, process)
            wall, used = time.monotonic() - started, peers.cpu_seconds(process) - cpu
            first = json.loads(out.open().readline())
            assert first["MESSAGE"] and first["PROGRAM"], first
        size = lines.stat().st_size / 1e6
        return size / wall, size / used


def wait_for_lines(out: pathlib.Path, count: int, process: subprocess.Popen, seconds: float = 300) -> None:
    seen, end, at = 0, time.monotonic() + seconds, 0
    while time.monotonic() < end and process.poll() is None:
        if out.exists():
            # Counting costs the other core a little; it is read once.
            with out.open("rb") as file:
                file.seek(at)
                data = file.read()
            seen, at = seen + data.count(b"\n"), at + len(data)
        if seen >= count:
            return
        time.sleep(0.02)
    raise SystemExit(f"syslog-ng wrote {seen} of {count} lines")


def send(lines: str, port: str) -> None:
    with socket.create_connection(("127.0.0.1", int(port))) as connection, open(lines, "rb") as file:
        connection.sendfile(file)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(1)


def sentra(lines: pathlib.Path, runs: int) -> dict[str, dict]:
    command = ["taskset", "-c", CORE, peers.SENTRA, "bench", "pipeline", "--runs", str(runs), "--json", str(lines)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    return {stage["stage"]: stage for stage in json.loads(output)["stages"]}


def main() -> None:
    if sys.argv[1:2] == ["--send"]:
        return send(sys.argv[2], sys.argv[3])
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    megabytes = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    root = peers.unpack("syslog-ng", PACKAGES)
    environment = peers.libraries(root, "usr/lib/syslog-ng", "usr/lib/syslog-ng/3.38")
    said = subprocess.run([root / "usr/sbin/syslog-ng", "--module-path", root / "usr/lib/syslog-ng/3.38", "-V"],
                          env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout
    version = said.split("(", 1)[1].split(")")[0]
    with tempfile.TemporaryDirectory() as directory:
        lines = pathlib.Path(directory) / "lines.log"
        peers.corpus(lines, "syslog", megabytes)
        count = lines.read_bytes().count(b"\n")
        figures = [syslog_ng(root, lines, count) for _ in range(runs)]
        stages = sentra(lines, runs)
    wall, cpu = (list(column) for column in zip(*figures))
    print(f"syslog-ng {version}, RFC 5424 over TCP to JSON in a file, core {CORE}, {megabytes} MB, median of {runs} runs")
    print(f"  by the clock            {peers.spread(wall)}")
    print(f"  per CPU second          {peers.spread(cpu)}")
    print("sentra bench pipeline, the same file, the same core")
    for name in ("decode", "decode to columns"):
        figure = stages[name]["mb_per_cpu_second"]
        ratio = figure / peers.median(cpu)
        print(f"  {name:<24}{figure:.1f} MB/s per CPU second, ratio {ratio:.1f}")


if __name__ == "__main__":
    main()
