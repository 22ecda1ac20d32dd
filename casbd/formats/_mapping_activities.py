"""Which operation is of which activity type, as a mapping's `activities`, `admin` and `not_admin` say it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from casbd.documents.name_patterns import NamePatterns
from casbd.formats._mapping_options import MappingOptions
from casbd.formats._mapping_reading import Condition, condition
from casbd.model.activity import Activity
from casbd.remembered import Remembered

LOG_ONS = ("Log on", "Single sign-on log on")
FAILED = "Failed log on"


class _Kind(NamedTuple):
    """What an operation is. conditional: types that it has where a condition holds, which go before `type`."""

    type: str | None
    conditional: Sequence[tuple[Condition, str]]
    admin: bool | None


class Activities:
    """The tables of one mapping. Operations compare without regard to case."""

    def __init__(self, options: MappingOptions) -> None:
        entries = [(one, kind) for kind, operations in options.activities.items() for one in operations]
        self._types = {text: kind for one, kind in reversed(entries) if not one.when for text in one.operation}
        self._patterns = NamePatterns(self._types)
        self._conditional = [
            (NamePatterns(one.operation), holds, kind) for one, kind in entries if (holds := condition(one.when)) is not None
        ]
        self._admin, self._not_admin = _beginnings(options.admin), _beginnings(options.not_admin)
        self._kinds = Remembered(self._kind, 20_000)  # a vendor's vocabulary, but an attacker may invent some

    def __bool__(self) -> bool:
        return bool(self._types or self._conditional or self._admin)

    def complete(self, activity: Activity, here: Any, record: Any, mapped: dict[str, Any]) -> None:
        """Give an activity its type, and whether it is administrative, where the mapping has not (`mapped`)."""
        kind = self._kinds[activity.action_type or ""]
        if not mapped.get("activity_type"):
            found = next((name for holds, name in kind.conditional if holds(here, record)), kind.type)
            activity.activity_type = found or activity.activity_type
        if activity.activity_type in LOG_ONS and activity.result == "failure":
            activity.activity_type = FAILED
        elif activity.result is None and activity.activity_type in (*LOG_ONS, FAILED):
            activity.result = "failure" if activity.activity_type == FAILED else "success"
        if kind.admin is not None and mapped.get("is_admin_operation") is None:
            activity.is_admin_operation = kind.admin

    def _kind(self, operation: str) -> _Kind:
        pattern = self._patterns.matching(operation)
        conditional = [(holds, kind) for names, holds, kind in self._conditional if names.matching(operation) is not None]
        admin = self._admin(operation) and not (self._not_admin and self._not_admin(operation)) if self._admin else None
        return _Kind(None if pattern is None else self._types[pattern], conditional, admin)


def _beginnings(texts: Sequence[str]) -> Callable[[str], bool] | None:
    """Whether an operation is one of these, or begins so; with `*` in it, whether it is so as a whole. None where there are none."""
    plain = tuple(text.casefold() for text in texts if "*" not in text)
    patterns = NamePatterns(text for text in texts if "*" in text)
    return (lambda operation: operation.casefold().startswith(plain) or patterns.matching(operation) is not None) if texts else None
