"""What people are told of alerts, as plain words: nothing in it can command a terminal, a mail program or a chat."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from casbd.model.alert import Alert, Severity
from casbd.notifications.recipients import RANK
from casbd.records.timestamps import iso
from casbd.wire.plain_text import cut, single_line

MOST_SHOWN = 20
"""Alerts that a message tells everything about; of the others it has the number, by policy."""
_MOST_POLICIES = 20
_LONGEST = 500
_ID = 12
"""Characters of an alert's id that `casbd alerts show` takes for the whole."""


class Story(NamedTuple):
    """One alert in words. facts: what there is to know, each with what it is called. next: what to do."""

    severity: Severity
    title: str
    said: str
    facts: tuple[tuple[str, str], ...]
    next: str


class Message(NamedTuple):
    """What goes to one recipient as one message. key: the same for the same alerts, 32 hex digits. thread: what it belongs to, if to one.

    rest: of the alerts that are only counted, how many each policy raised, and what is to be said of the others.
    """

    key: str
    thread: str | None
    subject: str
    severity: Severity
    number: int
    stories: tuple[Story, ...]
    rest: tuple[tuple[str, int], ...]


def compose(alerts: Iterable[Alert], *, more: bool = False) -> Message | None:
    """One message of alerts, the most severe first; None of none. more: whether others were told shortly before.

    However many they are, few are in memory.
    """
    gathered = _Gathered()
    for alert in alerts:
        gathered.add(alert)
    return gathered.message(more=more) if gathered.number else None


class _Gathered:
    def __init__(self) -> None:
        self.number = 0
        self._key = hashlib.blake2b(digest_size=16)
        self._shown: list[Alert] = []
        self._severities: Counter[Severity] = Counter()
        self._rest: Counter[str] = Counter()
        self._threads: set[str] = set()

    def add(self, alert: Alert) -> None:
        self.number += 1
        self._key.update(f"{alert.alert_id}\0{alert.event}\0{alert.severity}\0".encode())
        self._severities[alert.severity] += 1
        if len(self._threads) < 2:
            self._threads.add(alert.incident_id or alert.alert_id)
        self._shown.append(alert)
        if len(self._shown) > MOST_SHOWN:
            self._shown.sort(key=lambda one: -RANK[one.severity])  # stable: of the same severity the first ones stay
            self._rest[self._shown.pop().policy_name] += 1

    def message(self, *, more: bool) -> Message:
        shown = sorted(self._shown, key=lambda one: -RANK[one.severity])
        return Message(
            key=self._key.hexdigest(),
            thread=next(iter(self._threads)) if len(self._threads) == 1 else None,
            subject=self._subject(shown[0], more),
            severity=shown[0].severity,
            number=self.number,
            stories=tuple(map(story, shown)),
            rest=tuple((_clean(name, 200), number) for name, number in self._counted()),
        )

    def _counted(self) -> list[tuple[str, int]]:
        most = self._rest.most_common(_MOST_POLICIES)
        others = self._rest.total() - sum(number for _, number in most)
        return [*most, ("other policies", others)] if others else most

    def _subject(self, first: Alert, more: bool) -> str:
        if self.number == 1:
            whose = f" ({_clean(first.user, 100)})" if first.user else ""
            return f"[casbd] {first.severity.capitalize()}: {_clean(first.title, 120)}{whose}"
        worst = first.severity
        how_many = f"{self.number} {'more alerts' if more else 'alerts'}"
        severe = f"{self._severities[worst]} {worst}" if self._severities[worst] < self.number else f"all {worst}"
        return f"[casbd] {how_many}, {severe}: {_clean(first.title, 120)} and others"


def story(alert: Alert) -> Story:
    """What there is to know about an alert, without what is not known."""
    facts = (
        ("User", alert.user),
        ("App", _app(alert)),
        ("Address", alert.ip_address and alert.ip_address + (f" ({alert.country})" if alert.country else "")),
        ("When", _span(alert)),
        ("Activities", str(alert.activity_count) if alert.activity_count > 1 else None),
        ("Policy", alert.policy_name if alert.policy_name != alert.title else None),
        ("Incident", alert.incident_id and alert.incident_id[:_ID]),
    )
    return Story(
        severity=alert.severity,
        title=_clean(alert.title, 200) + (" (severity has risen)" if alert.event == "updated" else ""),
        said=_clean(alert.evidence or alert.description, _LONGEST),
        facts=tuple((name, _clean(value, 200)) for name, value in facts if value),
        next=f"casbd alerts show {alert.alert_id[:_ID]}",
    )


def as_text(message: Message) -> str:
    """The message as plain text."""
    parts = ["\n".join(_lines(one)) for one in message.stories]
    if message.rest:
        rest = sum(number for _, number in message.rest)
        parts.append("\n".join([f"And {rest} more, which `casbd alerts list` shows:", *(f"  {n} x {name}" for name, n in message.rest)]))
    return "\n\n".join(parts) + "\n"


def as_lines(message: Message, most: int = 5) -> str:
    """The message for a telephone or a chat: a line an alert, at most so many."""
    lines = [cut(f"{one.severity.upper()} {one.title}: {one.said}", 300) + f" [{one.next}]" for one in message.stories[:most]]
    left = message.number - len(lines)
    return "\n".join([*lines, *([f"and {left} more"] if left else [])])


def _lines(one: Story) -> Iterable[str]:
    yield f"{one.severity.upper()}: {one.title}"
    if one.said:
        yield one.said
    yield ""
    width = max((len(name) for name, _ in one.facts), default=0) + 2
    yield from (f"  {name + ':':<{width}}{value}" for name, value in one.facts)
    yield f"  {'Next:':<{width}}{one.next}"


def _app(alert: Alert) -> str | None:
    return f"{alert.app} ({alert.app_instance})" if alert.app and alert.app_instance else alert.app


def _span(alert: Alert) -> str:
    first, last = _moment(alert.first_activity), _moment(alert.last_activity)
    return first if first == last else f"{first} to {last}"


def _moment(milliseconds: int) -> str:
    return iso(milliseconds)[:19].replace("T", " ") + " UTC"


def _clean(text: str, most: int) -> str:
    return cut(single_line(text), most)
