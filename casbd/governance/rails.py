"""What nothing may be done against, asked twice: when an action is decided, and again at the moment when it would be done."""

from __future__ import annotations

from casbd.config.governance import Governance
from casbd.governance.accounts import no_person
from casbd.governance.protection import GroupsOf, Protection
from casbd.model.governance import GovernanceCommand
from casbd.policies.explain import length

CLOCKS_DIFFER = 5 * 60_000
"""So far ahead may a record's time be, as Kerberos has it (RFC 4120, 8.2): beyond, its age is not known."""


class Rails:
    """The rails of a configuration. groups_of: needed where groups are protected, so that nobody can leave it out by mistake."""

    def __init__(self, care: Governance | None = None, groups_of: GroupsOf | None = None) -> None:
        self.care = care or Governance()
        self._protection = Protection(self.care, groups_of)

    def why_not(self, target: str, last_activity: int, now: int, user_id: str | None = None) -> str:
        """Why nothing may be done to a user because of what happened then (ms); empty where it may."""
        return self._protection.why_not(target, user_id) or no_person(target) or self.out_of_time(last_activity, now)

    def why_no_longer(self, command: GovernanceCommand, now: int) -> str:
        """Why a command that was decided earlier may not be carried out now; empty where it may."""
        decided_by = command.created if command.last_activity is None else command.last_activity
        return self.why_not(command.target, decided_by, now, command.user_id)

    def out_of_time(self, last_activity: int, now: int) -> str:
        """Why an activity of then (ms) is no reason to act now: it is history, or its time is one that cannot be."""
        age = now - last_activity
        if age > self.care.max_activity_age:
            return f"the activity was {_roughly(age)} ago, and governance.max_activity_age is {length(self.care.max_activity_age)}"
        if age < -CLOCKS_DIFFER:
            return f"the activity's time lies {_roughly(-age)} in the future: the clock there or here is wrong"
        return ""

    def was_out_of_time(self, command: GovernanceCommand) -> bool:
        """Whether a command was blocked for that reason, so that a newer activity of the same alert is another one."""
        if command.status != "blocked" or command.last_activity is None:
            return False
        return bool(self.out_of_time(command.last_activity, command.finished or command.created))


def _roughly(milliseconds: int) -> str:
    """`61 minutes`, `5 hours`, `30 days`: rounded down, with enough of it to compare by."""
    for unit, size in (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000)):
        if milliseconds >= 2 * size:
            return f"{milliseconds // size} {unit}"
    return f"{milliseconds // 1000} seconds"
