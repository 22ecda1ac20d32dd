"""What an alert says of its activities: one sentence with the numbers that decide, made by the policy's kind or the rule file's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import attrgetter
from typing import Any

from msgspec.structs import replace

from casbd.counting.match import Match
from casbd.counting.runs import Change
from casbd.filters.fields import FieldRef, parse_field
from casbd.habits.anomaly import Finding
from casbd.model.activity import FIELDS, Activity, ActivityObject
from casbd.model.alert import Alert
from casbd.model.counted import Entry
from casbd.model.facts import MOST_VALUES, Facts, Told
from casbd.policies import kinds
from casbd.policies.evidence_text import EvidenceText, name_of_field
from casbd.policies.evidence_words import ACTIVITY, ALWAYS, FAILED, FAILURE, PEOPLE, done, listed, place, times, why
from casbd.policies.policy import Policy
from casbd.records.record_path import RawReader, texts
from casbd.records.timestamps import iso
from casbd.remembered import Remembered
from casbd.wire.plain_text import cut, single_line

LONGEST = 1000
"""Characters of a sentence."""
LONGEST_TITLE = 200
"""Of a title, which stands in subjects and tables."""
_LONGEST_VALUE = 300
"""Characters of one value in it."""
_EXCHANGES_PREFIX = re.compile(r"^smtp:|[\w.-]{1,99}/Microsoft Exchange Hosted Organizations/[^/]{1,99}/", re.IGNORECASE)
"""What Exchange Online writes before addresses, and before names in full, where it is the same for all of a tenant."""


class Witness:
    """What is to be known of each activity of a policy's alerts. Not for several threads at once."""

    def __init__(self, policy: Policy) -> None:
        counted = _counted_fields(policy.match) if policy.match is not None else ()
        named = {name_of_field(field): field for field in (*map(parse_field, counted), *policy.alert.fields())}
        self._others = {name: field for name, field in named.items() if name not in ALWAYS}
        self._named = {field.name for field in self._others.values()}
        self._steps = len(policy.windowed.steps) if policy.windowed is not None else 0
        self._reader = RawReader()
        self.looks_at: Callable[[Activity], tuple[Any, ...]] = attrgetter(*sorted(self.fields - {"activity_id", "timestamp"} | self._named))
        """The values by which it is the same what two activities say."""

    @property
    def fields(self) -> frozenset[str]:
        """The fields of an activity that it looks at."""
        own = {"timestamp", "activity_id", "activity_type", "action_type", "object_id", "objects", "result", "result_detail"}
        return frozenset(own | (set(ALWAYS) & FIELDS.keys()) | self._named)

    def told(self, activity: Activity) -> dict[str, list[str]]:
        """What an activity says, by field."""
        told: dict[str, list[Any]] = {
            ACTIVITY: [activity.activity_type if activity.activity_type != "Unspecified" else (activity.action_type or "").rstrip(". ")],
            FAILURE: [activity.result_detail or FAILED] if activity.result == "failure" else [],
            PEOPLE: [activity.user, *_people(activity.objects)],
            "app": [activity.app],
            "user": [activity.user],
            "ip_address": [activity.ip_address],
            "country": [activity.country],
            "object_name": [activity.object_name or activity.object_id],
        }
        plain = {name: [*_plain(values)] for name, values in told.items()}
        return plain | {name: [*_plain(self._values(activity, field))] for name, field in self._others.items()}

    @property
    def reads_records(self) -> bool:
        """Whether it looks at what stands in the record alone."""
        return any(field.path for field in self._others.values())

    @property
    def has_steps(self) -> bool:
        """Whether the activities are steps of a sequence."""
        return self._steps > 0

    def nothing(self) -> Facts:
        """Facts without activities."""
        return Facts.of(self._steps or 1)

    def parts(self, value: str | None) -> Iterator[int]:
        """The parts that a counted activity is of: the steps that it is. value: what was counted of it."""
        yield from (step for step in range(self._steps) if int(value or 0) >> step & 1) if self._steps else (0,)

    def _values(self, activity: Activity, field: FieldRef) -> Sequence[Any]:
        if field.path:
            return texts(self._reader.find(activity.raw, field.path))
        value = getattr(activity, field.name)
        if FIELDS[field.name].kind == "time":
            return [iso(value)]
        if FIELDS[field.name].kind == "objects":
            return [thing.name or thing.id for thing in value]
        return value if isinstance(value, tuple) else [value]


