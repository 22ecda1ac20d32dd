"""Networks and the look-up of an address among very many of them.

Cloud providers publish a hundred thousand networks. Reading them with `ipaddress` takes most of a second of every start;
the C library's `inet_pton` takes a tenth of that, and is as strict (no leading zeros, no short forms).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_network
from socket import AF_INET, AF_INET6, inet_pton
from typing import Generic, NamedTuple, TypeVar

Value = TypeVar("Value")

_MAPPED = 0xFFFF
"""The first 96 bits of an IPv4 address written as IPv6 (RFC 4291, 2.5.5.2)."""


class Prefix(NamedTuple):
    """A network: how long an address of its kind is (32 or 128), the prefix's length, and the bits of the prefix."""

    bits: int
    length: int
    head: int


def read_prefix(text: str) -> Prefix:
    """`192.0.2.0/24`, `2001:db8::/32` or one address. ValueError says what is wrong, with bits set behind the prefix too."""
    address, slash, suffix = text.partition("/")
    bits, number = _number(address)
    length = bits if not slash else int(suffix) if suffix.isascii() and suffix.isdigit() and len(suffix) < 4 else -1
    if not 0 <= length <= bits:
        raise ValueError(f"`/{suffix}` is no prefix length from 0 to {bits}")
    head = number >> bits - length
    if head << bits - length != number:
        raise ValueError(f"has bits set behind the prefix; the network is {ip_network(text, strict=False)}")
    if bits == 128 and length >= 96 and head >> length - 96 == _MAPPED:
        bits, length, head = 32, length - 96, head & (1 << length - 96) - 1
    return Prefix(bits, length, head)


def _number(address: str) -> tuple[int, int]:
    bits = 128 if ":" in address else 32
    try:
        return bits, int.from_bytes(inet_pton(AF_INET6 if bits == 128 else AF_INET, address), "big")
    except (OSError, ValueError):  # ValueError: a null character, or letters outside of ASCII
        raise ValueError("is neither an IP address nor a network (CIDR)") from None


class PrefixTable(Generic[Value]):
    """Values by network: one dictionary for each length of prefix that occurs."""

    def __init__(self) -> None:
        self._heads: dict[int, dict[int, dict[int, Value]]] = {32: defaultdict(dict), 128: defaultdict(dict)}

    def setdefault(self, prefix: Prefix, value: Value) -> Value:
        """The value at exactly this network, which is `value` from now on if there was none."""
        return self._heads[prefix.bits][prefix.length].setdefault(prefix.head, value)

    def matches(self, ip: str) -> Iterator[Value]:
        """The values of all networks that hold the canonical address, the smallest network first."""
        try:
            bits, number = _number(ip)
        except ValueError:
            return
        for length, heads in sorted(self._heads[bits].items(), reverse=True):
            head = number >> bits - length
            if head in heads:
                yield heads[head]
