"""Alerts, activities and governance commands as JSON, one object a line, under the field names of the model.

A line holds no character that ends a line for some reader or that a terminal obeys; such are `\\u` escapes. A lone
surrogate, which JSON text cannot carry, becomes U+FFFD.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from casbd.model.activity import FIELDS, Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.model.incident import Incident
from casbd.records.timestamps import iso
from casbd.wire.plain_text import BLANKS

ALERT_KEYS = (
    "alert_id",
    "policy_id",
    "policy_name",
    "policy_type",
    "severity",
    "category",
    "title",
    "description",
    "user",
    "app",
    "ip_address",
    "country",
    "first_activity",
    "last_activity",
    "activity_count",
    "activity_ids",
    "status",
    "resolution",
    "comment",
    "risk_score",
    "created",
    "app_instance",
    "tags",
    "merged_into",
    "suppressed",
    "read",
    "assigned_to",
    "incident_id",
    "evidence",
    "closed",
    "closed_by",
    "event",
    "named",
    "detection",
    "unusual",
    "changed",
)
"""In the order in which `casbd alerts list --json` has them; new ones go to the end."""

COMMAND_KEYS = (
    "command_id",
    "action",
    "connector",
    "target",
    "status",
    "reason",
    "alert_id",
    "created",
    "finished",
    "error",
    "policy_id",
    "last_activity",
    "user_id",
    "app",
    "app_instance",
    "policy_digest",
    "started",
    "who",
    "mode",
    "request",
    "answer",
    "duration",
    "restore",
    "reverts",
    "approved",
    "message",
    "recipients",
)

ALERT_TIMES = ("first_activity", "last_activity", "created", "closed", "changed")
COMMAND_TIMES = ("created", "finished", "last_activity", "started", "approved")
_ACTIVITY_TIMES = tuple(field.name for field in FIELDS.values() if field.kind == "time")
_TO_ESCAPE = re.compile("[" + "".join(re.escape(chr(code)) for code in BLANKS if code >= 0x7F) + "]")


def alert(alert: Alert) -> bytes:
    """One alert, without the line's end."""
    return line(alert_fields(alert))


def alert_fields(alert: Alert) -> dict[str, Any]:
    """The same as an object, to be made a line of."""
    return _mapping(alert, ALERT_KEYS, ALERT_TIMES)


def incident(incident: Incident) -> bytes:
    """One incident, without the line's end."""
    return line(incident_fields(incident))


def incident_fields(incident: Incident) -> dict[str, Any]:
    """The same as an object, to be made a line of."""
    return _mapping(incident, incident.__struct_fields__, ("first_activity", "last_activity"))


def activity(activity: Activity) -> bytes:
    """One activity, without the line's end. `raw` stays the text that was exported."""
    return line(activity_fields(activity))


def activity_fields(activity: Activity) -> dict[str, Any]:
    """The same as an object, to be made a line of."""
    fields = _mapping(activity, tuple(FIELDS), _ACTIVITY_TIMES)
    fields["objects"] = [{"id": o.id, "name": o.name, "type": o.type, "role": o.role} for o in activity.objects]
    return fields


def activities(columns: Mapping[str, Sequence[Any]]) -> Iterator[bytes]:
    """Activities as columns, fields' names to values (objects as mappings): of each the line that `activity` gives, of these fields."""
    values = (map(iso, column) if name in _ACTIVITY_TIMES else column for name, column in columns.items())
    return map(line, map(_row(tuple(columns)), *values))


@lru_cache(8)
def _row(names: tuple[str, ...]) -> type[msgspec.Struct]:
    """A type with these fields: it is encoded faster than a mapping."""
    return msgspec.defstruct("Row", names, gc=False)


def command(command: GovernanceCommand) -> bytes:
    """One governance command, without the line's end."""
    return line(command_fields(command))


def command_fields(command: GovernanceCommand) -> dict[str, Any]:
    """The same as an object, to be made a line of."""
    return _mapping(command, COMMAND_KEYS, COMMAND_TIMES)


def _mapping(item: object, keys: tuple[str, ...], times: tuple[str, ...]) -> dict[str, Any]:
    fields = {key: getattr(item, key) for key in keys}
    for key in times:
        if fields[key] is not None:
            fields[key] = iso(fields[key])
    return fields


def line(fields: object) -> bytes:
    """Anything that is JSON, without the line's end."""
    try:
        encoded = msgspec.json.encode(fields)
    except UnicodeEncodeError:
        encoded = msgspec.json.encode(_without_surrogates(fields))
    if encoded.isascii() and b"\x7f" not in encoded:
        return encoded
    text = encoded.decode()
    if text.isprintable():  # half the time of the look for each character that is escaped, all of which are not
        return encoded
    return _TO_ESCAPE.sub(lambda match: f"\\u{ord(match[0]):04x}", text).encode()


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")  # two that are a pair become one character
    if isinstance(value, dict):
        return {key: _without_surrogates(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without_surrogates(inner) for inner in value]
    return value
