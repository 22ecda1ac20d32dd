"""One DuckDB connection that asks the log's parts; its errors name the file that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casbd.activity_log.connecting import connect
from casbd.activity_log.decoded import Decoded
from casbd.activity_log.opened import WAITING, Opened
from casbd.errors import StoreError
from casbd.model.activity import FIELDS
from casbd.store.log.blocks import Block
from casbd.store.log.columns import BLOCK, PLACE, schema
from casbd.store.log.segments import DIRECTORY

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

AT_ONCE = 2_048
"""Rows of a batch."""


class Queries:
    """Runs queries over open parts. StoreError where one is damaged.

    state_dir: where the files are, and all that DuckDB may read. decoded: makes columns of blocks.
    """

    def __init__(self, state_dir: Path, decoded: Decoded) -> None:
        self._state_dir = state_dir
        self._decoded = decoded

    @cached_property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Made when it is first asked for: a small log needs no DuckDB."""
        return connect([self._state_dir, self._state_dir / DIRECTORY])  # which may be a link to a larger disk

    def rows(self, text: str, parameters: Sequence[Any], opened: Opened, blocks: Sequence[Block] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query. blocks: what its table `waiting` is."""
        with self._cursor(text, opened, blocks) as cursor:
            return cursor.execute(text, parameters).fetchall()

    def batches(self, text: str, parameters: Sequence[Any], opened: Opened, blocks: Sequence[Block] = ()) -> Iterator[pa.RecordBatch]:
        """The rows of a query, AT_ONCE at a time."""
        with self._cursor(text, opened, blocks) as cursor:
            yield from cursor.sql(text, params=parameters).to_arrow_reader(AT_ONCE)

    @contextmanager
    def _cursor(self, text: str, opened: Opened, blocks: Sequence[Block]) -> Iterator[duckdb.DuckDBPyConnection]:
        """One that knows blocks, for one query: its own, so that several readings can go on side by side."""
        import duckdb

        damage: list[StoreError] = []
        cursor = self.connection.cursor()
        try:
            if blocks:
                cursor.register(WAITING, _reader(blocks, _mentioned(text), self._decoded, damage))
            yield cursor
        except duckdb.Error as error:
            raise damage[0] if damage else _told(error, opened) from None
        finally:
            cursor.close()


def _mentioned(text: str) -> list[str]:
    """The fields that a query speaks of, and perhaps more: no others are made columns of."""
    words = {*re.findall(r"\w+", text)}
    return [name for name in FIELDS if name in words] or ["timestamp"]  # without any column there would be no rows to count


def _reader(blocks: Sequence[Block], fields: Sequence[str], decoded: Decoded, damage: list[StoreError]) -> pa.RecordBatchReader:
    """Fields of blocks as columns, one block after the other. damage: gets what DuckDB would tell as a text among its own."""
    import pyarrow as pa

    def batches() -> Iterator[pa.RecordBatch]:
        for block in blocks:
            try:
                yield decoded.columns(block, fields)
            except StoreError as error:
                damage.append(error)
                raise

    return pa.RecordBatchReader.from_batches(schema((*fields, BLOCK, PLACE)), batches())


def _told(error: Exception, opened: Opened) -> StoreError:
    """Which file it is that cannot be read."""
    text = str(error)
    for segment in opened.whole.segments:
        text = text.replace(opened.path(segment), str(segment.path))
    return StoreError(f"{text.splitlines()[0]}; `casbd store verify` sets damaged segments aside")
