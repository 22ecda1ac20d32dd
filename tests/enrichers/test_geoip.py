import logging
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.enrichers.geoip import GeoIP
from casbd.errors import Mistakes
from casbd.model.activity import Activity
from casbd.pipeline.enrichment import Enrichment

MAXMIND = Path(__file__).parent / "maxmind"
CITY = MAXMIND / "GeoLite2-City-Test.mmdb"
ASN = MAXMIND / "GeoLite2-ASN-Test.mmdb"


def look_up(ip: str, **options: Path) -> Activity:
    activity = Activity(ip_address=ip)
    Enrichment([GeoIP(GeoIP.Options(**options))]).enrich([activity])
    return activity


def place(activity: Activity) -> tuple[Any, ...]:
    return activity.country, activity.city, activity.latitude, activity.longitude


def encoded(value: Any) -> bytes:
    """A value in the data format of MaxMind DB (https://maxmind.github.io/MaxMind-DB/)."""
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(encoded(key) + encoded(item) for key, item in value.items())
    if isinstance(value, bool):
        return bytes([value, 14 - 7])
    if isinstance(value, str):
        content = value.encode()
        size = bytes([2 << 5 | len(content)]) if len(content) < 29 else bytes([2 << 5 | 29, len(content) - 29])
        return size + content
    if isinstance(value, float):
        return bytes([3 << 5 | 8]) + struct.pack(">d", value)
    return bytes([6 << 5 | 4]) + struct.pack(">I", value)


def database(path: Path, record: Any, upper: Any = None, kind: str = "flat") -> Path:
    """A database for IPv4: a tree of one node, its lower end at a record, its upper end (from 128.0.0.0 on) at this or another."""
    lower, other = encoded(record), b"" if upper is None else encoded(upper)
    ends = [1 + 16, 1 + 16 + (len(lower) if other else 0)]
    facts = {"node_count": 1, "record_size": 24, "ip_version": 4, "binary_format_major_version": 2, "binary_format_minor_version": 0}
    metadata = encoded(facts | {"database_type": kind, "build_epoch": 0, "description": {}, "languages": {}})
    tree = b"".join(end.to_bytes(3, "big") for end in ends)
    path.write_bytes(tree + bytes(16) + lower + other + b"\xab\xcd\xefMaxMind.com" + metadata)
    return path


OSLO = {"country_code": "NO", "city": "Oslo"}
TELENOR = {"asn": "AS2119", "as_name": "Telenor"}


def oddly(path: Path, record: Any) -> Path:
    """A database in which a record is one of two, the other one being as it should."""
    return database(path, record, OSLO | TELENOR)


def test_the_country_file_that_ships_serves_without_configuration() -> None:
    assert look_up("178.85.138.132").country == "NL"
    assert look_up("193.213.112.4").country == "NO"
    assert look_up("2001:700::1").country == "NO"
    assert place(look_up("178.85.138.132"))[1:] == (None, None, None)


@pytest.mark.parametrize("ip", ["192.168.1.1", "10.1.2.3", "127.0.0.1", "169.254.1.1", "100.64.0.1", "::1", "fe80::1", "fd00::1"])
def test_what_is_nowhere_in_particular_has_no_country(ip: str, tmp_path: Path) -> None:
    everywhere = database(tmp_path / "all.mmdb", {"country_code": "AU"})
    assert look_up(ip, country=everywhere).country is None


def test_nested_layout() -> None:
    found = look_up("89.160.20.112", city=CITY, asn=ASN)
    assert place(found) == ("SE", "Linköping", 58.4167, 15.6167)
    assert (found.isp, found.asn) == ("Bredband2 AB", 29518)
    assert place(look_up("81.2.69.142", city=CITY)) == ("GB", "London", 51.5142, -0.0931)


def test_the_country_file_answers_where_the_city_file_does_not() -> None:
    country = MAXMIND / "GeoLite2-Country-Test.mmdb"
    assert look_up("178.85.138.132", city=CITY, country=country).country is None
    assert look_up("178.85.138.132", city=CITY).country == "NL"


