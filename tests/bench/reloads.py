"""Hundreds of reloads in one process: resident memory after the first ones and after the last. Called by `bench.py`."""

import gc
import sys
from pathlib import Path

from casbd.daemon import reloading
from casbd.daemon.service import Service


def resident() -> float:
    """Megabytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Reload so many times as the second argument says."""
    reloading.LEAST_REST, reloading.SHARE = 0.0, 1
    number = int(sys.argv[2])
    service = Service(Path(sys.argv[1]), once=True)
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    with service._exit:
        for step in service.STEPS:
            step(service)
        figures = []
        for done in range(number + 1):
            if done % max(1, number // 5) == 0 or done == 20:
                figures.append(f"{resident():.0f} MB after {done}")
            service._reloading.ask()
            while service._reloading.is_under_way:
                service.reload()
                service._pause(0.01)
    print(f"reloads                     {', '.join(figures)}")


if __name__ == "__main__":
    main()
