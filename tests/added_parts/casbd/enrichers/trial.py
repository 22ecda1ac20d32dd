"""Which floor a user works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from casbd.plugins import Options, registry


class TrialOptions(Options):
    """Where people work."""

    trial_floors: dict[str, str] = Field(default_factory=dict)
    """By user, the floor."""


@registry.enricher
class Trial:
    """Looks users up."""

    Options: ClassVar[type[Options]] = TrialOptions
    example: ClassVar[dict[str, Any]] = {"trial_floors": {"anna@contoso.com": "third"}}
    by_default: ClassVar[bool] = False
    section: ClassVar[str] = "enrichment"
    order: ClassVar[int] = 50
    reads: ClassVar[tuple[str, ...]] = ("user",)
    provides: ClassVar[tuple[str, ...]] = ("trial_floor",)

    def __init__(self, options: TrialOptions) -> None:
        self._floors = options.trial_floors

    def look_up(self, user: str) -> Mapping[str, Any]:
        """The floor, where it is known."""
        return {"trial_floor": self._floors[user]} if user in self._floors else {}

    def files(self) -> Sequence[Path]:
        """None."""
        return ()
