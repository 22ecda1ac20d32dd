"""GeoIP files of a world's networks, in MaxMind's format (https://maxmind.github.io/MaxMind-DB/), laid out as GeoLite2's."""

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from company.world import Network

_TEXT, _DOUBLE, _MAP, _UINT16, _UINT32, _UINT64, _ARRAY = 2, 3, 7, 5, 6, 9, 11
_BUILT = 1_770_000_000
"""When, in seconds since 1970."""


def write(directory: Path, networks: Sequence[Network]) -> None:
    """`city.mmdb` and `asn.mmdb`."""
    (directory / "city.mmdb").write_bytes(_file("Test-City", networks, _place))
    (directory / "asn.mmdb").write_bytes(_file("Test-ASN", networks, _provider))


def _place(network: Network) -> dict[str, Any]:
    place = network.place
    location = {"latitude": place.latitude, "longitude": place.longitude, "accuracy_radius": network.accuracy}
    return {"country": {"iso_code": place.country}, "location": location, "city": {"names": {"en": place.name}}}


def _provider(network: Network) -> dict[str, Any]:
    return {"autonomous_system_number": network.asn, "autonomous_system_organization": network.isp}


def _file(kind: str, networks: Sequence[Network], what: Callable[[Network], dict[str, Any]]) -> bytes:
    nodes: list[list[int | None]] = [[None, None]]
    data, places = bytearray(), {}
    for network in networks:
        record = _encoded(what(network))
        if record not in places:
            places[record] = len(data)
            data += record
        _put(nodes, network, -1 - places[record])
    tree = b"".join(struct.pack(">II", *(_pointer(side, len(nodes)) for side in node)) for node in nodes)
    facts: dict[str, Any] = {
        "binary_format_major_version": (_UINT16, 2),
        "binary_format_minor_version": (_UINT16, 0),
        "build_epoch": (_UINT64, _BUILT),
    }
    facts |= {"database_type": kind, "description": {"en": "of a simulated world"}, "ip_version": (_UINT16, 6), "languages": ["en"]}
    facts |= {"node_count": (_UINT32, len(nodes)), "record_size": (_UINT16, 32)}
    return tree + bytes(16) + bytes(data) + b"\xab\xcd\xefMaxMind.com" + _encoded(facts)


def _put(nodes: list[list[int | None]], network: Network, leaf: int) -> None:
    """Into the tree; IPv4 lies at ::/96. leaf: below zero."""
    subnet = network.subnet
    length = subnet.prefixlen + (96 if subnet.version == 4 else 0)
    bits = int(subnet.network_address)
    node = 0
    for depth in range(length - 1):
        side = bits >> (127 - depth) & 1
        following = nodes[node][side]
        if following is None:
            nodes.append([None, None])
            following = nodes[node][side] = len(nodes) - 1
        assert following >= 0, f"{subnet} lies within another network"
        node = following
    nodes[node][bits >> (128 - length) & 1] = leaf


def _pointer(side: int | None, count: int) -> int:
    if side is None:
        return count
    return side if side >= 0 else count + 16 + (-1 - side)


def _encoded(value: Any) -> bytes:
    if isinstance(value, dict):
        return _control(_MAP, len(value)) + b"".join(_encoded(key) + _encoded(item) for key, item in value.items())
    if isinstance(value, str):
        text = value.encode()
        return _control(_TEXT, len(text)) + text
    if isinstance(value, float):
        return _control(_DOUBLE, 8) + struct.pack(">d", value)
    if isinstance(value, list):
        return _control(_ARRAY, len(value)) + b"".join(map(_encoded, value))
    kind, value = value if isinstance(value, tuple) else (_UINT32, value)
    content = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return _control(kind, len(content)) + content


def _control(kind: int, size: int) -> bytes:
    small = min(size, 29)
    rest = bytes([size - 29]) if size >= 29 else b""
    assert size < 29 + 256
    return (bytes([kind << 5 | small]) if kind <= 7 else bytes([small, kind - 7])) + rest
