"""Reading CEF: the header and the extension of a line, whatever stands before it (a syslog header, a time).

Source: Micro Focus, "ArcSight Common Event Format (CEF) Implementation Standard", version 26. Senders err: values with an
unescaped `=` (addresses of web pages), keys with a blank before `=`, labels in quotes. All of these are read.
"""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from typing import NamedTuple

from casbd.records import timestamps
from casbd.records.time_zones import zone_of


class Message(NamedTuple):
    """One CEF message. before: the text in front of it. extension: by key; of a key that comes twice the last."""

    before: str
    vendor: str
    product: str
    version: str
    class_id: str
    name: str
    severity: str
    extension: dict[str, str]

    def labelled(self) -> dict[str, str]:
        """The custom values (`cs1` ...) by their labels, without quotation marks and in lower case."""
        return {
            label.strip('"').casefold(): self.extension[key.removesuffix("Label")]
            for key, label in self.extension.items()
            if key.endswith("Label") and key.removesuffix("Label") in self.extension
        }

    def times(self, *keys: str) -> list[str]:
        """What these keys have, in this order: times as RFC 3339 writes them; what is no time as it is.

        Where a time does not name its zone, the message may: `dtz` is the device's, `atz` the agent's, whose time `art` is. Otherwise UTC.
        """
        return [_time(text, self._zone("atz" if key == "art" else "dtz")) for key in keys if (text := self.extension.get(key, "").strip())]

    def _zone(self, key: str) -> tzinfo | None:
        try:
            return zone_of(self.extension[key])
        except (KeyError, ValueError):
            return None


def _time(text: str, zone: tzinfo | None) -> str:
    """zone: None where none is named. It counts for a time with an abbreviation that may mean several zones, too."""
    for one in (text, text.rpartition(" ")[0]) if zone else (text,):
        try:
            return timestamps.iso(timestamps.read(one, zone or UTC))
        except ValueError:
            continue
    return text


_START = re.compile(r"CEF:\s?\d+\|")
_PART = re.compile(r"((?:[^\\|]++|\\.)*+)\|", re.DOTALL)
_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z][\w.\[\]]*+) ?=")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_MEANS = {"n": "\n", "r": "\r"}


def parse(text: str) -> Message:
    """A line as a message; ValueError where there is none in it."""
    start = _START.search(text)
    if start is None:
        raise ValueError("no CEF header")
    parts, place = [], start.end()
    for _ in range(6):
        part = _PART.match(text, place)
        if part is None:
            raise ValueError("the CEF header has fewer than seven parts")
        parts.append(_plain(part[1]))
        place = part.end()
    rest = text[place:]
    keys = list(_KEY.finditer(rest))
    ends = [*(key.start() for key in keys[1:]), len(rest)] if keys else []
    extension = {key[1]: _plain(rest[key.end() : end].strip()) for key, end in zip(keys, ends, strict=True)}
    vendor, product, version, class_id, name, severity = parts
    return Message(text[: start.start()].strip(), vendor, product, version, class_id, name, severity, extension)


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda escape: _MEANS.get(escape[1], escape[1]), text) if "\\" in text else text
