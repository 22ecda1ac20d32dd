"""Fields that an output is not to have: items without them, whatever the output makes of items."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import cache
from types import new_class

import msgspec

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
        hint = nearest(name, dict.fromkeys(field for fields in _EMPTY.values() for field in fields))
        raise ValueError(f"there is no field `{name}` that can be left out ({hint})")
    return name


def without(items: Sequence[Item], names: Collection[str]) -> Sequence[Item]:
    """The items, with these of their fields as if nothing were known of them; `left_out` tells which."""
    if not names:
        return items
    kinds = {kind: _without(kind, frozenset(names)) for kind in _EMPTY}
    return [kinds[type(item)](item) for item in items]


def left_out(item: Item) -> Collection[str]:
    """The fields that an item was to do without: who writes down each field by its name leaves these out."""
    return getattr(item, "left_out", ())


@cache
def _without(kind: type[Item], names: frozenset[str]) -> Callable[[Item], Item]:
    """What makes of an item of a kind one that is of it, too, and says that it has not these fields."""
    empty = {name: default for name, default in _EMPTY[kind].items() if name in names}
    kept = [name for name in kind.__struct_fields__ if name not in empty]
    less = new_class(kind.__name__, (kind,), {}, lambda body: body.update(left_out=frozenset(empty)))
    return lambda item: less(**{name: getattr(item, name) for name in kept}, **empty)