def test_flat_layout(tmp_path: Path) -> None:
    city = {"country_code": "no", "city": "Oslo", "state1": "", "latitude": "59.91", "longitude": 10.75}
    network = {"as_number": "AS2116", "as_name": "GLOBALCONNECT"}
    found = look_up("8.8.8.8", city=database(tmp_path / "city.mmdb", city), asn=database(tmp_path / "asn.mmdb", network))
    assert place(found) == ("NO", "Oslo", 59.91, 10.75)
    assert (found.isp, found.asn) == ("GLOBALCONNECT", 2116)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"country": "NO", "city": "Oslo", "latitude": "59.9127", "longitude": "10.7461"}, ("NO", "Oslo", 59.9127, 10.7461)),
        ({"country": "no", "city": "Oslo", "lat": "59.9127", "lng": "10.7461", "geoname_id": "3143244"}, ("NO", "Oslo", 59.9127, 10.7461)),
        ({"country": "Norway", "country_code": "NO", "city": "Oslo"}, ("NO", "Oslo", None, None)),
        ({"country": {"code": "NO", "name": "Norway"}, "city": {"name": "Oslo"}}, ("NO", "Oslo", None, None)),
        ({"country": {"iso_code": "NO"}, "city": {"names": {"en": "Oslo", "de": "Oslo (Norwegen)"}}}, ("NO", "Oslo", None, None)),
        ({"country_code": "-", "country": "NO", "city": "-", "latitude": "59.9", "longitude": "-"}, ("NO", None, 59.9, None)),
        ({"country_code": "NO", "city": "Oslo", "latitude": "nan", "longitude": "181"}, ("NO", "Oslo", None, None)),
        ({"country_code": "NO", "city": "Oslo", "latitude": "north", "lat": 59.9}, ("NO", "Oslo", 59.9, None)),
    ],
)
def test_places_as_other_vendors_write_them(record: dict[str, Any], expected: tuple[Any, ...], tmp_path: Path) -> None:
    assert place(look_up("8.8.8.8", city=oddly(tmp_path / "city.mmdb", record))) == expected


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ({"asn": "AS2119", "as_name": "Telenor", "as_domain": "telenor.com"}, ("Telenor", 2119)),
        ({"asn": "AS2119", "name": "Telenor", "domain": "telenor.com", "type": "isp"}, ("Telenor", 2119)),
        ({"asn": "2119", "org": "AS2119 Telenor Norge AS"}, ("Telenor Norge AS", 2119)),
        ({"org": "as2119 Telenor"}, ("Telenor", 2119)),
        ({"org": "ASUS"}, ("ASUS", None)),
        ({"org": "365 Data Centers"}, ("365 Data Centers", None)),
        ({"autonomous_system_number": 2119, "organization": "Telenor"}, ("Telenor", 2119)),
        ({"traits": {"autonomous_system_number": 2119, "isp": "Telenor", "organization": "Contoso"}}, ("Telenor", 2119)),
        ({"asn": {"asn": "AS2119", "name": "Telenor"}}, ("Telenor", 2119)),
        ({"asn": 0, "as_name": "Not routed"}, ("Not routed", None)),
        ({"asn": "99999999999", "as_name": ""}, (None, None)),
        ({"asn": "AS4294967296"}, (None, None)),
        ({"name": "of something else"}, (None, None)),
    ],
)
def test_networks_as_other_vendors_write_them(record: dict[str, Any], expected: tuple[Any, ...], tmp_path: Path) -> None:
    found = look_up("8.8.8.8", asn=oddly(tmp_path / "asn.mmdb", record))
    assert (found.isp, found.asn) == expected


@pytest.mark.parametrize("kind", ["registered_country", "represented_country"])
def test_where_an_address_is_only_registered_is_no_place(kind: str, tmp_path: Path) -> None:
    city = database(
        tmp_path / "city.mmdb", {kind: {"iso_code": "NO"}}, {kind: {"iso_code": "NO"}, "country": {"iso_code": "SE"}} | {"city": "X"}
    )
    country = database(tmp_path / "country.mmdb", {"country_code": "FR"})
    assert look_up("8.8.8.8", country=oddly(tmp_path / "c.mmdb", {kind: {"iso_code": "NO"}})).country is None
    assert look_up("8.8.8.8", city=city, country=country).country is None  # nor what a coarser file has to say
    assert look_up("193.213.112.4", city=city, country=country).country == "SE"


@pytest.mark.parametrize(
    ("option", "file", "needed", "hint"),
    [
        ("city", "GeoLite2-ASN", "cities", "needed is one such as GeoLite2-City; this one can be `asn`"),
        ("city", "GeoLite2-Country", "cities", "needed is one such as GeoLite2-City; this one can be `country`"),
        ("country", "GeoLite2-ASN", "countries", "needed is one such as GeoLite2-Country; this one can be `asn`"),
        ("country", "GeoIP2-Anonymous-IP", "countries", "needed is one such as GeoLite2-Country"),
        (
            *("asn", "GeoLite2-City", "providers and autonomous systems"),
            "needed is one such as GeoLite2-ASN; this one can be `city` or `country`",
        ),
    ],
)
def test_a_file_that_knows_something_else_is_told(option: str, file: str, needed: str, hint: str) -> None:
    path = MAXMIND / f"{file}-Test.mmdb"
    with pytest.raises(Mistakes) as caught:
        GeoIP(GeoIP.Options(**{option: path}))
    message = f"has no {needed}, which `{option}` is for; it says that it is `{file}`"
    assert [(found.file, found.message, found.hint) for found in caught.value.mistakes] == [(str(path), message, hint)]


def test_what_a_file_says_of_itself_is_shown_harmlessly_and_all_mistakes_at_once(tmp_path: Path) -> None:
    file = database(tmp_path / "anonymous.mmdb", {"is_anonymous": True}, kind="GeoIP2-Anonymous\x1b[31m-IP")
    with pytest.raises(Mistakes) as caught:
        GeoIP(GeoIP.Options(city=file, asn=file))
    assert [found.message for found in caught.value.mistakes] == [
        "has no cities, which `city` is for; it says that it is `GeoIP2-Anonymous [31m-IP`",
        "has no providers and autonomous systems, which `asn` is for; it says that it is `GeoIP2-Anonymous [31m-IP`",
    ]


