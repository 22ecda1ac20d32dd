"""Values that both CEF profiles need: addresses by version, links."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import quote

_LONGEST = 45
"""Characters of an IPv6 address written out."""


def ipv4(address: str | None) -> str | None:
    """The address, where it is IPv4: CEF's address keys take nothing else."""
    return address if address and len(address) <= _LONGEST and _version(address) == 4 else None


def ipv6(address: str | None) -> str | None:
    """The address, where it is IPv6."""
    return address if address and ":" in address and len(address) <= _LONGEST and _version(address) == 6 else None


def is_address(text: str | None) -> bool:
    """Whether it is an address of either version."""
    return bool(text and len(text) <= _LONGEST and _version(text))


@lru_cache(65536)
def _version(address: str) -> int:
    """4, 6, or 0 for text that is no address (a zone, `fe80::1%eth0`, is none either: receivers refuse it)."""
    try:
        return 0 if "%" in address else ipaddress.ip_address(address).version
    except ValueError:
        return 0


def link(portal: str, page: str, item_id: str) -> str:
    """The address of the page of one alert or activity; empty where there is no portal."""
    return f"{portal.rstrip('/')}/{page}/{quote(item_id, safe='', errors='replace')}" if portal else ""
