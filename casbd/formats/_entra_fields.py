"""The fields of Entra ID's records, whichever way they came: from diagnostic settings, the Graph API, PowerShell or Log Analytics."""

from __future__ import annotations

from typing import Any

from casbd.errors import BadRecord
from casbd.formats._plain import dict_of, list_of, scalar_of
from casbd.formats._times import time_of
from casbd.records.opening import decode

_TIMES = ("activityDateTime", "createdDateTime", "detectedDateTime", "riskLastUpdatedDateTime", "timeGenerated", "time", "timestamp")


class Fields:
    """A record's fields, those of `properties` first, by name without regard to case; JSON inside text is opened.

    kinds: what the envelope, or Log Analytics, calls the log.
    """

    def __init__(self, record: dict[str, Any]) -> None:
        self._values = {key.casefold(): value for key, value in record.items()}
        self.kinds = {text.casefold() for name in ("category", "type") if (text := self.text(name))}
        inside = self._values.get("properties")
        inside = decode(inside) if isinstance(inside, str) else inside
        if isinstance(inside, dict):
            self._values |= {key.casefold(): value for key, value in inside.items() if value not in (None, "")}

    def __contains__(self, name: str) -> bool:
        return name.casefold() in self._values

    def get(self, name: str) -> Any:
        """A value."""
        value = self._values.get(name.casefold())
        return decode(value) if isinstance(value, str) and value[:1] in ("{", "[") else value

    def time(self) -> int:
        """Of the fields with times the first that is one; BadRecord where none is."""
        try:
            return time_of("time", self.text(*_TIMES))
        except BadRecord:
            return time_of("time", *map(self.get, _TIMES))

    def part(self, name: str) -> dict[str, Any]:
        """An object, its fields as Graph calls them; an empty one where it is none."""
        return dict_of(_as_graph_writes(self.get(name)))

    def parts(self, name: str) -> list[dict[str, Any]]:
        """The objects of a list."""
        return [_as_graph_writes(one) for one in list_of(self.get(name)) if isinstance(one, dict)]

    def text(self, *names: str) -> str | None:
        """The first of these that is known, as text."""
        return next((text for name in names if (text := scalar_of(self._values.get(name.casefold())))), None)


def _as_graph_writes(value: Any) -> Any:
    """An object whose keys begin with capitals, as Graph's PowerShell module has them (`ErrorCode`, `IPAddress`), with Graph's own."""
    if not isinstance(value, dict):
        return value
    return {_NAMES.get(key) or key[:1].lower() + key[1:]: _as_graph_writes(inner) for key, inner in value.items()}


_NAMES = {"IPAddress": "ipAddress", "OSVersion": "osVersion"}
