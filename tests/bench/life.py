"""`casbd run --once`, from the file to Parquet: CPU seconds of the road and of making segments, as JSON. Called by `bench.py`."""

import gc
import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from casbd.daemon import service
from casbd.daemon.service import read_everything, start


def main() -> None:
    """Run, with a clock around what makes segments."""
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")  # as the program does: 30 MB
    spent = 0.0
    compact = service.compact

    def clocked(*arguments: Any, **options: Any) -> bool:
        nonlocal spent
        before = time.process_time()
        try:
            return compact(*arguments, **options)
        finally:
            spent += time.process_time() - before

    service.compact = clocked
    with ExitStack() as undo:
        gc.freeze()  # as `casbd run` does
        gc.set_threshold(100_000, 50, 50)
        running = start(Path(sys.argv[1]), undo, once=True)
        read_everything(running)
        (waiting,) = running.parts.store.connection.execute("SELECT total(activities) FROM blocks WHERE body IS NOT NULL").fetchone()
    print(json.dumps({"road": time.process_time() - spent, "segments": spent, "waiting": waiting}))


if __name__ == "__main__":
    main()
