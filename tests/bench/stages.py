"""One run with a clock around each stage; prints the share of each. Called by `bench.py`."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from casbd.daemon.service import Service

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


def watch(service: Service) -> None:
    """Put clocks around the parts of a service that is about to run."""
    service.inputs.next_chunk = timed("read and cut", service.inputs.next_chunk)
    scanner = service.scanning._scan.__self__
    scanner._parse = timed("parse", scanner._parse)
    scanner._enrich = timed("enrich", scanner._enrich)
    scanner._packer.add = timed("blocks", scanner._packer.add)
    scanner._packer.part = timed("blocks", scanner._packer.part)
    service.scanning._scan = timed("scan", service.scanning._scan)
    service.pipeline.commit = timed("commit", service.pipeline.commit)


def main() -> None:
    """Run, and tell."""
    service = Service(Path(sys.argv[1]), once=True)
    steps = list(service.STEPS)

    def last(self: Service) -> None:
        watch(self)
        spent["start"] = time.process_time()

    type(service).STEPS = (*steps, last)
    service.run()
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
