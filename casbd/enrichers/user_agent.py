"""Browser, operating system, kind of device and tags of the user agent.

The tags are MDCA's four. `Native client`: a program of its own, not a browser. `Robot`: a crawler. `Outdated browser` and
`Outdated operating system`: too old on the day of the activity, not today, after a data file, which an operator can replace.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from casbd.enrichers._agent_parser import Parsed, parse_agent
from casbd.enrichers._agent_thresholds import Threshold, Thresholds, read_thresholds, shipped_thresholds
from casbd.plugins import Aging, ByTime, ConfigPath, Options, registry

LONGEST = 512
"""Characters that are looked at; what follows in a longer user agent says nothing and may be an attack."""

BROWSERS = frozenset({
    "Amazon Silk", "Brave", "Camino", "Chromium", "DuckDuckGo", "DuckDuckGo Mobile", "Epiphany", "Firefox Alpha", "Firefox Beta",
    "Firefox Focus", "Iceweasel", "Iron", "Konqueror", "Maxthon", "Netscape", "Opera GX", "Opera Mini", "Opera Mobile", "Opera Neon",
    "Opera Touch", "Pale Moon", "Puffin", "SeaMonkey", "Vivaldi", "Waterfox", "Whale",
})  # fmt: skip
"""ua-parser's families of browsers, besides those with a threshold and those called `... Browser`."""

# Programs that carry a browser engine and its name.
_PROGRAM = re.compile(r"Microsoft Outlook|ms-office|MSOffice|Electron/|\bTeams/|OneDrive|SkyDriveSync|; wv\)")
# ua-parser's patterns for crawlers look for "bot", and find it in botocore.
_TOOL = re.compile(r"^(?:aws-|Boto|Java/|JNLP/)|botocore")
_CRAWLER = re.compile(r"HeadlessChrome|PhantomJS")
# What Microsoft's servers write that work for somebody's browser, and don't say which.
_ON_BEHALF_OF_A_BROWSER = re.compile(r"Client=OWA\b|MSWAC|MSOCS")
# A program's name and version, which ua-parser takes for the system's.
_NAMED_AFTER_A_SYSTEM = re.compile(r"\b\w+-(?:iOS|Android)/")

_PC = frozenset(
    {"Windows", "Mac OS X", "Linux", "Ubuntu", "Debian", "Fedora", "Red Hat", "CentOS", "Arch Linux", "FreeBSD", "OpenBSD", "Chrome OS"}
)
_MOBILE = frozenset({"Windows Phone", "Windows Mobile", "BlackBerry OS", "Symbian OS", "KaiOS"})


class UserAgentOptions(Options):
    """From when on browsers and systems are outdated."""

    user_agent_thresholds: ConfigPath | None = None
    """A file like casbd's own `data/user_agents.json` (YAML or JSON), to be used in its place."""


_GOOD_FOR = 180 * 86_400_000
"""Milliseconds: some releases of most browsers."""


