"""The filter tree to a predicate over activities: closures, specialised by operator and kind of field.

What can be prepared is prepared once (casefolded sets, networks, regular expressions), and what a text operator says of a
text is remembered, as the same operations, addresses and user agents come again and again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any

from casbd.clock import Clock
from casbd.model.activity import FIELDS, Activity
from casbd.policies.text_tests import TextTest, numeric_test, text_test
from casbd.policies.tree import AllOf, AnyOf, Condition, Node, NoneOf
from casbd.wire.record_path import RawReader, texts

Predicate = Callable[[Activity], bool]
Texts = Callable[[Activity], Iterable[str]]

_REMEMBERED, _SHORT = 4096, 64
_LONG_REMEMBERED, _LONGEST = 512, 512
"""How many texts a condition remembers, and how long they may be: that bounds it to a MB, whatever the records hold."""
_EVER_NEW = frozenset({"activity_id", "object_id", "object_name", "result_detail", "input_file", "raw"})
"""Fields of which remembering would cost more than it saves: nearly every activity brings a new text."""
_DAY = 86_400_000


def compile_filter(node: Node, *, now: Clock, reader: RawReader | None = None) -> Predicate:
    """The predicate of a tree. `now` is asked by `within_days` alone; predicates that share a `reader` decode raw once."""
    return _compile(node, now, reader or RawReader())


def _compile(node: Node, now: Clock, reader: RawReader) -> Predicate:
    if isinstance(node, Condition):
        return _condition(node, now, reader)
    holds = tuple(_compile(child, now, reader) for child in sorted(node.nodes, key=_cost))
    match node:
        case AllOf():
            return _all(holds)
        case AnyOf():
            return _any(holds)
        case NoneOf():
            return _not(_any(holds))


def _cost(node: Node) -> int:
    """Cheap conditions go first, so that most activities never reach regular expressions and the raw record."""
    if not isinstance(node, Condition):
        return 1 + max((_cost(child) for child in node.nodes), default=0)
    if node.path:
        return 30
    rank = {"eq": 0, "isset": 0, "matches": 10, "cidr": 3}.get(node.operator, 2)
    return rank + (20 if node.field == "raw" else 0) + (1 if FIELDS[node.field].kind in ("list", "objects") else 0)


def _all(holds: tuple[Predicate, ...]) -> Predicate:
    if len(holds) == 1:
        return holds[0]
    if len(holds) == 2:
        first, second = holds
        return lambda activity: first(activity) and second(activity)

    def every(activity: Activity) -> bool:
        for hold in holds:  # noqa: SIM110  a generator expression for all() costs more than the conditions
            if not hold(activity):
                return False
        return True

    return every


def _any(holds: tuple[Predicate, ...]) -> Predicate:
    if len(holds) == 1:
        return holds[0]

    def some(activity: Activity) -> bool:
        for hold in holds:  # noqa: SIM110
            if hold(activity):
                return True
        return False

    return some


def _not(hold: Predicate) -> Predicate:
    return lambda activity: not hold(activity)


def _condition(condition: Condition, now: Clock, reader: RawReader) -> Predicate:
    if condition.path:
        return _negate(_raw(condition, reader), condition)
    if condition.role != "actor":
        return _negate(_about_users(condition, now, reader), condition)
    kind = FIELDS[condition.field].kind
    get = attrgetter(condition.field)
    if kind == "flag" and condition.operator == "eq":
        answers = {None: condition.negated, True: (True in condition.values) != condition.negated}
        answers[False] = (False in condition.values) != condition.negated
        return lambda activity: answers[get(activity)]
    if condition.operator == "isset":
        empty: tuple[Any, ...] = (None, "", ())
        return _negate(lambda activity: get(activity) not in empty, condition)
    if condition.field in _EVER_NEW:
        fits, negated = text_test(condition), condition.negated
        return lambda activity: negated if (text := get(activity)) is None else fits(text) != negated
    if kind in ("text", "choice"):
        remembered = _Remembered(text_test(condition), condition.negated)
        return lambda activity: remembered[get(activity)]
    if kind == "list":
        return _negate(_any_text(get, text_test(condition)), condition)
    if kind == "objects":
        return _negate(_any_text(_object_texts, text_test(condition)), condition)
    return _negate(_number(condition, get, now), condition)


def _negate(positive: Predicate, condition: Condition) -> Predicate:
    return _not(positive) if condition.negated else positive


class _Remembered(dict[str | None, bool]):
    """What a condition says of each text that it has seen; null never fits, so that its negation does."""

    def __init__(self, fits: TextTest, negated: bool) -> None:
        super().__init__({None: negated})
        self._fits = fits
        self._negated = negated

    def __missing__(self, text: str) -> bool:
        answer = self._fits(text) != self._negated
        if len(text) <= (_SHORT if len(self) >= _LONG_REMEMBERED else _LONGEST):
            if len(self) >= _REMEMBERED:
                self.clear()
                self[None] = self._negated
            self[text] = answer
        return answer


def _any_text(read: Texts, fits: TextTest) -> Predicate:
    remembered = _Remembered(fits, negated=False)

    def some(activity: Activity) -> bool:
        for text in read(activity):  # noqa: SIM110
            if remembered[text]:
                return True
        return False

    return some


def _object_texts(activity: Activity) -> list[str]:
    """A condition on `objects` is about any object's id, name or type."""
    return [text for thing in activity.objects for text in (thing.id, thing.name, thing.type) if text is not None]


def _number(condition: Condition, get: Callable[[Activity], Any], now: Clock) -> Predicate:
    if condition.operator == "within_days":
        reach = max(days for days in condition.values if isinstance(days, int | float)) * _DAY
        return lambda activity: activity.timestamp >= now() - reach
    fits = numeric_test(condition)

    def compared(activity: Activity) -> bool:
        value = get(activity)
        return value is not None and fits(value)

    return compared


def _about_users(condition: Condition, now: Clock, reader: RawReader) -> Predicate:
    """`user_role: object` asks the objects of type User, `any` these or the one who acted."""
    read = _USERS_ACTED_ON[condition.field]
    if condition.operator == "isset":
        acted_on: Predicate = lambda activity: bool(read(activity))  # noqa: E731
    else:
        acted_on = _any_text(read, text_test(condition))
    if condition.role == "object":
        return acted_on
    actor = Condition(condition.field, condition.operator, condition.values)
    return _any((_condition(actor, now, reader), acted_on))


def _users(*parts: str) -> Texts:
    def read(activity: Activity) -> list[str]:
        users = [thing for thing in activity.objects if thing.type is not None and thing.type.casefold() == "user"]
        return [text for user in users for part in parts if (text := getattr(user, part))]

    return read


def _domains(activity: Activity) -> list[str]:
    return [name.rpartition("@")[2] for name in _users("name")(activity) if "@" in name]


_USERS_ACTED_ON: dict[str, Texts] = {
    "user": _users("name", "id"),
    "user_id": _users("id"),
    "user_display_name": _users("name"),
    "user_domain": _domains,
}


def _raw(condition: Condition, reader: RawReader) -> Predicate:
    path = condition.path
    if condition.operator == "isset":
        return lambda activity: any(value not in (None, "", [], {}) for value in reader.find(activity.raw, path))
    fits = text_test(condition)

    def some(activity: Activity) -> bool:
        return any(fits(text) for text in texts(reader.find(activity.raw, path)))

    return some
