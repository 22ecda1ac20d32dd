"""The category and the tags of the client's address, from the operator's own ranges and from published lists.

As in Defender for Cloud Apps: the operator's ranges beat the built-in categories, tags add up, and a range can say
better than GeoIP where it is and whose (https://learn.microsoft.com/defender-cloud-apps/ip-tags).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from casbd.enrichers._ip_lists import read_list
from casbd.enrichers._prefixes import Prefix, PrefixTable, read_address
from casbd.enrichers._range_file import Category, Range, read_ranges
from casbd.errors import Mistake, Mistakes
from casbd.plugins import ConfigPath, Options, Reason, registry

Files = Annotated[tuple[ConfigPath, ...], BeforeValidator(lambda value: [value] if isinstance(value, str | Path) else value)]
"""One file or a list of files."""


Label = tuple[Category, str]
"""What a published list says of its addresses: the category and the tag."""


class IPRangesOptions(Options):
    """Your own networks, and published lists of addresses, one file or several: an address a line, CSV, or the cloud providers' JSON."""

    ip_ranges: ConfigPath | None = None
    """A YAML file: {ranges: [{name: Head office, subnets: [198.51.100.0/24], category: Corporate, tags: [Office], isp: Our line,
    country: NO, city: Oslo}]}. The category is Administrative, Cloud provider, Corporate, Risky, VPN or Other."""
    tor: Files = ()
    """Addresses get the category Risky and the tag `Tor`."""
    anonymous_proxy: Files = ()
    """Risky and `Anonymous proxy`."""
    cloud_providers: dict[str, Files] = Field(default_factory=dict)
    """Cloud provider, and the name as tag."""


@registry.enricher
class IPRanges:
    """Finds the smallest range and all lists that hold an address."""

    Options: ClassVar[type[Options]] = IPRangesOptions
    example: ClassVar[dict[str, Any]] = {
        "ip_ranges": "ip_ranges.yaml",
        "tor": "torbulkexitlist",
        "anonymous_proxy": "proxies.txt",
        "cloud_providers": {"AWS": "aws-ip-ranges.json", "Azure": "ServiceTags_Public.json"},
    }
    by_default: ClassVar[bool] = True
    section: ClassVar[str] = "enrichment"
    order: ClassVar[int] = 20
    reads: ClassVar[tuple[str, ...]] = ("ip_address",)
    provides: ClassVar[tuple[str, ...]] = ("ip_category", "ip_tags", "country", "city", "latitude", "longitude", "isp")

    def __init__(self, options: IPRangesOptions) -> None:
        lists: list[tuple[Label, Path]] = [
            *((("Risky", "Tor"), path) for path in options.tor),
            *((("Risky", "Anonymous proxy"), path) for path in options.anonymous_proxy),
            *((("Cloud provider", name), path) for name, paths in options.cloud_providers.items() for path in paths),
        ]
        self._paths = [*([options.ip_ranges] if options.ip_ranges else []), *(path for _, path in lists)]
        mistakes: list[Mistake] = []
        self._ranges: PrefixTable[Range] = PrefixTable()
        self._labels: PrefixTable[tuple[Label, ...]] = PrefixTable()
        try:
            if options.ip_ranges:
                self._ranges = read_ranges(options.ip_ranges)
        except Mistakes as error:
            mistakes.extend(error.mistakes)
        for label, path in lists:
            try:
                self._add(label, read_list(path))
            except Mistakes as error:
                mistakes.extend(error.mistakes)
        if mistakes:
            raise Mistakes(mistakes)

    def look_up(self, ip: str) -> dict[str, Any]:
        """Category and tags of `ip_address` (`Other` where nobody knows it), and what its range says of the place and the ISP."""
        try:
            bits, number = read_address(ip)
        except ValueError:
            return {"ip_category": "Other"}
        own = next(self._ranges.matches(bits, number), None)
        labels = [label for several in self._labels.matches(bits, number) for label in several]
        categories = {category for category, _ in labels}
        built_in = next((category for category in ("Risky", "Cloud provider") if category in categories), "Other")
        fields: dict[str, Any] = {"ip_category": own.category if own and own.category else built_in}
        if tags := dict.fromkeys([*(own.tags if own else ()), *(tag for _, tag in labels)]):
            fields["ip_tags"] = tuple(tags)
        return fields | _overridden(own) if own else fields

    def reasons(self, ip: str) -> Sequence[Reason]:
        """The operator's smallest range with the address, which alone counts, and the lists by their tags."""
        try:
            bits, number = read_address(ip)
        except ValueError:
            return []
        own = [Reason(one.name, one.category, one.tags, str(subnet)) for subnet, one in self._ranges.networks(bits, number)][:1]
        held = [
            Reason(tag, category, (tag,), str(subnet)) for subnet, labels in self._labels.networks(bits, number) for category, tag in labels
        ]
        return [*own, *held]

    def lacks(self) -> Mapping[str, str]:
        """Without a file all addresses are alike."""
        return {} if self._paths else dict.fromkeys(("ip_category", "ip_tags"), "IP ranges (enrichment.ip_ranges)")

    def files(self) -> Sequence[Path]:
        """The range file and all lists."""
        return self._paths

    def _add(self, label: Label, networks: Sequence[Prefix]) -> None:
        only = (label,)
        for network in networks:
            labels = self._labels.setdefault(network, only)
            if label not in labels:
                self._labels.replace(network, (*labels, label))


def _overridden(own: Range) -> dict[str, Any]:
    """What a range says better than GeoIP."""
    fields: dict[str, Any] = {}
    if own.country is not None:
        fields |= {"country": own.country, "city": own.city, "latitude": None, "longitude": None}
    if own.isp is not None:
        fields["isp"] = own.isp
    return fields
