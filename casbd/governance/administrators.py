"""The last administrator is never taken away: nobody could undo it.

casbd knows administrators by `governance.administrators_groups`, groups of the user-group file, and takes for enabled whom it has not
disarmed itself. What others did in the app it does not know. Whom only the activity calls an administrator (user type Admin) is one too,
and there must be another one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection

from casbd.governance.actions import DISARMS
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import canonical, names_of
from casbd.store.state import governance_log


def last_one(connection: sqlite3.Connection, command: GovernanceCommand, administrators: Collection[str], *, is_one: bool = False) -> str:
    """Why a command would leave nobody who administrates; empty where it would not. is_one: the target is one in any case."""
    if command.action not in DISARMS:
        return ""
    names = {canonical(name) for name in names_of(command.target)}
    others = [name for name in administrators if canonical(name) not in names]
    if not is_one and len(others) == len(administrators):
        return ""
    if any(not _is_disarmed(connection, name) for name in others):
        return ""
    return f"{command.target} is the last administrator that casbd knows of (governance.administrators_groups)"


def _is_disarmed(connection: sqlite3.Connection, name: str) -> bool:
    """Whether a command has taken, or may just be taking, an administrator away, and none has given them back since."""
    taken: set[tuple[str, str]] = set()
    for command in governance_log.of_target(connection, name):
        may_have_been = command.status in ("queued", "succeeded") or (command.status == "failed" and command.started is not None)
        if command.action in DISARMS and may_have_been:
            taken.add((command.connector, command.action))
        elif command.action == "unsuspend_user" and command.status == "succeeded":
            taken.discard((command.connector, "suspend_user"))  # the account, and no right that was taken from it
    return bool(taken)
