"""The filter tree as SQL (DuckDB's) over the columns of the activity log: which rows may meet a filter.

It is there to read less, not to decide: what it lets through, the predicate of `compile.py` decides, so search and backtest say what
the stream says, to the letter. What SQL cannot say the same way (a text that is not ASCII and its case, regular expressions,
networks, values in the raw record) may be met, as far as it knows; a negation asks for what must not be met.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casbd.clock import Clock
from casbd.filters.text_tests import HOLDING
from casbd.filters.tree import AllOf, AnyOf, Condition, Node, nodes_inside
from casbd.filters.values import words
from casbd.model.activity import FIELDS
from casbd.records.plain_parts import plain_part

_DAY = 86_400_000
_LARGE = 1 << 100
_MANY = 500
_SIGNS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_OBJECT_TEXTS = "flatten(list_transform(objects, lambda o: [o.id, o.name, o.type]))"
_WORD_ENDS = r"[\s\x0b\x1c-\x1f,._/\\@:-]+"


class Sql:
    """A condition over rows, with its parameters in their order."""

    def __init__(self, text: str, parameters: Sequence[Any] = ()) -> None:
        self.text = text
        self.parameters = list(parameters)


def may(node: Node, now: Clock | None) -> Sql:
    """What every row meets that meets the filter, and few others. now: asked by `within_days`, of which without it nothing is known."""
    writer = _Writer(now)
    return Sql(writer.write(node, True), writer.parameters)


def must(node: Node, now: Clock | None) -> Sql:
    """What only rows meet that meet the filter, and most of them."""
    writer = _Writer(now)
    return Sql(writer.write(node, False), writer.parameters)


class _Writer:
    def __init__(self, now: Clock | None) -> None:
        self._now = now
        self.parameters: list[Any] = []

    def write(self, node: Node, possibly: bool) -> str:
        """A node. possibly: what SQL does not know counts as met; else as not met."""
        if isinstance(node, Condition):
            text = self._condition(node, possibly != node.negated)
            return f"NOT {text}" if node.negated else text
        if isinstance(node, AllOf):
            return self._joined(node.nodes, " AND ", possibly)
        if isinstance(node, AnyOf):
            return self._joined(node.nodes, " OR ", possibly)
        return f"NOT {self._joined(node.nodes, ' OR ', not possibly)}"

    def _joined(self, nodes: Sequence[Node], word: str, possibly: bool) -> str:
        if not nodes:
            return "TRUE" if word == " AND " else "FALSE"
        return f"({word.join(self.write(node, possibly) for node in nodes)})"

    def _condition(self, condition: Condition, possibly: bool) -> str:
        """A positive condition, true or false and never null."""
        unknown = "TRUE" if possibly else "FALSE"
        kind = FIELDS[condition.field].kind
        if condition.path and possibly:
            return self._somewhere_in_raw(condition)
        if condition.path or condition.role != "actor" or condition.operator == "means":
            return unknown
        if condition.operator == "within_days" and self._now is None:
            return unknown
        column = f'"{condition.field}"'
        if kind == "objects":
            column, kind = _OBJECT_TEXTS, "list"
        if condition.operator == "isset":
            if kind == "list":
                return f"coalesce(len({column}) > 0, FALSE)"
            return f"coalesce({column} <> '', FALSE)" if kind in ("text", "choice") else f"({column} IS NOT NULL)"
        if kind == "flag":
            return f"coalesce({column} IN ({self._bind(condition.values)}), FALSE)"
        if kind in ("integer", "number", "time"):
            return self._number(condition, column)
        one = "lower(x)" if kind == "list" else f"lower({column})"
        test = self._text(condition, one)
        if test is None:
            return unknown
        # Where SQL and Python may see another case, or another blank, SQL does not know.
        strange = f"strlen({'x' if kind == 'list' else column}) <> length({'x' if kind == 'list' else column})"
        test = f"({test} OR {strange})" if possibly else f"({test} AND NOT {strange})"
        if kind == "list":
            return f"coalesce(len(list_filter({column}, lambda x: {test})) > 0, FALSE)"
        return f"coalesce({test}, FALSE)"

    def _somewhere_in_raw(self, condition: Condition) -> str:
        """A value at a path stands in the record's text, if it is written plainly there: a look costs a hundredth of decoding."""
        if condition.operator == "element":
            return self._joined(nodes_inside(condition), " OR ", True)
        clues = [plain_part(str(value)) for value in condition.values]
        if condition.operator not in HOLDING or not all(clues):
            return "TRUE"
        seen = " OR ".join(f"contains(lower(raw), {self._bind([clue])})" for clue in clues)
        # A letter may be written as an escape, and casefolding may make ASCII of one that is not: such records are let through.
        return f"({seen} OR contains(raw, '\\u') OR strlen(raw) <> length(raw))"

    def _text(self, condition: Condition, one: str) -> str | None:
        values = [str(value) for value in condition.values]
        if not all(value.isascii() for value in values):
            return None  # only a text that is not ASCII can fit such a value, or one that is; let the predicate see
        folded = [value.casefold() for value in values]
        match condition.operator:
            case "eq":
                return f"{one} IN ({self._bind(folded)})" if len(folded) <= _MANY or one == "lower(x)" else self._in_many(one, folded)
            case "startswith" | "substring" | "endswith":
                function = {"startswith": "starts_with", "substring": "contains", "endswith": "ends_with"}[condition.operator]
                return f"({' OR '.join(f'{function}({one}, {self._bind([value])})' for value in folded)})"
            case "contains":
                spaced = f"' ' || trim(regexp_replace({one}, '{_WORD_ENDS}', ' ', 'g')) || ' '"
                return f"({' OR '.join(f'contains({spaced}, {self._bind([words(value)])})' for value in values)})"
        return None

    def _in_many(self, one: str, values: list[str]) -> str:
        """As one parameter that is joined to: as many parameters would take 200 microseconds each. A lambda allows no such query."""
        self.parameters.append(values)
        return f"{one} IN (SELECT unnest(?))"

    def _number(self, condition: Condition, column: str) -> str:
        if condition.operator == "within_days":
            days = max(value for value in condition.values if isinstance(value, int | float))
            assert self._now is not None
            return f"coalesce({column} >= {self._bind([self._now() - days * _DAY])}, FALSE)"
        if condition.operator == "range":
            parts = [
                f"{column} BETWEEN {self._bind(ends[:1])} AND {self._bind(ends[1:])}"
                for ends in condition.values
                if isinstance(ends, tuple)
            ]
        else:
            parts = [f"{column} {_SIGNS[condition.operator]} {self._bind([value])}" for value in condition.values]
        return f"coalesce({' OR '.join(parts)}, FALSE)"

    def _bind(self, values: Sequence[Any]) -> str:
        # DuckDB has no integers of more than 128 bits, and the columns none of more than 64.
        self.parameters += [
            _LARGE if isinstance(one, int) and one > _LARGE else max(one, -_LARGE) if isinstance(one, int) else one for one in values
        ]
        return ", ".join("?" * len(values))
