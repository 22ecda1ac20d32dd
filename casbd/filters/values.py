"""The values in rule files and of `--filter`: each checked against its field, and brought into the tree's one form."""

from __future__ import annotations

import ipaddress
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import re2

from casbd.documents import durations, nearest
from casbd.filters.log_on_failures import MEANINGS
from casbd.filters.operators import ALL_FIELDS, Kind, Operator
from casbd.filters.tree import Value
from casbd.model.activity import FIELDS
from casbd.records import regular_expressions
from casbd.records.record_path import parse_path, write_path

_WORD_ENDS = str.maketrans(dict.fromkeys(",._/\\@-:", " "))
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)


class FilterError(ValueError):
    """A value, an operator or a field that cannot be; `hint` says what can."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} ({hint})" if hint else message)
        self.message = message
        self.hint = hint


def words(text: str) -> str:
    """The words of a text, casefolded, with one blank before, between and after; so that whole words can be searched for.

    Words end where MDCA ends them: at comma, dot, blank, underscore, `/`, `\\`, `@`, `-` and `:`.
    """
    return f" {' '.join(text.casefold().translate(_WORD_ENDS).split())} "


def milliseconds(duration: Any) -> int:
    """A duration such as `90s`, `5m`, `1h` or `7d`; FilterError where it is none."""
    length = durations.milliseconds(duration)
    if length is None:
        raise FilterError(f"`{duration}` is no duration", durations.ALLOWED)
    return length


def time(value: Any) -> int:
    """A point in time as milliseconds; without a zone it is UTC, a day alone is its first moment. FilterError where it is none."""
    try:
        moment = datetime.fromisoformat(value.strip())
    except (ValueError, AttributeError):  # YAML gives times as text, and anything else as something that cannot be stripped
        raise FilterError(f"`{value}` is no time", "such as 2026-01-31 or 2026-01-31T12:00:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    since = moment - _EARLIEST
    return since.days * 86_400_000 + since.seconds * 1_000 + since.microseconds // 1_000


def check(field: str, kind: Kind, operator: Operator, value: Any) -> Value:
    """One value of an operator in the tree's form. FilterError, with what is allowed, where the field cannot have it."""
    if value is None:
        raise FilterError("there is no value", "to ask for null: isset: false")
    match operator.takes:
        case "same":
            return _same(field, kind, value)
        case "number":
            return _ordered(kind, value)
        case "range":
            return _range(kind, value)
    return _CHECKS[operator.takes](value)


def _field(value: Any) -> str:
    """The name of a field of text, or a path into the record."""
    text = _text(value)
    if text.startswith("raw."):
        try:
            return f"raw.{write_path(parse_path(text[4:]))}"
        except ValueError:
            raise FilterError(f"`{text}` is no path", "such as raw.requestParameters.userName") from None
    names = [name for name, field in FIELDS.items() if field.kind in ("text", "choice")]
    if text not in names:
        raise FilterError(f"`{text}` is no field of text", nearest(text, [*names, "raw."]))
    return text


def _meaning(value: Any) -> str:
    text = _text(value)
    if text.casefold() not in MEANINGS:
        raise FilterError(f"no failure means `{text}`", f"allowed: {', '.join(MEANINGS)}")
    return text.casefold()


def _same(field: str, kind: Kind, value: Any) -> Value:
    match kind:
        case "flag":
            return _flag(value)
        case "integer":
            return _whole(value)
        case "number" | "time":
            return _ordered(kind, value)
        case "raw":
            return _raw_text(value)
    text = _text(value)
    choices = ALL_FIELDS[field].values
    if choices:
        return _choice(field, text, choices)
    if field == "country":
        return _country(text)
    return text


def _raw_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        raise FilterError(f"`{value}` compares by its JSON text", 'write it in quotes, as the record has it: "1.50"')
    return value if value == "" else _text(value)


def _choice(field: str, text: str, choices: tuple[str, ...]) -> str:
    for choice in choices:
        if choice.casefold() == text.casefold():
            return choice
    suggestion = nearest(text, choices)
    hint = f"{suggestion} allowed: {', '.join(choices)}" if suggestion.startswith("did") else suggestion
    raise FilterError(f"`{field}` is never `{text}`", hint)


def _country(text: str) -> str:
    if not re.fullmatch("[A-Za-z]{2}", text):
        raise FilterError(f"`{text}` is no country code", "two letters, ISO 3166 alpha-2, such as NO")
    if text.upper() == "UK":
        raise FilterError("`UK` is no country code", "did you mean `GB`?")
    return text.upper()


def _text(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise FilterError(f"`{_shown(value)}` is no text", "write it in quotes")
    if not value:
        raise FilterError("empty text: unknown is null, never empty", "to ask for null: isset: false")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise FilterError("half of a surrogate pair is no text")
    return value


def _words(value: Any) -> str:
    text = _text(value)
    if not words(text).strip():
        raise FilterError(f"`{text}` holds no word", "words end at , . blank _ / \\ @ - and :, use substring for these")
    return text


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise FilterError(f"`{_shown(value)}` is neither true nor false", "allowed: true, false")
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise FilterError(f"`{_shown(value)}` is no number")
    return value


def _whole(value: Any) -> int:
    number = _number(value)
    if number != int(number):
        raise FilterError(f"`{value}` is no whole number")
    return int(number)


def _positive(value: Any) -> float:
    number = _number(value)
    if number <= 0:
        raise FilterError(f"`{value}` is no number of days", "more than 0")
    return number


def _ordered(kind: Kind, value: Any) -> float:
    return time(value) if kind == "time" else _number(value)


def _range(kind: Kind, value: Any) -> tuple[float, float]:
    if not isinstance(value, list) or len(value) != 2:
        raise FilterError("a range is [from, to], both ends included")
    start, end = (_ordered(kind, part) for part in value)
    if start > end:
        raise FilterError("the range ends before it begins and never holds", f"did you mean [{_shown(value[1])}, {_shown(value[0])}]?")
    return start, end


def _pattern(value: Any) -> str:
    text = _text(value)
    try:
        refusal = regular_expressions.why_not(regular_expression(text))
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        raise FilterError(f"RE2 refuses this regular expression: {reason}", "syntax: https://github.com/google/re2/wiki/Syntax") from None
    if refusal:
        raise FilterError(refusal, regular_expressions.REPEAT_LESS)
    return text


@lru_cache(4096)
def instructions(pattern: str) -> int:
    """The size of the pattern as RE2 compiles it."""
    return regular_expressions.size(regular_expression(pattern))


def regular_expression(pattern: str) -> Any:
    """The compiled pattern, without regard to case. It takes UTF-8 bytes."""
    return regular_expressions.compiled(pattern.encode(), any_case=True)


def _network(value: Any) -> str:
    text = _text(value)
    try:
        return str(ipaddress.ip_network(text, strict=False))
    except ValueError:
        raise FilterError(f"`{text}` is no network", "such as 10.0.0.0/8 or 2001:db8::/32") from None


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:80]


_CHECKS: dict[str, Callable[[Any], Value]] = {
    "days": _positive,
    "flag": _flag,
    "pattern": _pattern,
    "network": _network,
    "words": _words,
    "field": _field,
    "text": _text,
    "meaning": _meaning,
}
"""By what an operator takes, where it does not matter of which field; filters are read where they stand (`reading.py`)."""
