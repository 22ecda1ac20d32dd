"""Conditions as they stand on the command line: `FIELD OP VALUE[,VALUE]`, each an option of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args

from msgspec.structs import replace

from casbd.filters.fields import FieldRef, parse_field
from casbd.filters.operators import OBJECT_USER_FIELDS, USER_FIELDS, Operator
from casbd.filters.reading import read_element_filter
from casbd.filters.tree import Condition, Node, Role, Value
from casbd.filters.values import FilterError, check

_CONDITION = re.compile(r'\s*((?:[^\s"]|"(?:[^"\\]|\\.)*")+)\s+(\S+)(?:\s+(.*?))?\s*', re.DOTALL)
_VALUE = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^",]*?))\s*(,|$)', re.DOTALL)
_ROLE = re.compile(r"\s*user_role(\s|$)")
_ROLES: dict[str, Role] = {role: role for role in get_args(Role)}
_FORM = 'FIELD OP VALUE[,VALUE], a value in double quotes may hold anything: user eq a@example.com,"Doe, Jane"'


def parse_condition(text: str, field: FieldRef | None = None) -> Node:
    """The condition. ValueError, with what is allowed, where field, operator or a value is wrong. field: what its name stands for."""
    condition = _CONDITION.fullmatch(text)
    if condition is None:
        raise FilterError(f"`{text}` is no filter", _FORM)
    field = field or parse_field(condition[1])
    operator = field.operator(condition[2])
    if operator.takes == "filters":
        return field.condition(operator, (read_element_filter(condition[3] or ""),))
    values = _split(condition[3] or "")
    if operator.takes == "range":
        checked: list[Value] = [check(field.name, field.kind, operator, [_typed(field, operator, value) for value in values])]
    else:
        checked = [check(field.name, field.kind, operator, _typed(field, operator, value)) for value in values]
    if operator.takes == "flag" and len(checked) != 1:
        raise FilterError(f"`{operator.name}` takes one value", "allowed: true, false")
    return field.condition(operator, tuple(checked))


def parse_conditions(filters: Sequence[str | Node]) -> list[Node]:
    """The conditions of several texts, all of which must hold; ValueError as of one. Nodes stay as they are.

    `user_role eq object` among the texts is MDCA's "As": as in a rule file, it says whom the others' user fields are about.
    """
    roles = [one for one in filters if isinstance(one, str) and _ROLE.match(one)]
    nodes = [one if not isinstance(one, str) else parse_condition(one) for one in filters if one not in roles]
    if not roles:
        return nodes
    texts = [isinstance(one, str) for one in filters if one not in roles]
    role = _role(roles)
    about_a_user = [text and isinstance(node, Condition) and node.field in USER_FIELDS for text, node in zip(texts, nodes, strict=True)]
    if not any(about_a_user):
        raise FilterError("`user_role` stands beside no filter on a user", f"one of {', '.join(USER_FIELDS)}")
    return [_about(node, role) if own else node for node, own in zip(nodes, about_a_user, strict=True)]


def _role(texts: Sequence[str]) -> Role:
    roles = set()
    for text in texts:
        condition = _CONDITION.fullmatch(text)
        if condition is None or condition[2] != "eq" or condition[3] not in _ROLES:
            allowed = ", ".join(f"user_role eq {role}" for role in _ROLES)
            raise FilterError(f"`{text}` does not say whom filters on a user are about", f"allowed: {allowed}")
        roles.add(_ROLES[condition[3]])
    if len(roles) > 1:
        raise FilterError(f"`user_role` is there more than once: {', '.join(sorted(roles))}", "it is about all filters on a user")
    return roles.pop()


def _about(node: Node, role: Role) -> Node:
    assert isinstance(node, Condition), "a text is one condition"
    if role != "actor" and node.field not in OBJECT_USER_FIELDS:
        raise FilterError(f"`{node.field}` of an object is not known", f"with user_role: {', '.join(OBJECT_USER_FIELDS)}")
    return replace(node, role=role)


def _split(text: str) -> list[str]:
    values = []
    position = 0
    while True:
        value = _VALUE.match(text, position)
        if value is None:
            raise FilterError(f"`{text}` is no list of values", _FORM)
        values.append(value[2] if value[1] is None else re.sub(r"\\(.)", r"\1", value[1], flags=re.DOTALL))
        position = value.end()
        if not value[3]:
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
