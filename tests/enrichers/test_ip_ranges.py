from pathlib import Path
from typing import Any

import pytest

from casbd.enrichers.ip_ranges import IPRanges
from casbd.errors import Mistakes
from casbd.model.activity import Activity
from casbd.pipeline.enrichment import Enrichment
from casbd.plugins import Reasoning

RANGES = """\
ranges:
  - name: Offices
    subnets: [10.0.0.0/8, "2001:db8::/32", 203.0.113.0/24]
    category: Corporate
    tags: [Office]
  - name: Administrators
    subnets: [10.1.0.0/16]
    category: Administrative
    tags: [Office, Privileged]
    country: no
    city: Oslo
    isp: Own network
  - name: Branch
    subnets: [10.2.0.0/16]
    country: SE
  - name: Partner
    subnets: [198.51.100.7]
    tags: [Partner]
"""


def ranges(folder: Path, text: str = RANGES, **options: Any) -> IPRanges:
    file = folder / "ip_ranges.yaml"
    file.write_text(text)
    return IPRanges(IPRanges.Options(ip_ranges=file, **options))


def enriched(plugin: IPRanges, ip: str | None) -> Activity:
    activity = Activity(ip_address=ip, country="US", city="Reston", latitude=38.9, longitude=-77.4, isp="Verizon", asn=701)
    Enrichment([plugin]).enrich([activity])
    return activity


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(Mistakes) as caught:
        ranges(folder, text)
    return [str(mistake).removeprefix(f"{folder}/") for mistake in caught.value.mistakes]


@pytest.mark.parametrize(
    ("ip", "category", "tags"),
    [
        ("10.9.9.9", "Corporate", ("Office",)),
        ("10.1.9.9", "Administrative", ("Office", "Privileged")),
        ("2001:db8::5", "Corporate", ("Office",)),
        ("198.51.100.7", "Other", ("Partner",)),
        ("198.51.100.8", "Other", ()),
        ("8.8.8.8", "Other", ()),
        (None, None, ()),
    ],
)
def test_the_smallest_range_counts(ip: str | None, category: str | None, tags: tuple[str, ...], tmp_path: Path) -> None:
    found = enriched(ranges(tmp_path), ip)
    assert (found.ip_category, found.ip_tags) == (category, tags)


def test_a_range_says_better_where_it_is_and_whose(tmp_path: Path) -> None:
    plugin = ranges(tmp_path)
    own = enriched(plugin, "10.1.0.1")
    assert (own.country, own.city, own.latitude, own.longitude, own.isp) == ("NO", "Oslo", None, None, "Own network")
    branch = enriched(plugin, "10.2.0.1")
    assert (branch.country, branch.city, branch.latitude, branch.isp, branch.ip_category) == ("SE", None, None, "Verizon", "Other")
    office = enriched(plugin, "10.3.0.1")
    assert (office.country, office.city, office.latitude, office.isp) == ("US", "Reston", 38.9, "Verizon")


@pytest.fixture
def lists(tmp_path: Path) -> dict[str, Any]:
    files = {
        "tor": "192.0.2.1\n203.0.113.9\n",
        "proxies": "192.0.2.0/24\n",
        "aws": '{"prefixes": [{"ip_prefix": "52.0.0.0/11"}]}',
        "azure": "52.1.0.0/16\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    return {
        "tor": tmp_path / "tor",
        "anonymous_proxy": [tmp_path / "proxies"],
        "cloud_providers": {"AWS": tmp_path / "aws", "Azure": [tmp_path / "azure"]},
    }


@pytest.mark.parametrize(
    ("ip", "category", "tags"),
    [
        ("192.0.2.1", "Risky", {"Tor", "Anonymous proxy"}),
        ("192.0.2.2", "Risky", {"Anonymous proxy"}),
        ("52.1.2.3", "Cloud provider", {"AWS", "Azure"}),
        ("52.2.2.3", "Cloud provider", {"AWS"}),
        ("203.0.113.9", "Corporate", {"Office", "Tor"}),
        ("8.8.8.8", "Other", set()),
    ],
)
def test_lists_add_tags_and_the_operators_category_beats_theirs(
    ip: str, category: str, tags: set[str], tmp_path: Path, lists: dict[str, Any]
) -> None:
    found = enriched(ranges(tmp_path, **lists), ip)
    assert found.ip_category == category
    assert set(found.ip_tags) == tags
    assert len(found.ip_tags) == len(tags)


