"""Locks doors."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

from casbd.model.governance import GovernanceCommand
from casbd.plugins import Options, registry


class TrialOptions(Options):
    """Options of the connector `trial`."""

    trial_lock: str
    """The lock's name."""


@registry.connector
class Trial:
    """Locks one door."""

    Options: ClassVar[type[Options]] = TrialOptions
    actions: ClassVar[tuple[str, ...]] = ("suspend_user",)
    example: ClassVar[dict[str, Any]] = {"trial_lock": "north"}

    def __init__(self, options: TrialOptions) -> None:
        self._lock = options.trial_lock

    def execute(self, command: GovernanceCommand) -> None:
        """Lock it for the target."""
        sys.stderr.write(f"{self._lock} locked for {command.target}\n")
