"""What options may say of themselves."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class Explained(Protocol):
    """Options of an output of which some stand for others."""

    def meaning(self) -> str:
        """What they come to, for people; "" where nothing stands for anything else."""