def test_one_file_can_serve_for_several(tmp_path: Path) -> None:
    lite = database(tmp_path / "lite.mmdb", {"country": "Norway", "country_code": "NO", "asn": "AS2119", "as_name": "Telenor"})
    found = look_up("8.8.8.8", country=lite, asn=lite)
    assert (found.country, found.isp, found.asn) == ("NO", "Telenor", 2119)


def test_empty_text_is_nothing(tmp_path: Path) -> None:
    empty = oddly(tmp_path / "e.mmdb", {"country_code": "SE", "city": "", "latitude": "", "longitude": "", "asn": "", "org": ""})
    found = look_up("8.8.8.8", city=empty)
    assert place(found) == ("SE", None, None, None)
    assert (found.isp, found.asn) == (None, None)


@pytest.mark.parametrize("country", ["", "ZZ", "Norway", "N", "1A", 47])
def test_what_is_no_country_code_is_nothing(country: Any, tmp_path: Path) -> None:
    assert look_up("8.8.8.8", city=oddly(tmp_path / "c.mmdb", {"country_code": country}), country=CITY).country is None


def test_a_record_that_is_no_map_is_nothing(tmp_path: Path) -> None:
    assert look_up("8.8.8.8", city=oddly(tmp_path / "c.mmdb", "Norway"), country=CITY).country is None


def test_ipv6_in_an_ipv4_file_is_nothing(tmp_path: Path) -> None:
    assert look_up("2001:700::1", country=database(tmp_path / "c.mmdb", {"country_code": "SE"})).country is None


def test_what_no_file_knows_stays() -> None:
    activity = Activity(ip_address="192.168.1.1", country="NO", isp="Telenor")
    Enrichment([GeoIP(GeoIP.Options())]).enrich([activity])
    assert (activity.country, activity.isp) == ("NO", "Telenor")


@pytest.mark.parametrize("ip", ["", "no address", "1.2.3.4:5", "010.0.0.1"])
def test_what_is_no_address_is_nothing(ip: str) -> None:
    assert look_up(ip) == Activity(ip_address=ip)


@pytest.mark.parametrize("content", [b"", b"x", b"\x00" * 5000, CITY.read_bytes()[:10_000], CITY.read_bytes()[:-300], b"<html>" * 999])
def test_a_file_that_is_no_database_is_told(content: bytes, tmp_path: Path) -> None:
    bad = tmp_path / "bad.mmdb"
    bad.write_bytes(content)
    with pytest.raises(Mistakes, match=r"bad\.mmdb:0:0: is no MaxMind-format database"):
        GeoIP(GeoIP.Options(city=bad))


def test_all_files_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    with pytest.raises(Mistakes) as caught:
        GeoIP(GeoIP.Options(city=tmp_path / "a.mmdb", country=tmp_path, asn=tmp_path / "c.mmdb"))
    assert [mistake.message for mistake in caught.value.mistakes] == [
        "cannot be read: Is a directory",
        "cannot be read: No such file or directory",
        "cannot be read: No such file or directory",
    ]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, CITY.stat().st_size - 1), st.integers(0, 255)), min_size=1, max_size=300))
def test_a_damaged_file_is_told_or_says_nothing_but_never_crashes(tmp_path_factory: Any, damage: list[tuple[int, int]]) -> None:
    content = bytearray(CITY.read_bytes())
    for position, byte in damage:
        content[position] = byte
    file = tmp_path_factory.getbasetemp() / "damaged.mmdb"
    file.write_bytes(content)
    try:
        geoip = GeoIP(GeoIP.Options(city=file, country=MAXMIND / "GeoLite2-Country-Test.mmdb"))
    except Mistakes:
        return
    for ip in ("8.8.8.8", "81.2.69.142", "89.160.20.112", "2.125.160.216", "2001:218::1"):
        Enrichment([geoip]).enrich([Activity(ip_address=ip)])


def test_a_damage_found_later_is_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    content = bytearray(CITY.read_bytes())
    london = content.index(b"London")
    content[london : london + 6] = b"\xff" * 6  # not UTF-8
    file = tmp_path / "city.mmdb"
    file.write_bytes(content)
    geoip = GeoIP(GeoIP.Options(city=file, country=MAXMIND / "GeoLite2-Country-Test.mmdb"))
    with caplog.at_level(logging.WARNING):
        for last in range(142, 146):
            activity = Activity(ip_address=f"81.2.69.{last}")
            Enrichment([geoip]).enrich([activity])
            assert activity.city is None
    assert [record.__dict__["file"] for record in caplog.records] == [str(file)]


def test_overwriting_the_file_in_place_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "city.mmdb"
    file.write_bytes(CITY.read_bytes())
    geoip = GeoIP(GeoIP.Options(city=file))
    file.write_bytes(bytes(30_000))
    activity = Activity(ip_address="81.2.69.142")
    Enrichment([geoip]).enrich([activity])
    assert activity.city == "London"
    assert file in geoip.files()
