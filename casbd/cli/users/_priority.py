"""What the investigation priority of a user is made of, as JSON and for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import click

from casbd.activity_log.observed import Span
from casbd.activity_log.priorities import Priorities, Priority
from casbd.cli._common import cell, moment, table
from casbd.model.alert import Alert
from casbd.model.identity import Who, text_of
from casbd.pseudonyms import Pseudonyms
from casbd.records.timestamps import iso
from casbd.store.database import Store
from casbd.store.state import priority, raised_alerts
from casbd.store.state.priority import Lesson, Part

_MOST = 10
"""Alerts that are shown to people; JSON has all."""


class MadeOf(NamedTuple):
    """A user's priority, the alerts that add to it with what they add, and what false positives have taught.

    users: how many there are; 0 where there is no priority that would be compared with theirs, as counting them takes a while.
    """

    priority: Priority
    users: int
    parts: list[tuple[Part, Alert]]
    lessons: list[Lesson]

    def fields(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "priority": self.priority.score,
            "priority_percentile": self.priority.percentile,
            "priority_parts": [_fields(*one) for one in self.parts],
            "priority_lessons": [one._asdict() for one in self.lessons],
        }


def made_of(store: Store, people: Sequence[Who], span: Span, shown: Pseudonyms) -> list[MadeOf]:
    """Of each of some people."""
    if not people:
        return []
    priorities = Priorities(store, span)
    several = []
    for who in people:
        parts = priority.parts(store.connection, span.until, text_of(who))
        alerts = map(shown.alert, raised_alerts.some(store.connection, [part.alert_id for part in parts]))
        lessons = priority.lessons(store.connection, text_of(who))
        own = priorities.of(who)
        several.append(MadeOf(own, priorities.users if own.score else 0, [*zip(parts, alerts, strict=True)], lessons))
    return several


def _fields(part: Part, alert: Alert) -> dict[str, Any]:
    about = {name: getattr(alert, name) for name in ("policy_id", "policy_name", "severity", "evidence", "activity_count", "activity_ids")}
    return {"alert_id": part.alert_id, "adds": part.adds, "points": part.points, "last_activity": iso(part.at), **about} | {
        "forgiven": part.forgiven,
        "lessons": part.lessons,
    }


def page(made: MadeOf) -> None:
    """For people: the number, and below it what each alert adds and why."""
    score, percentile = made.priority
    if score:
        click.secho(f"investigation priority {score}: more than {percentile:g} % of {made.users} users", bold=True)
        more = f", the first {_MOST} of {len(made.parts)}" if len(made.parts) > _MOST else ""
        table(
            f"What adds to it{more}",
            ("adds", "alert", "severity", "last activity", "why", "id"),
            (_row(part, alert) for part, alert in made.parts[:_MOST]),
            less=("last activity", "severity"),
        )
    else:
        click.echo("investigation priority 0")
    for lesson in made.lessons:
        where = f" from {lesson.place}" if lesson.place else ""
        click.echo(f"{cell(lesson.policy_id)}{where} adds less: {number(lesson.alerts)}")


def _row(part: Part, alert: Alert) -> tuple[object, ...]:
    return (part.adds, alert.policy_name, alert.severity, moment(part.at), why(part), alert.alert_id)


def why(part: Part) -> str:
    """How an alert came to add so much."""
    reasons = [f"of {part.points}"] if part.adds != part.points else []
    reasons += [f"{part.forgiven} before a reset"] if part.forgiven else []
    reasons += [number(part.lessons)] if part.lessons else []
    reasons += ["beside others of its policy"] if part.adds != part.worth else []
    return ", ".join(reasons)


def number(lessons: int) -> str:
    """`2 false positives like it`."""
    return f"{lessons} false positive{'s' * (lessons > 1)} like it"
