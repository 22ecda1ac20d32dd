"""ua-parser, as much of it as casbd needs.

Its Rust matcher runs in linear time on hostile input (the RE2 one ends in Python's `re`). The table of devices is left
out: it would cost three times the memory and the time of the others, and gives brands and models, which nobody asks for.
Only its patterns for crawlers are used.
"""

from __future__ import annotations

from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ua_parser_rs import DeviceExtractor, OSExtractor, UserAgentExtractor


class Parsed(NamedTuple):
    """ua-parser's families and versions, as far as it knows them; is_spider: its own word for a crawler."""

    browser: str | None
    browser_version: str | None
    system: str | None
    system_version: str | None
    is_spider: bool


def parse_agent(text: str) -> Parsed:
    """What ua-parser makes of a user agent. The first call builds the matchers: about 0.15 s and 15 MB."""
    browsers, systems, spiders = _matchers()
    browser, system = browsers.extract(text), systems.extract(text)
    return Parsed(
        browser.family if browser else None,
        _joined(browser.major, browser.minor, browser.patch) if browser else None,
        system.family if system else None,
        _joined(system.major, system.minor) if system else None,
        spiders.extract(text) is not None,
    )


@cache
def _matchers() -> tuple[UserAgentExtractor, OSExtractor, DeviceExtractor]:
    import ua_parser_rs
    from ua_parser_builtins.lazy import MATCHERS

    browsers, systems, devices = MATCHERS
    named = attrgetter("regex", "family", "major", "minor", "patch", "patch_minor")
    spiders = [device for device in devices if device.family == "Spider"]
    return (
        ua_parser_rs.UserAgentExtractor(map(named, browsers)),
        ua_parser_rs.OSExtractor(map(named, systems)),
        ua_parser_rs.DeviceExtractor(map(attrgetter("regex", "regex_flag", "family", "brand", "model"), spiders)),
    )


def _joined(*parts: str | None) -> str | None:
    """`120.0.6099`: the parts up to the first that is missing."""
    leading: list[str] = []
    for part in parts:
        if part is None:
            break
        leading.append(part)
    return ".".join(leading) or None
