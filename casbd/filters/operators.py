"""The operators of rule files and of `--filter`: what each is called, which fields take it, and what it compares with."""

from __future__ import annotations

from functools import cache
from typing import Literal

import msgspec

from casbd.filters.alert_fields import ALERT_FIELDS
from casbd.model.activity import FIELDS, Field
from casbd.model.activity import Kind as FieldKind

Kind = FieldKind | Literal["raw", "reason"]
Takes = Literal["same", "text", "words", "pattern", "network", "number", "range", "days", "flag", "field", "filters", "meaning"]
"""What the operator compares with; `same`: whatever the field holds."""

_TEXTS: tuple[Kind, ...] = ("text", "reason", "choice", "list", "objects", "raw")
_ORDERED: tuple[Kind, ...] = ("integer", "number", "time", "raw")
_ALL: tuple[Kind, ...] = ("text", "reason", "choice", "list", "objects", "raw", "integer", "number", "time", "flag")


class Operator(msgspec.Struct, frozen=True):
    """One operator as people write it; `positive` is what the tree calls it, with `negated` beside it."""

    name: str
    positive: str
    takes: Takes
    kinds: tuple[Kind, ...]
    negated: bool = False


def _pair(name: str, takes: Takes, kinds: tuple[Kind, ...], negative: str = "") -> list[Operator]:
    return [Operator(name, name, takes, kinds), Operator(negative or f"n{name}", name, takes, kinds, negated=True)]


OPERATORS: dict[str, Operator] = {
    operator.name: operator
    for operator in (
        *_pair("eq", "same", _ALL, "neq"),
        *_pair("contains", "words", _TEXTS),
        *_pair("substring", "text", _TEXTS),
        *_pair("startswith", "text", _TEXTS),
        *_pair("endswith", "text", _TEXTS),
        *_pair("matches", "pattern", _TEXTS),
        *_pair("cidr", "network", ("text", "reason", "list", "objects", "raw")),
        Operator("isset", "isset", "flag", _ALL),
        Operator("gt", "gt", "number", _ORDERED),
        Operator("gte", "gte", "number", _ORDERED),
        Operator("lt", "lt", "number", _ORDERED),
        Operator("lte", "lte", "number", _ORDERED),
        Operator("range", "range", "range", _ORDERED),
        Operator("within_days", "within_days", "days", ("time",)),
        *_pair("same_as", "field", ("raw",), "nsame_as"),
        *_pair("mentions", "field", ("raw",)),
        *_pair("element", "filters", ("raw",)),
        *_pair("means", "meaning", ("reason",)),
    )
}

NEGATIVES = {operator.positive: operator.name for operator in OPERATORS.values() if operator.negated}
"""What the negation of an operator is called; others have none of their own."""

RAW = Field("raw", "text", "a value in the record as exported", "", "", ())
"""What a `raw.<path>` is checked against."""

OBJECT_USER_FIELDS = ("user", "user_id", "user_display_name", "user_domain")
"""The `user*` fields that are also known of a user that was acted on."""
USER_FIELDS = (*OBJECT_USER_FIELDS, "user_type", "user_groups", "user_organization")
"""The fields about a user, beside which `user_role` may stand (`user_agent` is about a program)."""


ALL_FIELDS = ALERT_FIELDS | FIELDS
"""Of activities and of alerts."""


def kind_of(field: str, *, raw_path: bool) -> Kind:
    """Which operators a field takes: its kind, `reason` for that of a failure, or `raw` for a path into the exported record."""
    return "raw" if raw_path else "reason" if field == "result_detail" else ALL_FIELDS[field].kind


@cache
def allowed(kind: Kind) -> tuple[str, ...]:
    """The names of the operators that a kind of field takes, in the order of the table."""
    return tuple(operator.name for operator in OPERATORS.values() if kind in operator.kinds)
