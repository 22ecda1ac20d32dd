"""From which day on a version of a browser or an operating system is outdated: `casbd/data/user_agents.json`, or a file like it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator

from casbd.documents import Document

ALWAYS = int(datetime.min.replace(tzinfo=UTC).timestamp() * 1000)
"""The start of what is outdated at any time."""
NAMED = ("Vista", "XP", "NT", "ME", "CE")
"""Versions of Windows that are words to ua-parser."""


def version_numbers(text: str) -> tuple[int, ...] | None:
    """`26.5.1` as numbers that compare; None for a version that is a word (`XP`, `Vista`)."""
    parts = text.split(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 10 for part in parts):
        return None
    return tuple(map(int, parts))


def _version(text: str) -> str:
    if version_numbers(text) is None:
        raise ValueError(f"`{text}` is no version, such as `26.5`")
    return text


def _release(text: str) -> str:
    if version_numbers(text) is None and text not in NAMED:
        raise ValueError(f"`{text}` is no version, such as `26.5`, nor one of {', '.join(NAMED)}")
    return text


Version = Annotated[str, AfterValidator(_version)]
Release = Annotated[str, AfterValidator(_release)]


class Threshold(BaseModel):
    """What is known of one family. See `about` in the shipped file for what the keys mean.

    min and also: what is not outdated at any time; in their place `outdated_from`: the day for each release, null for not yet.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    outdated_from: Mapping[Release, date | None] = {}
    min: Version | None = None
    latest: Version | None = None
    also: tuple[Version, ...] = ()
    frozen: Version | None = None
    discontinued: bool = False

    @model_validator(mode="after")
    def _one_of_two(self) -> Threshold:
        if self.min is not None and self.outdated_from:
            raise ValueError("`min` and `outdated_from` exclude each other")
        return self

    def outdated(self, version: str | None, *, may_be_frozen: bool) -> int | None:
        """From when on this version is too old: milliseconds since 1970, or `ALWAYS`; None where it is not, or nobody knows.

        may_be_frozen: a browser says it, which may not be the true version.
        """
        if self.discontinued:
            return ALWAYS
        if version is None or (self.min is None and not self.outdated_from):
            return None
        numbers = version_numbers(version)
        if numbers is None:  # Windows XP, Vista, ME: whatever was named instead of numbered is old
            return _start(self.outdated_from.get(version, date.min))
        if may_be_frozen and self.frozen and _starts_with(numbers, self.frozen):
            return None
        if self.min is None:
            return self._by_release(numbers)
        is_fresh = numbers >= (version_numbers(self.min) or ()) or any(_starts_with(numbers, also) for also in self.also)
        return None if is_fresh else ALWAYS

    def _by_release(self, numbers: tuple[int, ...]) -> int | None:
        """What holds of the newest release up to this version: 26.4.1 is 26.4. What came before all of them is always outdated."""
        versions, starts = self._releases
        place = bisect_right(versions, numbers)
        return starts[place - 1] if place else ALWAYS

    @cached_property
    def _releases(self) -> tuple[list[tuple[int, ...]], list[int | None]]:
        numbered = sorted((numbers, day) for version, day in self.outdated_from.items() if (numbers := version_numbers(version)))
        return [numbers for numbers, _ in numbered], [_start(day) for _, day in numbered]


class Thresholds(BaseModel):
    """The whole file: when and from what it was made, and the thresholds by ua-parser's families."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    about: str = ""
    generated: date
    grace_days: int
    sources: tuple[Mapping[str, str], ...] = ()
    browsers: Mapping[str, Threshold]
    systems: Mapping[str, Threshold]

    @property
    def made(self) -> int:
        """The day of `generated`, in milliseconds."""
        return int(datetime(self.generated.year, self.generated.month, self.generated.day, tzinfo=UTC).timestamp() * 1000)


def read_thresholds(path: Path) -> Thresholds:
    """An operator's file, YAML or JSON. Raises Mistakes."""
    return Document.of(path, Thresholds).check(Thresholds)


def shipped_thresholds() -> Thresholds:
    """The file that ships; read as JSON, since reading YAML costs as much as decoding thousands of records."""
    content = files("casbd").joinpath("data", "user_agents.json").read_bytes()
    return Thresholds.model_validate(msgspec.json.decode(content))


def _start(day: date | None) -> int | None:
    return None if day is None else int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _starts_with(numbers: tuple[int, ...], version: str) -> bool:
    start = version_numbers(version) or ()
    return numbers[: len(start)] == start
