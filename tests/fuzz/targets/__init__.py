"""What is fuzzed, one file each: `seeds()` are inputs that are in order, `attempt(data)` raises where an input shows a fault.

Any bytes may come; whatever casbd refuses in its usual way (a reject, a mistake, something unread) is no fault. `TOKENS` are what the
mutations put in besides odd values.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

FORMATS = Path(__file__).resolve().parents[2] / "formats"
ROOT = FORMATS.parents[1]


class Target(Protocol):
    """A module of this folder."""

    TOKENS: Sequence[bytes]

    def seeds(self) -> list[bytes]:
        """Inputs in order, the same ones every time."""

    def attempt(self, data: bytes) -> None:
        """Try one input. Whatever it raises is a fault."""


class FaultError(AssertionError):
    """casbd raised nothing, and did not do what it promises."""


def names() -> list[str]:
    """All targets."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def load(name: str) -> Target:
    """One of them."""
    return import_module(f"targets.{name}")
