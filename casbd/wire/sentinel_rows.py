"""Alerts, activities and outcomes of governance as rows of tables of Log Analytics, where Microsoft Sentinel looks.

Names are those of `CloudAppEvents` where it has the field, else casbd's own in Microsoft's spelling (`policy_name`: `PolicyName`).
Sources: Microsoft, "CloudAppEvents" (page of 2025-03-28), "Logs Ingestion API in Azure Monitor" (limits), "Add or delete tables and columns
in Azure Monitor Logs" (names that are reserved).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from casbd.model.activity import FIELDS, Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.records.timestamps import iso
from casbd.wire import field_types, json_lines
from casbd.wire.moments import moment
from casbd.wire.plain_text import MARK

Item = Alert | Activity | GovernanceCommand
Type = Literal["datetime", "string", "int", "long", "real", "boolean", "dynamic"]
Table = Literal["CasbdAlert", "CasbdActivity", "CasbdGovernance"]

MOST_OF_FIELD = 60_000
"""Bytes of a field's JSON. Azure cuts at 64 KB, without a word and wherever that is: a list or object would be no JSON any more."""
_SURE = MOST_OF_FIELD // 6 - 1
"""Characters that fit whatever they are, as an escape has six bytes: nearly every text, which need not be encoded to see it."""

_TYPES: Mapping[field_types.Kind, Type] = {
    "time": "datetime", "text": "string", "flag": "boolean", "integer": "long", "number": "real", "list": "dynamic", "objects": "dynamic",
}  # fmt: skip
_OTHERWISE = {"title": "AlertTitle", "ip_address": "IPAddress", "objects": "ActivityObjects", "raw": "RawEventData", "asn": "ASN"}
"""`Title` is reserved, and single words need not be told apart."""


def column(field: str) -> str:
    """The name of a field's column."""
    if field in FIELDS and FIELDS[field].events:
        return FIELDS[field].events
    return _OTHERWISE.get(field) or "".join(part.capitalize() for part in field.split("_")).replace("Ip", "IP")


def _columns(item: field_types.Item) -> dict[str, Type]:
    types = {column(field): "dynamic" if field == "raw" else _TYPES[kind] for field, kind in field_types.KINDS[item].items()}
    return {"TimeGenerated": "datetime", "RecordType": "string", **types}


COLUMNS: Mapping[Table, Mapping[str, Type]] = {
    "CasbdAlert": _columns("alert"),
    "CasbdActivity": _columns("activity"),
    "CasbdGovernance": _columns("governance"),
}
"""Of each table the columns, in their order, and their types. `TimeGenerated`: when an alert was raised or changed, an activity was, or
something became of a command; Azure puts the time of ingestion in its place where it is more than two days old, so there are others.
`RecordType`: `alert`, `activity`, `governance`, or `system` for an alert about casbd itself."""


def table_of(item: Item) -> Table:
    """Where an item belongs."""
    return "CasbdAlert" if isinstance(item, Alert) else "CasbdActivity" if isinstance(item, Activity) else "CasbdGovernance"


def row(item: Item, fields: Mapping[str, Any]) -> bytes:
    """An item as a row. fields: what its JSON has (`type` among them)."""
    values = {"TimeGenerated": iso(moment(item)), "RecordType": fields["type"]}
    for field, value in fields.items():
        if value is not None and field != "type":
            values[column(field)] = _bounded(field, value)
    return json_lines.line(values)


def _bounded(field: str, value: Any) -> Any:
    if field == "raw":
        return _record(value)
    if isinstance(value, str):
        return _cut(value)
    if isinstance(value, list | tuple):
        return _as_many_as_fit(list(value))
    return value


def _cut(text: str) -> str:
    """At most so many bytes as JSON has them, a mark at the end of what was cut."""
    if len(text) <= _SURE or _size(text) <= MOST_OF_FIELD:
        return text
    text = text[: MOST_OF_FIELD - len(MARK) - 2]
    while _size(text) + len(MARK) > MOST_OF_FIELD:
        text = text[: len(text) * 3 // 4]
    return text + MARK


def _as_many_as_fit(values: list[Any]) -> list[Any]:
    size = 2
    for place, value in enumerate(values):
        size += _size(value) + 1
        if size > MOST_OF_FIELD:
            return values[:place]
    return values


def _size(value: Any) -> int:
    return len(json_lines.line(value))


def _record(raw: str) -> Any:
    """The record as it is, so that queries reach into it; the beginning of its text where it is too large, or no JSON."""
    try:
        text = raw.encode()
        if len(text) <= MOST_OF_FIELD:
            msgspec.json.decode(text)
            return msgspec.Raw(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    return _cut(raw)
