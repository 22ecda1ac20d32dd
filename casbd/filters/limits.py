"""What a policy may cost: bounds on a filter, so that neither making nor asking it takes long, whoever wrote it.

What it costs in the end is seen when it is asked: see `asking.py`.
"""

from __future__ import annotations

from casbd.filters.tree import Condition, Node, conditions, nodes_inside
from casbd.filters.values import instructions

MOST_VALUES = 100_000
"""Conditions and their values; of one that is used several times each counts."""
MOST_CONDITIONS = 10_000
MOST_INSTRUCTIONS = 20_000
"""Of all regular expressions of a filter, as RE2 compiles them."""


def weight(*nodes: Node) -> int:
    """How much of everything there is in filters, to compare what they may cost."""
    own = [condition for node in nodes for condition in conditions(node)]
    programs = sum(instructions(str(value)) for condition in own if condition.operator == "matches" for value in condition.values)
    inside = weight(*(node for condition in own for node in nodes_inside(condition))) if own else 0
    return programs + inside + sum(1 + len(condition.values) for condition in own)


def too_large(*nodes: Node) -> str:
    """Why filters are more than one policy may have; empty where they are not. It stops counting there."""
    waiting, values, number, program = [*nodes], 0, 0, 0
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Condition):
            waiting += node.nodes
            continue
        waiting += nodes_inside(node)
        number += 1
        values += 1 + len(node.values)
        if number > MOST_CONDITIONS:
            return f"more than {MOST_CONDITIONS:,} conditions"
        if values > MOST_VALUES:
            return f"more than {MOST_VALUES:,} values"
        for value in node.values if node.operator == "matches" else ():
            program += instructions(str(value))
            if program > MOST_INSTRUCTIONS:
                return f"regular expressions that make more than {MOST_INSTRUCTIONS:,} of RE2's instructions in all"
    return ""
