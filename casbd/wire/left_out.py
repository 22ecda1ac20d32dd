"""Fields that an output is not to have: items without them, whatever the output makes of items."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import msgspec
from msgspec.structs import replace

from casbd.documents import nearest
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand

Item = Activity | Alert | GovernanceCommand

_NEEDED = {
    *("activity_id", "timestamp", "activity_type"),
    *("alert_id", "policy_id", "severity", "category", "status", "event", "first_activity", "last_activity", "activity_count"),
    *("command_id", "action", "created", "changed", "closed", "merged_into", "suppressed"),
}
"""What a message is, when it was, and which earlier one it is about."""
_EMPTY = {
    kind: {field.name: field.default for field in msgspec.structs.fields(kind) if not (field.required or field.name in _NEEDED)}
    for kind in (Activity, Alert, GovernanceCommand)
}


def checked(name: str) -> str:
    """The name of a field that can be left out, as it is; ValueError, with the nearest one that can, for another one."""
    if not any(name in fields for fields in _EMPTY.values()):
        if name in _NEEDED:
            raise ValueError(f"`{name}` cannot be left out: it says what a message is about")
        hint = nearest(name, [field for fields in _EMPTY.values() for field in fields])
        raise ValueError(f"there is no field `{name}` that can be left out ({hint})")
    return name


def without(items: Sequence[Item], names: Collection[str]) -> Sequence[Item]:
    """The items, with these of their fields as if nothing were known of them."""
    if not names:
        return items
    empty = {kind: {name: fields[name] for name in names if name in fields} for kind, fields in _EMPTY.items()}
    return [replace(item, **empty[type(item)]) for item in items]
