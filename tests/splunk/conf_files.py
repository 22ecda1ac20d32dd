"""Splunk's .conf files: `[stanza]`, `key = value`, comments on lines of their own; a backslash at a line's end goes on with the next."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

Conf = Mapping[str, Mapping[str, str]]

ROOT = Path(__file__).parents[2]
ADDON = ROOT / "conf" / "splunk" / "TA-casbd"
SC4S = ROOT / "conf" / "splunk" / "sc4s"


@cache
def read(name: str) -> Conf:
    """A file of the add-on: stanzas, each its keys and values. ValueError where a line is none of all that, or a key stands twice."""
    found: dict[str, dict[str, str]] = {}
    for line in _lines((ADDON / "default" / name).read_text()):
        if line.startswith("["):
            stanza = found.setdefault(line.removeprefix("[").removesuffix("]"), {})
            continue
        key, equals, value = line.partition("=")
        if not equals or key.strip() in stanza:
            raise ValueError(f"{name}: {line}")
        stanza[key.strip()] = value.strip()
    return found


def classes(stanza: Mapping[str, str], kind: str) -> dict[str, str]:
    """Settings of a kind that may be there several times: `EVAL-user` of the kind `EVAL`, in the order in which Splunk applies them."""
    return {key.partition("-")[2]: value for key, value in sorted(stanza.items()) if key.startswith(f"{kind}-")}


def _lines(text: str) -> Iterator[str]:
    for line in text.replace("\\\n", "").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()
