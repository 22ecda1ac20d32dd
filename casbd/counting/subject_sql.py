"""Which subjects a policy could count up to an alert, as SQL: most users never come near ten failed log ons.

As with `sql.py`, it only leaves out what cannot be: counts are of all time, not of a window, and of all that may be met.
"""

from __future__ import annotations

from casbd.counting.match import Windowed
from casbd.filters.sql import Sql
from casbd.filters.tree import Node, conditions
from casbd.model.activity import FIELDS
from casbd.model.identity import PLAIN


class Subjects:
    """The subjects of a policy of repeated activity, by columns. None of `of` where something of it is in the record alone."""

    def __init__(self, match: Windowed, enough: Sql) -> None:
        texts = [f'"{field}"' for field in match.by if FIELDS[field].kind in ("text", "choice")]
        self.fields = match.by
        columns = [f'"{field}"' for field in match.by]
        parts = (f"k{number} := lower({column})" if column in texts else f"k{number} := {column}" for number, column in enumerate(columns))
        self.key = f"struct_pack({', '.join(parts)})"
        self.strange = " OR ".join(map(_strange, texts)) or "FALSE"
        self.enough = enough

    @classmethod
    def of(cls, match: Windowed | None, filters: Node) -> Subjects | None:
        """Those of a policy by its match and its filters; None where the columns alone leave no subject out."""
        plain = match is not None and all(field in FIELDS and FIELDS[field].kind not in ("list", "objects", "time") for field in match.by)
        asks_for_the_time = any(condition.operator == "within_days" for condition in conditions(filters))
        if match is None or not plain or match.aliased or asks_for_the_time or (enough := match.enough()) is None:
            return None
        return cls(match, enough)


def _strange(column: str) -> str:
    """Whether Python may take a text for the same as one that SQL takes for another."""
    if column == '"user"':
        plain = PLAIN.replace("'", "''")
        return f"NOT regexp_full_match(lower({column}), '{plain}')"
    return f"strlen({column}) <> length({column})"
