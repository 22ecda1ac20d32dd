"""Syslog headers (RFC 3164, RFC 5424) and framing on a stream (RFC 6587). Everything here is what stands around a message."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Literal, get_args

from casbd.model.alert import Severity
from casbd.records.timestamps import LATEST, iso

Framing = Literal["lf", "octet-counting"]
Facility = Literal[
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
    "ntp",
    "audit",
    "alert",
    "clock",
    "local0",
    "local1",
    "local2",
    "local3",
    "local4",
    "local5",
    "local6",
    "local7",
]
"""In the order of their codes (RFC 5424, 6.2.1)."""

SEVERITY: dict[Severity, int] = {"informational": 6, "low": 5, "medium": 4, "high": 3}

_FACILITIES: tuple[Facility, ...] = get_args(Facility)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NOT_VISIBLE = re.compile(r"[^\x21-\x7e]+")


def rfc3164(
    *, facility: Facility, severity: Severity, time: int, hostname: str, timestamp: Literal["rfc3339", "classic"] = "rfc3339"
) -> str:
    """What goes before a CEF message: `<165>2026-01-31T12:00:00.000Z host `.

    There is no tag: `CEF:` itself must be where receivers look for one, or Microsoft's agent takes the message for ordinary
    syslog. The time is UTC, to the millisecond; `classic` is RFC 3164's own `Jan 31 12:00:00`, without year and zone.
    """
    when = iso(time) if timestamp == "rfc3339" else _classic(time // 1000)
    return f"{_priority(facility, severity)}{when} {visible(hostname, 255)} "


def bare(time: int) -> str:
    """What Microsoft's SIEM agent put before a message: `2026-01-31T12:00:00.000Z `. A receiver takes it for `user.notice`."""
    return f"{iso(time)} "


def rfc5424(*, facility: Facility, severity: Severity, time: int, hostname: str, message_id: str = "-") -> str:
    """What goes before a message: `<165>1 2026-01-31T12:00:00.000Z host casbd - alert - `.

    No byte order mark follows, though the RFC asks for one before UTF-8: receivers leave it in front of `CEF:`.
    """
    host, identifier = visible(hostname, 255), visible(message_id, 32)
    return f"{_priority(facility, severity)}1 {iso(time)} {host} casbd - {identifier} - "


def frame(message: bytes, framing: Framing) -> bytes:
    """A message as it goes into a stream: with a line feed behind it, or its length in bytes before it.

    A message for `lf` holds no line feed; CEF and JSON lines never do.
    """
    return message + b"\n" if framing == "lf" else b"%d %b" % (len(message), message)


@lru_cache(256)
def visible(text: str, most: int) -> str:
    """A header field: visible ASCII only, `-` where nothing is left."""
    return _NOT_VISIBLE.sub("", text)[:most] or "-"


@cache
def _priority(facility: Facility, severity: Severity) -> str:
    return f"<{_FACILITIES.index(facility) * 8 + SEVERITY[severity]}>"


@lru_cache(1024)
def _classic(seconds: int) -> str:
    time = datetime.fromtimestamp(min(max(seconds, 0), LATEST // 1000), UTC)
    return f"{_MONTHS[time.month - 1]} {time.day:2d} {time:%H:%M:%S}"
