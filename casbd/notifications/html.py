"""A message as HTML. What came from records is text in it, never markup; nothing is loaded from anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from casbd.model.alert import Severity
from casbd.notifications.wording import Message, Story

_COLOURS: dict[Severity, str] = {"informational": "#5b6770", "low": "#3b6ea5", "medium": "#b25e00", "high": "#b3261e"}
_BODY = "font:15px/1.45 system-ui,Segoe UI,Helvetica,Arial,sans-serif;color:#1c1f22;max-width:44em"
_CELL = "padding:1px 14px 1px 0;vertical-align:top"


def as_html(message: Message) -> str:
    """The whole document."""
    parts = "".join(map(_story, message.stories)) + (_rest(message.rest) if message.rest else "")
    return f'<!DOCTYPE html><html><head><meta charset="utf-8"></head><body style="{_BODY}">{parts}</body></html>\n'


def _story(one: Story) -> str:
    colour = _COLOURS[one.severity]
    label = f'<span style="color:{colour};font-weight:bold">{escape(one.severity.upper())}</span>'
    said = f'<p style="margin:4px 0">{escape(one.said)}</p>' if one.said else ""
    facts = "".join(_fact(name, escape(value)) for name, value in one.facts) + _fact("Next", f"<code>{escape(one.next)}</code>")
    heading = f'<h3 style="margin:0;font-size:16px">{label} {escape(one.title)}</h3>'
    return f'<div style="border-left:4px solid {colour};padding:2px 12px;margin:0 0 18px">{heading}{said}<table>{facts}</table></div>'


def _fact(name: str, value: str) -> str:
    return f'<tr><td style="{_CELL};color:#5b6770">{escape(name)}</td><td style="{_CELL}">{value}</td></tr>'


def _rest(rest: Iterable[tuple[str, int]]) -> str:
    rows = "".join(f'<tr><td style="{_CELL};text-align:right">{number}</td><td>{escape(name)}</td></tr>' for name, number in rest)
    return f"<p>And more, which <code>casbd alerts list</code> shows:</p><table>{rows}</table>"
