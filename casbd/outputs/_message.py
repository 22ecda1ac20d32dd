"""How the outputs write one alert, activity or outcome of governance: shared by those that send lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.plugins import Item
from casbd.wire import cef, json_lines, text_line

Layout = Literal["cef", "json", "text"]


def writer(layout: Layout, profile: cef.Profile, portal: str) -> Callable[[Item], bytes]:
    """What makes a message, without a line end, of an item."""
    if layout == "json":
        return json_message
    if layout == "text":
        return lambda item: text_message(item).encode()
    return lambda item: cef_message(item, profile, portal).encode()


def json_message(item: Item) -> bytes:
    """An item as JSON."""
    if isinstance(item, Activity):
        return json_lines.activity(item)
    return json_lines.alert(item) if isinstance(item, Alert) else json_lines.command(item)


def text_message(item: Item) -> str:
    """An item as a line for people."""
    if isinstance(item, Activity):
        return text_line.activity(item)
    return text_line.alert(item) if isinstance(item, Alert) else text_line.command(item)


def cef_message(item: Item, profile: cef.Profile, portal: str, limit: int = 0) -> str:
    """An item as CEF."""
    if isinstance(item, Alert):
        return cef.alert(item, profile=profile, portal=portal, limit=limit)
    if isinstance(item, Activity):
        return cef.activity(item, profile=profile, portal=portal, limit=limit)
    return cef.command(item, profile=profile, portal=portal, limit=limit)
