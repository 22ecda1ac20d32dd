"""Which attacks were found, and which alerts nobody wanted."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from casbd.model.alert import Alert
from company.attacks import Attack

SLACK = 600_000
"""Milliseconds around an attack that an alert about it may lie beside it."""


@dataclass
class Verdict:
    """found: the attacks with the policies that found them. false: the alerts about no attack. weeks: of a thousand people."""

    attacks: Sequence[Attack]
    found: Mapping[int, frozenset[str]]
    false: Sequence[Alert]
    withdrawn: int
    thousands: float
    seed: int = 0

    def missed(self) -> list[Attack]:
        """Those that none of the policies meant for them has found."""
        return [attack for number, attack in enumerate(self.attacks) if not self.found.get(number, frozenset()) & attack.policies]

    def kinds(self) -> Counter[str]:
        """How many of each kind there were."""
        return Counter(attack.kind for attack in self.attacks)

    def false_rate(self) -> float:
        """A thousand people and week."""
        return len(self.false) / self.thousands

    def false_by_policy(self) -> Counter[str]:
        """How many of each."""
        return Counter(alert.policy_id for alert in self.false)


def judge(attacks: Sequence[Attack], alerts: Iterable[Alert], thousands: float, seed: int = 0) -> Verdict:
    """thousands: people, in thousands, times weeks. An attack is found by an alert with one of its records.

    No false one is an alert, either, that only names one of the attacked at the time: what the attack has disturbed.
    """
    whose = {identifier: number for number, attack in enumerate(attacks) for identifier in attack.identifiers()}
    found: dict[int, set[str]] = {}
    false, withdrawn = [], 0
    for alert in alerts:
        if alert.merged_into:
            continue
        about = {whose[identifier] for identifier in alert.activity_ids if identifier in whose}
        if alert.status == "closed":
            withdrawn += 1
        elif about:
            for number in about:
                found.setdefault(number, set()).add(alert.policy_id)
        elif not any(_is_beside(alert, attack) for attack in attacks):
            false.append(alert)
    return Verdict(attacks, {number: frozenset(ids) for number, ids in found.items()}, false, withdrawn, thousands, seed)


def _is_beside(alert: Alert, attack: Attack) -> bool:
    in_time = alert.last_activity >= attack.first - SLACK and alert.first_activity <= attack.last + SLACK
    return in_time and (alert.user in attack.users or (alert.user is None and alert.ip_address in attack.addresses))
