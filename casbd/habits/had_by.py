"""The text that is remembered of a value, together with what it was had by (a hash of its device's user agent, say) and a mark."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable
from functools import partial

from casbd.records.long_texts import shortened_bytes
from casbd.remembered import Remembered

PARTED = "\x1f"
"""Stands between a value and what it was had by."""
SETTLED = "="
"""Marks what can be no news, wherever the value was before."""
ANYBODYS = "~"
"""Begins what it was had by where that says nothing of the device: Exchange writes `Client=OWA;Action=ViaProxy` of every browser."""
MANAGED = "!"
"""Marks what was had by a device that the organization manages, as the identity provider says (`device_tags`); until it is settled."""
CARRIED = "+"
"""Marks what is had by telephones and tablets: abroad they keep the addresses of their carrier at home."""
CARRIED_DEVICES = frozenset({"Mobile", "Tablet"})
_LONGEST_VALUE = 128


def text_of(value: str, by: str | None, mark: str) -> str:
    """The text of all three."""
    return _texts[value, by, mark]


def plain(value: str) -> str:
    """The text of a value alone."""
    return shortened_bytes(value, _LONGEST_VALUE).replace(PARTED, " ")


def device_mark(device: str | None, tags: Collection[str]) -> str:
    """The mark of a device, by its kind and by what the identity provider says of it."""
    return CARRIED if device in CARRIED_DEVICES else MANAGED if tags else ""


def value_of(text: str) -> str:
    """The value of what is remembered."""
    return text.partition(PARTED)[0]


def by_of(text: str) -> str:
    """What it was had by; empty where that is not known."""
    return text.split(PARTED)[1] if PARTED in text else ""


def telling(texts: Iterable[str]) -> set[str]:
    """What some were had by, of what tells one device from another; where nothing does, all that is known."""
    known = {by for text in texts if (by := by_of(text))}
    return {by for by in known if not by.startswith(ANYBODYS)} or known


def is_managed(text: str) -> bool:
    """Whether it was had by a managed device."""
    return text.endswith(PARTED + MANAGED)


def _text(key: tuple[str, str | None, str]) -> str:
    value, by, mark = key
    digest = hashlib.blake2b(by.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest() if by else ""
    if by and by.startswith("client="):
        digest = ANYBODYS + digest
    return PARTED.join((plain(value), digest, mark))


_texts = Remembered[tuple[str, str | None, str], str](_text, 20_000)
unversioned = Remembered[str, str](partial(re.compile(r"^client=.*?(?=mozilla/)|[\d.]+|;$").sub, ""), 20_000)
"""User agents (in small letters) without numbers, as a browser that was updated on the way is the same one; and without what Exchange
writes around a browser's, as its mailbox is opened with the same browser as all else: `client=owa;action=...;mozilla/5.0 ...;`."""
