"""`tests:` of a rule file: the activities that an inline test is made of, each checked against the table of fields."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from casbd.documents import Document, Where, nearest
from casbd.errors import Mistake
from casbd.filters.values import FilterError, milliseconds, time
from casbd.model.activity import FIELDS, Activity, ActivityObject, Field
from casbd.model.alert import Alert
from casbd.policies.policy import Example, ExampleActivity, UsualDays

_HOW = ("repeat", "every", "at", "format")
_ALERT_FIELDS = tuple(field.name for field in msgspec.structs.fields(Alert))


class _Object(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An element of `objects` as people write it, by names."""

    id: str | None = None
    name: str | None = None
    type: str | None = None
    role: str | None = None


DAY = 86_400_000
SATURDAY = 5
BEGINNING = 1_767_225_600_000
"""2026-01-01T00:00:00Z: when an inline test begins that does not say so."""


class ExampleReader:
    """Reads one document's inline tests. `found` collects the mistakes."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.mistakes: list[Mistake] = []

    def read(self, tests: Any) -> tuple[Example, ...]:
        """The tests, as far as they can be read; what is no list or mapping at all the schema reports."""
        if not isinstance(tests, list):
            return ()
        return tuple(self._example(test, ["tests", index]) for index, test in enumerate(tests) if isinstance(test, dict))

    def _example(self, test: dict[str, Any], where: Where) -> Example:
        alerts = test.get("alerts")
        fields = self._alerts(alerts, [*where, "alerts"]) if isinstance(alerts, list) else ()
        return Example(
            name=str(test.get("name", "")),
            usual=self._usual(test.get("usual"), [*where, "usual"]),
            activities=self._activities(test.get("activities"), [*where, "activities"]),
            alerts=alerts if isinstance(alerts, int) else len(fields),
            fields=fields,
        )

    def _usual(self, given: Any, where: Where) -> UsualDays | None:
        if not isinstance(given, dict):
            return None
        several = self._activities(given.get("activities"), [*where, "activities"])
        for index, one in enumerate(several):
            if one.activity is None:
                self._wrong([*where, "activities", index], "a record has a time of its own, and cannot be of each day", "give fields")
            elif one.activity.timestamp or (one.at or 0) >= DAY:
                self._wrong([*where, "activities", index], "this is to be of each day", "at: 9h, the time of day")
        how = {name: given[name] for name in ("days", "working_days") if isinstance(given.get(name), int)}  # else the schema reports it
        return UsualDays(activities=several, **how)

    def _activities(self, written: Any, where: Where) -> tuple[ExampleActivity, ...]:
        return tuple(
            self._activity(activity, [*where, index])
            for index, activity in enumerate(written if isinstance(written, list) else [])
            if isinstance(activity, dict)
        )

    def _alerts(self, alerts: list[Any], where: Where) -> tuple[dict[str, Any], ...]:
        for index, alert in enumerate(alerts):
            for key in alert if isinstance(alert, dict) else ():
                if key not in _ALERT_FIELDS:
                    self._wrong([*where, index, key], f"unknown alert field `{key}`", nearest(key, _ALERT_FIELDS))
        return tuple(alert for alert in alerts if isinstance(alert, dict))

    def _activity(self, data: dict[str, Any], where: Where) -> ExampleActivity:
        values: dict[str, Any] = {}
        how: dict[str, Any] = {}
        for key, value in data.items():
            try:
                if key in _HOW:
                    how[key] = _how(key, value)
                else:
                    values[key] = _value(key, value)
            except FilterError as error:
                self._wrong([*where, key], error.message, error.hint)
        if "format" in how:
            self._only_raw(values, where)
            return ExampleActivity(raw=values.get("raw"), **how)
        if values.get("objects"):
            first = values["objects"][0]
            values = {"object_id": first.id, "object_name": first.name, "object_type": first.type} | values
        return ExampleActivity(activity=Activity(**values), **how)

    def _only_raw(self, values: dict[str, Any], where: Where) -> None:
        if "raw" not in values:
            self._wrong([*where, "format"], "`format` needs the record", "beside it: raw: {...}")
        for key in values:
            if key != "raw":
                self._wrong([*where, key], f"`{key}` comes from the record", "give fields, or raw and format")

    def _wrong(self, where: Where, message: str, hint: str) -> None:
        self.mistakes.append(self._document.mistake(where, message, hint))


def activities(example: Example) -> Iterator[tuple[Activity | None, ExampleActivity]]:
    """The test's activities in time order of the file, with times and ids; None for one that its format must read first.

    Its usual days are before the first of the others that says when it was, else before BEGINNING.
    """
    if example.usual is not None:
        days = _days_before(_first_day(example), example.usual)
        for number, day in enumerate(days, 1):
            for activity, template in _of_a_day(example.usual.activities, day):
                if activity is not None:  # a record is none that repeats, which the reader reports
                    yield msgspec.structs.replace(activity, activity_id=f"day {number}: {activity.activity_id}"), template
    yield from _of_a_day(example.activities, BEGINNING)


def _of_a_day(templates: Sequence[ExampleActivity], start: int) -> Iterator[tuple[Activity | None, ExampleActivity]]:
    moment = start
    number = 0
    for template in templates:
        moment = moment if template.at is None else start + template.at if template.at < BEGINNING else template.at
        for turn in range(1, template.repeat + 1):
            number += 1
            yield _numbered(template.activity, turn, moment, f"{number}"), template
            moment += template.every


def _first_day(example: Example) -> int:
    given = [time for one in example.activities if (time := (one.activity and one.activity.timestamp) or one.at or 0) >= BEGINNING // 2]
    first = min(given, default=BEGINNING)
    return first - first % DAY


def _days_before(day: int, usual: UsualDays) -> list[int]:
    days: list[int] = []
    while len(days) < usual.days:
        day -= DAY
        if not usual.working_days or (day // DAY + 3) % 7 < SATURDAY:  # 1970 began on a Thursday, which is 3
            days.append(day)
    return days[::-1]


def _numbered(activity: Activity | None, turn: int, moment: int, name: str) -> Activity | None:
    """One of several repetitions: `{n}` in a text is which one, from 1."""
    if activity is None:
        return None
    changes: dict[str, Any] = {
        field: value.replace("{n}", str(turn))
        for field in activity.__struct_fields__
        if isinstance(value := getattr(activity, field), str) and "{n}" in value
    }
    changes["timestamp"] = activity.timestamp or moment
    changes["activity_id"] = changes.get("activity_id", activity.activity_id) or name
    return msgspec.structs.replace(activity, **changes)


def _how(key: str, value: Any) -> Any:
    if key == "repeat":
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1_000_000:
            raise FilterError(f"`repeat` is never `{value}`", "a whole number from 1 to 1000000")
        return value
    if key == "format":
        if not isinstance(value, str):
            raise FilterError("`format` is the name of a format")
        return value
    if key == "at" and not (isinstance(value, str) and value[-1:] in "smhd"):
        return time(value)
    return milliseconds(value)


def _value(key: str, value: Any) -> Any:
    """A field's value as the Activity holds it; FilterError where it cannot."""
    field = FIELDS.get(key)
    if field is None:
        raise FilterError(f"unknown field `{key}`", nearest(key, [*FIELDS, *_HOW]))
    if key == "raw":
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if value is None and field.kind not in ("time", "list", "objects"):
        return None
    if field.kind == "time":
        return time(value)
    if field.kind in ("list", "objects"):
        return _elements(field, value)
    return _scalar(field, value)


def _elements(field: Field, value: Any) -> Any:
    try:
        if field.kind == "list":
            return msgspec.convert(value, tuple[str, ...])
        return tuple(ActivityObject(*msgspec.structs.astuple(thing)) for thing in msgspec.convert(value, tuple[_Object, ...]))
    except msgspec.ValidationError as error:
        raise FilterError(f"`{field.name}`: {error}") from None


def _scalar(field: Field, value: Any) -> Any:
    types, wanted = _SCALARS.get(field.kind, ((str,), "text"))
    if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
        raise FilterError(f"`{field.name}` is never `{value}`", wanted)
    if field.values and value not in field.values:
        raise FilterError(f"`{field.name}` is never `{value}`", nearest(str(value), field.values))
    return value


_SCALARS: dict[str, tuple[tuple[type, ...], str]] = {
    "flag": ((bool,), "true or false"),
    "integer": ((int,), "a whole number"),
    "number": ((int, float), "a number"),
}
