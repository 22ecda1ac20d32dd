"""Segments with their files open, and what a query says of them: the files as one table, and the span of time in it."""

# ruff: noqa: S608

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from casbd.filters.sql import Sql
from casbd.store.log.segment_files import PLACE, allow_open
from casbd.store.log.segments import Segment

ALL = Sql("TRUE")


class Opened:
    """Segments with their files open: what is removed meanwhile, since it became a part of another, is read to the end all the same.

    FileNotFoundError where one is already gone.
    """

    def __init__(self, several: Sequence[Segment]) -> None:
        self.segments = several
        self._open: dict[int, int] = {}
        allow_open(len(several))
        try:
            for segment in several:
                self._open[segment.segment_id] = os.open(segment.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self.close()
            raise

    def path(self, segment: Segment) -> str:
        """Where the open file is read (proc_pid_fd(5))."""
        return f"/proc/self/fd/{self._open[segment.segment_id]}"

    def close(self) -> None:
        """Give the files back."""
        for number in self._open.values():
            os.close(number)
        self._open.clear()


def within_span(opened: Opened, low: int, high: int) -> Sql:
    """The condition of a span of time, where there is anything outside of it: to look at the times of all costs as much as counting."""
    whole = all(low <= segment.first and segment.last <= high for segment in opened.segments)
    return ALL if whole else Sql("timestamp BETWEEN ? AND ?", [low, high])


def table(opened: Opened, several: Sequence[Segment]) -> tuple[str, list[Any]]:
    """Files as one table. Those of an older casbd have whole blocks, in order, and no column that says so."""
    new = [opened.path(segment) for segment in several if segment.day is not None]
    old = [opened.path(segment) for segment in several if segment.day is None]
    parts: list[str] = []
    if new or not old:
        parts.append("SELECT * FROM read_parquet(?)")
    if old:
        parts.append(
            f"SELECT * EXCLUDE (file_row_number), file_row_number::INTEGER AS {PLACE} FROM read_parquet(?, file_row_number = true)"
        )
    return (f"({' UNION ALL BY NAME '.join(parts)})" if old else "read_parquet(?)"), [files for files in (new, old) if files]
