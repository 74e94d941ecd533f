#!/usr/bin/env python3
"""A peer for `sentra bench intake`: rsyslog with a disk queue that is synced, fed by the same senders.

rsyslog has nothing to acknowledge with, so two rates are taken while the senders press: what it put into its synced
queue (from there on a line survives a crash), and what it wrote to its output file. The higher one counts. By default
it does not even write down where its queue ends while it runs (queue.checkpointInterval 0), which a crash would
need; it is left at that, which is the faster setting.

    python3 benches/rsyslog_queue.py [RUNS] [SECONDS]
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import peers

SENDERS = 64
CONFIG = """
global(workDirectory="{spool}")
module(load="imtcp" maxSessions="200")
module(load="impstats" interval="1" format="json" log.syslog="off" log.file="{stats}")
main_queue(queue.type="Disk" queue.filename="main" queue.syncQueueFiles="on" queue.size="1000000"
           queue.maxDiskSpace="4g" queue.timeoutShutdown="500" queue.saveOnShutdown="off")
input(type="imtcp" port="{port}" address="127.0.0.1")
template(name="asis" type="string" string="%rawmsg%\\n")
action(type="omfile" file="{out}" template="asis")
"""


def rates(root: pathlib.Path, seconds: float) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as directory:
        place = pathlib.Path(directory)
        (place / "spool").mkdir()
        port = peers.free_port()
        out, stats = place / "out.log", place / "stats.json"
        conf = place / "rsyslog.conf"
        conf.write_text(CONFIG.format(spool=place / "spool", port=port, out=out, stats=stats))
        modules = next(root.glob("usr/lib/*/rsyslog"))
        daemon = [root / "usr/sbin/rsyslogd", "-n", "-f", conf, "-i", place / "pid", "-M", modules]
        environment = peers.libraries(root)
        with peers.running(daemon, env=environment) as rsyslogd:
            peers.wait_for_port(port)
            load = [peers.SENTRA, "bench", "intake", "--protocol", "syslog-tcp", "--server", f"127.0.0.1:{port}",
                    "--senders", str(SENDERS), "--seconds", "60"]
            with peers.running(load, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
                time.sleep(2)
                before = written(out), queued(stats), time.monotonic()
                time.sleep(seconds)
                after = written(out), queued(stats), time.monotonic()
            assert rsyslogd.poll() is None, "rsyslogd has ended"
        line = mean_line(out)
        elapsed = after[2] - before[2]
        # Statistics come once a second: the rate is taken between two of them.
        lines, times = after[1][0] - before[1][0], after[1][1] - before[1][1]
        return (after[0] - before[0]) / elapsed / 1e6, lines * line / max(times, 1) / 1e6


def written(out: pathlib.Path) -> int:
    return out.stat().st_size if out.exists() else 0


def queued(stats: pathlib.Path) -> tuple[int, int]:
    """Lines that the main queue has taken, and how many seconds of statistics there are."""
    found = re.findall(r'\{ ?"name": ?"main Q".*?\}', stats.read_text() if stats.exists() else "")
    if not found:
        return 0, 0
    return json.loads(found[-1])["enqueued"], len(found)


def mean_line(out: pathlib.Path) -> float:
    data = out.read_bytes()[:4_000_000]
    return len(data) / max(data.count(b"\n"), 1)


def sentra(seconds: int) -> dict[str, float]:
    """The same lines over the same protocol; and by the protocol that acknowledges."""
    result = {}
    for protocol in ("syslog-tcp", "ndjson"):
        command = [peers.SENTRA, "bench", "intake", "--no-pipeline", "--json", "--protocol", protocol, "--lines", "syslog",
                   "--senders", str(SENDERS), "--seconds", str(seconds)]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        result[protocol] = json.loads(output)["runs"][0]["mb_per_second"]
    return result


def fsync_ms() -> float:
    """What one small synced write costs on this disk."""
    with tempfile.TemporaryFile() as file:
        times = []
        for _ in range(200):
            file.write(b"x" * 300)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return peers.median(times) * 1e3


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 8
    root = peers.unpack("rsyslog", ["rsyslog", "libestr0", "libfastjson4", "liblognorm5"])
    version = subprocess.run([root / "usr/sbin/rsyslogd", "-v"], env=peers.libraries(root), check=True,
                             stdout=subprocess.PIPE, text=True).stdout.split()[1]
    output, queue, acknowledged, stream = [], [], [], []
    for _ in range(runs):
        of_output, of_queue = rates(root, seconds)
        output.append(of_output)
        queue.append(of_queue)
        of_sentra = sentra(seconds)
        acknowledged.append(of_sentra["ndjson"])
        stream.append(of_sentra["syslog-tcp"])
    print(f"rsyslog {version}, disk queue, queue.syncQueueFiles on, {SENDERS} TCP senders, median of {runs} runs of {seconds} s")
    print(f"  into the synced queue   {peers.spread(queue)}")
    print(f"  written to its output   {peers.spread(output)}")
    print(f"  one fsync of 300 bytes here: {fsync_ms():.2f} ms")
    print(f"sentra, synced before it acknowledges, the same lines, {SENDERS} senders")
    print(f"  ndjson                  {peers.spread(acknowledged)}")
    print(f"  syslog over TCP         {peers.spread(stream)}")
    best = max(peers.median(queue), peers.median(output))
    print(f"ratio: {peers.median(acknowledged) / best:.0f} (ndjson), {peers.median(stream) / best:.0f} (syslog over TCP)")


if __name__ == "__main__":
    main()
