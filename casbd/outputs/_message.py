"""How the outputs write one alert or activity: shared by those that send lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.wire import cef, json_lines, text_line

Item = Alert | Activity
Layout = Literal["cef", "json", "text"]


def writer(layout: Layout, profile: cef.Profile, portal: str) -> Callable[[Item], bytes]:
    """What makes a message, without a line end, of an alert or activity."""
    if layout == "json":
        return lambda item: json_lines.alert(item) if isinstance(item, Alert) else json_lines.activity(item)
    if layout == "text":
        return lambda item: (text_line.alert(item) if isinstance(item, Alert) else text_line.activity(item)).encode()
    return lambda item: cef_message(item, profile, portal).encode()


def cef_message(item: Item, profile: cef.Profile, portal: str, limit: int = 0) -> str:
    """An alert or activity as CEF."""
    if isinstance(item, Alert):
        return cef.alert(item, profile=profile, portal=portal, limit=limit)
    return cef.activity(item, profile=profile, portal=portal, limit=limit)
