"""What the peers' benchmarks share: Debian packages unpacked beside the system, processes, figures."""

import contextlib
import glob
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import time

CACHE = pathlib.Path(os.environ.get("SENTRA_CACHE", pathlib.Path.home() / ".cache/sentra")) / "peers"
SENTRA = os.environ.get("SENTRA", "sentra")


def unpack(name: str, packages: list[str]) -> pathlib.Path:
    """Unpacks Debian packages into a directory of their own: rsyslog and syslog-ng cannot be installed together."""
    root = CACHE / name
    if not (root / ".ready").exists():
        shutil.rmtree(root, ignore_errors=True)
        debs = root / "debs"
        debs.mkdir(parents=True)
        # apt's own user may not write below a home directory.
        download = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", *packages]
        subprocess.run(download, cwd=debs, check=True, stdout=subprocess.DEVNULL)
        for deb in debs.glob("*.deb"):
            subprocess.run(["dpkg", "-x", deb, root], check=True)
        (root / ".ready").touch()
    return root


def libraries(root: pathlib.Path, *more: str) -> dict[str, str]:
    """The environment of a program that was unpacked into `root`."""
    found = [str(path) for pattern in ("usr/lib/*-linux-gnu", "lib/*-linux-gnu", *more) for path in root.glob(pattern)]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(found)}


@contextlib.contextmanager
def running(command: list, **options):
    """A process that is ended by its own id."""
    process = subprocess.Popen([str(part) for part in command], **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port: int, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port} after {seconds} s")


def cpu_seconds(process: subprocess.Popen) -> float:
    """Processor time of a process, all threads."""
    stat = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def bytes_of(pattern: str) -> int:
    return sum(os.path.getsize(path) for path in glob.glob(pattern))


def corpus(path: pathlib.Path, lines: str, megabytes: int) -> None:
    """The lines that `sentra bench` sends, as a file."""
    subprocess.run([SENTRA, "bench", "corpus", "--lines", lines, "--megabytes", str(megabytes), path], check=True)


def median(values) -> float:
    return statistics.median(values)


def spread(values) -> str:
    """The median and what it is the median of."""
    return f"{median(values):.1f} MB/s ({', '.join(f'{value:.1f}' for value in values)})"
