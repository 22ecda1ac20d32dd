"""The client's address as it stands in audit records, in all the forms that vendors write.

Office 365 alone has seven (Management Activity API schema: ClientIP, ClientIPAddress, ActorIpAddress): with and without
port, with and without brackets, IPv4 inside IPv6, "host (address)", and words such as `<null>` in place of an address.

Behind proxies it is a list, the client first (X-Forwarded-For, and RFC 7239's `for=...`). As the client's own network may write its private
addresses there, the first public address counts; where there is none, the first address.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton
from typing import NamedTuple

from casbd.remembered import Remembered

LONGEST = 200
"""Characters. Nothing longer holds an address."""
_LONGEST_LIST = 2_000
"""So much of a list is looked at."""

_LONGEST_IPV4 = len("255.255.255.255:65535")
_NUMBER = re.compile(r"[0-9]+")
_BRACKETS = re.compile(r"\[([^][]*)\](?::([0-9]*))?")
_AFTER_A_HOST = re.compile(r"\[?[^][()]*\(([^()]*)\)\]?")
_PORT = re.compile(r"(.*[^:]):([0-9]+)")
_OTHER_PORT = re.compile(r"(.*:.*)(?:[.p#]| port )([0-9]+)")
"""The ways to write an IPv6 address and a port that RFC 5952 (section 6) found in use, besides brackets."""
_FORWARDED = re.compile(r'(?:for=)?"?([^"]*)"?', re.IGNORECASE)
_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"),
        *("198.18.0.0/15", "224.0.0.0/3", "::/127", "fc00::/7", "fe80::/9", "ff00::/8"),
    )
)
"""What no host on the internet has (RFC 6890). Addresses for documentation are left out, as examples use them as public ones."""


class Address(NamedTuple):
    """ip: canonical (RFC 5952; an IPv4-mapped one as IPv4), or None where the text holds no address. port: 1 to 65535."""

    ip: str | None = None
    port: int | None = None


NO_ADDRESS = Address()


def parse(text: str | None) -> Address:
    """The address and port in a client-address field, of a list the client's; `NO_ADDRESS` for anything else. Never raises."""
    return _parsed[text] if text else NO_ADDRESS


def is_public(ip: str) -> bool:
    """Whether a host on the internet can have this canonical address."""
    address = ip_address(ip)
    return not any(address in network for network in _NOT_PUBLIC)


def _parse(text: str) -> Address:
    host, _, port = text.partition(":")
    if (
        len(text) <= _LONGEST_IPV4 and port.isdecimal() and port.isascii() and (ip := _canonical(host)) is not None
    ):  # most of what comes new
        return Address(ip, number if 0 < (number := int(port)) < 65536 else None)
    if "," not in text and ";" not in text and "=" not in text:
        return _one(text)
    whole = text if len(text) <= _LONGEST_LIST else text[:_LONGEST_LIST].rpartition(",")[0]  # not half an address
    return _of_list(whole.replace(";", ",").split(","))


def _of_list(texts: list[str]) -> Address:
    """The first public address, else the first address."""
    first = NO_ADDRESS
    for text in texts:
        inside = _FORWARDED.fullmatch(text.strip())
        address = _one(inside[1]) if inside else NO_ADDRESS
        if address.ip is not None:
            if is_public(address.ip):
                return address
            first = first if first.ip else address
    return first


def _one(text: str) -> Address:
    if len(text) > LONGEST:
        return NO_ADDRESS
    text = text.strip()
    host, _, port = text.partition(":")
    if "." in host and (not port or _NUMBER.fullmatch(port)) and (address := _address(host, port)).ip is not None:
        return address
    if form := _AFTER_A_HOST.fullmatch(text):
        return _address(form[1])
    if form := _BRACKETS.fullmatch(text):
        return _address(form[1], form[2])
    # An IPv6 address with a port but without brackets is taken as one longer address wherever it can be read so.
    whole = _address(text)
    if whole.ip is None and (form := _PORT.fullmatch(text) or _OTHER_PORT.fullmatch(text)):
        return _address(form[1], form[2])
    return whole


def _address(text: str, port: str | None = None) -> Address:
    ip = _canonical(text)
    if ip is None:
        return NO_ADDRESS
    number = int(port) if port else 0
    return Address(ip, number if 0 < number < 65536 else None)


@lru_cache(maxsize=50_000)
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


_parsed = Remembered(_parse, 20_000, LONGEST, lambda address: address.port is None)
"""With a port hardly any text comes twice: such ones would drive all others out."""
