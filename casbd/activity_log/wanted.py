"""Which activities are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from casbd.clock import Clock
from casbd.filters.compile import compile_filter
from casbd.filters.condition_text import parse_conditions
from casbd.filters.sql import may, must
from casbd.filters.tree import AllOf, Node, fields


class Wanted:
    """All activities that meet some filters (`FIELD OP VALUE[,VALUE]`, or nodes of a filter tree). ValueError says what is allowed.

    meets: decides, as the predicate of a policy does. where: what SQL can say of it; it lets through more. surely: lets through less.
    reads: the fields that `meets` looks at.
    """

    def __init__(self, filters: Sequence[str | Node], clock: Clock) -> None:
        self.node = AllOf(tuple(parse_conditions(filters)))
        self.meets = compile_filter(self.node, now=clock)
        self.where = may(self.node, clock)
        self.surely = must(self.node, clock)
        self.reads = fields(self.node)

    @property
    def is_everything(self) -> bool:
        """Whether there is no filter at all."""
        return not self.node.nodes