@registry.enricher
class UserAgent:
    """Parses user agents."""

    Options: ClassVar[type[Options]] = UserAgentOptions
    example: ClassVar[dict[str, Any]] = {"user_agent_thresholds": "user_agents.json"}
    by_default: ClassVar[bool] = True
    section: ClassVar[str] = "enrichment"
    order: ClassVar[int] = 30
    reads: ClassVar[tuple[str, ...]] = ("user_agent",)
    provides: ClassVar[tuple[str, ...]] = ("browser", "browser_version", "os", "os_version", "device_type", "user_agent_tags")

    def __init__(self, options: UserAgentOptions) -> None:
        self._path = options.user_agent_thresholds
        self._thresholds: Thresholds = read_thresholds(self._path) if self._path else shipped_thresholds()

    def look_up(self, text: str) -> dict[str, Any]:
        """What `user_agent` says. A browser or system that it does not name stays as the export had it."""
        if not text:
            return {}
        client = _of_the_client(text[:LONGEST].encode(errors="replace").decode())  # half a surrogate pair is no text to the parser
        parsed = parse_agent(client)
        if _NAMED_AFTER_A_SYSTEM.search(client):
            parsed = parsed._replace(system_version=None)
        fields: dict[str, Any] = {"device_type": _device_type(client, parsed)}
        if parsed.browser is not None:
            fields |= {"browser": parsed.browser, "browser_version": parsed.browser_version}
        if parsed.system is not None:
            fields |= {"os": parsed.system, "os_version": parsed.system_version}
        if tags := self._tags(client, parsed):
            fields["user_agent_tags"] = tags
        return fields

    def data(self) -> Sequence[Aging]:
        """The thresholds: of releases that came later nobody knows when they are outdated."""
        if self._path:
            return [Aging(f"file of outdated browsers and systems {self._path}", self._thresholds.made, _GOOD_FOR, "make it anew")]
        return [Aging("list of outdated browsers and systems that ships with casbd", self._thresholds.made, _GOOD_FOR, "update casbd")]

    def files(self) -> Sequence[Path]:
        """The operator's thresholds, if there are any."""
        return [self._path] if self._path else []

    def _tags(self, text: str, parsed: Parsed) -> tuple[str, ...] | ByTime:
        kind = self._kind(text, parsed)
        aging = []
        if kind is None:
            aging.append(("Outdated browser", _outdated(self._thresholds.browsers, parsed.browser, parsed.browser_version, text)))
        aging.append(("Outdated operating system", _outdated(self._thresholds.systems, parsed.system, parsed.system_version, text)))
        return _over_time((kind,) if kind else (), [(tag, start) for tag, start in aging if start is not None])

    def _kind(self, text: str, parsed: Parsed) -> str | None:
        """The tag of what is no browser of a person."""
        if _is_robot(text, parsed):
            return "Robot"
        is_browser = self._is_browser(parsed.browser) and not _PROGRAM.search(text)
        return None if is_browser or _ON_BEHALF_OF_A_BROWSER.match(text) else "Native client"

    def _is_browser(self, family: str | None) -> bool:
        return family is not None and (family in self._thresholds.browsers or family in BROWSERS or "Browser" in family)


def _outdated(thresholds: Mapping[str, Threshold], family: str | None, version: str | None, text: str) -> int | None:
    """From when on this family's version is outdated, as far as is known."""
    threshold = thresholds.get(family or "")
    return threshold.outdated(version, may_be_frozen=text.startswith("Mozilla/")) if threshold else None


def _over_time(always: tuple[str, ...], aging: Sequence[tuple[str, int]]) -> tuple[str, ...] | ByTime:
    """These tags, and more of them from each tag's start on."""
    starts = sorted({start for _, start in aging})
    values = [always, *(always + tuple(tag for tag, since in aging if since <= start) for start in starts)]
    return ByTime(tuple(starts), tuple(values)) if starts else values[0]


def _of_the_client(text: str) -> str:
    """Of Exchange's ClientInfoString (`Client=OWA;Action=ViaProxy;Mozilla/5.0 ...;`) the browser's own part, if there is one."""
    if text.startswith("Client="):
        start = text.find("Mozilla/")
        if start > 0:
            return text[start:].rstrip(";")
    return text


def _is_robot(text: str, parsed: Parsed) -> bool:
    return bool(_CRAWLER.search(text)) or (parsed.is_spider and not _TOOL.search(text))


def _device_type(text: str, parsed: Parsed) -> str:
    if _is_robot(text, parsed):
        return "Other"
    if "iPad" in text or "Tablet" in text:
        return "Tablet"
    if parsed.system == "Android":  # only browsers say `Mobile`, and those on tablets leave it out (Chrome, UA reduction)
        return "Tablet" if text.startswith("Mozilla/") and "Mobile" not in text else "Mobile"
    if parsed.system == "iOS" or parsed.system in _MOBILE:
        return "Mobile"
    return "PC" if parsed.system in _PC else "Other"
