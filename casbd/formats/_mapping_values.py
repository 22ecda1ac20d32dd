"""What a path of a mapping leads to, read as a value of the field: text, a list, a choice, a flag, a number or a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any

from casbd.errors import BadRecord
from casbd.model.activity import FIELDS
from casbd.records import record_path, timestamps

UNKNOWN = frozenset({"", "-", "n/a", "null", "none", "<null>", "unknown", "not available"})

Read = Callable[[str, list[Any]], Any]


def is_unknown(value: Any) -> bool:
    """Whether it only says that nobody knows: the field is left to a pattern or a constant then."""
    if isinstance(value, str):
        return value.strip().casefold() in UNKNOWN
    return value is None or value == [] or value == {}


def time_reader(form: str | None, zone: tzinfo) -> Read:
    """What reads times. form: strptime's codes, None for the usual ways of writing one. zone: whose, where a time names no zone."""

    def read(name: str, values: list[Any]) -> int:
        if form is None:
            return _moment(values, zone)
        text = (_text(name, values) or "").strip()
        try:
            moment = datetime.strptime(text, form)  # noqa: DTZ007  the zone follows
            moment = moment if moment.tzinfo else moment.replace(tzinfo=zone)
            return timestamps.parse(moment.astimezone(UTC).isoformat())
        except (ValueError, OverflowError):
            raise BadRecord(f"`{text[:40]}` is no time of the format {form}") from None

    return read


def _text(_: str, values: list[Any]) -> str | None:
    texts = record_path.texts(values)
    return texts[0] if texts else None


def joined_addresses(_: str, values: list[Any]) -> str | None:
    """A list of addresses is one text, as X-Forwarded-For is."""
    return ", ".join(record_path.texts(values)) or None


def _list(_: str, values: list[Any]) -> tuple[str, ...]:
    return tuple(text for text in record_path.texts(values) if not is_unknown(text))


def _choice(name: str, values: list[Any]) -> str | None:
    """One of the field's values, whatever its case, or a usual word for one; anything else is unknown."""
    text = (_text(name, values) or "").strip().casefold()
    if name == "result":
        text = _WORDS.get(text, text)
    return next((value for value in FIELDS[name].values if value.casefold() == text), None)


_WORDS = dict.fromkeys(("succeeded", "successful", "ok", "allow", "allowed", "permitted", "granted", "passed", "completed"), "success")
_WORDS |= dict.fromkeys(
    ("fail", "failed", "error", "deny", "denied", "block", "blocked", "rejected", "unauthorized", "forbidden"), "failure"
)


def _flag(name: str, values: list[Any]) -> bool | None:
    return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get((_text(name, values) or "").casefold())


def _integer(name: str, values: list[Any]) -> int | None:
    text = _text(name, values) or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _number(name: str, values: list[Any]) -> float | None:
    try:
        number = float(_text(name, values) or "")
    except ValueError:
        return None
    return number if abs(number) < 1e6 else None


def _time(_: str, values: list[Any]) -> int:
    return _moment(values, UTC)


def _moment(values: list[Any], zone: tzinfo) -> int:
    """The first that is a time; zone: whose, where it names no zone."""
    why = ""
    for value in (inner for one in values for inner in (one if isinstance(one, list) else [one])):
        try:
            return timestamps.read(value, zone)
        except ValueError as error:
            why = why or f"`{str(value)[:40]}` is no time: {str(error)[:60]}"
    raise BadRecord(why or "no time where the mapping's `timestamp` leads")


READERS: Mapping[str, Read] = {
    "text": _text,
    "list": _list,
    "choice": _choice,
    "flag": _flag,
    "integer": _integer,
    "number": _number,
    "time": _time,
}
"""How a value of each kind is read, from all that the path leads to."""
