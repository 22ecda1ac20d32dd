"""Hundreds of reloads in one process: resident memory after the first ones and after the last. Called by `bench.py`."""

import gc
import sys
from contextlib import ExitStack
from pathlib import Path

from casbd.daemon import reload_thread
from casbd.daemon.service import start


def resident() -> float:
    """Megabytes."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def main() -> None:
    """Reload so many times as the second argument says."""
    reload_thread.LEAST_REST, reload_thread.SHARE = 0.0, 1
    number = int(sys.argv[2])
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    with ExitStack() as undo:
        running = start(Path(sys.argv[1]), undo, once=True)
        figures = []
        for done in range(number + 1):
            if done % max(1, number // 5) == 0 or done == 20:
                figures.append(f"{resident():.0f} MB after {done}")
            running.reload.ask()
            while running.reload.is_under_way:
                running.reload.go_on()
                running.loop.pause(0.01)
    print(f"reloads                     {', '.join(figures)}")


if __name__ == "__main__":
    main()
