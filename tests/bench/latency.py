"""Latency under load: `python tests/bench/latency.py [SECONDS [RATE]]`, by default 20 seconds of a thousand records a second.

Records of 300 bytes that a mapping reads, written each hundredth of a second, each of them an alert of its own. Prints how long it took
from the line written to its alert at a TCP syslog receiver, and what casbd used of a processor meanwhile. The first two seconds do not
count.
"""

import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "e2e"))

from running import Receiver, Site

from casbd.records.timestamps import iso

RULE = "name: Export\nseverity: medium\nfilters: {activity_type: {eq: Export}}\n"
MAPPING = {"activity_id": "id", "timestamp": "time", "user": "actor.email", "ip_address": "ip", "object_name": "file"}
TICK = 0.01
WARM_SECONDS = 2.0
USER = re.compile(r"user(\d+)@")


def line(number: int) -> bytes:
    """A record of some 300 bytes, of a user who has done nothing else."""
    fields = {
        "id": f"00000000-0000-4000-8000-{number:012d}",
        "time": iso(time.time_ns() // 1_000_000),
        "actor": {"email": f"user{number}@example.com"},
        "ip": f"198.51.100.{number % 250}",
        "file": f"/finance/reports/{number % 97}/quarter.xlsx",
    }
    return json.dumps(fields | {"note": "x" * (297 - len(json.dumps(fields)))}).encode()


def main(seconds: int = 20, rate: int = 1000) -> None:
    """Write, receive, and tell."""
    with tempfile.TemporaryDirectory() as directory:
        site, receiver = Site(Path(directory), rules={"export": RULE}), Receiver()
        own = {"name": "own", "path": f"{site.inputs}/*", "format": "json", "mapping": MAPPING}
        site.configure(
            inputs=[own | {"constants": {"app": "Own", "activity_type": "Export"}}],
            outputs=[{"name": "siem", "type": "syslog", "host": "127.0.0.1", "port": receiver.port}],
        )
        try:
            daemon = site.start()
            before, begun = _cpu(daemon.process.pid), time.monotonic()
            took = sorted(_measure(site, receiver, seconds * rate, rate))
            share = (_cpu(daemon.process.pid) - before) / (time.monotonic() - begun)
        finally:
            site.close()
            receiver.close()
    p50, p95, p99 = (took[len(took) * percent // 100] * 1e3 for percent in (50, 95, 99))
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg()[:2])
    print(f"p50 {p50:.0f} ms, p95 {p95:.0f} ms, p99 {p99:.0f} ms, longest {took[-1] * 1e3:.0f} ms of {len(took)} alerts")
    print(f"casbd used {share:.2f} of a processor; load {load}")


def _measure(site: Site, receiver: Receiver, number: int, rate: int) -> list[float]:
    """Seconds from each line written to its alert received, those of the beginning left out."""
    written: list[float] = []
    took: dict[int, float] = {}
    begun = time.monotonic()
    while len(took) < number:
        now = time.monotonic()
        assert now - begun < 60 + number / rate, f"{number - len(took)} alerts did not come\n{site.log()}"
        if (due := min(int((now - begun) * rate), number)) > len(written):
            site.write("audit.ndjson", map(line, range(len(written), due)))
            written += [now] * (due - len(written))
        for message in receiver.take(1, TICK):
            took.setdefault(int(USER.search(message)[1]), time.monotonic() - written[int(USER.search(message)[1])])
    return [took[one] for one in range(int(WARM_SECONDS * rate), number)]


def _cpu(pid: int) -> float:
    """Seconds of processor time so far, of all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
