"""An event of Azure's activity log, whichever of its shapes it has: the same fields by the same names.

Names compare without regard to case, blanks and underscores (`eventTimestamp`, `event_timestamp`, `EventTimestamp`, `Event category`);
a `{value, localizedValue}` is its value; JSON inside text is opened, and what PowerShell puts into `Content`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from casbd.formats._plain import dict_of, scalar_of
from casbd.records.opening import decode
from casbd.remembered import Remembered

CLAIM = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
_CATEGORIES = {"administrative", "policy", "security", "servicehealth", "resourcehealth", "alert", "autoscale", "recommendation"}
_OPERATIONS = frozenset({"write", "delete", "action"})
"""What diagnostic settings have for the category of an administrative event."""
_OF_AZURE = ("/subscriptions/", "/providers/")


class Event:
    """The fields of an event. resource: its id, empty where there is none. category: `administrative`, `policy`, `servicehealth` ..."""

    def __init__(self, record: dict[str, Any]) -> None:
        self._values = _folded(record)
        identity = self.part("identity")
        self.claims = _content(self.part("claims") or self.part("claimsD") or dict_of(identity.get("claims")))
        self.authorization = _folded(self.part("authorization") or self.part("authorizationD") or dict_of(identity.get("authorization")))
        self.http = _folded(self.part("httpRequest"))
        self.properties = _content(self.part("properties") or self.part("propertiesD"))
        inner = self.properties.get("eventProperties")
        self.properties |= inner if isinstance(inner, dict) else {}
        self.resource, self.category = self._resource(), self._category()

    def __contains__(self, name: str) -> bool:
        return _FOLDED[name] in self._values

    def value(self, name: str) -> Any:
        """A field as it is."""
        return self._values.get(_FOLDED[name])

    def part(self, name: str) -> dict[str, Any]:
        """A field that is an object, also as JSON; an empty one where it is none."""
        value = self.value(name)
        return dict_of(decode(value) if isinstance(value, str) and value[:1] == "{" else value)

    def text(self, *names: str) -> str | None:
        """The first of these that is known, as text."""
        for name in names:
            value = self._values.get(_FOLDED[name])
            if value is not None and (text := scalar_of(_value_of(value) if isinstance(value, dict) else value)):
                return text
        return None

    @property
    def tenant(self) -> str | None:
        """The tenant's id; a row of Log Analytics has that of the workspace under this name."""
        own = None if "operationNameValue" in self else self.text("tenantId")
        return scalar_of(self.claims.get("http://schemas.microsoft.com/identity/claims/tenantid")) or own

    def _resource(self) -> str:
        identifier = self.text("resourceId", "_ResourceId", "resourceUri") or scalar_of(self.authorization.get("scope"))
        name = self.text("resource") or ""
        return identifier or (name if name.startswith("/") else "")

    def _category(self) -> str:
        category = scalar_of(self.properties.get("eventCategory")) or self.text("categoryValue", "category", "eventCategory") or ""
        return "administrative" if category.casefold() in _OPERATIONS else category.replace(" ", "").casefold()


def event_of(record: dict[str, Any]) -> Event | None:
    """The event that a record is; None where it is none."""
    event = Event(record)
    if scalar_of(event.value("type")) == "AzureActivity" or _has(event, ("operationNameValue", "activityStatusValue")):
        return event
    if _has(event, ("eventTimestamp", "operationName", "status")) and (event.resource or "eventDataId" in event):
        return event
    has_category = event.category in _CATEGORIES
    if has_category and _has(event, ("time", "operationName", "resultType")) and event.resource.casefold().startswith(_OF_AZURE):
        return event
    return event if has_category and _has(event, ("time", "operationName", "status", "eventInitiatedBy")) else None


def _has(event: Event, names: Iterable[str]) -> bool:
    return all(name in event for name in names)


def _value_of(pair: dict[str, Any]) -> Any:
    return pair["value"] if "value" in pair else pair.get("Value")


def _content(part: dict[str, Any]) -> dict[str, Any]:
    inside = part.get("Content")
    return dict(inside) if isinstance(inside, dict) else dict(part)


def _folded(part: dict[str, Any]) -> dict[str, Any]:
    return {_FOLDED[key]: value for key, value in part.items()}


_GAPS = str.maketrans("", "", " _")
_FOLDED: Remembered[str, str] = Remembered(lambda name: name[:1].casefold() + name[1:].translate(_GAPS).casefold(), 20_000, 100)
"""Names without what they differ by; but `_ResourceId` is another column than `ResourceId`."""
