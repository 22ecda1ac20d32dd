"""`casbd run --once` in one process and in two, in turns: wall and CPU time, and memory of all processes together. For `bench.py`."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from running import CASBD, Site

SAMPLE = 0.05


class Run(NamedTuple):
    """wall, cpu: seconds, the latter of all processes. others: CPU seconds that other programs took meanwhile."""

    wall: float
    cpu: float
    others: float


def compare(site: Site, rounds: int) -> None:
    """Run, and tell."""
    configurations = {number: _configuration(site, number) for number in (1, 2)}
    runs: dict[int, list[Run]] = {number: [] for number in configurations}
    for _ in range(rounds):
        for number, configuration in configurations.items():
            runs[number].append(_timed(site, configuration))
    for number, configuration in configurations.items():
        wall, cpu = (min(getattr(run, what) for run in runs[number]) for what in ("wall", "cpu"))
        others = min(runs[number]).others
        memory = _memory(site, configuration) / 1e6
        print(f"workers: {number:<18} {wall:.2f} s ({others:.2f} s of CPU of others), {cpu:.2f} s of CPU, peak {memory:.0f} MB together")
    (wall, cpu), (wall_of_two, cpu_of_two) = (
        (min(run.wall for run in several), min(run.cpu for run in several)) for several in runs.values()
    )
    print(f"two against one             {wall / wall_of_two:.2f} times as fast for {cpu_of_two / cpu:.2f} times the CPU")


def _configuration(site: Site, number: int) -> Path:
    configuration = json.loads(site.configuration.read_text()) | {"workers": number}
    path = site.directory / f"workers-{number}.yaml"
    path.write_text(json.dumps(configuration))
    return path


def _begin(site: Site, configuration: Path) -> subprocess.Popen[bytes]:
    shutil.rmtree(site.directory / "state", ignore_errors=True)
    site.alerts_file.unlink(missing_ok=True)
    return subprocess.Popen([*CASBD, "-c", configuration, "run", "--once"], stderr=subprocess.DEVNULL)


def _timed(site: Site, configuration: Path) -> Run:
    os.sync()  # what an earlier run has written must not keep this one waiting
    busy, begun = _busy(), time.monotonic()
    process = _begin(site, configuration)
    _, status, usage = os.wait4(process.pid, 0)
    wall, cpu = time.monotonic() - begun, usage.ru_utime + usage.ru_stime
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{configuration}: exit code {process.returncode}")
    return Run(wall, cpu, max(0.0, _busy() - busy - cpu))


def _busy() -> float:
    """CPU seconds of all programs since the machine started."""
    times = [int(part) for part in Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]]
    return (sum(times) - times[3] - times[4]) / os.sysconf("SC_CLK_TCK")


def _memory(site: Site, configuration: Path) -> int:
    """Bytes at the peak, what processes share counted once; in a run of its own, as looking costs time."""
    peak = 0
    with _begin(site, configuration) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(_own_memory, _family(process.pid))))
            time.sleep(SAMPLE)
    return peak


def _family(pid: int) -> Iterator[int]:
    """A process, and those that it has started."""
    yield pid
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended
        if parent == pid:
            yield int(stat.parent.name)


def _own_memory(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
