"""A LEEF 2.0 parser that forgives nothing, written from IBM's pages alone (https://www.ibm.com/docs/en/dsm?topic=leef-overview)."""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime

from strict_cef import harmful

NAMES = {"usrName": 255, "accountName": 255, "vSrcName": 255, "identHostName": 255, "identNetBios": 255, "identGrpName": 255}
ADDRESSES = {"src", "dst", "identSrc", "vSrc", "srcPreNAT", "dstPreNAT", "srcPostNAT", "dstPostNAT"}
RANGES = {"sev": (1, 10), "srcPort": (0, 65_535), "dstPort": (0, 65_535)}


class NotLeefError(ValueError):
    pass


def parse(message: str) -> tuple[list[str], dict[str, str]]:
    """The header's fields behind the version (vendor, product, its version, event id), and the attributes."""
    message.encode()
    if bad := [c for c in message if harmful(c)]:
        raise NotLeefError(f"harmful character {bad[0]!r}")
    version, *header, delimiter, rest = message.split("|", 6)
    if version != "LEEF:2.0" or len(header) != 4 or not all(field and field == field.strip() for field in header):
        raise NotLeefError(f"header {version} {header}")
    if len(header[3]) > 255:
        raise NotLeefError("an event id is at most 255 characters long")
    attributes: dict[str, str] = {}
    for pair in rest.split(_character(delimiter)):
        key, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z0-9]+", key):
            raise NotLeefError(f"attribute {pair!r}")
        if key in attributes:
            raise NotLeefError(f"{key} twice, the second of which is ignored")
        if not value or value != value.strip() or "|" in value:  # "avoid tab, pipe, or caret delimiters in your event payload"
            raise NotLeefError(f"{key} is empty, or has blanks around it or a pipe in it")
        _check(key, value)
        attributes[key] = value
    if ("devTime" in attributes) != ("devTimeFormat" in attributes):
        raise NotLeefError("devTime and devTimeFormat go together")
    return header, attributes


def device_time(attributes: dict[str, str]) -> int:
    """Milliseconds since 1970."""
    assert attributes["devTimeFormat"] == "MMM dd yyyy HH:mm:ss.SSS z"
    moment = datetime.strptime(attributes["devTime"], "%b %d %Y %H:%M:%S.%f GMT").replace(tzinfo=UTC)
    return round(moment.timestamp() * 1000)


def _character(delimiter: str) -> str:
    if len(delimiter) == 1:
        return delimiter
    if found := re.fullmatch(r"(?:0x|x)([0-9A-Fa-f]{1,4})", delimiter):
        return chr(int(found[1], 16))
    raise NotLeefError(f"delimiter {delimiter!r}")


def _check(key: str, value: str) -> None:
    if key in ADDRESSES:
        ipaddress.ip_address(value)
    if key in RANGES and not RANGES[key][0] <= int(value) <= RANGES[key][1]:
        raise NotLeefError(f"{key}={value}")
    if len(value) > NAMES.get(key, 4000):
        raise NotLeefError(f"{key} is too long")
