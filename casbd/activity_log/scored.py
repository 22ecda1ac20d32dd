"""What alerts make of activities: an activity's `priority` is what the alerts that it is among are worth together.

It is worked out when it is asked for, from the alerts' parts (`store/state/priority.py`): to have it in the log, each alert, each closing
and each reset would rewrite activities. So a filter on it becomes one on the ids of those that meet it, and policies, which see an
activity before any alert does, know no such field. Known are the first 1,000 activities of an alert.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence

from casbd.filters.condition_text import parse_condition
from casbd.filters.fields import FieldRef
from casbd.filters.operators import Kind
from casbd.filters.text_tests import numeric_test
from casbd.filters.tree import AnyOf, Condition, Node, NoneOf
from casbd.store.state import priority, raised_alerts

NAME = "priority"
ALWAYS = 2**62
"""Milliseconds that no record's time reaches."""
_ASKS = re.compile(rf"\s*{NAME}(\s|$)")


class Scored(FieldRef, frozen=True):
    """`priority`, as people write it."""

    @property
    def kind(self) -> Kind:
        """See FieldRef."""
        return "integer"


def scored(connection: sqlite3.Connection, since: int | None = None, until: int | None = None) -> Counter[str]:
    """What activities add, by id; those of a span of event time (ms) and more. Nothing of those that no alert is about."""
    found = Counter[str]()
    for alert_id, worth in priority.worths(connection, -ALWAYS if since is None else since, ALWAYS if until is None else until):
        for alert in raised_alerts.some(connection, [alert_id]):
            found.update(dict.fromkeys(alert.activity_ids, worth))
    return found


def asks(filters: Iterable[str | Node]) -> bool:
    """Whether a filter is about it."""
    return any(isinstance(one, str) and _ASKS.match(one) for one in filters)


def resolved(
    connection: sqlite3.Connection, filters: Sequence[str | Node], since: int | None = None, until: int | None = None
) -> list[str | Node]:
    """Filters of a search, those about `priority` as filters on ids. ValueError where one is wrong. since, until: of the search (ms)."""
    priorities = scored(connection, since, until)
    return [_resolved(one, priorities) if isinstance(one, str) and _ASKS.match(one) else one for one in filters]


def _resolved(text: str, priorities: Counter[str]) -> Node:
    node = parse_condition(text, Scored(NAME))
    assert isinstance(node, Condition), "a text is one condition"
    if node.operator == "isset":
        ids = [*priorities]
    else:
        meets = numeric_test(node)
        ids = [activity_id for activity_id, score in priorities.items() if meets(score)]
    if ids:
        return Condition("activity_id", "eq", tuple(ids), node.negated)
    return NoneOf(()) if node.negated else AnyOf(())
