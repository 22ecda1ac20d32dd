"""A vendor's operations as canonical activities: the table of one format in `casbd/data/`.

activities: {Log on: [user.session.start], ...}
admin: [policy., zone.]             # operations, or how they begin, that are administrative
not_admin: [user.account.update_password]
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from casbd.documents import Document
from casbd.remembered import Remembered

DATA = Path(__file__).parent.parent / "data"
UNSPECIFIED = "Unspecified"


class Kind(NamedTuple):
    """What an operation is."""

    activity_type: str
    admin: bool


class ActivityTable:
    """The table of one file. Operations compare without regard to case."""

    def __init__(self, name: str) -> None:
        data = Document(DATA / f"{name}_activities.yaml").data
        self._types = {operation.casefold(): kind for kind, operations in data["activities"].items() for operation in operations}
        self._admin = tuple(prefix.casefold() for prefix in data.get("admin", ()))
        self._not_admin = tuple(prefix.casefold() for prefix in data.get("not_admin", ()))
        self._kinds = Remembered(self._kind, 20_000)  # a vendor's vocabulary, but an attacker may invent some

    def kind(self, operation: str) -> Kind:
        """The kind of an operation; Unspecified where the table does not have it."""
        return self._kinds[operation]

    def _kind(self, operation: str) -> Kind:
        folded = operation.casefold()
        admin = folded.startswith(self._admin) and not (self._not_admin and folded.startswith(self._not_admin))
        return Kind(self._types.get(folded, UNSPECIFIED), admin)
