"""What nothing may be done against, asked twice: when an action is decided, and again at the moment when it would be done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from casbd.clock import Uptime, uptime
from casbd.config.governance import Governance
from casbd.config.reach import Reach
from casbd.documents import durations
from casbd.governance.accounts import no_person
from casbd.governance.protection import GroupsOf, Protection
from casbd.governance.reaching import out_of_reach
from casbd.model.governance import GovernanceCommand
from casbd.policies.policy import Policy, digest
from casbd.remembered import Remembered
from casbd.store.state.governance_moments import Moment

CLOCKS_DIFFER = 5 * 60_000
"""So far ahead may a record's time be, as Kerberos has it (RFC 4120, 8.2): beyond, its age is not known."""


def nothing_said(_: GovernanceCommand) -> str:
    """What is known of a request where no connector can say what it would send."""
    return ""


class Rails:
    """The rails of a configuration.

    groups_of: needed where groups are protected, so that nobody can leave it out by mistake. policies, connectors: those of today, the
    latter by name with whose accounts they take; None where they are not asked about. uptime: a clock that nobody sets.
    administrators: the members of `administrators_groups`. preview: what would be sent for a command, as far as its connector can say.
    """

    def __init__(
        self,
        care: Governance | None = None,
        groups_of: GroupsOf | None = None,
        policies: Iterable[Policy] | None = None,
        connectors: Mapping[str, Reach] | None = None,
        uptime: Callable[[], Uptime] = uptime,
        *,
        administrators: Collection[str] = (),
        preview: Callable[[GovernanceCommand], str] = nothing_said,
    ) -> None:
        self.care = care or Governance()
        self.administrators = administrators
        self.preview = preview
        self._protection = Protection(self.care, groups_of)
        self._protected = Remembered[str, bool](lambda user: bool(self._protection.why_not(user)), 10_000)
        self._policies = None if policies is None else {policy.id: policy for policy in policies if policy.governance}
        self._connectors = connectors
        self._uptime = uptime

    def moment(self, now: int) -> Moment:
        """Now (ms), by both clocks."""
        return Moment(now, self._uptime())

    def protects(self, user: str) -> bool:
        """Whether a user is one of those whom the configuration protects."""
        return self._protected[user]

    def why_not(self, target: str, last_activity: int, now: int, user_id: str | None = None) -> str:
        """Why nothing may be done to a user because of what happened then (ms); empty where it may."""
        return self._protection.why_not(target, user_id) or no_person(target) or self.out_of_time(last_activity, now)

    def why_no_longer(self, command: GovernanceCommand, now: int) -> str:
        """Why a command that was decided earlier may not be carried out now; empty where it may.

        What a person approved is as new as the approval: the activity's age was looked at when it was decided.
        """
        decided_by = command.approved or command.last_activity or command.created
        why_not = self.why_not(command.target, decided_by, now, command.user_id)
        return why_not or self._no_longer_asked_for(command) or self.out_of_reach(command)

    def out_of_reach(self, command: GovernanceCommand) -> str:
        """Why its connector does not take a command; empty where it does."""
        if self._connectors is None:
            return ""
        reach = self._connectors.get(command.connector)
        return f"there is no connector {command.connector}" if reach is None else out_of_reach(command, reach)

    def _no_longer_asked_for(self, command: GovernanceCommand) -> str:
        """Why a policy's command is not what the policies of today ask for. A changed policy might not have met what it met."""
        if command.policy_id is None or self._policies is None:
            return ""
        policy = self._policies.get(command.policy_id)
        if policy is None or (command.action, command.connector) not in policy.governance:
            return f"no policy {command.policy_id} asks for {command.action} at {command.connector} any more"
        if not policy.enabled or policy.mode == "simulate":
            return f"the policy {policy.id} is {'simulated' if policy.enabled else 'disabled'} by now"
        changed = command.policy_digest is not None and command.policy_digest != meaning(policy)
        return f"the policy {policy.id} was changed since" if changed else ""

    def out_of_time(self, last_activity: int, now: int) -> str:
        """Why an activity of then (ms) is no reason to act now: it is history, or its time is one that cannot be."""
        age = now - last_activity
        if age > self.care.max_activity_age:
            return (
                f"the activity was {_roughly(age)} ago, and governance.max_activity_age is {durations.written(self.care.max_activity_age)}"
            )
        if age < -CLOCKS_DIFFER:
            return f"the activity's time lies {_roughly(-age)} in the future: the clock there or here is wrong"
        return ""

    def was_out_of_time(self, command: GovernanceCommand) -> bool:
        """Whether a command was blocked for that reason, so that a newer activity of the same alert is another one."""
        if command.status != "blocked" or command.last_activity is None:
            return False
        return bool(self.out_of_time(command.last_activity, command.finished or command.created))


def meaning(policy: Policy) -> str:
    """What a policy asks for, exceptions included, as a hash."""
    return digest(policy.whole_filter(), policy.match)


def _roughly(milliseconds: int) -> str:
    """`61 minutes`, `5 hours`, `30 days`: rounded down, with enough of it to compare by."""
    for unit, size in (("days", 86_400_000), ("hours", 3_600_000), ("minutes", 60_000)):
        if milliseconds >= 2 * size:
            return f"{milliseconds // size} {unit}"
    return f"{milliseconds // 1000} seconds"
