"""A field or a `raw.<path>` as people write it, and the operators that it takes."""

from __future__ import annotations

from functools import lru_cache

import msgspec

from casbd.documents import nearest
from casbd.filters.alert_fields import ALERT_FIELDS
from casbd.filters.operators import OPERATORS, Kind, Operator, allowed, kind_of
from casbd.filters.tree import Condition, Role, Value
from casbd.filters.values import FilterError
from casbd.model.activity import FIELDS
from casbd.records.record_path import ITSELF, Step, parse_path


class FieldRef(msgspec.Struct, frozen=True):
    """What stands on the left of a condition: a field of the activity, or a path into its raw record."""

    name: str
    path: tuple[Step, ...] = ()

    @property
    def kind(self) -> Kind:
        """Which operators it takes."""
        return kind_of(self.name, raw_path=bool(self.path))

    def operator(self, name: str) -> Operator:
        """The operator of that name; FilterError where there is none or the field does not take it."""
        choices = allowed(self.kind)
        operator = OPERATORS.get(name)
        if operator is None:
            raise FilterError(f"unknown operator `{name}`", nearest(name, choices))
        if operator.name not in choices:
            raise FilterError(f"`{name}` does not apply to {_A_KIND[self.kind]}", f"allowed: {', '.join(choices)}")
        return operator

    def condition(self, operator: Operator, values: tuple[Value, ...], role: Role = "actor") -> Condition:
        """The tree's condition of checked values; `isset: false` is the negation of `isset: true`."""
        if operator.name == "isset":
            return Condition(self.name, "isset", (), values == (False,), self.path, role)
        return Condition(self.name, operator.positive, values, operator.negated, self.path, role)


_A_KIND: dict[Kind, str] = {
    "text": "a text field",
    "reason": "a text field",
    "choice": "a field with fixed values",
    "list": "a list field",
    "objects": "a list of objects",
    "raw": "a value in the raw record",
    "integer": "a number field",
    "number": "a number field",
    "time": "a time field",
    "flag": "a true-or-false field",
}


@lru_cache(4096)
def parse_field(text: str) -> FieldRef:
    """The field that a text names; FilterError, with the nearest right name, where there is none."""
    if text.startswith("raw."):
        try:
            return FieldRef("raw", parse_path(text[4:]))
        except ValueError:
            raise FilterError(f"`{text}` is no path", 'such as raw.Parameters.ForwardTo, raw.items[0].id or raw."a.b".c') from None
    if text not in FIELDS:
        raise FilterError(f"unknown field `{text}`", nearest(text, [*FIELDS, "raw."]))
    return FieldRef(text)


def parse_alert_field(text: str) -> FieldRef:
    """The same of alerts, which have no record."""
    if text not in ALERT_FIELDS:
        problem = f"`{text}` is a field of activities, not of alerts" if text in FIELDS else f"alerts have no field `{text}`"
        raise FilterError(problem, nearest(text, ALERT_FIELDS))
    return FieldRef(text)


@lru_cache(4096)
def parse_inner_path(text: str) -> FieldRef:
    """What a text names in a list's element: a path that begins there, or `.`, the element itself."""
    try:
        return FieldRef("raw", (ITSELF,) if text == "." else parse_path(text))
    except ValueError:
        raise FilterError(f"`{text}` is no path into an element", "such as Name or target.id; the element itself is `.`") from None
