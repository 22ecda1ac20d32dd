"""What kind of value each field has in JSON, for receivers whose tables and indexes must know it beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from casbd.model.activity import FIELDS
from casbd.wire import json_lines

Kind = Literal["time", "text", "flag", "integer", "number", "list", "objects"]
Item = Literal["alert", "activity", "governance"]
"""list: of texts. objects: one, or a list of them."""

_ALERT: Mapping[str, Kind] = {
    **dict.fromkeys(json_lines.ALERT_TIMES, "time"),
    **dict.fromkeys(("activity_ids", "tags", "named"), "list"),
    **dict.fromkeys(("activity_count", "risk_score"), "integer"),
    **dict.fromkeys(("suppressed", "read"), "flag"),
    "unusual": "number",
}
_COMMAND: Mapping[str, Kind] = {
    **dict.fromkeys(json_lines.COMMAND_TIMES, "time"),
    "restore": "objects",
    "recipients": "list",
    "duration": "integer",
}

KINDS: Mapping[Item, Mapping[str, Kind]] = {
    "alert": {key: _ALERT.get(key, "text") for key in json_lines.ALERT_KEYS},
    "activity": {name: "text" if field.kind == "choice" else field.kind for name, field in FIELDS.items()},
    "governance": {key: _COMMAND.get(key, "text") for key in json_lines.COMMAND_KEYS},
}
"""Of each item the fields in the order of its JSON. An alert about casbd itself is an alert."""
