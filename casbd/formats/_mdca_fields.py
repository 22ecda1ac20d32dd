"""The fields of a record that Defender for Cloud Apps exported, found by their names however an export spells them."""

from __future__ import annotations

from typing import Any

from casbd.formats._times import time_of
from casbd.records.opening import decode


class Fields:
    """A record's fields by name, without regard to case, blanks and underscores; JSON inside text is opened."""

    def __init__(self, record: dict[str, Any]) -> None:
        inside = record.get("properties")
        self._values = {_folded(key): value for key, value in (inside if isinstance(inside, dict) else record).items()}
        self.category = str(record.get("category", ""))

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, *names: str) -> Any:
        """The first value that is known."""
        first = next((value for name in names if (value := self._values.get(name)) not in (None, "", [], {})), None)
        return decode(first) if isinstance(first, str) and first[:1] in ("{", "[") else first

    def text(self, *names: str) -> str | None:
        """The first value that is known, as text."""
        for name in names:
            value = self._values.get(name)
            if value is not None and (text := known_text(value)):
                return text
        return None

    def flag(self, name: str) -> bool | None:
        """True, false, or unknown."""
        return {"true": True, "1": True, "false": False, "0": False}.get(str(self._values.get(name)).casefold())

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts; one text is a list of one."""
        value = self.get(name)
        values = value if isinstance(value, list) else [value]
        return tuple(text for one in values if (text := known_text(one)))

    def time(self, *names: str) -> int:
        """Milliseconds, of the first that is a time; BadRecord where there is none."""
        return time_of("time", *(self._values.get(name) for name in names))


def _folded(key: str) -> str:
    return key.translate(_GAPS).casefold()


_GAPS = str.maketrans("", "", " _\t\xa0")


def known_text(value: Any) -> str | None:
    """Text without blanks around it, or a whole number as text; None of anything else, and of what is empty."""
    if isinstance(value, bool) or value is None:
        return None
    return str(value) if isinstance(value, int) else value.strip() or None if isinstance(value, str) else None
