"""`filters:` of an output: conditions on alerts, on activities, or on what both have, as it is sent one or the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from casbd.documents import Document, Where
from casbd.errors import Mistake, Mistakes
from casbd.filters.alert_fields import ALERT_FIELDS
from casbd.filters.fields import FieldRef, parse_alert_field, parse_field
from casbd.filters.limits import too_large
from casbd.filters.reading import FilterReader
from casbd.filters.tree import Node
from casbd.filters.values import FilterError
from casbd.model.activity import FIELDS


def read(document: Document, data: Any, where: Where, send: Collection[str]) -> Node:
    """The tree. Raises Mistakes: a field that something of what is sent does not have would silently hold all of that back."""
    readers = [*_readers(document, send)]
    if not readers:
        raise Mistakes([document.mistake(where, "`filters` is about alerts and activities, and `send` has neither")])
    trees = [reader.read(data, where) for reader in readers]
    mistakes = list(dict.fromkeys(mistake for reader in readers for mistake in reader.mistakes))
    tree = trees[0]
    if tree is not None and not mistakes and (why := too_large(tree)):
        mistakes = [document.mistake(where, f"the filter has {why}")]
    if tree is None or mistakes:
        raise Mistakes(mistakes or [_says_nothing(document, where)])
    return tree


def _readers(document: Document, send: Collection[str]) -> Iterator[FilterReader]:
    if "alerts" in send or "system" in send:
        yield FilterReader(document, parse_alert_field)
    if "activities" in send:
        yield FilterReader(document, _field_of_activities)


def _field_of_activities(text: str) -> FieldRef:
    if text in ALERT_FIELDS and text not in FIELDS:
        raise FilterError(f"`{text}` is a field of alerts, and this output is sent activities", "one output for each")
    return parse_field(text)


def _says_nothing(document: Document, where: Where) -> Mistake:
    return document.mistake(where, "`filters` has no condition", "leave it out")
