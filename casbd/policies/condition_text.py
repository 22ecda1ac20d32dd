"""One condition as it stands on the command line: `FIELD OP VALUE[,VALUE]`."""

from __future__ import annotations

import re
from typing import Any

from casbd.policies.fields import FieldRef, parse_field
from casbd.policies.operators import Operator
from casbd.policies.tree import Node, Value
from casbd.policies.values import FilterError, check

_CONDITION = re.compile(r'\s*((?:[^\s"]|"(?:[^"\\]|\\.)*")+)\s+(\S+)(?:\s+(.*?))?\s*', re.DOTALL)
_VALUE = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^",]*?))\s*(,|$)', re.DOTALL)
_FORM = 'FIELD OP VALUE[,VALUE], a value in double quotes may hold anything: user eq a@example.com,"Doe, Jane"'


def parse_condition(text: str) -> Node:
    """The condition; ValueError, telling what is allowed, where field, operator or a value is wrong."""
    found = _CONDITION.fullmatch(text)
    if found is None:
        raise FilterError(f"`{text}` is no filter", _FORM)
    field = parse_field(found[1])
    operator = field.operator(found[2])
    values = _split(found[3] or "")
    if operator.takes == "range":
        checked: list[Value] = [check(field.name, field.kind, operator, [_typed(field, operator, value) for value in values])]
    else:
        checked = [check(field.name, field.kind, operator, _typed(field, operator, value)) for value in values]
    if operator.takes == "flag" and len(checked) != 1:
        raise FilterError(f"`{operator.name}` takes one value", "allowed: true, false")
    return field.condition(operator, tuple(checked))


def _split(text: str) -> list[str]:
    values = []
    position = 0
    while True:
        found = _VALUE.match(text, position)
        if found is None:
            raise FilterError(f"`{text}` is no list of values", _FORM)
        values.append(found[2] if found[1] is None else re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL))
        position = found.end()
        if not found[3]:
            return values


def _typed(field: FieldRef, operator: Operator, text: str) -> Any:
    """A word of the command line as YAML would have read it for this field."""
    if operator.takes == "flag" or field.kind == "flag":
        return {"true": True, "false": False}.get(text.casefold(), text)
    orders = operator.takes in ("number", "range", "days")
    if field.kind in ("integer", "number") or (orders and (field.kind == "raw" or operator.takes == "days")):
        try:
            return int(text) if re.fullmatch(r"[+-]?\d{1,300}", text) else float(text)
        except ValueError:
            return text
    return text
