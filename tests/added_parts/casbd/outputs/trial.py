"""How many alerts there are, in place of the alerts."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.plugins import Options, registry


class TrialOptions(Options):
    """Options of the output `trial`."""

    trial_word: str = "alerts"
    """What stands behind the number."""


@registry.output
class Trial:
    """Writes numbers to standard error."""

    Options: ClassVar[type[Options]] = TrialOptions
    example: ClassVar[dict[str, Any]] = {"trial_word": "messages"}

    def __init__(self, options: TrialOptions) -> None:
        self._word = options.trial_word

    def send(self, items: Sequence[Alert | Activity]) -> None:
        """Say how many."""
        sys.stderr.write(f"{len(items)} {self._word}\n")

    def close(self) -> None:
        """Nothing to let go of."""
