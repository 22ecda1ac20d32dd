"""Floods of alerts: what matches far too often is counted and raises no further alert until there is less of it.

A flood is cut where it comes from, as whoever can make one could else switch off the watch over everybody: by policy and by
user (without one, by address). Where a policy as a whole raises far too much, of each user only the first alerts are raised.
Only policies that look at each single activity can flood: a run of repeated activity is one alert, however long it is.

Counted by hours of event time, so that old logs that are read in a minute are no flood, and so that a flood is over by itself.

https://learn.microsoft.com/en-us/defender-cloud-apps/user-activity-policies
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from casbd.alerting import raising
from casbd.model.alert import Alert
from casbd.policies.policy import Policy

HOUR = 3_600_000
TOGETHER = 3
"""Hours by the clock."""
MOST_HOURS = 48
"""So many hours of each are remembered, those with most activities."""
MOST_SUBJECTS = 10_000
"""So many users and addresses of each policy are counted; when there are more, the half that does least is forgotten."""
FIRST_ALERTS = 3
"""So many of each user or address are raised by a policy that raises far too much; twice the limit is the end of it."""
WHOLE = ""
"""The policy's own place among its subjects."""


class Hours(msgspec.Struct, array_like=True):
    """What was met in each hour. since, last: the flood's first and last hour; held: how many were not raised in it."""

    met: dict[int, int] = {}
    since: int | None = None
    last: int = 0
    held: int = 0

    def together(self, hour: int) -> int:
        """How many there are in the three hours around one that have most."""
        return max(sum(self.met.get(start + offset, 0) for offset in range(TOGETHER)) for start in range(hour - TOGETHER + 1, hour + 1))

    def add(self, hour: int) -> None:
        """One more."""
        self.met[hour] = self.met.get(hour, 0) + 1
        if len(self.met) > MOST_HOURS:
            del self.met[min(self.met.keys() - {hour}, key=lambda other: (self.met[other], other))]

    def hold(self, hour: int) -> None:
        """One that is not raised; where those before were long before or after, it is another flood."""
        if self.since is None or not self.since - TOGETHER <= hour <= self.last + TOGETHER:
            self.since, self.last, self.held = hour, hour, 0
        self.last = max(self.last, hour)
        self.held += 1


class FloodGuard:
    """Decides which activities raise alerts. most: so many in three hours are no flood yet; 0: nothing is.

    hours: as they were left by the last commit, by policy and place.
    """

    def __init__(self, most: int, hours: Mapping[str, Mapping[str, Hours]]) -> None:
        self.most = most
        self._hours: dict[str, dict[str, Hours]] = {policy: dict(own) for policy, own in hours.items()}
        self._touched: dict[tuple[str, str], str] = {}

    def raises(self, policy: str, subject: str, timestamp: int) -> bool:
        """Whether a policy raises an alert for one more activity of a user or address."""
        if not self.most:
            return True
        hour = timestamp // HOUR
        everybody = self._hours.setdefault(policy, {})
        whole, own = _of(everybody, WHOLE), _of(everybody, _place(subject))
        own.add(hour)  # of itself also what is not raised: a flood is over when there is less of it, not when it was cut
        together = own.together(hour)
        if len(everybody) > MOST_SUBJECTS:
            self._hours[policy] = _busiest(everybody)
        if together > self.most:
            own.hold(hour)
            self._touched[policy, subject or "somebody unknown"] = _place(subject)
            return False
        raised = whole.together(hour)
        if raised >= self.most and (together > FIRST_ALERTS or raised >= 2 * self.most):
            whole.hold(hour)
            self._touched[policy, WHOLE] = WHOLE
            return False
        whole.add(hour)
        return True

    def floods(self) -> Iterator[tuple[str, str, Hours]]:
        """The floods that went on since the last time: policy, subject (of the whole policy: none), and how much it is."""
        touched, self._touched = self._touched, {}
        for (policy, subject), place in touched.items():
            if (hours := self._hours[policy].get(place)) is not None:
                yield policy, subject, hours

    def hours_to_keep(self, policy: str) -> dict[str, Hours]:
        """What must outlive a restart: of those that come near a flood, as of the others a little may be missing."""
        least = max(self.most // 10, 1)
        everybody = self._hours.get(policy, {})
        return {place: own for place, own in everybody.items() if place == WHOLE or sum(own.met.values()) >= least}


def _of(everybody: dict[str, Hours], place: str) -> Hours:
    hours = everybody.get(place)
    if hours is None:
        hours = everybody[place] = Hours({})
    return hours


def _place(subject: str) -> str:
    """A subject as a short text without its name, which must be forgotten where the person is."""
    return raising.identity(subject)[:16]


def _busiest(everybody: dict[str, Hours]) -> dict[str, Hours]:
    """The whole policy, and the half of its subjects that does most."""
    whole = {WHOLE: everybody.pop(WHOLE)}
    busy = sorted(everybody.items(), key=lambda item: -sum(item[1].met.values()))
    return whole | dict(busy[: MOST_SUBJECTS // 2])


def alert_of(policy: Policy, subject: str, hours: Hours, most: int, now: int) -> Alert:
    """The alert about a flood; the same one while it goes on. subject: none where it is the whole policy's."""
    since = (hours.since or 0) * HOUR
    if subject:
        title = f"{policy.name}: a flood of {subject}"
        text = (
            f"{subject} met this policy more than {most} times in three hours. Further activities of {subject} are counted, without an"
            " alert each, until there are fewer again. Those of all others raise alerts as before."
        )
    else:
        title = f"{policy.name}: too many alerts"
        text = (
            f"This policy raised {most} alerts in three hours. Until there are fewer again, of each user or address only the first"
            f" {FIRST_ALERTS} are raised, and the others are counted. Its filters may ask for too little."
        )
    alert = raising.system("policy_flood", title, text, subject=f"{policy.id}\0{subject}", moment=since, now=now)
    return msgspec.structs.replace(alert, activity_count=hours.held, last_activity=hours.last * HOUR + HOUR - 1)
