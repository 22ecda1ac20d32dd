"""A daemon that is killed at random moments ends with what an uninterrupted run has."""

import gzip
import os
import random
import shutil
import signal
import threading
import time
from pathlib import Path

import m365_records
import pytest
from running import ids, wait_until

KILLS = int(os.environ.get("CASBD_E2E_KILLS", "7"))
"""How often in one run; 25 and more in the long one."""


class Writer(threading.Thread):
    """Appends lines to a file, in bursts, and rotates it in all ways."""

    def __init__(self, site, lines, seed):
        super().__init__()
        self.site, self.lines = site, lines
        self.random = random.Random(seed)
        self.path = site.inputs / "log"
        self.rotations = 0
        self.stopping = threading.Event()
        self.failed = None

    def run(self):
        try:
            self._write()
        except Exception as error:  # noqa: BLE001  told by the test
            self.failed = error

    def _write(self):
        position = 0
        while position < len(self.lines) and not self.stopping.is_set():
            number = self.random.randrange(1, 60)
            with self.path.open("ab", buffering=0) as file:
                for line in self.lines[position : position + number]:
                    cut = self.random.randrange(len(line))
                    file.write(line[:cut])
                    file.write(line[cut:] + b"\n")
            position += number
            if self.random.random() < 0.1:
                self.random.choice((self.rename, self.truncate, self.compress))()
            time.sleep(0.01)

    def _next(self):
        self.rotations += 1
        return self.path.with_name(f"log.{self.rotations}")

    def rename(self):
        self.path.rename(self._next())

    def truncate(self):
        shutil.copyfile(self.path, self._next())
        os.truncate(self.path, 0)

    def compress(self):
        old = self._next()
        self.path.rename(old)
        packed = old.with_name(old.name + ".gz")
        with packed.open("wb") as file:
            file.write(gzip.compress(old.read_bytes()))
        os.utime(packed, ns=(old.stat().st_mtime_ns,) * 2)
        old.unlink()

    def finish(self):
        self.join(120)
        assert not self.is_alive()
        assert self.failed is None, self.failed


def records(seed):
    """The usual mix, and bursts that raise alerts; some lines twice."""
    stream = m365_records.stream(KILLS * 250, seed=seed)
    for number in range(KILLS):
        moment = stream[number * 200][0]
        stream += m365_records.failed_log_ons(m365_records.USERS[number], moment, seed=number)
    return m365_records.with_repeats([line for _, line in sorted(stream)], seed=seed)


@pytest.mark.parametrize("workers", [1, 2])
def test_killed_again_and_again(make_site, workers):
    site, calm = make_site("killed", workers=workers), make_site("calm")
    lines = records(seed=workers)
    calm.write("all", lines)
    calm.once()
    chance = random.Random(workers)
    writer = Writer(site, lines, seed=workers)
    writer.start()
    try:
        for _ in range(KILLS):
            daemon = site.launch() if chance.random() < 0.3 else site.start()
            time.sleep(chance.uniform(0.05, 1.0))
            daemon.kill()
    finally:
        writer.finish()
    daemon = site.start()
    site.wait_for_records(len(ids(lines)))
    assert daemon.terminate() == 0
    site.once()
    same(site, calm)
    assert site.activity_ids() == ids(lines)


def test_processes_that_scan_are_killed(make_site):
    """The daemon goes on without them, and lacks nothing."""
    site, calm = make_site("killed", workers=4), make_site("calm")
    lines = records(seed=3)
    calm.write("all", lines)
    calm.once()
    chance = random.Random(3)
    writer = Writer(site, lines, seed=3)
    daemon = site.start()
    left = scanning(daemon)
    assert len(left) == 3
    writer.start()
    try:
        while left:
            time.sleep(chance.uniform(0.05, 0.5))
            os.kill(left.pop(), signal.SIGKILL)
    finally:
        writer.finish()
    site.wait_for_records(len(ids(lines)))
    wait_until(lambda: site.log().count("a process that scans has ended") == 3, tell=site.log)
    assert scanning(daemon) == []
    assert daemon.terminate() == 0
    site.once()
    same(site, calm)
    assert site.activity_ids() == ids(lines)


def scanning(daemon):
    """The ids of a daemon's processes that scan: forked, so with its own command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
            if parent == str(daemon.process.pid) and (process / "cmdline").read_bytes() == Path(f"/proc/{parent}/cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue  # it has just ended
    return found


def same(site, calm):
    """The activity log, the alerts and what was delivered; a message may be there twice, but none is missing."""
    assert site.activity_ids() == calm.activity_ids()
    assert site.alerts() == calm.alerts()
    assert set(site.delivered()) == set(calm.delivered())
    assert len(calm.delivered()) == len(set(calm.delivered())) == len(calm.alerts()) > KILLS
    assert site.counts()["rejects"] == 0


def test_stopped_in_the_middle_of_a_file(make_site):
    site, calm = make_site("stopped"), make_site("calm")
    lines = m365_records.lines(20_000)
    for one in (site, calm):
        one.write("all", lines)
    calm.once()
    daemon = site.start()
    time.sleep(0.3)
    assert daemon.terminate() == 0
    counts = site.counts()
    assert 0 < counts["records"] < len(lines), "stopped too early or too late to tell anything"
    site.once()
    assert site.counts()["duplicates"] == 0
    same(site, calm)
    assert site.delivered() == calm.delivered()
