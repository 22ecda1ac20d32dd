"""What a policy may cost: bounds on a filter, so that neither making nor asking it takes long, whoever wrote it.

RE2 takes time in proportion to the text and, at its worst, to the size of the expression's program
(https://github.com/google/re2/wiki/WhyRE2): 3.4 ns a character and instruction were measured. So both are bounded.
"""

from __future__ import annotations

from casbd.policies.tree import Condition, Node
from casbd.policies.values import instructions

MOST_VALUES = 100_000
"""Conditions and their values; of one that is used several times each counts."""
MOST_CONDITIONS = 10_000
MOST_INSTRUCTIONS = 20_000
"""Of all regular expressions of a filter, as RE2 compiles them."""


def too_large(*nodes: Node) -> str:
    """Why filters are more than one policy may have; empty where they are not. It stops counting there."""
    waiting, values, number, program = [*nodes], 0, 0, 0
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Condition):
            waiting += node.nodes
            continue
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
