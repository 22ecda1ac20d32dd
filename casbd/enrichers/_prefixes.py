"""Networks and the look-up of an address among very many of them.

Cloud providers publish a hundred thousand networks. Reading them with `ipaddress` takes most of a second of every start;
the C library's `inet_pton` takes a tenth of that, and is as strict (no leading zeros, no short forms).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
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

    def __str__(self) -> str:
        """`192.0.2.0/24`."""
        network = (self.head << self.bits - self.length, self.length)
        return str(IPv4Network(network) if self.bits == 32 else IPv6Network(network))


def read_prefix(text: str) -> Prefix:
    """`192.0.2.0/24`, `2001:db8::/32` or one address. ValueError says what is wrong, with bits set behind the prefix too."""
    address, slash, suffix = text.partition("/")
    bits, number = read_address(address)
    length = bits if not slash else int(suffix) if suffix.isascii() and suffix.isdigit() and len(suffix) < 4 else -1
    if not 0 <= length <= bits:
        raise ValueError(f"`/{suffix}` is no prefix length from 0 to {bits}")
    head = number >> bits - length
    if head << bits - length != number:
        raise ValueError(f"has bits set behind the prefix; the network is {ip_network(text, strict=False)}")
    if bits == 128 and length >= 96 and head >> length - 96 == _MAPPED:
        bits, length, head = 32, length - 96, head & (1 << length - 96) - 1
    return Prefix(bits, length, head)


def read_address(text: str) -> tuple[int, int]:
    """32 or 128, and the address as a number. ValueError where it is none."""
    bits = 128 if ":" in text else 32
    try:
        return bits, int.from_bytes(inet_pton(AF_INET6 if bits == 128 else AF_INET, text), "big")
    except (OSError, ValueError):  # ValueError: a null character, or letters outside of ASCII
        raise ValueError("is neither an IP address nor a network (CIDR)") from None


class PrefixTable(Generic[Value]):
    """Values by network: one dictionary for each length of prefix that occurs."""

    def __init__(self) -> None:
        self._heads: dict[tuple[int, int], dict[int, Value]] = {}
        self._longest_first: dict[int, list[tuple[int, dict[int, Value]]]] = {32: [], 128: []}

    def setdefault(self, prefix: Prefix, value: Value) -> Value:
        """The value at exactly this network, which is `value` from now on if there was none."""
        return self._of_length(prefix).setdefault(prefix.head, value)

    def replace(self, prefix: Prefix, value: Value) -> None:
        """Put another value at exactly this network."""
        self._of_length(prefix)[prefix.head] = value

    def matches(self, bits: int, number: int) -> Iterator[Value]:
        """The values of all networks that hold the address, the smallest network first."""
        return (value for _, value in self.networks(bits, number))

    def networks(self, bits: int, number: int) -> Iterator[tuple[Prefix, Value]]:
        """The same, with the networks."""
        for length, heads in self._longest_first[bits]:
            head = number >> bits - length
            if head in heads:
                yield Prefix(bits, length, head), heads[head]

    def _of_length(self, prefix: Prefix) -> dict[int, Value]:
        key = prefix.bits, prefix.length
        if key not in self._heads:
            self._heads[key] = {}
            lengths = self._longest_first[prefix.bits]
            lengths.append((prefix.length, self._heads[key]))
            lengths.sort(key=lambda pair: pair[0], reverse=True)
        return self._heads[key]


# Addresses that are in no particular place: private, shared, local, for documentation, for groups, reserved.
# https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry
_SPECIAL = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.168.0.0/16 198.18.0.0/15 "
    "198.51.100.0/24 203.0.113.0/24 224.0.0.0/3 ::/127 64:ff9b:1::/48 100::/64 2001:2::/48 2001:db8::/32 fc00::/7 fe80::/10 ff00::/8"
)
_FIRST: dict[int, list[int]] = {32: [], 128: []}
_LAST: dict[int, list[int]] = {32: [], 128: []}
for _bits, _length, _head in sorted(map(read_prefix, _SPECIAL.split()), key=lambda prefix: prefix.head << prefix.bits - prefix.length):
    _FIRST[_bits].append(_head << _bits - _length)
    _LAST[_bits].append((_head + 1 << _bits - _length) - 1)


def is_special(bits: int, number: int) -> bool:
    """Whether an address belongs to nobody and nowhere in particular."""
    index = bisect_right(_FIRST[bits], number) - 1
    return index >= 0 and number <= _LAST[bits][index]
