"""What each alert adds to the investigation priority of its user, and what closed false positives have taught about that.

A part is worth its points, less what was forgiven when the user's priority was reset. Each false positive that was known when an alert was
raised, of the same user, policy and country, halves what it is worth, at most to a quarter: who made an analyst look away must not be
invisible. Of several alerts of one user and policy in the same days the most worth adds all, the next one half, then a quarter ...: a noisy
policy never adds more than twice its worst alert.

All of it is worked out when it is asked for, so what was taught, closed or reset can be taken back.
"""

# ruff: noqa: S608  our own words

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

DAYS = 7
DAY = 86_400_000
MOST_HALVINGS = 2
"""By false positives."""

_LESSONS = (
    "(SELECT count(*) FROM priority_lessons AS l"
    " WHERE l.who = p.who AND l.policy_id = p.policy_id AND l.place = p.place AND l.since < p.seq)"
)
_PARTS = f"""
SELECT alert_id, who, at, policy_id, points, forgiven, lessons, worth, worth >> min(before, 62) AS adds FROM (
    SELECT *, row_number() OVER (PARTITION BY who, policy_id ORDER BY worth DESC, at, alert_id) - 1 AS before FROM (
        SELECT *, max(points - forgiven, 0) >> min(lessons, {MOST_HALVINGS}) AS worth
        FROM (SELECT p.*, {_LESSONS} AS lessons FROM priority_parts AS p WHERE counts AND at > ? AND at <= ? {{more}})
    )
)
"""


class Part(NamedTuple):
    """What an alert adds. at: its last activity (event time, ms). points: what it was worth when nothing was known of others of its kind;
    forgiven: of these. lessons: false positives that it is like. worth: what is left. adds: of that, beside others of its policy."""

    alert_id: str
    who: str
    at: int
    policy_id: str
    points: int
    forgiven: int
    lessons: int
    worth: int
    adds: int


def put(connection: sqlite3.Connection, alert_id: str, who: str, policy_id: str, place: str, at: int, points: int, *, counts: bool) -> None:
    """Note an alert's part, or what has become of it. counts: else it stays known, and adds nothing."""
    connection.execute(
        "INSERT INTO priority_parts (alert_id, who, policy_id, place, at, points, counts) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (alert_id) DO UPDATE SET at = excluded.at, points = excluded.points, counts = excluded.counts",
        (alert_id, who, policy_id, place, at, points, counts),
    )


def parts(connection: sqlite3.Connection, until: int, who: str | None = None) -> list[Part]:
    """What adds something in the seven days before a moment (event time, ms), the most first; of one person or of all."""
    query = _PARTS.format(more="" if who is None else "AND who = ?") + " WHERE adds ORDER BY adds DESC, at DESC, alert_id"
    return [*map(Part._make, connection.execute(query, (until - DAYS * DAY, until, *(() if who is None else (who,)))))]


def scores(connection: sqlite3.Connection, until: int) -> dict[str, int]:
    """Everybody's sum of the seven days before a moment (event time, ms), where there is any."""
    query = f"SELECT who, sum(adds) FROM ({_PARTS.format(more='')}) GROUP BY who HAVING sum(adds)"
    return dict(connection.execute(query, (until - DAYS * DAY, until)).fetchall())


def worths(connection: sqlite3.Connection, since: int, until: int) -> Iterator[tuple[str, int]]:
    """What alerts of any age are worth, by id: those with activities in a span of event time (ms), and whose worth is left."""
    query = (
        f"SELECT alert_id, max(points - forgiven, 0) >> min(lessons, {MOST_HALVINGS}) AS worth FROM"
        f" (SELECT p.*, {_LESSONS} AS lessons FROM priority_parts AS p JOIN alerts AS a USING (alert_id)"
        "   WHERE counts AND a.first_activity <= ? AND a.last_activity >= ?) WHERE worth"
    )
    yield from connection.execute(query, (until, since))


def forgive(connection: sqlite3.Connection, people: Collection[str]) -> int:
    """What some people's alerts have added until now counts no more; how many alerts that are. What comes to them later counts."""
    changed = 0
    for who in people:
        query = "UPDATE priority_parts SET forgiven = points WHERE who = ? AND forgiven < points"
        changed += connection.execute(query, (who,)).rowcount
    return changed


