"""Which techniques of MITRE ATT&CK are covered: by which enabled policies, where the records that they look at are there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from casbd.policies import attack
from casbd.policies.attack import Technique
from casbd.policies.fitting import formats_of
from casbd.policies.policy import Policy

State = Literal["covered", "partly", "simulated", "no records", "set aside", "disabled", "not covered", "not in audit records"]
"""Of a technique that of the policy that does most for it. partly: the policy lacks what the configuration could name, or only
sub-techniques are covered. set aside: it costs too much."""
STATES: tuple[State, ...] = get_args(State)
WATCHED: tuple[State, ...] = ("covered", "partly")
"""Somebody is told."""

FEW = 4
"""Formats that are named one by one."""


class Standing(NamedTuple):
    """What a policy does for the techniques that its tags name. needs: what it takes to do more, in words."""

    policy: Policy
    state: State
    needs: tuple[str, ...] = ()


class Coverage(NamedTuple):
    """One technique. standings: of the policies whose tags name it, best first."""

    technique: Technique
    state: State
    standings: tuple[Standing, ...]


def standing(policy: Policy, seen: Collection[str], lacks: Sequence[str], *, aside: bool = False) -> Standing:
    """How a policy stands. seen: the formats whose records arrive. lacks: what the configuration does not have for it, in words."""
    fitting = formats_of(policy)
    needs = tuple(lacks)
    if policy.match is not None and policy.match.kind == "priority":
        fitting = frozenset(seen)  # it looks at other policies' alerts
    if not policy.enabled:
        return Standing(policy, "disabled", needs)
    if aside:
        return Standing(policy, "set aside", ("filters that cost less",))
    if fitting.isdisjoint(seen):
        whose = " or ".join(sorted(fitting)) if len(fitting) <= FEW else f"any of {len(fitting)} formats"
        return Standing(policy, "no records", (f"records of {whose}", *needs))
    if policy.mode == "simulate":
        return Standing(policy, "simulated", needs)
    return Standing(policy, "partly" if needs else "covered", needs)


def coverage(standings: Sequence[Standing], platforms: Collection[str] = ()) -> list[Coverage]:
    """All techniques of the cloud matrices, and others that policies name, by id. platforms: of these matrices only.

    What a tag names of which ATT&CK knows nothing is left out: `unknown` has it.
    """
    by_technique: defaultdict[str, list[Standing]] = defaultdict(list)
    for one in standings:
        for name in attack.named(one.policy.tags):
            by_technique[name].append(one)
    watched = {
        name.partition(".")[0] for name, several in by_technique.items() if "." in name and any(one.state in WATCHED for one in several)
    }
    return [
        _of(technique, by_technique.get(technique.id, ()), in_part=technique.id in watched)
        for technique in attack.techniques().values()
        if (technique.matrices or technique.id in by_technique) and (not platforms or not set(platforms).isdisjoint(technique.matrices))
    ]


def _of(technique: Technique, standings: Sequence[Standing], *, in_part: bool) -> Coverage:
    best = tuple(sorted(standings, key=lambda one: (STATES.index(one.state), one.policy.id)))
    states: list[State] = [one.state for one in best[:1]]
    states += ["partly"] if in_part else []
    states += ["not covered" if technique.seen else "not in audit records"]
    return Coverage(technique, min(states, key=STATES.index), best)


def unknown(policies: Sequence[Policy]) -> Mapping[str, list[str]]:
    """Techniques that tags name and ATT&CK does not have, each with its policies."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for policy in policies:
        for name in attack.named(policy.tags):
            if name not in attack.techniques():
                found[name].append(policy.id)
    return dict(sorted(found.items()))


class Share(NamedTuple):
    """How many techniques of a tactic are watched, of those that audit records can show."""

    tactic: str
    watched: int
    of: int


def shares(covered: Sequence[Coverage]) -> list[Share]:
    """By tactic, in ATT&CK's order; a technique of several tactics counts for each."""
    by_tactic: defaultdict[str, list[bool]] = defaultdict(list)
    for one in covered:
        if one.state != "not in audit records":
            for tactic in one.technique.tactics:
                by_tactic[tactic].append(one.state in WATCHED)
    return [Share(tactic, sum(by_tactic[tactic]), len(by_tactic[tactic])) for tactic in attack.TACTICS if tactic in by_tactic]
