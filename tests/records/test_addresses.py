from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casbd.records.addresses import LONGEST, NO_ADDRESS, Address, _parsed, parse


@pytest.mark.parametrize(
    ("text", "ip", "port"),
    [
        ("1.2.3.4", "1.2.3.4", None),
        (" 1.2.3.4\n", "1.2.3.4", None),
        ("1.2.3.4:567", "1.2.3.4", 567),
        ("1.2.3.4:65535", "1.2.3.4", 65535),
        ("[1.2.3.4]:567", "1.2.3.4", 567),
        ("2001:db8::1", "2001:db8::1", None),
        ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1", None),
        ("[2001:db8::1]", "2001:db8::1", None),
        ("[2001:db8::1]:567", "2001:db8::1", 567),
        ("2001:db8:1:2:3:4:5:6:443", "2001:db8:1:2:3:4:5:6", 443),
        ("2001:db8::1:443", "2001:db8::1:443", None),
        ("::ffff:1.2.3.4", "1.2.3.4", None),
        ("::FFFF:102:304", "1.2.3.4", None),
        ("[::ffff:1.2.3.4]:80", "1.2.3.4", 80),
        ("::ffff:1.2.3.4:80", "1.2.3.4", 80),
        ("2001:db8::1#443", "2001:db8::1", 443),
        ("2001:db8::1p443", "2001:db8::1", 443),
        ("2001:db8::1.443", "2001:db8::1", 443),
        ("2001:db8::1 port 443", "2001:db8::1", 443),
        ("fe80::1%eth0", "fe80::1", None),
        ("[fe80::1%eth0]:567", "fe80::1", 567),
        ("host (1.2.3.4)", "1.2.3.4", None),
        ("[KAUHWH3JFFK (10.20.49.10)]", "10.20.49.10", None),
        ("::1", "::1", None),
    ],
)
def test_reads_every_form(text: str, ip: str, port: int | None) -> None:
    assert parse(text) == Address(ip, port)


@pytest.mark.parametrize("text", ["1.2.3.4:99999", "1.2.3.4:0", "[1.2.3.4]:", "[1.2.3.4]:70000"])
def test_a_port_that_is_none_leaves_the_address(text: str) -> None:
    assert parse(text) == Address("1.2.3.4", None)


@pytest.mark.parametrize(
    "text",
    [
        None, "", " ", "-", "<null>", "NOT-FOUND", "AWS Internal", "mail.example.com", "example.com:443", "cloudtrail.amazonaws.com",
        "010.1.1.1", "1.2.3", "1.2.3.4.5", "256.1.1.1", "1.2.3.4/24", "1.2.3.4:abc", "1.2.3.4:+5",
        "1.2.3.4 5.6.7.8", ",", " , ", "client, proxy1", "unknown,", "for=_hidden;by=1.2.3.4",
        "[KAUHWH3JFFK (10.20.4930.010)]",
        "1.2.3.4#443", "1.2.3.4p443", "2001:db8::1#", "2001:db8::1#x", "x:y#443",
        "2001:db8:::1", "[2001:db8::1", "[[::1]]", ":", "2600", "٣.٢.٣.٤", "1.2.3.4:٣", "1.2.3.4\x00", "1.2.3.4 " + " " * LONGEST,
    ],
)  # fmt: skip
def test_what_is_no_address(text: str | None) -> None:
    assert parse(text) is NO_ADDRESS


@pytest.mark.parametrize(
    ("text", "ip", "port"),
    [
        ("81.2.69.160, 192.168.22.33", "81.2.69.160", None),
        ("192.168.22.33, 81.2.69.160", "81.2.69.160", None),
        ("192.168.22.33,10.0.0.1", "192.168.22.33", None),
        ("81.2.69.160,", "81.2.69.160", None),
        ("81.2.69.160 , 81.2.69.142", "81.2.69.160", None),
        (" , unknown, client, 81.2.69.160:443, proxy1", "81.2.69.160", 443),
        ("10.0.0.1:5, [2001:470:1::2]:443", "2001:470:1::2", 443),
        ("fe80::1%eth0, ::ffff:81.2.69.160", "81.2.69.160", None),
        ("::ffff:10.0.0.1, ::1, 127.0.0.1, fc00::1, 100.64.0.1, 169.254.1.1, 81.2.69.160", "81.2.69.160", None),
        ("host (10.0.0.1), [KAUHWH3JFFK (81.2.69.160)]", "81.2.69.160", None),
        ("10.1.2.3;81.2.69.160", "81.2.69.160", None),
        ('for="[2001:470:cafe::17]:4711";proto=https;by=203.0.113.43, for=198.51.100.17', "2001:470:cafe::17", 4711),
        ("for=10.0.0.1, For=81.2.69.160", "81.2.69.160", None),
        ("for=81.2.69.160", "81.2.69.160", None),
    ],
)
def test_of_a_list_the_first_public_address_else_the_first(text: str, ip: str, port: int | None) -> None:
    assert parse(text) == Address(ip, port)


def test_a_long_list_is_looked_at_in_part_and_no_address_of_it_is_cut() -> None:
    assert parse(", ".join(["10.0.0.1"] * 20 + ["81.2.69.160"])) == Address("81.2.69.160")
    for length in range(1_980, 2_020):
        ip = parse("x" * 100 + "," * (length - 100) + "81.2.69.160," + "," * 100_000).ip
        assert ip in ("81.2.69.160", None)


@given(st.text() | st.text(alphabet="0123456789abcdef.:[]()% ,;=for", max_size=60))
def test_never_raises_and_what_it_finds_is_canonical(text: str) -> None:
    found = parse(text)
    if found.ip is not None:
        assert str(ip_address(found.ip)) == found.ip
        assert parse(found.ip) == Address(found.ip)
    else:
        assert found.port is None
    assert found.port is None or 0 < found.port < 65536


@given(st.ip_addresses(), st.integers(1, 65535))
def test_round_trip(ip: IPv4Address | IPv6Address, port: int) -> None:
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    canonical = str(mapped or ip)
    assert parse(str(ip)) == Address(canonical)
    assert parse(ip.exploded.upper()) == Address(canonical)
    assert parse(f"[{ip}]:{port}") == Address(canonical, port)
    if isinstance(ip, IPv4Address):
        assert parse(f"{ip}:{port}") == Address(canonical, port)
        assert parse(f"::ffff:{ip}") == Address(canonical)


def test_texts_with_a_port_do_not_drive_others_out():
    parse("198.51.100.7")
    for port in range(1, 20_100):
        parse(f"198.51.100.8:{port}")
    assert "198.51.100.7" in _parsed
