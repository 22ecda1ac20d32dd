"""One run with a clock around each stage; prints the share of each. Called by `bench.py`."""

import gc
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from casbd.daemon.running import Running
from casbd.daemon.service import read_everything, start

spent: Counter[str] = Counter()


def timed(stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its CPU time added to the stage's."""

    def measured(*arguments: Any) -> Any:
        before = time.thread_time()
        try:
            return function(*arguments)
        finally:
            spent[stage] += time.thread_time() - before

    return measured


def watch(running: Running) -> None:
    """Put clocks around the parts of what is about to run."""
    parts = running.parts
    parts.inputs.next_chunk = timed("read and cut", parts.inputs.next_chunk)
    scanner = parts.scanning._scanner
    scanner._parse = timed("parse", scanner._parse)
    scanner._enrich = timed("enrich", scanner._enrich)
    scanner._packer.add = timed("blocks", scanner._packer.add)
    scanner._packer.part = timed("blocks", scanner._packer.part)
    scanner.scan = timed("scan", scanner.scan)
    parts.pipeline.commit = timed("commit", parts.pipeline.commit)


def main() -> None:
    """Run, and tell."""
    with ExitStack() as undo:
        gc.freeze()  # as `casbd run` does
        gc.set_threshold(100_000, 50, 50)
        running = start(Path(sys.argv[1]), undo, once=True)
        watch(running)
        spent["start"] = time.process_time()
        read_everything(running)
    total = time.process_time()
    shares = [
        ("start", spent["start"]),
        ("read and cut", spent["read and cut"]),
        ("parse", spent["parse"]),
        ("enrich", spent["enrich"]),
        ("match and rest of scan", spent["scan"] - spent["parse"] - spent["enrich"] - spent["blocks"]),
        ("encode and compress", spent["blocks"]),
        ("commit", spent["commit"]),
    ]
    for stage, seconds in shares:
        print(f"{stage:<28}{seconds:.2f} s, {seconds / total:.0%}")


if __name__ == "__main__":
    main()
