"""Who is told of which alerts: the configuration's recipients, and the addresses and numbers that rule files name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from casbd.config.notifications import Notification
from casbd.config.settings import Settings
from casbd.model.alert import SEVERITIES, SYSTEM, Alert, Severity
from casbd.policies.policy import Policy
from casbd.store.state.told import recipient_destination

RANK: dict[Severity, int] = {severity: number for number, severity in enumerate(SEVERITIES)}


class Recipients:
    """All recipients, by queue. people: how each is reached, and what is asked of it."""

    def __init__(self, settings: Settings, policies: Iterable[Policy]) -> None:
        self._by_name = {entry.name: entry for entry in settings.notifications}
        self._by_address = {entry.email.casefold(): entry for entry in settings.notifications if entry.email}
        self._can_mail, self._sms = settings.mail is not None, settings.sms
        self.people: dict[str, Notification] = {recipient_destination(name): entry for name, entry in self._by_name.items()}
        self._named: dict[str, set[str]] = {}
        for policy in policies:
            found = [one for name in policy.alert.recipients if (one := self._recipient(name)) is not None]
            self._named[policy.id] = {recipient_destination(one.name) for one in found}
            if policy.enabled:
                self.people |= {recipient_destination(one.name): one for one in found}

    def _recipient(self, named: str) -> Notification | None:
        """What a rule file means: a name, the address of one that has a name, an address or number; None where nobody can reach it."""
        known = self._by_name.get(named) or self._by_address.get(named.casefold())
        if known is not None:
            return known
        if "@" in named:
            return Notification.model_construct(name=named, email=named, alerts="named") if self._can_mail else None
        if self._sms is not None and named.startswith("+"):
            return Notification.model_construct(name=named, url=self._sms.url, alerts="named")
        return None

    def queues(self, alert: Alert, now: int, before: Alert | None = None) -> list[str]:
        """Who is to be told of an alert now (ms). before: as it was when it was told last; then only of a severity that has risen."""
        is_no_news = before is not None and RANK[alert.severity] <= RANK[before.severity]
        if alert.suppressed or alert.merged_into is not None or is_no_news:
            return []
        named = self._named.get(alert.policy_id, set())
        told = (queue for queue, person in self.people.items() if _wants(person, alert, now))
        return [queue for queue in told if self.people[queue].alerts == "all" or queue in named]


def _wants(person: Notification, alert: Alert, now: int) -> bool:
    """Whether an alert is severe and new enough; those about casbd itself are of now, whatever began when."""
    most = person.max_activity_age
    new = most is None or alert.category == SYSTEM or now - alert.last_activity <= most
    return new and RANK[alert.severity] >= RANK[person.min_severity]


def unreachable(settings: Settings, policies: Iterable[Policy]) -> Iterator[tuple[Policy, str]]:
    """The addresses and numbers of rule files that the configuration has no way to."""
    recipients = Recipients(settings, ())
    for policy in policies:
        for name in policy.alert.recipients:
            if recipients._recipient(name) is None:
                yield policy, name
