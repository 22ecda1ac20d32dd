"""Replacing people in texts and in exported records, whoever they are and whatever stands in their place."""

from __future__ import annotations

from collections.abc import Callable

from casbd.pseudonyms.escapes import in_parts
from casbd.pseudonyms.identities import in_json

Replace = Callable[[str], str]


def in_text(text: str, replace: Replace) -> str:
    """A text with what `replace` changes of it, and of each of its parts that is escaped as that part reads."""
    return replace(in_parts(text, replace))


def in_record(raw: str, replace: Replace, replace_value: Replace | None = None) -> str:
    """An exported record: JSON stays JSON, with each of its strings and numbers replaced; anything else is one text.

    replace_value: for the values of JSON, where it differs.
    """
    changed = in_json(raw, replace_value or replace) if raw[:1] in ("{", "[", '"') else None
    return replace(raw) if changed is None else changed
