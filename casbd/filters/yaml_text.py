"""A filter on a list's elements as one line of YAML: what stands behind `element` in a rule file and on the command line."""

from __future__ import annotations

import re
from typing import Any

from casbd.filters.operators import NEGATIVES
from casbd.filters.reading import GROUPS
from casbd.filters.tree import AllOf, Condition, Node
from casbd.records.record_path import write_path

_GROUPS_OF = {group: name for name, group in GROUPS.items()}
_PLAIN = re.compile(r"[A-Za-z_][\w.]*")


def filter_text(node: Node) -> str:
    """The filter; `read_element_filter` reads it back."""
    return _text(_mapping(node))


def quoted(text: str) -> str:
    """A double-quoted scalar of YAML 1.2: whatever came from a record stays one text."""
    escaped = (f"\\{char}" if char in '"\\' else char if char.isprintable() else f"\\U{ord(char):08X}" for char in text)
    return f'"{"".join(escaped)}"'


def _mapping(node: Node) -> dict[str, Any]:
    if isinstance(node, Condition):
        path = write_path(node.path)
        return {f'"{path}"' if path in GROUPS else path: _operator(node)}
    if isinstance(node, AllOf):
        return _together([_mapping(child) for child in node.nodes])
    return {_GROUPS_OF[type(node)]: [_mapping(child) for child in node.nodes]}


def _together(several: list[dict[str, Any]]) -> dict[str, Any]:
    """One mapping of several, all of which must hold; a key that two of them have can stand in it only once."""
    whole: dict[str, Any] = {}
    again: list[dict[str, Any]] = []
    for mapping in several:
        if whole.keys() & mapping.keys() - {"all_of"}:
            again.append(mapping)
        else:
            again += mapping.pop("all_of", [])
            whole |= mapping
    return whole | ({"all_of": again} if again else {})


def _operator(condition: Condition) -> dict[str, Any]:
    if condition.operator == "isset":
        return {"isset": not condition.negated}
    name = NEGATIVES.get(condition.operator, condition.operator) if condition.negated else condition.operator
    values = [_mapping(value) if isinstance(value, Node) else [*value] if isinstance(value, tuple) else value for value in condition.values]
    return {name: values[0] if len(values) == 1 else values}


def _text(data: Any) -> str:
    match data:
        case dict():
            return f"{{{', '.join(f'{_key(key)}: {_text(value)}' for key, value in data.items())}}}"
        case list():
            return f"[{', '.join(map(_text, data))}]"
        case bool():
            return "true" if data else "false"
        case str():
            return quoted(data)
    return repr(data)


def _key(key: str) -> str:
    return key if _PLAIN.fullmatch(key) else quoted(key)