def _counted_fields(match: Match) -> tuple[str, ...]:
    return (*match.by, *match.looks_at, *(field for one in match.aliased for field in one.by))


def _people(things: Sequence[ActivityObject]) -> Iterator[str | None]:
    for thing in things:
        if thing.type in ("User", "Account"):
            yield from (thing.name, thing.id)


def _plain(values: Sequence[Any]) -> Iterator[str]:
    """Values as short texts of one line, without quotes around them and without those that say nothing."""
    for value in islice(values, MOST_VALUES):
        if value is not None and (text := _shown[("true" if value else "false") if isinstance(value, bool) else str(value)]):
            yield text


def _short(text: str) -> str:
    return cut(_EXCHANGES_PREFIX.sub("", single_line(text[: 2 * _LONGEST_VALUE]).strip('"'), count=1), _LONGEST_VALUE)


_shown = Remembered(_short, 5_000)
"""The same values come again and again, of one alert and of many."""


def count(facts: Facts, witness: Witness, change: Change) -> None:
    """Count the activities that came into an alert's run; what they say is added one by one."""
    numbers = [*((member.value, 1) for member in change.members), *change.unlisted]
    for value, number in numbers if witness.has_steps else [(None, change.number)]:
        for part in witness.parts(value):
            facts.parts[part].number += number
    for incomplete in facts.parts if change.number > len(change.members) else ():
        incomplete.partly = True


def add(facts: Facts, witness: Witness, entry: Entry, told: Told) -> None:
    """What an activity says that was counted. entry: as what it was counted."""
    for part in witness.parts(entry.value):
        facts.parts[part].add(told, entry.timestamp)


def unknown(facts: Facts, witness: Witness, entry: Entry) -> None:
    """What an activity says that was counted is not known any more."""
    for part in witness.parts(entry.value):
        facts.parts[part].partly = True


def compare(facts: Facts, finding: Finding) -> None:
    """How many activities an anomaly has, and with what these were compared."""
    facts.usual = finding.usual
    for part in facts.parts:
        part.number = finding.count
        part.partly = part.partly or finding.count > len(finding.members)


def of_one(witness: Witness, activity: Activity) -> Facts:
    """What is known of a single activity."""
    facts = witness.nothing()
    facts.parts[0].number = 1
    facts.parts[0].add(witness.told(activity), activity.timestamp)
    return facts


def told_by(alert: Alert, policy: Policy, facts: Facts) -> Alert:
    """The alert with the sentence and the title that its activities make."""
    whole = facts.whole()

    def known(field: str) -> str:
        return listed(whole[field])

    words = _filled(policy.alert.evidence, known)
    numbers = _numbers(policy, facts, alert.last_activity - alert.first_activity, said=bool(words))
    evidence = cut("; ".join(filter(None, (words, numbers))), LONGEST)
    title = cut(_filled(policy.alert.title, known) or alert.title, LONGEST_TITLE) if policy.alert.title is not None else alert.title
    return replace(alert, evidence=evidence, title=title, named=_named(alert, facts, f"{title} {evidence}"))


def _numbers(policy: Policy, facts: Facts, span: int, *, said: bool) -> str:
    """The kind's own sentence. said: what was done is said before it, so that only how much it was follows."""
    if said and policy.is_of_each:
        (part,) = facts.parts
        return times(part, span) if part.number > 1 else ""
    return _single(facts) if policy.match is None else kinds.of(policy.match).evidence(policy.match, facts, span)


def _filled(text: EvidenceText | None, known: Callable[[str], str]) -> str:
    return "" if text is None else text.filled(known)


def _single(facts: Facts) -> str:
    """What was done to what, where from, and why not: `Download file "a.docx" in Box from 203.0.113.7 (NO)`."""
    (part,) = facts.parts
    return done(part, named=False) + place(part) + why(part)


def _named(alert: Alert, facts: Facts, evidence: str) -> tuple[str, ...]:
    """Who is named in a sentence by what does not look like an address: these must be known to replace them."""
    people = {name for part in facts.parts for name in part[PEOPLE].first}
    return tuple(sorted(name for name in people if name != alert.user and "@" not in name and name in evidence))
