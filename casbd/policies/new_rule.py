"""A new rule file from the filters of a search: MDCA's "New policy from search"."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casbd.filters.condition_text import parse_conditions
from casbd.filters.operators import NEGATIVES
from casbd.filters.tree import Condition, Node, Value
from casbd.filters.yaml_text import filter_text, quoted
from casbd.model.activity import FIELDS
from casbd.records.record_path import write_path
from casbd.records.timestamps import iso

_TEXT = """\
{made}
name: {name}
description: >-
  Say here what it is about, for whoever gets the alert at night.
severity: medium             # informational, low, medium, high
mode: simulate               # matches and counts, and alerts nobody: take this line out when `casbd policies list` looks right
filters:
{filters}
# match:                     # without it every single activity is an alert
#   repeated: 10             # at least so many ...
#   within: 5m               # ... in so much time: s, m, h, d
#   by: user
# tests:                     # run by `casbd policies test {policy_id}`
#   - name: what must alert
#     activities: [{{user: a@example.com, repeat: 10, every: 10s}}]
#     alerts: 1
"""


def rule_text(policy_id: str, filters: Sequence[str]) -> str:
    """The text of the file. filters: as on the command line, all must hold. ValueError, with what is allowed, where one is wrong."""
    by_field: dict[str, dict[str, str]] = {}
    again: list[str] = []
    whom: dict[str, None] = {}
    for condition in parse_conditions(filters):
        assert isinstance(condition, Condition), "a condition of the command line is one condition"
        field, operator, values = _parts(condition)
        role = [] if condition.role == "actor" else [f"user_role: {condition.role}"]
        if operator in by_field.setdefault(field, {}):  # a mapping holds a key once
            again += [f"    - {field}: {{{operator}: {values}}}", *(f"      {line}" for line in role)]
        else:
            by_field[field][operator] = values
            whom |= dict.fromkeys(f"  {line}" for line in role)
    lines = [
        f"  {field}: {{{', '.join(f'{name}: {values}' for name, values in operators.items())}}}" for field, operators in by_field.items()
    ]
    lines += whom
    lines += ["  all_of:", *again] if again else []
    made = "\n".join(["# Made by `casbd policies new` from a search:", *(f"#   --filter {quoted(text)}" for text in filters)])
    name = quoted(policy_id.replace("-", " ").replace("_", " ").capitalize())
    return _TEXT.format(made=made, name=name, policy_id=policy_id, filters="\n".join(lines))


def _parts(condition: Condition) -> tuple[str, str, str]:
    """Field, operator and values as a rule file has them."""
    field = quoted(f"raw.{write_path(condition.path)}") if condition.path else condition.field
    if condition.operator == "isset":
        return field, "isset", "false" if condition.negated else "true"
    name = NEGATIVES[condition.operator] if condition.negated else condition.operator
    values = [_written(condition, value) for value in condition.values]
    return field, name, values[0] if len(values) == 1 else f"[{', '.join(values)}]"


def _written(condition: Condition, value: Value | Any) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_written(condition, end) for end in value)}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Node):
        return filter_text(value)
    if FIELDS[condition.field].kind == "time" and condition.operator != "within_days":
        return quoted(iso(int(value)))
    return repr(value)
