"""Looking at plain values of a record: what is of another type than a vendor documents counts as missing."""

from __future__ import annotations

from typing import Any


def text_of(value: Any) -> str | None:
    """Text that is not empty, and not only blanks."""
    return value if isinstance(value, str) and value and not value.isspace() else None


def scalar_of(value: Any) -> str | None:
    """Text with something in it, or a whole number as text: ids are either."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text_of(value)


def dict_of(value: Any) -> dict[str, Any]:
    """An object; an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def list_of(value: Any) -> list[Any]:
    """A list; an empty one in the place of anything else."""
    return value if isinstance(value, list) else []
