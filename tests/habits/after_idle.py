"""A kind of anomaly that is easily understood: active again after three days."""

from typing import ClassVar

import msgspec

from casbd.habits.anomaly import DAY, HOUR, Finding, Organization
from casbd.model.counted import Entry

LONG_AGO = -(2**62)
IDLE = 3 * DAY


class Moments:
    """The hours at which a subject was active: the first entry of each, the last moment, and how many; and when it was last before."""

    def __init__(self, packed=None):
        self.hours, self.before = packed or ({}, LONG_AGO)
        self.hours = {hour: (Entry(*entry), last, count) for hour, (entry, last, count) in self.hours.items()}

    @property
    def newest(self):
        return max((last for _, last, _ in self.hours.values()), default=self.before)

    def add(self, entry):
        first, last, count = self.hours.get(entry.timestamp // HOUR, (entry, entry.timestamp, 0))
        first = min(first, entry, key=lambda one: (one.timestamp, one.activity_id))
        self.hours[entry.timestamp // HOUR] = first, max(last, entry.timestamp), count + 1

    def settle(self, before):
        for hour in [hour for hour, (_, last, _) in self.hours.items() if last < before]:
            self.before = max(self.before, self.hours.pop(hour)[1])

    def packed(self):
        return [dict(sorted(self.hours.items())), self.before]

    def lighten(self):
        return False


class Crowd(Organization):
    """Who was active first of all."""

    def __init__(self, packed=None):
        self.first = dict(packed or {})

    def add(self, who, entry, memory):
        self.first[who] = min(self.first.get(who, entry.timestamp), entry.timestamp)
        return [other for other in self.first if other != who]

    def packed(self):
        return dict(sorted(self.first.items()))


class AfterIdle(msgspec.Struct, frozen=True, kw_only=True):
    """Active again after some days (three), unless somebody else began earlier than oneself."""

    kind: ClassVar[str] = "after_idle"
    policy_type: ClassVar[str] = "anomaly"
    nobodys: ClassVar[bool] = False
    crowd: bool = False
    idle: int = IDLE
    by: tuple[str, ...] = ("user",)
    single_app: bool = False
    aliased: tuple = ()
    steps: tuple = ()
    looks_at: tuple = ()
    counts: str = "activities"
    learns: tuple = ()

    @staticmethod
    def evidence(match, facts, span):
        return f"{facts.parts[0].number} after {facts.usual['days']} days"

    def value(self, activity, reader, met):
        return None

    def memory(self, packed=None):
        return Moments(packed)

    def organization(self, packed=None):
        return Crowd(packed) if self.crowd else None

    def findings(self, memory, organization, who):
        before, found = memory.before, []
        for hour in sorted(memory.hours):
            first, last, count = memory.hours[hour]
            if before > LONG_AGO and first.timestamp - before >= self.idle:
                days = (first.timestamp - before) // DAY
                found.append(Finding(first=first.timestamp, last=last, count=count, members=(first,), usual={"days": days}))
            before = last
        if organization is not None and any(at < organization.first[who] for at in organization.first.values()):
            return []
        return found
