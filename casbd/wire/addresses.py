"""The client's address as it stands in audit records, in all the forms that vendors write.

Office 365 alone has seven (Management Activity API schema: ClientIP, ClientIPAddress, ActorIpAddress): with and without
port, with and without brackets, IPv4 inside IPv6, "host (address)", and words such as `<null>` in place of an address.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple

from casbd.remembered import Remembered

LONGEST = 200
"""Characters. Nothing longer holds an address."""

_NUMBER = re.compile(r"[0-9]+")
_BRACKETS = re.compile(r"\[([^][]*)\](?::([0-9]*))?")
_AFTER_A_HOST = re.compile(r"\[?[^][()]*\(([^()]*)\)\]?")
_PORT = re.compile(r"(.*[^:]):([0-9]+)")


class Address(NamedTuple):
    """ip: canonical (RFC 5952; an IPv4-mapped one as IPv4), or None where the text holds no address. port: 1 to 65535."""

    ip: str | None = None
    port: int | None = None


NO_ADDRESS = Address()


def parse(text: str | None) -> Address:
    """The address and port in a client-address field; `NO_ADDRESS` for anything else. Never raises."""
    return _known[text] if text else NO_ADDRESS


def _parse(text: str) -> Address:
    if len(text) > LONGEST:
        return NO_ADDRESS
    text = text.strip()
    host, _, port = text.partition(":")
    if "." in host and (not port or _NUMBER.fullmatch(port)) and (found := _address(host, port)).ip is not None:
        return found
    if form := _AFTER_A_HOST.fullmatch(text):
        return _address(form[1])
    if form := _BRACKETS.fullmatch(text):
        return _address(form[1], form[2])
    # An IPv6 address with a port but without brackets is taken as one longer address wherever it can be read so.
    whole = _address(text)
    if whole.ip is None and (form := _PORT.fullmatch(text)):
        return _address(form[1], form[2])
    return whole


def _address(text: str, port: str | None = None) -> Address:
    ip = _canonical(text)
    if ip is None:
        return NO_ADDRESS
    number = int(port) if port else 0
    return Address(ip, number if 0 < number < 65536 else None)


@lru_cache(maxsize=50_000)  # the same address comes with ever new ports
def _canonical(text: str) -> str | None:
    try:
        if ":" not in text:
            inet_pton(AF_INET, text)  # refuses leading zeros (some read 010 as ten, some as eight), so the text is canonical
            return text
        text = text.partition("%")[0]  # %eth0 means something on the machine that wrote it only
        canonical = inet_ntop(AF_INET6, inet_pton(AF_INET6, text))
        if "." not in canonical:
            return canonical
        address = IPv6Address(text)  # with an IPv4 address in it, which RFC 5952 leaves open how to write
        return str(address.ipv4_mapped or address)
    except (OSError, ValueError):
        return None


_known = Remembered(_parse, 20_000, LONGEST)
