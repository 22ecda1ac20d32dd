"""Splunk's expressions (`EVAL-field = ...`), as far as the add-on uses them; what it does not use is an error.

After Splunk's Search Reference, "Evaluation functions": a field is null where an event does not have it; what compares with null is
neither true nor false; only two escapes mean anything in a string, `\\\\` and `\\"`, so that a regular expression's others stay.
"""

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Fields = Mapping[str, list[str]]
Expression = Callable[[Fields], Any]

_TOKEN = re.compile(r"""\s*(?:("(?:[^"\\]|\\.)*")|('[^']*')|([A-Za-z_]\w*)|(\d+)|(!=|==|[-+*/<>=(),.]))""")
_WORDS = {"AND", "OR", "NOT"}


def compile_expression(text: str) -> Expression:
    """A function of an event's fields. ValueError where the text is no expression, or uses a function that is not here."""
    parser = _Parser(_tokens(text))
    expression = parser.disjunction()
    if parser.tokens:
        raise ValueError(f"{parser.tokens[0]} in {text}")
    return expression


def names(text: str) -> set[str]:
    """The fields that an expression reads."""
    tokens = _tokens(text)
    calls = {number for number in range(len(tokens) - 1) if tokens[number + 1] == "("}
    words = {token for number, token in enumerate(tokens) if re.match(r"['A-Za-z_]", token) and number not in calls}
    return {word.strip("'") for word in words - _WORDS}


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if not match:
            raise ValueError(f"{text[at:]!r} in {text}")
        found.append(match[0].strip())
        at = match.end()
    return found


def _text(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class _Parser:
    """OR binds least, then AND, NOT, comparisons, and `.`, which joins."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def take(self, *expected: str) -> str | None:
        if self.tokens and self.tokens[0] in expected:
            return self.tokens.pop(0)
        return None

    def demand(self, token: str) -> None:
        if not self.take(token):
            raise ValueError(f"{token} expected before {self.tokens}")

    def disjunction(self) -> Expression:
        parts = [self.conjunction()]
        while self.take("OR"):
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else lambda fields: any(part(fields) for part in parts)

    def conjunction(self) -> Expression:
        parts = [self.negation()]
        while self.take("AND"):
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else lambda fields: all(part(fields) for part in parts)

    def negation(self) -> Expression:
        if self.take("NOT"):
            inner = self.negation()
            return lambda fields: not inner(fields)
        return self.comparison()

    def comparison(self) -> Expression:
        left = self.joined()
        sign = self.take("=", "==", "!=")
        if not sign:
            return left
        right = self.joined()

        def compare(fields: Fields) -> bool | None:
            one, other = _text(left(fields)), _text(right(fields))
            return None if one is None or other is None else (one == other) != (sign == "!=")

        return compare

    def joined(self) -> Expression:
        parts = [self.operand()]
        while self.take("."):
            parts.append(self.operand())
        if len(parts) == 1:
            return parts[0]

        def join(fields: Fields) -> str | None:
            values = [_text(part(fields)) for part in parts]
            return None if None in values else "".join(values)

        return join

    def operand(self) -> Expression:
        if self.take("("):
            inner = self.disjunction()
            self.demand(")")
            return inner
        token = self.tokens.pop(0)
        if token[0] == '"':
            string = re.sub(r'\\([\\"])', r"\1", token[1:-1])
            return lambda fields: string
        if token.isdigit():
            return lambda fields: int(token)
        if self.take("("):
            return self.call(token)
        return _field(token.strip("'"))

    def call(self, name: str) -> Expression:
        arguments: list[Expression] = []
        if not self.take(")"):
            first = self.tokens[0].strip("'")
            arguments.append(self.disjunction())
            while self.take(","):
                arguments.append(self.disjunction())
            self.demand(")")
            if name == "mvmap":
                return _mvmap(first, arguments[1])
        if name not in _FUNCTIONS:
            raise ValueError(f"no function {name}")
        function = _FUNCTIONS[name]
        return lambda fields: function([lambda part=part: part(fields) for part in arguments])


def _field(name: str) -> Expression:
    def value(fields: Fields) -> Any:
        found = fields.get(name)
        return found[0] if found and len(found) == 1 else found or None

    return value


def _mvmap(name: str, each: Expression) -> Expression:
    def mapped(fields: Fields) -> list[Any] | None:
        values = [each({**fields, name: [one]}) for one in fields.get(name, [])]
        return [one for one in values if one is not None] or None

    return mapped


def _case(arguments: list[Callable[[], Any]]) -> Any:
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    return next((value() for condition, value in pairs if condition()), None)


def _json_extract(text: str, key: str) -> Any:
    """Of an object, a value below a key: null is the text `null`, as it comes at its worst."""
    value = _object(text).get(key)
    return value if isinstance(value, str) else json.dumps(value)


@lru_cache(1)
def _object(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def _values(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _mvfind(value: Any, pattern: str) -> int | None:
    return next((number for number, one in enumerate(_values(value)) if re.search(pattern, one)), None)


def _mvindex(value: Any, number: int | None) -> Any:
    return None if number is None or number >= len(_values(value)) else _values(value)[number]


def _strict(function: Callable[..., Any]) -> Callable[[list[Callable[[], Any]]], Any]:
    """One that is null where an argument is."""

    def call(arguments: list[Callable[[], Any]]) -> Any:
        values = [argument() for argument in arguments]
        return None if None in values else function(*values)

    return call


_FUNCTIONS: dict[str, Callable[[list[Callable[[], Any]]], Any]] = {
    "case": _case,
    "coalesce": lambda arguments: next((value for argument in arguments if (value := argument()) is not None), None),
    "if": lambda arguments: arguments[1]() if arguments[0]() else arguments[2](),
    "in": _strict(lambda value, *others: value in others),
    "json_extract": _strict(_json_extract),
    "match": _strict(lambda value, pattern: bool(re.search(pattern, value))),
    "mvfind": _strict(_mvfind),
    "mvindex": _strict(_mvindex),
    "null": lambda _: None,
    "nullif": lambda arguments: None if arguments[0]() == arguments[1]() else arguments[0](),
    "replace": _strict(lambda value, pattern, by: re.sub(pattern, by, value)),
    "true": lambda _: True,
    "upper": _strict(str.upper),
}
