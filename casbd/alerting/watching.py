"""How policies that compare with what is usual are given to the habits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from casbd.alerting.raising import identity
from casbd.habits.anomaly import Anomaly, anomaly
from casbd.habits.habits import Watching, remembered_as
from casbd.model.counted import Entry
from casbd.policies.policy import Policy


def watching(policies: Iterable[Policy]) -> dict[str, Watching]:
    """How each policy compares with what is usual, by its id; those that do not are left out.

    Policies that observe the same have one memory. Where only some of them leave out what is exempt, each of these has its own: else
    one would raise alerts of what it is to leave alone. A policy alone keeps its memory, whatever is exempt.
    """
    found = [(policy, match, remembered_as(match, policy.filters)) for policy in policies if (match := anomaly(policy.match)) is not None]
    exempt: dict[str, set[str]] = {}
    for policy, _, remembers in found:
        exempt.setdefault(remembers, set()).add(_exempt(policy))
    return {
        policy.id: _watching(policy, match, remembers if len(exempt[remembers]) == 1 else f"{remembers}:{_exempt(policy)}")
        for policy, match, remembers in found
    }


def _exempt(policy: Policy) -> str:
    exempt = msgspec.json.encode([(one.filters, one.expires) for one in policy.exemptions])
    return hashlib.sha256(exempt).hexdigest()[:8]


def _watching(policy: Policy, match: Anomaly, remembers: str) -> Watching:
    def alert_id(who: str, begun: Entry) -> str:
        return identity(policy.id, who, str(begun.timestamp), begun.activity_id)

    return Watching(policy.id, policy.window_key, remembers, match, alert_id)
