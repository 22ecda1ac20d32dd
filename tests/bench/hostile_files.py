"""Files that claim to hold far more than they have, at their full sizes: how long casbd tells its watchdog nothing, and what it takes.

    python tests/bench/hostile_files.py [SECONDS]

Prints the longest time between two feedings of the watchdog (its interval is 2 s here), after how long a record that is written
meanwhile was read, and the peak of memory. Needs 300 MB in the directory for temporary files.
"""

from __future__ import annotations

import bz2
import gzip
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

CONFIGURATION = """\
state_dir: state
inputs: [{name: in, path: in/*, format: json, mapping: {activity_id: id, timestamp: time, user: user}}]
"""
RECORD = json.dumps({"id": "1", "time": "2026-11-20T10:00:00Z", "user": "a@example.com"}) + "\n"
WAITS = 5.0


def empty_blocks() -> bytes:
    """Eight DEFLATE blocks (RFC 1951, 3.2.7) with tables of their own and nothing else: of all empty ones they take zlib the longest."""
    fields = [(0, 1), (2, 2), (0, 5), (0, 5), (14, 4)]  # not the last; dynamic; 257 and 1 codes; 18 lengths of lengths
    fields += [(1 if symbol in (1, 18) else 0, 3) for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1)]
    fields += [(1, 1), (127, 7), (1, 1), (107, 7), (0, 1), (0, 1), (0, 1)]  # 256 unused codes, the end's, the distance's; the end
    number = place = 0
    for value, bits in fields * 8:
        number |= value << place
        place += bits
    return number.to_bytes(place // 8, "little")


def empty_zip(path: Path, size: int) -> None:
    """A ZIP archive of one file, which has nothing but blocks without content."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a.json", empty_blocks() * (size // len(empty_blocks())))
        info = archive.infolist()[0]
        info.compress_type, info.file_size, info.CRC = zipfile.ZIP_DEFLATED, 1, 0


def make(directory: Path) -> None:
    """3.2 GB without a line end in 20 KB and in 3 MB, two million empty members, 200 MB of empty blocks, a hole of a terabyte."""
    (directory / "line.bz2").write_bytes(bz2.compress(b"a" * 900_000 * 9) * 400)
    squeezing = zlib.compressobj(9, zlib.DEFLATED, 31)
    with (directory / "line.gz").open("wb") as file:
        for _ in range(3000):
            file.write(squeezing.compress(b"a" * (1 << 20)))
        file.write(squeezing.flush())
    (directory / "empty.gz").write_bytes(gzip.compress(b"") * 2_000_000)
    empty_zip(directory / "empty.zip", 200 << 20)
    with (directory / "hole.json").open("wb") as file:
        file.truncate(1 << 40)


def measure(directory: Path, seconds: float) -> tuple[float, float | None, str]:
    """(longest time without a word, seconds until the record was read, peak of memory as the kernel tells it)."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as words, (directory / "log").open("w") as log:
        address = f"casbd-bench-{os.getpid()}"
        words.bind(f"\0{address}")
        environment = os.environ | {"NOTIFY_SOCKET": f"@{address}", "WATCHDOG_USEC": "2000000"}
        command = [sys.executable, "-m", "casbd", "-c", str(directory / "casbd.yaml"), "run"]
        casbd = subprocess.Popen(command, env=environment, stderr=log)
        begun = last = time.monotonic()
        longest, written, found = 0.0, 0.0, None
        while (now := time.monotonic()) - begun < seconds:
            if select.select([words], [], [], 0.2)[0] and {b"READY=1", b"WATCHDOG=1"} & {*words.recv(65536).split(b"\n")}:
                longest, last = max(longest, now - last), now
            if not written and now - begun > WAITS:
                (directory / "in/late.json").write_text(RECORD)
                written = now
            if written and found is None and "late.json" in (directory / "log").read_text():
                found = now - written
        peak = next(line for line in Path(f"/proc/{casbd.pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
        casbd.send_signal(signal.SIGKILL)
        casbd.wait()
    return max(longest, time.monotonic() - last), found, peak


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        (place / "in").mkdir()
        (place / "casbd.yaml").write_text(CONFIGURATION)
        make(place / "in")
        quiet, read, memory = measure(place, float(sys.argv[1]) if len(sys.argv) > 1 else 40.0)
        print(f"quiet for {quiet:.2f} s at most; the record was read after {'never' if read is None else f'{read:.2f} s'}; {memory}")
