"""What of the activities that meet a filter makes an alert, where it takes several: the `match` of a policy."""

from __future__ import annotations

import msgspec

from casbd.filters.tree import Node


class Aliased(msgspec.Struct, frozen=True, kw_only=True):
    """Whose those activities are that meet a filter, where other fields say so than for the rest.

    by: these fields, as many as the whole match has. unique: the field whose different values are counted of them.
    """

    filters: Node
    by: tuple[str, ...]
    unique: str | None = None


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """How many matching activities of one subject make an alert.

    within: milliseconds of event time. by: the fields that make the subject. single_app: each app is counted apart.
    unique: the field whose different values are counted; None counts activities. aliased: all activities by what they meet, where
    `by` is only of the first of these; an activity that meets several may have several subjects.
    """

    repeated: int
    within: int
    by: tuple[str, ...] = ("user",)
    single_app: bool = False
    unique: str | None = None
    aliased: tuple[Aliased, ...] = ()


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a sequence. repeated: so many activities that meet the filters."""

    filters: Node
    repeated: int = 1


class Sequenced(msgspec.Struct, frozen=True, kw_only=True):
    """Which activities of one subject, one after the other, make an alert.

    within: milliseconds of event time from the first to the last. any_order: it does not matter which comes first. aliased: as of
    repeated activities, one for each step.
    """

    steps: tuple[Step, ...]
    within: int
    by: tuple[str, ...] = ("user",)
    single_app: bool = False
    any_order: bool = False
    aliased: tuple[Aliased, ...] = ()
