"""`casbd/data/m365_activities.yaml`: which operation of which workload is which canonical activity."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from casbd.documents import Document
from casbd.formats._entra_operations import kind_of

DIRECTORY = "AzureActiveDirectory"
TABLE = Path(__file__).parent.parent / "data" / "m365_activities.yaml"


class Workload(msgspec.Struct, frozen=True):
    """What the table says of one workload."""

    app: str
    default: str
    admin: bool
    types: dict[str, str]
    admin_exceptions: frozenset[str]
    results: dict[str, str]

    def kind(self, operation: str) -> str:
        """The canonical activity of an operation."""
        return self.types.get(operation) or (self.default if _CMDLET.fullmatch(operation) else "Unspecified")

    def result(self, operation: str) -> str | None:
        """How an operation ended whose record does not say it: some records are only written when it has succeeded."""
        return self.results.get(operation)


_CMDLET = re.compile(r"[A-Z][A-Za-z]+-[A-Z]\w+")
"""PowerShell's way to name commands: Set-Mailbox."""


class Table(msgspec.Struct, frozen=True):
    """`m365_activities.yaml`, ready for look-ups."""

    workloads: dict[str, Workload]
    user_types: dict[str, str]
    results: dict[str, str]
    admin_record_types: frozenset[str]
    unknown_users: frozenset[str]

    def result(self, status: str) -> str | None:
        """What a ResultStatus says, without regard to case; None where it is blank or a word for "not known"."""
        folded = status.strip().casefold()
        return self.results.get(folded, None if not folded or folded in self.unknown_users else "unknown")


@cache
def table() -> Table:
    """The table that ships with casbd, read once."""
    data = Document(TABLE).data
    return Table(
        workloads={name: _workload(data["workloads"].get(entry.get("like"), {}) | entry) for name, entry in data["workloads"].items()},
        user_types=data["user_types"],
        results=data["results"],
        admin_record_types=frozenset(data["admin_record_types"]),
        unknown_users=frozenset(data["unknown_users"]),
    )


def _workload(entry: dict[str, Any]) -> Workload:
    admin = entry.get("admin", False)
    listed = [operation for operations in entry.get("activities", {}).values() for operation in operations]
    succeeded = {*entry.get("succeeded", ()), *(listed if entry.get("listed_succeeded") else ())} - {*entry.get("may_fail", ())}
    return Workload(
        app=entry["app"],
        default=entry.get("default", "Unspecified"),
        admin=admin,
        types={operation: kind for kind, operations in entry.get("activities", {}).items() for operation in operations},
        admin_exceptions=frozenset(entry.get("not_admin" if admin else "admin_operations", ())),
        results=dict.fromkeys(succeeded, "success") | dict.fromkeys(entry.get("failed", ()), "failure"),
    )


@cache
def types() -> dict[str, str]:
    """The activities by operation alone; the first workload that has it counts."""
    activity_types: dict[str, str] = {}
    for workload in table().workloads.values():
        for operation, kind in workload.types.items():
            activity_types.setdefault(operation, kind)
    return activity_types


def type_of(operation: str) -> str | None:
    """The canonical activity of an operation in a record that does not name the workload; None where none is known."""
    if (kind := types().get(operation)) is not None:
        return kind
    kind = kind_of(operation).activity_type
    return kind if kind != "Unspecified" else "Run command" if _CMDLET.fullmatch(operation) else None
