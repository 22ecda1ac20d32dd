"""The filter tree to a predicate over activities: one Python expression, with everything prepared bound to names.

The source is made of the templates in this file and of the names of fields; whatever a rule file says is a value that is
bound to a name (folded sets, networks, regular expressions), never text of the source. So no rule can run code, and a
filter of ten conditions costs one call, where ten closures cost ten.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from casbd.clock import Clock
from casbd.filters.effort import Effort
from casbd.filters.log_on_failures import meaning_of
from casbd.filters.operators import ALL_FIELDS
from casbd.filters.record_tests import record_test
from casbd.filters.text_tests import LONG, UNLIMITED, any_test, clues, numeric_test, text_test
from casbd.filters.tree import AllOf, AnyOf, Condition, Node, NoneOf
from casbd.model.activity import Activity
from casbd.model.alert import Alert
from casbd.records.record_path import RawReader

Predicate = Callable[[Activity], bool]
AlertPredicate = Callable[[Alert], bool]
Texts = Callable[[Activity], Sequence[str]]

_DAY = 86_400_000
_FEW_CLUES = 8
"""Looking for more of them in a text would cost as much as the test itself."""
_FOLDED = re.compile(r"\bfolded_(\w+)")
_FOLD = f"folded_{{field}} = '' if {{0}} is None else {{0}}.casefold() if len({{0}}) <= {LONG} else long({{0}})"
_NOTHING: tuple[Any, ...] = (None, "", ())


def compile_filter(node: Node, *, now: Clock, reader: RawReader | None = None, effort: Effort = UNLIMITED) -> Predicate:
    """The predicate of a tree. `now` is asked by `within_days` alone; predicates that share a `reader` decode raw once.

    effort: counts what may take long; the predicate raises TooCostly where it ends it.
    """
    return Writer(now, reader or RawReader(), effort).predicate(node)


def compile_alert_filter(node: Node, *, now: Clock, effort: Effort = UNLIMITED) -> AlertPredicate:
    """The same over alerts, of a tree of fields of theirs (`alert_fields.py`): the source asks an alert as it asks an activity."""
    return cast("AlertPredicate", Writer(now, RawReader(), effort).predicate(node))


class Writer:
    """Writes conditions as expressions over an activity `a`. Those that are alike share what they remember.

    effort: counts what may take long, and ends what takes too long.
    """

    def __init__(self, now: Clock, reader: RawReader, effort: Effort = UNLIMITED) -> None:
        self.names: dict[str, Any] = {"NOTHING": _NOTHING, "long": lambda text: _LongText(text, effort)}
        self._now = now
        self._reader = reader
        self._effort = effort
        self._written: dict[Condition, str] = {}

    def predicate(self, node: Node) -> Predicate:
        """The function of one filter; true or false, nothing in between."""
        predicate: Predicate = self.function([f"return True if {self.expression(node)} else False"])
        return predicate

    def function(self, lines: Iterable[str]) -> Any:
        """A function of an activity `a` from statements that are made of `expression`s and bound names.

        Where conditions need a field's text casefolded, it is casefolded once for all of them.
        """
        body = "\n    ".join(lines)
        folded = [_FOLD.format(f"a.{field}", field=field) for field in sorted(set(_FOLDED.findall(body)))]
        exec("\n    ".join(["def function(a):", *folded, body]), self.names)  # noqa: S102  the source is ours: see above
        return self.names.pop("function")

    def bind(self, value: Any) -> str:
        """A name for a value."""
        name = f"v{len(self.names)}"
        self.names[name] = value
        return name

    def expression(self, node: Node) -> str:
        """The source of a filter."""
        if isinstance(node, Condition):
            written = self._written.get(node)
            if written is None:
                written = self._written[node] = self._condition(node)
            return written
        parts = [self.expression(child) for child in sorted(node.nodes, key=_cost)]
        match node:
            case AllOf():
                return f"({' and '.join(parts)})" if parts else "True"
            case AnyOf():
                return f"({' or '.join(parts)})" if parts else "False"
            case NoneOf():
                return f"(not ({' or '.join(parts)}))" if parts else "True"

    def _condition(self, condition: Condition) -> str:
        if condition.path:
            return _negate(f"{self.bind(record_test(condition, self._reader, self._effort))}(a)", condition)
        if condition.role != "actor":
            return _negate(self._about_users(condition), condition)
        if condition.operator == "means":
            return _negate(f"({self.bind(meaning_of)}(a.result_detail, a.source) in {self.bind(frozenset(condition.values))})", condition)
        value = f"a.{condition.field}"
        kind = ALL_FIELDS[condition.field].kind
        if kind == "flag" and condition.operator == "eq":
            answers = {None: condition.negated, True: (True in condition.values) != condition.negated}
            answers[False] = (False in condition.values) != condition.negated
            return f"{self.bind(answers)}[{value}]"
        if condition.operator == "isset":
            return _negate(f"({value} not in NOTHING)", condition)
        if kind in ("text", "choice"):
            holds = f"{self.bind(_null_aside(text_test(condition, self._effort), negated=False))}({value})"
            some = clues(condition)
            if 0 < len(some) <= _FEW_CLUES:
                seen = " or ".join(f"{self.bind(clue)} in folded_{condition.field}" for clue in some)
                holds = f"(({seen}) and {holds})"
            return _negate(holds, condition)
        if kind in ("list", "objects"):
            read = value if kind == "list" else f"{self.bind(_object_texts)}(a)"
            return _negate(f"({value} and {self.bind(any_test(condition, self._effort))}({read}))", condition)
        if condition.operator == "within_days":
            reach = max(days for days in condition.values if isinstance(days, int | float)) * _DAY
            return _negate(f"({value} >= {self.bind(self._now)}() - {self.bind(reach)})", condition)
        return _negate(f"{self.bind(_null_aside(numeric_test(condition), negated=False))}({value})", condition)

    def _about_users(self, condition: Condition) -> str:
        """`user_role: object` asks the objects of type User, `any` these or the one who acted."""
        acted_on = f"{self.bind(USERS_ACTED_ON[condition.field])}(a)"
        if condition.operator != "isset":
            acted_on = f"{self.bind(any_test(condition, self._effort))}({acted_on})"
        if condition.role == "object":
            return acted_on
        return f"({self._condition(Condition(condition.field, condition.operator, condition.values))} or {acted_on})"


class _LongText:
    """A casefolded text in which every look is said before, as many conditions may look."""

    __slots__ = ("_effort", "_text")

    def __init__(self, text: str, effort: Effort) -> None:
        self._effort = effort
        self._text = text.casefold()

    def __contains__(self, clue: str) -> bool:
        self._effort.spend(len(self._text))
        return clue in self._text


def _negate(positive: str, condition: Condition) -> str:
    return f"(not {positive})" if condition.negated else positive


def _cost(node: Node) -> int:
    """Cheap conditions go first, so that most activities never reach regular expressions and the raw record."""
    if not isinstance(node, Condition):
        return 1 + max((_cost(child) for child in node.nodes), default=0)
    if node.path:
        return 30
    rank = {"eq": 0, "isset": 0, "matches": 10, "cidr": 3}.get(node.operator, 2)
    return rank + (20 if node.field == "raw" else 0) + (1 if ALL_FIELDS[node.field].kind in ("list", "objects") else 0)


def _null_aside(fits: Callable[[Any], bool], *, negated: bool) -> Callable[[Any], bool]:
    """The test of a value that may be null, which never fits."""
    return lambda value: negated if value is None else fits(value) != negated


def _object_texts(activity: Activity) -> list[str]:
    """A condition on `objects` is about any object's id, name or type."""
    return [text for thing in activity.objects for text in (thing.id, thing.name, thing.type) if text is not None]


def _users(*parts: str) -> Texts:
    def read(activity: Activity) -> list[str]:
        users = [thing for thing in activity.objects if thing.type is not None and thing.type.casefold() == "user"]
        return [text for user in users for part in parts if (text := getattr(user, part))]

    return read


def _domains(activity: Activity) -> list[str]:
    return [name.rpartition("@")[2] for name in _users("name")(activity) if "@" in name]


USERS_ACTED_ON: dict[str, Texts] = {
    "user": _users("name", "id"),
    "user_id": _users("id"),
    "user_display_name": _users("name"),
    "user_domain": _domains,
}
