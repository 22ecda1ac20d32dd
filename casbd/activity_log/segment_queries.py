"""One DuckDB connection that asks open segments; its errors name the file that cannot be read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casbd.activity_log.connecting import connect
from casbd.activity_log.opened_segments import Opened
from casbd.errors import StoreError
from casbd.store.log.segments import DIRECTORY

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

AT_ONCE = 2_048
"""Rows of a batch."""


class Queries:
    """Runs queries over open segments. StoreError where a file is damaged.

    state_dir: where the files are, and all that DuckDB may read.
    """

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Made when it is first asked for: a log without segments needs no DuckDB."""
        return connect([self._state_dir, self._state_dir / DIRECTORY])  # which may be a link to a larger disk

    def rows(self, text: str, parameters: Sequence[Any], opened: Opened) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        import duckdb

        try:
            return self.connection.execute(text, parameters).fetchall()
        except duckdb.Error as error:
            raise _told(error, opened) from None

    def batches(self, text: str, parameters: Sequence[Any], opened: Opened) -> Iterator[pa.RecordBatch]:
        """The rows of a query, AT_ONCE at a time."""
        import duckdb

        cursor = self.connection.cursor()  # its own, so that several readings can go on side by side
        try:
            yield from cursor.sql(text, params=parameters).to_arrow_reader(AT_ONCE)
        except duckdb.Error as error:
            raise _told(error, opened) from None
        finally:
            cursor.close()


def _told(error: Exception, opened: Opened) -> StoreError:
    """Which file it is that cannot be read."""
    text = str(error)
    for segment in opened.segments:
        text = text.replace(opened.path(segment), str(segment.path))
    return StoreError(f"{text.splitlines()[0]}; `casbd store verify` sets damaged segments aside")
