"""What a query selects: some parts of the log, of them what meets a condition, and of it some fields."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from casbd.activity_log.opened import ALL, Opened, Source
from casbd.filters.sql import Sql
from casbd.model.activity import FIELDS
from casbd.store.log.columns import RAW


class Selection(NamedTuple):
    """The end of a query, behind what it selects. order: empty where the rows come in the order of their storing anyway."""

    text: str
    parameters: list[Any]
    source: Source
    order: str = ""


def selection_of(opened: Opened, source: Source, where: Sql, more: Sql = ALL) -> Selection:
    """What of some parts lies in the span and meets two conditions. more: the first that is looked at."""
    span = opened.span(source)
    text = f"FROM {opened.table(source)} WHERE {span.text} AND {more.text} AND {where.text}"
    return Selection(text, [*span.parameters, *more.parameters, *where.parameters], source)


def activity_of(fields: Collection[str]) -> str:
    """What a query selects so that activities can be made of it; of some fields alone."""
    return ", ".join(f'"{name}"' if name in fields else _unknown(name) for name in FIELDS)


def _unknown(field: str) -> str:
    """What stands for a field that is not read."""
    kind = FIELDS[field].kind
    return f'{"[]" if kind in ("list", "objects") else chr(39) * 2 if field == RAW else "NULL"} AS "{field}"'
