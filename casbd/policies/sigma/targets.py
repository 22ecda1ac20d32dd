"""Where a field of a Sigma log source stands: fields of the activity, paths into its record."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import msgspec

from casbd.documents import nearest
from casbd.model.activity import FIELDS
from casbd.records.record_path import parse_path, write_path

GENERIC = ("json", "csv")
"""Formats that read anybody's records."""


class Unmapped(ValueError):
    """A log source or field that casbd does not know; `hint` says what there is."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Target(msgspec.Struct, frozen=True):
    """One place where a Sigma field stands: a field of the activity, or `raw.` and a path.

    native: only in records that the log source's own format has read. suffix: what Sigma writes behind the value.
    """

    field: str
    native: bool = False
    suffix: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One log source.

    formats: casbd's formats for its records. fields: by Sigma's name in small letters. prefixes: paths below which any other
    field may stand. documented: the first part of the names that the vendor documents; empty: any. renamed: beginnings of names, and
    what the record has instead.
    """

    formats: tuple[str, ...]
    fields: Mapping[str, tuple[Target, ...]] = {}
    prefixes: tuple[str, ...] = ("",)
    documented: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = {}

    def targets(self, name: str) -> tuple[Target, ...]:
        """Where a field stands; Unmapped where it is none of this log source."""
        own = self.fields.get(name.casefold())
        if own is not None:
            return own
        for begin, instead in self.renamed.items():
            if name.casefold().startswith(begin):
                name = instead + name[len(begin) :]
                break
        first = name.split(".")[0]
        documented = {own.casefold() for own in self.documented}
        if documented and first.casefold() not in documented:
            names = [*self.documented, *(own for own in self.fields if own not in documented)]
            raise Unmapped(f"the field `{name}` is not known of this log source", nearest(first, names))
        return _below(self.prefixes, name)


@lru_cache(4096)
def _below(prefixes: tuple[str, ...], name: str) -> tuple[Target, ...]:
    """Where a field may stand in a record."""
    try:
        path = parse_path(name)
    except ValueError:
        path = (name,)
    return tuple(Target("raw." + write_path((*(parse_path(prefix) if prefix else ()), *path))) for prefix in prefixes)


def at(*places: str, native: str = "", suffix: str = "") -> tuple[Target, ...]:
    """Targets of one field. native: the activity's field that holds it; places: the activity's or paths into the record."""
    own = (Target(native, native=True),) if native else ()
    return own + tuple(Target(place if place in FIELDS else f"raw.{place}", suffix=suffix) for place in places)


def names(text: str) -> frozenset[str]:
    """Names with blanks between them."""
    return frozenset(text.split())
