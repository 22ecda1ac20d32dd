"""What pydantic finds wrong with a value, in words for people who write YAML and not Python."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Explanation = tuple[str, str]
"""What is wrong, and a hint (empty where there is nothing to add)."""


def explained(found: ErrorDetails) -> Explanation:
    """One of pydantic's errors: what is wrong with the value, and a hint."""
    message, hint = _explained(found)
    if found["input"] is None and found["type"] != "value_error":
        return "there is no value", message if message.startswith("should") else ""
    return message, hint


def _explained(details: ErrorDetails) -> Explanation:
    kind, limits = details["type"], details.get("ctx", {})
    if kind in _PLAIN:
        return _PLAIN[kind].format(**limits), ""
    if kind in _WITH_THE_VALUE:
        return _WITH_THE_VALUE[kind](details["input"], limits)
    message = details["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:], ""


def nearest(word: str, allowed: Iterable[str]) -> str:
    """A hint: the nearest right word, else all that are allowed."""
    choices = sorted(allowed)
    close = difflib.get_close_matches(word, choices, 1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"allowed: {', '.join(choices)}" if choices else ""


def _text(value: Any, _limits: Any) -> Explanation:
    scalar = isinstance(value, bool | int | float)
    return "should be text", "write it in quotes" if scalar else ""


def _list(value: Any, _limits: Any) -> Explanation:
    return "should be a list", f"write [{value}]" if isinstance(value, str) else "such as [a, b]"


def _choice(value: Any, limits: Any) -> Explanation:
    """pydantic gives the choices as `'a', 'b' or 'c'`."""
    allowed = limits["expected"].replace(" or ", ", ").replace("'", "").split(", ")
    close = difflib.get_close_matches(str(value), allowed, 1)
    return f"`{value}` is none of {', '.join(allowed)}", f"did you mean `{close[0]}`?" if close else ""


_PLAIN = {
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type", "mapping_type"), "should be a mapping of keys and values"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "should be true or false"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float", "int_parsing_size"), "should be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "should be a number"),
    **dict.fromkeys(("byte_size", "byte_size_unit"), "should be a size, such as 100MB"),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), "should be a day, such as 2026-01-31"
    ),
    "path_type": "should be a path",
    "greater_than": "should be more than {gt}",
    "greater_than_equal": "should be at least {ge}",
    "less_than": "should be less than {lt}",
    "less_than_equal": "should be at most {le}",
    "string_too_short": "should not be empty",
    "too_short": "should not be empty",
    "string_pattern_mismatch": "should match {pattern}",
    "string_too_long": "should have at most {max_length} characters",
    "too_long": "should have at most {max_length} elements",
}
_WITH_THE_VALUE: dict[str, Callable[[Any, Any], Explanation]] = {
    "string_type": _text,
    "list_type": _list,
    "tuple_type": _list,
    "literal_error": _choice,
}
