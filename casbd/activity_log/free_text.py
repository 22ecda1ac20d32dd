"""Words that are looked for everywhere in an activity."""

from __future__ import annotations

from casbd.filters.tree import AllOf, AnyOf, Condition, Node

FIELDS = (
    "user",
    "user_display_name",
    "action_type",
    "activity_type",
    "app",
    "ip_address",
    "objects",
    "city",
    "isp",
    "user_agent",
    "raw",
)
"""Where they may stand; of `objects` in an id, a name or a type."""


def containing(words: str) -> Node:
    """The filter that holds where each word stands in some field, without regard to case. Words end at blanks alone."""
    return AllOf(tuple(AnyOf(tuple(Condition(field, "substring", (word,)) for field in FIELDS)) for word in words.split()))