def test_a_range_without_category_takes_the_lists(tmp_path: Path, lists: dict[str, Any]) -> None:
    text = "ranges: [{name: Ours in the cloud, subnets: [52.1.2.0/24], tags: [Ours]}]"
    found = enriched(ranges(tmp_path, text, **lists), "52.1.2.3")
    assert (found.ip_category, found.ip_tags[0]) == ("Cloud provider", "Ours")


def test_all_files_are_watched(tmp_path: Path, lists: dict[str, Any]) -> None:
    assert [path.name for path in ranges(tmp_path, **lists).files()] == ["ip_ranges.yaml", "tor", "proxies", "aws", "azure"]


def test_every_mistake_is_told_with_its_place(tmp_path: Path) -> None:
    text = """\
ranges:
  - name: A
    subnets: [10.0.0.0/8]
    category: Corporal
  - name: B
    subnet: [10.0.0.0/8]
  - name: C
    subnets: []
    country: Norway
  - name: D
    subnets: [10.9.0.0/16]
    city: Oslo
"""
    found = mistakes(tmp_path, text)
    assert [mistake.split(": ")[0] for mistake in found] == [
        "ip_ranges.yaml:4:15",
        "ip_ranges.yaml:5:5",
        "ip_ranges.yaml:6:5",
        "ip_ranges.yaml:8:14",
        "ip_ranges.yaml:9:14",
        "ip_ranges.yaml:10:5",
    ]
    assert "Administrative, Cloud provider, Corporate" in found[0]
    assert "did you mean `subnets`?" in found[2]


def test_wrong_networks_are_told_with_the_right_one(tmp_path: Path) -> None:
    text = "ranges:\n  - name: A\n    subnets:\n      - 10.1.2.3/8\n      - 10.0.0.0/40\n      - office\n"
    assert mistakes(tmp_path, text) == [
        "ip_ranges.yaml:4:9: `10.1.2.3/8` has bits set behind the prefix; the network is 10.0.0.0/8",
        "ip_ranges.yaml:5:9: `10.0.0.0/40` `/40` is no prefix length from 0 to 32",
        "ip_ranges.yaml:6:9: `office` is neither an IP address nor a network (CIDR)",
    ]


def test_the_same_network_in_two_ranges_is_told_at_both(tmp_path: Path) -> None:
    text = """\
ranges:
  - {name: A, subnets: [10.0.0.0/8, 10.0.0.0/8, 10.1.0.0/16]}
  - {name: B, subnets: [10.2.0.0/16]}
  - {name: C, subnets: ["::ffff:10.0.0.0/104"]}
"""
    first, second = mistakes(tmp_path, text)
    assert first.startswith("ip_ranges.yaml:2:25: `10.0.0.0/8` is in the range `C` too (line 4)")
    assert second.startswith("ip_ranges.yaml:4:25: `::ffff:10.0.0.0/104` is in the range `A` too (line 2)")


def test_the_mistakes_of_all_files_come_together(tmp_path: Path) -> None:
    (tmp_path / "tor").write_text("<html>")
    with pytest.raises(Mistakes) as caught:
        IPRanges(IPRanges.Options(ip_ranges=tmp_path / "none.yaml", tor=(tmp_path / "tor",), anonymous_proxy=(tmp_path / "none.txt",)))
    assert [Path(mistake.file).name for mistake in caught.value.mistakes] == ["none.txt", "none.yaml", "tor"]


def test_the_reasons_are_the_smallest_range_and_all_lists(tmp_path: Path) -> None:
    for name, text in {"tor": "10.1.9.9\n2001:db8::/48\n", "wide": "10.0.0.0/8\n", "aws": "10.1.9.0/24\n"}.items():
        (tmp_path / name).write_text(text)
    plugin = ranges(tmp_path, tor=tmp_path / "tor", anonymous_proxy=[tmp_path / "wide"], cloud_providers={"AWS": [tmp_path / "aws"]})
    assert isinstance(plugin, Reasoning)
    assert plugin.reasons("10.1.9.9") == [
        ("Administrators", "Administrative", ("Office", "Privileged"), "10.1.0.0/16"),
        ("Tor", "Risky", ("Tor",), "10.1.9.9/32"),
        ("AWS", "Cloud provider", ("AWS",), "10.1.9.0/24"),
        ("Anonymous proxy", "Risky", ("Anonymous proxy",), "10.0.0.0/8"),
    ]
    assert [reason.subnet for reason in plugin.reasons("2001:db8::5")] == ["2001:db8::/32", "2001:db8::/48"]
    assert plugin.reasons("8.8.8.8") == plugin.reasons("nonsense") == []
