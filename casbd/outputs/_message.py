"""How the outputs write one alert, activity or outcome of governance: shared by those that send lines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Literal

from casbd.model.activity import Activity
from casbd.model.alert import SYSTEM, Alert
from casbd.plugins import Item
from casbd.wire import cef, json_lines, leef, ocsf, text_line
from casbd.wire.left_out import left_out

Layout = Literal["cef", "leef", "json", "ocsf", "text"]
Kind = Literal["alert", "activity", "governance", "system"]


def writer(layout: Layout, profile: cef.Profile, portal: str, names: cef.Names = "substitute") -> Callable[[Item], bytes]:
    """What makes a message, without a line end, of an item."""
    if layout == "json":
        return json_message
    if layout == "ocsf":
        return ocsf_message
    if layout == "text":
        return lambda item: text_message(item).encode()
    if layout == "leef":
        return lambda item: leef_message(item, portal).encode()
    return lambda item: cef_message(item, profile, portal, names).encode()


def kind_of(item: Item) -> Kind:
    """What an item is: `system` is an alert about casbd itself, `governance` what became of a command."""
    if isinstance(item, Activity):
        return "activity"
    if isinstance(item, Alert):
        return "system" if item.category == SYSTEM else "alert"
    return "governance"


def json_message(item: Item) -> bytes:
    """An item as JSON."""
    return json_lines.line(json_fields(item))


def json_fields(item: Item) -> dict[str, Any]:
    """What JSON has of it. Its first key, `type`, says what it is: to tell by the others, a receiver would have to know all of them."""
    if isinstance(item, Activity):
        fields = json_lines.activity_fields(item)
    else:
        fields = json_lines.alert_fields(item) if isinstance(item, Alert) else json_lines.command_fields(item)
    for name in left_out(item):
        fields.pop(name, None)
    return {"type": kind_of(item), **fields}


def message_id(message: bytes) -> str:
    """What tells a message of `json_message` from every other one, and is the same when it is sent again: 32 hex digits of its hash.

    Not the item's own id: that is the same in all messages about an alert, and an activity's is whatever the vendor or an attacker wrote.
    """
    return hashlib.blake2b(message, digest_size=16).hexdigest()


def ocsf_message(item: Item, known_id: str = "") -> bytes:
    """An item as an event of OCSF. An activity's has the activity's own id, by which alerts name it. known_id: its `message_id`."""
    uid = item.activity_id if isinstance(item, Activity) else known_id or message_id(json_message(item))
    return json_lines.line(ocsf.event(item, uid))


def text_message(item: Item) -> str:
    """An item as a line for people."""
    if isinstance(item, Activity):
        return text_line.activity(item)
    return text_line.alert(item) if isinstance(item, Alert) else text_line.command(item)


def leef_message(item: Item, portal: str, limit: int = 0) -> str:
    """An item as LEEF."""
    if isinstance(item, Alert):
        return leef.alert(item, portal=portal, limit=limit)
    if isinstance(item, Activity):
        return leef.activity(item, portal=portal, limit=limit)
    return leef.command(item, portal=portal, limit=limit)


def cef_message(item: Item, profile: cef.Profile, portal: str, names: cef.Names = "substitute", limit: int = 0) -> str:
    """An item as CEF."""
    if isinstance(item, Alert):
        return cef.alert(item, profile=profile, portal=portal, names=names, limit=limit)
    if isinstance(item, Activity):
        return cef.activity(item, profile=profile, portal=portal, names=names, limit=limit)
    return cef.command(item, profile=profile, portal=portal, limit=limit)