def teach(connection: sqlite3.Connection, alert_id: str) -> None:
    """An alert was none: those of its user, policy and country that are raised from now on are worth less."""
    connection.execute(
        "INSERT OR IGNORE INTO priority_lessons (alert_id, who, policy_id, place, since)"
        " SELECT alert_id, who, policy_id, place, (SELECT max(seq) FROM priority_parts) FROM priority_parts WHERE alert_id = ?",
        (alert_id,),
    )


def unteach(connection: sqlite3.Connection, alert_id: str) -> None:
    """It was one after all: what it taught is forgotten."""
    connection.execute("DELETE FROM priority_lessons WHERE alert_id = ?", (alert_id,))


def forget_lessons(connection: sqlite3.Connection, people: Collection[str]) -> int:
    """Forget all that was taught about some people; how many alerts had taught it."""
    return sum(connection.execute("DELETE FROM priority_lessons WHERE who = ?", (who,)).rowcount for who in people)


class Lesson(NamedTuple):
    """False positives of one person, by policy and country (`""`: unknown): how many."""

    policy_id: str
    place: str
    alerts: int


def lessons(connection: sqlite3.Connection, who: str) -> list[Lesson]:
    """What was taught about a person."""
    query = "SELECT policy_id, place, count(*) FROM priority_lessons WHERE who = ? GROUP BY policy_id, place ORDER BY policy_id, place"
    return [*map(Lesson._make, connection.execute(query, (who,)))]


def part_of(connection: sqlite3.Connection, alert_id: str) -> Part | None:
    """What an alert is worth, whenever it was, beside no other; None where it adds nothing."""
    row = connection.execute(_PARTS.format(more="AND alert_id = ?"), (-(2**63), 2**63 - 1, alert_id)).fetchone()
    return Part._make(row) if row else None


_BEGUN = f"""
SELECT p.who, a.first_activity AS first, p.alert_id, p.policy_id,
    max(p.points - p.forgiven, 0) >> min({_LESSONS}, {MOST_HALVINGS}) AS worth
FROM priority_parts AS p JOIN alerts AS a USING (alert_id) WHERE p.counts AND p.at >= ?
"""
MOST_A_DAY = 8
"""Parts of one user and policy that are looked at: more of them add nothing."""


def touched(connection: sqlite3.Connection, alert_ids: Iterable[str]) -> dict[str, int]:
    """Whose parts some alerts are, with when the first of each person's began (event time, ms)."""
    since: dict[str, int] = {}
    query = "SELECT p.who, a.first_activity FROM priority_parts AS p JOIN alerts AS a USING (alert_id) WHERE p.alert_id = ?"
    for alert_id in alert_ids:
        for who, first in connection.execute(query, (alert_id,)):
            since[who] = min(first, since.get(who, first))
    return since


def people_since(connection: sqlite3.Connection, since: int) -> list[str]:
    """Whose parts there are of what ended no earlier (event time, ms), also of what counts no more."""
    return [who for (who,) in connection.execute("SELECT DISTINCT who FROM priority_parts WHERE at >= ? ORDER BY who", (since,))]


def begun(connection: sqlite3.Connection, who: str, since: int) -> list[tuple[int, str, str, int]]:
    """A person's parts of alerts that began since then (event time, ms): when, which alert, of which policy, worth.

    In time order, and of each policy and day those that are worth the most.
    """
    query = f"""
    SELECT first, alert_id, policy_id, worth FROM (
        SELECT *, row_number() OVER (PARTITION BY policy_id, first / {DAY} ORDER BY worth DESC, first, alert_id) AS place
        FROM ({_BEGUN} AND p.who = ? AND a.first_activity >= ?) WHERE worth
    ) WHERE place <= {MOST_A_DAY} ORDER BY first, alert_id
    """
    return connection.execute(query, (since, who, since)).fetchall()


def scores_begun(connection: sqlite3.Connection, until: int) -> dict[str, int]:
    """Everybody's sum of the alerts that began in the seven days before a moment (event time, ms)."""
    query = f"""
    SELECT who, sum(worth >> min(place - 1, 62)) AS score FROM (
        SELECT *, row_number() OVER (PARTITION BY who, policy_id ORDER BY worth DESC, first, alert_id) AS place
        FROM ({_BEGUN} AND a.first_activity >= ? AND a.first_activity < ?) WHERE worth
    ) GROUP BY who HAVING score
    """
    since = until - DAYS * DAY
    return dict(connection.execute(query, (since, since, until)).fetchall())
