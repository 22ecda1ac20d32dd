"""The category and the tags of the client's address, from the operator's own ranges and from published lists.

As in Defender for Cloud Apps: the operator's ranges beat the built-in categories, tags add up, and a range can say
better than GeoIP where it is and whose (https://learn.microsoft.com/defender-cloud-apps/ip-tags).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from casbd.enrichers._ip_lists import read_list
from casbd.enrichers._prefixes import Prefix, PrefixTable, read_address
from casbd.enrichers._range_file import Category, Range, read_ranges
from casbd.errors import Mistake, Mistakes
from casbd.model.activity import Activity
from casbd.plugins import ConfigPath
from casbd.plugins import Options as PluginOptions
from casbd.registry import plugin

CACHED = 100_000
"""Addresses whose answer is kept."""

Files = Annotated[tuple[ConfigPath, ...], BeforeValidator(lambda value: [value] if isinstance(value, str | Path) else value)]
"""One file or a list of files."""


Label = tuple[Category, str]
"""What a published list says of its addresses: the category and the tag."""
Found = tuple[str, tuple[str, ...], Range | None]
"""category, tags, and the range where it overrides the location or the ISP"""

IN_NO_RANGE: Found = ("Other", (), None)


@plugin
class IPRanges:
    """Finds the smallest range and all lists that hold an address, once for each address."""

    class Options(PluginOptions):
        """Files of ranges and lists.

        ip_ranges: the operator's ranges, `{ranges: [{name, subnets: [cidr], category, tags: [], isp, country, city}]}`.
        The rest are published lists (text, CSV or the cloud providers' JSON), each option one file or several:
        tor: addresses get the category Risky and the tag `Tor`. anonymous_proxy: Risky and `Anonymous proxy`.
        cloud_providers: by name, `{AWS: ip-ranges.json}`: Cloud provider and the name as tag.
        """

        ip_ranges: ConfigPath | None = None
        tor: Files = ()
        anonymous_proxy: Files = ()
        cloud_providers: dict[str, Files] = Field(default_factory=dict)

    example: ClassVar[dict[str, Any]] = {
        "ip_ranges": "ip_ranges.yaml",
        "tor": "lists/torbulkexitlist",
        "cloud_providers": {"AWS": "lists/ip-ranges.json"},
    }
    section: ClassVar[str] = "enrichment"
    order: ClassVar[int] = 20
    provides: ClassVar[tuple[str, ...]] = ("ip_category", "ip_tags", "country", "city", "latitude", "longitude", "isp")

    def __init__(self, options: Options) -> None:
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
        except Mistakes as found:
            mistakes.extend(found.found)
        for label, path in lists:
            try:
                self._add(label, read_list(path))
            except Mistakes as found:
                mistakes.extend(found.found)
        if mistakes:
            raise Mistakes(mistakes)
        self._found = lru_cache(maxsize=CACHED)(self._look_up)

    def enrich(self, activity: Activity) -> None:
        """Category and tags of `ip_address`: `Other` where nobody knows it, and nothing where there is no address."""
        ip = activity.ip_address
        if ip is None:
            return
        activity.ip_category, tags, override = self._found(ip)
        if tags:
            activity.ip_tags = tags
        if override is not None:
            _override(activity, override)

    def files(self) -> Sequence[Path]:
        """The range file and all lists."""
        return self._paths

    def _add(self, label: Label, networks: Sequence[Prefix]) -> None:
        only = (label,)
        for network in networks:
            known = self._labels.setdefault(network, only)
            if label not in known:
                self._labels.replace(network, (*known, label))

    def _look_up(self, ip: str) -> Found:
        try:
            bits, number = read_address(ip)
        except ValueError:
            return IN_NO_RANGE
        own = next(self._ranges.matches(bits, number), None)
        labels = [label for several in self._labels.matches(bits, number) for label in several]
        if own is None and not labels:
            return IN_NO_RANGE
        categories = {category for category, _ in labels}
        built_in = next((category for category in ("Risky", "Cloud provider") if category in categories), "Other")
        tags = dict.fromkeys([*(own.tags if own else ()), *(tag for _, tag in labels)])
        override = own if own and (own.country or own.isp) else None
        return own.category if own and own.category else built_in, tuple(tags), override


def _override(activity: Activity, own: Range) -> None:
    if own.country is not None:
        activity.country, activity.city = own.country, own.city
        activity.latitude = activity.longitude = None
    if own.isp is not None:
        activity.isp = own.isp
