from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Any

import maxminddb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.enrichers._mmdb import DAMAGED, Database

MAXMIND = Path(__file__).parent / "maxmind"
FILES = [*MAXMIND.glob("*.mmdb")]


def as_it_is(record: Any) -> Any:
    return record


OPEN = [(Database(file, as_it_is), maxminddb.open_database(file)) for file in FILES]
NETWORKS = [network for _, reader in OPEN for network, _ in reader]
"""Every network that one of the files knows."""


@given(st.sampled_from(NETWORKS), st.integers(0, 2**128), st.ip_addresses())
def test_says_what_maxminddb_says(network: Any, host: int, anywhere: IPv4Address | IPv6Address) -> None:
    known = network[host % network.num_addresses]
    for ip in (known, anywhere):
        for database, reader in OPEN:
            assert database.get(ip.max_prefixlen, int(ip)) == reader.get(ip)


def tree(size: int, version: int, nodes: int, folder: Path) -> Path:
    """A file in which ...0 leads on and ...1 to nothing, and whose last node leads to the record "x" by 0."""
    node_bytes = size // 4
    content = b""
    for number in range(nodes):
        left, right = (number + 1 if number + 1 < nodes else nodes + 16), nodes
        if size == 28:
            high = (left >> 24) << 4 | right >> 24
            content += (left & 0xFFFFFF).to_bytes(3, "big") + bytes([high]) + (right & 0xFFFFFF).to_bytes(3, "big")
        else:
            content += left.to_bytes(node_bytes // 2, "big") + right.to_bytes(node_bytes // 2, "big")
    facts = {"binary_format_major_version": 2, "binary_format_minor_version": 0, "build_epoch": 0, "database_type": "t", "description": {}}
    facts |= {"ip_version": version, "languages": {}, "node_count": nodes, "record_size": size}
    file = folder / f"{size}.mmdb"
    file.write_bytes(content + bytes(16) + b"\x41x" + b"\xab\xcd\xefMaxMind.com" + encoded(facts))
    return file


def encoded(value: Any) -> bytes:
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(encoded(key) + encoded(item) for key, item in value.items())
    if isinstance(value, str):
        return bytes([2 << 5 | len(value)]) + value.encode()
    return bytes([6 << 5 | 4]) + int(value).to_bytes(4, "big")


@pytest.mark.parametrize("size", [24, 28, 32])
def test_all_sizes_of_nodes(size: int, tmp_path: Path) -> None:
    database = Database(tree(size, 4, 8, tmp_path), as_it_is)
    for ip in ("0.0.0.0", "0.255.0.1", "1.0.0.0", "128.0.0.0", "255.255.255.255"):
        assert database.get(32, int(ip_address(ip))) == ("x" if ip_address(ip) in ip_network("0.0.0.0/8") else None)
    assert database.get(128, 0) is None


@pytest.mark.parametrize("size", [24, 28, 32])
def test_ipv4_lies_within_the_tree_for_ipv6(size: int, tmp_path: Path) -> None:
    database = Database(tree(size, 6, 104, tmp_path), as_it_is)
    assert database.get(32, int(ip_address("0.1.2.3"))) == "x"
    assert database.get(32, int(ip_address("1.1.2.3"))) is None
    assert database.get(128, int(ip_address("::1"))) == "x"
    assert database.get(128, int(ip_address("2001:db8::1"))) is None


def test_a_tree_without_end_is_damage(tmp_path: Path) -> None:
    database = Database(tree(24, 4, 40, tmp_path), as_it_is)
    with pytest.raises(DAMAGED, match="deeper"):
        database.get(32, 0)
