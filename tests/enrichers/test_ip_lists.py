import json
from pathlib import Path
from typing import Any

import pytest

from casbd.enrichers._ip_lists import MOST_MISTAKES, read_list
from casbd.enrichers._prefixes import read_prefix
from casbd.errors import Mistakes

TOR_ADDRESSES = """\
ExitNode 0011BD2485AD45D984EC4159C88FC066E5E3300E
Published 2026-11-20 07:14:42
LastStatus 2026-11-20 08:00:00
ExitAddress 162.247.74.201 2026-11-20 08:10:34
ExitAddress 2001:db8::7 2026-11-20 08:10:34
"""
MICROSOFT_365 = [
    {
        "id": 1,
        "serviceArea": "Exchange",
        "urls": ["outlook.office.com"],
        "ips": ["13.107.6.152/31", "2603:1006::/40"],
        "tcpPorts": "80,443",
        "required": True,
    },
    {"id": 2, "serviceArea": "Common", "urls": ["*.office.com"], "required": False},
]
AZURE = {
    "changeNumber": 337,
    "cloud": "Public",
    "values": [
        {
            "name": "ActionGroup",
            "id": "ActionGroup",
            "properties": {"region": "", "addressPrefixes": ["4.145.74.52/30", "2603:1000:4:402::178/125"]},
        }
    ],
}
AWS = {
    "syncToken": "1731974355",
    "createDate": "2026-11-18-23-59-15",
    "prefixes": [{"ip_prefix": "3.4.12.4/32", "region": "eu-west-1", "service": "AMAZON", "network_border_group": "eu-west-1"}],
    "ipv6_prefixes": [{"ipv6_prefix": "2600:1ff2:4000::/40", "region": "us-west-2", "service": "AMAZON"}],
}
GCP = {
    "creationTime": "2026-11-18T16:04:43.4",
    "prefixes": [{"ipv4Prefix": "34.1.208.0/20", "service": "Google Cloud"}, {"ipv6Prefix": "2600:1900:8000::/44"}],
}
ZSCALER = {
    "zscaler.net": {
        "continent : EMEA": {
            "city : Oslo": [{"range": "185.46.212.0/23", "vpn": "osl1-vpn.zscaler.net", "latitude": "59.91", "longitude": "10"}]
        }
    }
}

CLOUDFLARE = {"result": {"ipv4_cidrs": ["173.245.48.0/20"], "ipv6_cidrs": ["2400:cb00::/32"], "etag": "38f79d050aa027e3be3865e495dcc9bc"}}


@pytest.mark.parametrize(
    ("content", "networks"),
    [
        ("1.2.3.4\n5.6.7.0/24\n", ["1.2.3.4", "5.6.7.0/24"]),
        ("# Tor\r\n\r\n1.2.3.4 # an exit\r\n  2001:db8::/32\r\n; more\r\n5.6.7.0/24 ; SBL1", ["1.2.3.4", "2001:db8::/32", "5.6.7.0/24"]),
        ("\ufeff1.2.3.4", ["1.2.3.4"]),
        (TOR_ADDRESSES, ["162.247.74.201", "2001:db8::7"]),
        ("172.224.224.0/31,GB,GB-SCT,Glasgow,\n2a02:26f7:b000::/45,DE,,,\n", ["172.224.224.0/31", "2a02:26f7:b000::/45"]),
        ('cidr,cc,region,city\n"172.224.224.0/31",GB,,\n', ["172.224.224.0/31"]),
        (json.dumps(MICROSOFT_365), ["13.107.6.152/31", "2603:1006::/40"]),
        (json.dumps(AZURE, indent=2), ["4.145.74.52/30", "2603:1000:4:402::178/125"]),
        (json.dumps(AWS), ["3.4.12.4/32", "2600:1ff2:4000::/40"]),
        (json.dumps(GCP), ["34.1.208.0/20", "2600:1900:8000::/44"]),
        (json.dumps(ZSCALER), ["185.46.212.0/23"]),
        (json.dumps(CLOUDFLARE), ["173.245.48.0/20", "2400:cb00::/32"]),
    ],
)  # fmt: skip
def test_reads_every_form(content: str, networks: list[str], tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text(content, encoding="utf-8")
    assert sorted(read_list(file)) == sorted(map(read_prefix, networks))


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (b"1.2.3.4\n10.0.0.1/8\n", "list:2:1: `10.0.0.1/8` has bits set behind the prefix; the network is 10.0.0.0/8"),
        (b"1.2.3.4\nexample.com\n", "list:2:1: what begins this line is neither an IP address nor a network"),
        (b"1.2.3.4\n0.0.0.0/0\n", "list:2:1: `0.0.0.0/0` covers every address"),
        (b"<html>\n<body>", "list:1:1: what begins this line is neither"),
        (b"", "list:0:0: holds no address"),
        (b"# nothing\n", "list:0:0: holds no address"),
        (b"{}", "list:0:0: holds no address"),
        (b'{"prefixes": [', "list:0:0: is no whole JSON"),
        (b'["10.0.0.1/8"]', "list:0:0: `10.0.0.1/8` has bits set"),
        (b"[" * 100_000, "list:0:0: is no whole JSON"),
        (b"\xff\xfe1\x00", "list:0:0: is not UTF-8"),
    ],
)
def test_tells_file_line_and_reason(content: bytes, mistake: str, tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_bytes(content)
    with pytest.raises(Mistakes) as caught:
        read_list(file)
    assert mistake in str(caught.value.mistakes[0])


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Mistakes, match=r"no-list:0:0: cannot be read: No such file"):
        read_list(tmp_path / "no-list")


def test_a_page_of_nonsense_is_told_shortly(tmp_path: Path) -> None:
    file = tmp_path / "list"
    file.write_text("nonsense\n" * 10_000)
    with pytest.raises(Mistakes) as caught:
        read_list(file)
    assert len(caught.value.mistakes) == MOST_MISTAKES


def test_a_line_without_end_is_told_shortly(tmp_path: Path) -> None:
    file: Any = tmp_path / "list"
    file.write_text("x" * 1_000_000)
    with pytest.raises(Mistakes) as caught:
        read_list(file)
    assert len(str(caught.value)) < 500
