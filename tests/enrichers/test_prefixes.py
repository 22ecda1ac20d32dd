from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.enrichers._prefixes import Prefix, PrefixTable, is_special, read_address, read_prefix

Network = IPv4Network | IPv6Network


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("10.0.0.0/8", Prefix(32, 8, 10)),
        ("192.0.2.1", Prefix(32, 32, 0xC0000201)),
        ("0.0.0.0/0", Prefix(32, 0, 0)),
        ("2001:db8::/32", Prefix(128, 32, 0x20010DB8)),
        ("::1", Prefix(128, 128, 1)),
        ("::ffff:10.0.0.0/104", Prefix(32, 8, 10)),
        ("::ffff:0:0/96", Prefix(32, 0, 0)),
    ],
)
def test_reads_networks_and_addresses(text: str, prefix: Prefix) -> None:
    assert read_prefix(text) == prefix


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("10.1.2.3/8", "the network is 10.0.0.0/8"),
        ("2001:db8::1/32", "the network is 2001:db8::/32"),
        ("10.0.0.0/33", "`/33` is no prefix length from 0 to 32"),
        ("::/129", "from 0 to 128"),
        ("10.0.0.0/", "no prefix length"),
        ("10.0.0.0/-1", "no prefix length"),
        ("10.0.0.0/８", "no prefix length"),
        ("10.0.0.0/255.0.0.0", "no prefix length"),
        ("010.0.0.0/8", "neither"),
        ("10.0/8", "neither"),
        ("example.com", "neither"),
        ("", "neither"),
        ("1.2.3.4\x00", "neither"),
        ("١.1.1.1", "neither"),
    ],
)
def test_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_prefix(text)


def networks(bits: int) -> st.SearchStrategy[Network]:
    """Networks that lie close together, so that they hold each other and the addresses below."""
    size = 32 if bits == 32 else 128
    kind = IPv4Network if bits == 32 else IPv6Network
    number = st.integers(0, 255).map(lambda low: (10 << size - 8) + (low << 4))
    return st.tuples(number, st.integers(size - 12, size)).map(lambda pair: kind(pair, strict=False))


@given(st.lists(networks(32) | networks(128), max_size=40), st.integers(0, 4096), st.sampled_from([32, 128]))
def test_finds_what_a_loop_over_all_networks_finds(several: list[Network], low: int, bits: int) -> None:
    table: PrefixTable[Network] = PrefixTable()
    for network in several:
        assert table.setdefault(read_prefix(str(network)), network) == network
    ip = ip_address((10 << bits - 8) + low) if bits == 32 else ip_network(((10 << 120) + low, 128)).network_address
    holding = {network for network in several if ip in network}
    assert list(table.matches(*read_address(str(ip)))) == sorted(holding, key=lambda network: network.prefixlen, reverse=True)


def test_the_first_value_of_a_network_stays() -> None:
    table: PrefixTable[str] = PrefixTable()
    assert table.setdefault(read_prefix("10.0.0.0/8"), "a") == "a"
    assert table.setdefault(read_prefix("10.0.0.0/8"), "b") == "a"
    assert list(table.matches(*read_address("10.1.1.1"))) == ["a"]


@pytest.mark.parametrize("text", ["", "nonsense", "010.1.1.1", "1.2.3.4:5", "\ud800"])
def test_what_is_no_address_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        read_address(text)


SPECIAL = "0.0.0.0 10.0.0.0 10.255.255.255 172.31.0.1 255.255.255.255 :: ::1 fd00::1 fe80::1 ff02::1 2001:db8::1"
ORDINARY = "8.8.8.8 9.255.255.255 11.0.0.0 172.32.0.1 223.255.255.255 ::2 2001:700::1 2603:10a6::1"


@pytest.mark.parametrize(("ip", "special"), [*((ip, True) for ip in SPECIAL.split()), *((ip, False) for ip in ORDINARY.split())])
def test_special_addresses(ip: str, special: bool) -> None:
    assert is_special(*read_address(ip)) is special
