"""Fills the keys by which repeats are known beyond what is remembered; prints memory and times. Called by `bench.py`."""

import random
import statistics
import time
from array import array
from pathlib import Path

from casbd.store.log.seen_keys import REMEMBERED, SeenKeys

BATCH = 640
"""Keys that one commit asks about at a time, of records of 1.6 KB."""


def resident() -> float:
    """MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    """A line for each two million keys."""
    before, seen, source = resident(), SeenKeys(), random.Random(1)
    took: list[float] = []
    for number in range(1, REMEMBERED * 3 // 2 // BATCH + 1):
        batch = [key >> 1 for key in array("Q", source.randbytes(8 * BATCH))]
        begun = time.perf_counter()
        seen.new(batch)
        took.append(time.perf_counter() - begun)
        if number % (2_000_000 // BATCH) == 0:
            each = statistics.median(took) / BATCH * 1e6
            size = resident() - before
            print(
                f"{number * BATCH / 1e6:.0f} million keys: {size:.0f} MB, {each:.2f} us a key, at most {max(took) * 1e3:.0f} ms for {BATCH}"
            )
            took.clear()


if __name__ == "__main__":
    main()
