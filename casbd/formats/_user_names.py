"""Which of the names that Microsoft's records have for one user is the UPN, and which are ids.

An id is a GUID (also `User_<GUID>`), a PUID (16 hexadecimal digits, also with `@tenant` behind, which looks like an address) or a SID.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from casbd.remembered import Remembered

_GUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_IS_GUID = re.compile(_GUID, re.IGNORECASE)
_IS_ID = re.compile(rf"(?:User_)?{_GUID}|[0-9a-f]{{16}}(?:@.*)?|S-1-[0-9-]+", re.IGNORECASE | re.DOTALL)
NOBODY = "00000000-0000-0000-0000-000000000000"


def is_guid(text: str | None) -> bool:
    """Whether it is the id of an object of the directory."""
    return text is not None and len(text) == len(NOBODY) and text != NOBODY and _IS_GUID.fullmatch(text) is not None


def is_id(name: str) -> bool:
    """Whether it is an id in the place of a name."""
    return _IS_ID.fullmatch(name) is not None


def address_of(*names: str | None) -> str | None:
    """The first of these that is a UPN or e-mail address, in small letters."""
    return first_address(names)


def first_address(names: Iterable[str | None]) -> str | None:
    """The same of names that are not looked for until the one before is none."""
    for name in names:
        if name and "@" in name and (address := _addresses[name]):
            return address
    return None


def _address(name: str) -> str | None:
    name = name.strip().lower()
    return None if is_id(name) else name


_addresses = Remembered(_address, 50_000)


def guid_of(*ids: str | None) -> str | None:
    """The first of these that is a GUID."""
    return next((one for one in ids if is_guid(one)), None)
