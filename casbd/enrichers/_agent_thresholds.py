"""From which version on a browser or an operating system is not outdated: `casbd/data/user_agents.json`, or a file like it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict

from casbd.documents import Document


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


Version = Annotated[str, AfterValidator(_version)]


class Threshold(BaseModel):
    """What is known of one family. See `about` in the file for what the keys mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: Version | None = None
    latest: Version | None = None
    also: tuple[Version, ...] = ()
    frozen: Version | None = None
    discontinued: bool = False

    def is_outdated(self, version: str | None, *, may_be_frozen: bool) -> bool:
        """Whether this version is too old. may_be_frozen: a browser says it, which may not tell the true version."""
        if self.discontinued:
            return True
        if version is None or self.min is None:
            return False
        numbers = version_numbers(version)
        if numbers is None:
            return True  # Windows XP, Vista, ME: whatever was named instead of numbered is old
        if any(_starts_with(numbers, also) for also in self.also):
            return False
        if may_be_frozen and self.frozen and _starts_with(numbers, self.frozen):
            return False
        return numbers < (version_numbers(self.min) or ())


class Thresholds(BaseModel):
    """The whole file: when and from what it was made, and the thresholds by ua-parser's families."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    about: str = ""
    generated: date
    grace_days: int
    sources: tuple[Mapping[str, str], ...] = ()
    browsers: Mapping[str, Threshold]
    systems: Mapping[str, Threshold]


def read_thresholds(path: Path) -> Thresholds:
    """An operator's file, YAML or JSON. Raises Mistakes."""
    return Document(path).check(Thresholds)


def shipped_thresholds() -> Thresholds:
    """The file that ships; read as JSON, since reading YAML costs as much as decoding thousands of records."""
    content = files("casbd").joinpath("data", "user_agents.json").read_bytes()
    return Thresholds.model_validate(msgspec.json.decode(content))


def _starts_with(numbers: tuple[int, ...], version: str) -> bool:
    start = version_numbers(version) or ()
    return numbers[: len(start)] == start
