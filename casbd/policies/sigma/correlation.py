"""Sigma's correlations: what must happen how often, or together, in which time, by whom.

`event_count` and `value_count` are repeated activity, `temporal` and `temporal_ordered` sequences; the aggregations of old
rules (`selection | count(field) by other > 5`) are the first two in other words.
https://sigmahq.io/sigma-specification/specification/sigma-correlation-rules-specification.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from casbd.counting.match import Aliased, Match, Step
from casbd.counting.repeated import Repeated
from casbd.counting.sequenced import MOST_REPEATED, MOST_STEPS, Sequenced
from casbd.documents import nearest
from casbd.filters.fields import parse_field
from casbd.filters.tree import AnyOf, Node
from casbd.policies.sigma.conditions import WrongField
from casbd.policies.sigma.targets import Source, Unmapped
from casbd.records.record_path import EVERY

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000, "M": 2_629_746_000, "y": 31_556_952_000}
_OLD = re.compile(r"count\s*\(\s*(?P<field>[^)]*?)\s*\)\s*(?:by\s+(?P<by>[^\s,]+(?:\s*,\s*[^\s,]+)*)\s*)?(?P<op>>=|>)\s*(?P<count>\d+)")
EVERYTHING = ("source",)
"""What is counted together where a correlation groups by nothing."""


class Base(msgspec.Struct, frozen=True):
    """What a correlation refers to: a rule's filter and log source, or another correlation with what it asks for.

    names: what it is called, by `name` and `id`.
    """

    filters: Node
    source: Source
    match: Match | None = None
    names: frozenset[str] = frozenset()


class WrongRule(Unmapped):
    """A rule that a correlation names and that cannot be used; `name` as it stands there."""

    def __init__(self, name: str, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        self.name = name


class Correlated(msgspec.Struct, frozen=True):
    """What a correlation comes to."""

    filters: Node
    source: Source
    match: Match


def correlated(part: Any, find: Callable[[str], Base]) -> Correlated:
    """The policy of `correlation:`. find: gives the rule of a name or id. Unmapped where something cannot be said."""
    if not isinstance(part, dict):
        raise Unmapped("`correlation` is a mapping")
    names = part.get("rules")
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise Unmapped("a correlation needs `rules`", "a list of names or ids")
    bases = [find(name) for name in names]
    within = _span(part.get("timespan"))
    aliases = _aliases(part.get("aliases"), bases)
    by = _group(part.get("group-by"), bases, aliases)
    kind = part.get("type")
    match kind:
        case "event_count" | "value_count":
            if any(base.match is not None for base in bases):
                raise Unmapped(f"`{kind}` of other correlations is not known")
            number, field = _condition(part.get("condition"))
            unique = (
                [_place(base.source, _own_name(field, base, aliases)) for base in bases] if kind == "value_count" else [None] * len(bases)
            )
            aliased = _aliased(bases, by, unique)
            repeated = Repeated(repeated=number, within=within, by=by[0], unique=unique[0], aliased=aliased)
            return Correlated(_any_of([base.filters for base in bases]), bases[0].source, repeated)
        case "temporal" | "temporal_ordered":
            _all_of_them(part.get("condition"), names)
            if not 2 <= len(bases) <= MOST_STEPS:
                raise Unmapped(f"`{kind}` takes 2 to {MOST_STEPS} rules")
            steps = tuple(_step(base, own, within) for base, own in zip(bases, by, strict=True))
            aliased = _aliased(bases, by, [None] * len(bases))
            sequence = Sequenced(steps=steps, within=within, by=by[0], any_order=kind == "temporal", aliased=aliased)
            return Correlated(_any_of([step.filters for step in steps]), bases[0].source, sequence)
    raise Unmapped(f"correlations of type `{kind}` are not known", "known: event_count, value_count, temporal, temporal_ordered")


def aggregated(condition: str, timeframe: Any, source: Source) -> Repeated:
    """The old way: what stands behind the `|` of a condition."""
    aggregation = _OLD.fullmatch(condition.strip())
    if aggregation is None:
        raise Unmapped(f"`{condition.strip()}` is not known", "known: count(), count(field) by other > 5; or a correlation")
    within = _span(timeframe)
    by = tuple(_place(source, name.strip()) for name in aggregation["by"].split(",")) if aggregation["by"] else EVERYTHING
    number = int(aggregation["count"]) + (aggregation["op"] == ">")
    return Repeated(repeated=number, within=within, by=by, unique=_place(source, aggregation["field"]) if aggregation["field"] else None)


def _span(text: Any) -> int:
    if text is None:
        raise Unmapped("no time span is given", "`timespan` of a correlation, `timeframe` of an old aggregation, such as 5m")
    span = re.fullmatch(r"(\d{1,6})([smhdwMy])", text) if isinstance(text, str) else None
    if span is None or not int(span[1]):
        raise Unmapped(f"`{text}` is no time span", "a whole number and s, m, h or d, such as 5m")
    return int(span[1]) * _UNITS[span[2]]


def _condition(condition: Any) -> tuple[int, Any]:
    """How many there must be at least, and the field of `value_count`."""
    operators = {key: value for key, value in condition.items() if key != "field"} if isinstance(condition, dict) else {}
    if not set(operators) <= {"gt", "gte"} or len(operators) != 1:
        raise Unmapped("only `gte` and `gt` can be decided while activities come", "such as condition: {gte: 10}")
    ((operator, number),) = operators.items()
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise Unmapped(f"`{number}` is no number of activities")
    return number + (operator == "gt"), condition.get("field")


def _all_of_them(condition: Any, names: Sequence[str]) -> None:
    """`temporal` asks for all rules, which some write as `a and b and c`, or as how many."""
    if condition is None or (isinstance(condition, dict) and condition in ({"gte": len(names)}, {"eq": len(names)})):
        return
    if not isinstance(condition, str) or sorted(re.split(r"\s+and\s+", condition.strip(), flags=re.IGNORECASE)) != sorted(names):
        raise Unmapped("this condition is not known", "all rules: a and b and c")


def _step(base: Base, by: tuple[str, ...], within: int) -> Step:
    match base.match:
        case None:
            return Step(filters=base.filters)
        case Repeated(repeated=number, unique=None) if (
            number <= MOST_REPEATED and base.match.by == by and not base.match.aliased and base.match.within >= within
        ):
            return Step(filters=base.filters, repeated=number)
    raise Unmapped(
        "a correlation of correlations can only be of `event_count`, grouped by the same fields, in a time span that is not shorter",
        f"of at most {MOST_REPEATED} events",
    )


Aliases = dict[str, dict[str, str]]
"""By alias, and the name or id of a rule: the field of that rule's records."""


