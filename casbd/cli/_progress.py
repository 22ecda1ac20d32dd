"""How far `run --once` has come, on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

Report = Callable[[int, int, int], None]
"""(bytes that were read, bytes that there are, records that were read)"""


@contextmanager
def progress() -> Iterator[Report | None]:
    """What reports how far the reading is; None where nobody sees it. Goes to standard error, without colours if NO_COLOR says so."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Records(ProgressColumn):
        """How many, and how many a second since the beginning."""

        def render(self, task: Task) -> Text:
            records = int(task.fields["records"])
            return Text(f"{records:,} records, {records / (task.elapsed or 1):,.0f}/s")

    columns = (DownloadColumn(), BarColumn(), Records(), TextColumn("left"), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=None, records=0)

    def report(done: int, total: int, records: int) -> None:
        bar.start()  # not before: its thread must not write while processes are forked
        bar.update(task, completed=done, total=total, records=records)

    try:
        yield report
    finally:
        bar.stop()
