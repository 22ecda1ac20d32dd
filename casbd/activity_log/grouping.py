"""The activities of open parts, put together by what they hold."""

# ruff: noqa: S608

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from casbd.activity_log.counting import Alike, kinds
from casbd.activity_log.opened import ALL, Opened
from casbd.activity_log.parts import Parts, is_few, objects
from casbd.activity_log.selections import selection_of
from casbd.activity_log.wanted import Wanted
from casbd.filters.sql import Sql
from casbd.model.activity import FIELDS, Activity

_SPANS = {"day": "strftime(epoch_ms(timestamp), '%Y-%m-%d')", "hour": "strftime(epoch_ms(timestamp), '%Y-%m-%d %H')"}


def counts(parts: Parts, opened: Opened, wanted: Wanted, by: Sequence[str]) -> dict[tuple[Any, ...], int]:
    """How many are wanted, by columns, `day` and `hour`."""
    keys = [f"{_SPANS.get(name, chr(34) + name + chr(34))} AS k{number}" for number, name in enumerate(by)]
    lists = [name for name in by if name in FIELDS and FIELDS[name].kind == "list"]
    rows, others = _grouped(parts, opened, wanted, by, [*keys, "count(*)"], lists=lists)
    totals: Counter[tuple[Any, ...]] = Counter({tuple(key): number for *key, number in rows})
    totals.update(kind for activity in others for kind in kinds(activity, by))
    return totals


def alike(parts: Parts, opened: Opened, wanted: Wanted, by: Sequence[str]) -> Iterator[Alike]:
    """What is wanted, put together by fields; those that are alike may come several times, in the same order whoever asks again."""
    asked = [*(f'"{name}"' for name in by), "count(*)", "max(timestamp)"]
    rows, others = _grouped(parts, opened, wanted, by, asked, rest=" ORDER BY ALL")
    for *values, number, last in rows:
        yield Alike(tuple(values), number, last)
    for activity in others:
        yield Alike(tuple(getattr(activity, name) for name in by), 1, activity.timestamp)


def _grouped(
    parts: Parts, opened: Opened, wanted: Wanted, by: Sequence[str], asked: Sequence[str], *, lists: Sequence[str] = (), rest: str = ""
) -> tuple[list[list[Any]], Iterator[Activity]]:
    """Rows of what is asked of all of which SQL is sure, and the others that are wanted, of which it is not.

    by: what is looked at of these; lists: columns of which each element is a row.
    """
    if is_few(opened.whole):
        return [], filter(wanted.meets, itertools.chain.from_iterable(objects(opened, opened.whole)))
    selection = selection_of(opened, opened.whole, wanted.where)
    surely = ALL if wanted.surely.text == wanted.where.text else wanted.surely  # a constant costs nothing to group by
    source = f"(SELECT *, ({surely.text}) AS sure {selection.text})"
    for name in lists:
        source = f'(SELECT * REPLACE (unnest("{name}") AS "{name}") FROM {source})'
    text = f"SELECT {'TRUE' if surely is ALL else 'sure'}, {', '.join(asked)} FROM {source} GROUP BY ALL{rest}"
    rows = parts.queries.rows(text, [*surely.parameters, *selection.parameters], opened, selection.source.blocks)
    certain = [row for is_sure, *row in rows if is_sure]
    if len(certain) == len(rows):
        return certain, iter(())
    where = Sql(f"({wanted.where.text}) AND NOT ({wanted.surely.text})", [*wanted.where.parameters, *wanted.surely.parameters])
    doubtful = selection_of(opened, opened.whole, where)  # not `read`, which may give others, counted above
    return certain, filter(wanted.meets, parts.activities(opened, doubtful, {"timestamp", *by, *wanted.reads}))