def _aliases(aliases: Any, bases: Sequence[Base]) -> Aliases:
    """`aliases:`, checked."""
    names = frozenset().union(*(base.names for base in bases))
    for alias, fields in (aliases or {}).items() if isinstance(aliases or {}, dict) else [(aliases, None)]:
        if not isinstance(fields, dict) or not all(isinstance(field, str) for field in fields.values()):
            raise Unmapped("`aliases` are mappings of rules to fields", "such as {who: {rule_a: user.name, rule_b: actor}}")
        for name in fields.keys() - names:
            raise Unmapped(f"the alias `{alias}` names `{name}`, which is no rule of this correlation", nearest(name, names))
    return aliases or {}


def _own_name(field: Any, base: Base, aliases: Aliases) -> Any:
    """What a field, or an alias, is called in a rule's records."""
    own = aliases.get(field, {}) if isinstance(field, str) else {}
    if own and base.names.isdisjoint(own):
        raise Unmapped(f"the alias `{field}` has no field for the rule `{min(base.names, key=len)}`")
    return next((name for called, name in own.items() if called in base.names), field)


def _group(part: Any, bases: Sequence[Base], aliases: Aliases) -> list[tuple[str, ...]]:
    """Whose events are counted together: for each rule the places of the fields in `group-by`."""
    fields = [part] if isinstance(part, str) else part or []
    if not isinstance(fields, list) or not all(isinstance(field, str) for field in fields):
        raise Unmapped("`group-by` is a list of fields")
    return [tuple(_place(base.source, _own_name(field, base, aliases)) for field in fields) or EVERYTHING for base in bases]


def _aliased(bases: Sequence[Base], by: Sequence[tuple[str, ...]], unique: Sequence[str | None]) -> tuple[Aliased, ...]:
    """The rules with their own places; none where these are the same for all."""
    if len(set(by)) == len(set(unique)) == 1:
        return ()
    return tuple(Aliased(filters=base.filters, by=own, unique=one) for base, own, one in zip(bases, by, unique, strict=True))


def _place(source: Source, field: Any) -> str:
    """Where a field's value is found that activities are counted by."""
    if not isinstance(field, str):
        raise Unmapped("the condition of `value_count` needs a `field`")
    subject = _SUBJECTS.get(field.casefold())
    if subject is not None:
        return subject
    try:
        targets = source.targets(field)
    except Unmapped as error:
        raise WrongField(field, str(error), error.hint) from None
    place = targets[0].field
    if EVERY in parse_field(place).path:
        raise WrongField(field, f"`{field}` is every value of the record: nothing can be counted by it")
    return place


_SUBJECTS = {
    "user": "user",
    "userid": "user",
    "username": "user",
    "userprincipalname": "user",
    "actor": "user",
    "actor.alternateid": "user",
    "clientip": "ip_address",
    "ipaddress": "ip_address",
    "sourceipaddress": "ip_address",
    "src_ip": "ip_address",
    "client.ipaddress": "ip_address",
    "actor_ip": "ip_address",
}
"""Names of who acted and from where; an activity has these whatever the record calls them."""


def _any_of(nodes: Sequence[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else AnyOf(tuple(nodes))
