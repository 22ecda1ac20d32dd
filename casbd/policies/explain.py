"""Why a policy did or did not match: its filter with what an activity holds at each condition; and what it means in English."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from casbd.clock import Clock
from casbd.counting.match import Match
from casbd.filters.compile import USERS_ACTED_ON, compile_filter
from casbd.filters.operators import NEGATIVES
from casbd.filters.record_tests import element_test
from casbd.filters.text_tests import HOLDING, UNLIMITED, text_test
from casbd.filters.tree import AllOf, AnyOf, Condition, Node, NoneOf, Value, nodes_inside
from casbd.filters.yaml_text import filter_text
from casbd.model.activity import FIELDS, Activity
from casbd.policies import kinds
from casbd.policies.policy import Exemption, Policy
from casbd.records.opening import elements
from casbd.records.record_path import EVERY, ITSELF, RawReader, texts, write_path
from casbd.records.timestamps import iso

MOST_VALUES = 5
"""So many values of a condition are named in a sentence."""


class ConditionResult(msgspec.Struct, frozen=True):
    """One line of an explained filter. depth: how deep in the tree. value: what the activity holds; None for a group."""

    depth: int
    condition: str
    held: bool
    value: Any = None


def explanation(policy: Policy, activity: Activity, now: Clock) -> Iterator[ConditionResult]:
    """The policy's conditions, each group before what is inside it; the first says whether the activity meets the policy."""
    if not policy.exemptions:
        yield from steps_of(policy.filters, activity, now)
        return
    yield ConditionResult(0, "all of", compile_filter(policy.whole_filter(), now=now)(activity))
    yield from steps_of(policy.filters, activity, now, 1)
    for exemption in policy.exemptions:
        exempt = compile_filter(exemption.node(), now=now)(activity)
        yield ConditionResult(1, f"{NO_EXCEPTION} {_until(exemption)} ({exemption.place}): {exemption.reason}", not exempt)
        yield from steps_of(exemption.filters, activity, now, 2)


NO_EXCEPTION = "not exempt"


def _until(exemption: Exemption) -> str:
    return "without end" if exemption.expires is None else f"until {iso(exemption.expires)}"


def steps_of(node: Node, activity: Activity, now: Clock, depth: int = 0) -> Iterator[ConditionResult]:
    """The filter's nodes, each before those inside it."""
    held = compile_filter(node, now=now)(activity)
    if isinstance(node, Condition):
        yield ConditionResult(depth, written(node), held, _held_by(activity, node))
        return
    yield ConditionResult(depth, _GROUPS[type(node)], held)
    for child in node.nodes:
        yield from steps_of(child, activity, now, depth + 1)


_GROUPS: dict[type, str] = {AllOf: "all of", AnyOf: "any of", NoneOf: "none of"}
GROUPS = frozenset(_GROUPS.values())


def written(condition: Condition) -> str:
    """A condition as it stands on the command line: `country neq NO, SE`."""
    field = f"raw.{write_path(condition.path)}" if condition.path else condition.field
    whom = "" if condition.role == "actor" else f" (as {condition.role})"
    if condition.operator == "isset":
        return f"{field} isset {'false' if condition.negated else 'true'}{whom}"
    values = ", ".join(_text(condition, value) for value in condition.values)
    if condition.operator in NEGATIVES:
        return f"{field} {NEGATIVES[condition.operator] if condition.negated else condition.operator} {values}{whom}"
    return f"{'not ' if condition.negated else ''}{field} {condition.operator} {values}{whom}"


def _text(condition: Condition, value: Value) -> str:
    if isinstance(value, Node):
        return filter_text(value)
    if isinstance(value, tuple):
        return " to ".join(_text(condition, end) for end in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if condition.operator != "within_days" and FIELDS[condition.field].kind == "time" and isinstance(value, int | float):
        return iso(int(value))
    return str(value)


def _held_by(activity: Activity, condition: Condition) -> Any:
    """What the activity has where a condition looks."""
    if condition.path:
        values = RawReader().find(activity.raw, condition.path)
        if condition.operator == "element":
            return _elements(activity, condition, elements(values))
        if EVERY in condition.path and condition.operator in HOLDING | {"contains", "matches", "cidr"}:
            return [*filter(text_test(condition), texts(values))][:MOST_VALUES]  # not the whole record
        return values
    own = getattr(activity, condition.field)
    if FIELDS[condition.field].kind == "time":
        own = iso(own)
    elif FIELDS[condition.field].kind == "objects":
        own = [msgspec.structs.asdict(thing) for thing in own]
    if condition.role == "actor":
        return own
    acted_on = [*USERS_ACTED_ON[condition.field](activity)]
    return acted_on if condition.role == "object" else [own, *acted_on]


def _elements(activity: Activity, condition: Condition, found: list[Any]) -> list[Any]:
    """Those that fit; where none does, the first that there are."""
    tests = [element_test(node, RawReader(), UNLIMITED) for node in nodes_inside(condition)]
    return ([one for one in found if any(test(one, activity) for test in tests)] or found)[:MOST_VALUES]


def sentence(policy: Policy, now: int = 0) -> str:
    """What a policy means, in one English sentence, and what its exceptions are. now: which of these have expired (ms)."""
    where = f" where {clause(policy.filters)}"
    whom = kinds.of(policy.match).meaning(policy.match, _subject(policy.match)) if policy.match is not None else "every activity"
    if policy.match is not None and policy.match.steps:
        where = f", all of them where {clause(policy.filters.nodes[0])}" if isinstance(policy.filters, AllOf) else ""
    does = "Counts, without an alert," if policy.mode == "simulate" else f"Raises an alert of {policy.severity} severity for"
    off = "" if policy.enabled else " It is switched off."
    exempt = "".join(
        f" Exempt {_until(one)}{', which has expired,' if one.expires is not None and one.expires <= now else ''} is what meets:"
        f" {clause(one.filters)} ({one.reason})."
        for one in policy.exemptions
    )
    return f"{does} {whom}{where}.{exempt}{off}"


def _subject(match: Match) -> str:
    fields = zip(*(one.by for one in match.aliased), strict=True) if match.aliased else ((field,) for field in match.by)
    names = (" or ".join(dict.fromkeys(map(name_of, several))) for several in fields)
    return " and ".join(names) + (" in one app" if match.single_app else "")


def clause(node: Node, *, inside: bool = False, within: str = " in the record") -> str:
    """A filter in English, as it stands behind `where`. inside: as a part of another one. within: what its paths lead into."""
    match node:
        case Condition(operator="element"):
            some = ") or (".join(clause(one, within="") for one in nodes_inside(node))
            return f"{'no' if node.negated else 'some'} element of {write_path(node.path)}{within} meets ({some})"
        case Condition():
            return _phrase(node, within)
        case NoneOf():
            none = " or ".join(clause(child, inside=True, within=within) for child in node.nodes)
            return f"it is not so that ({none})"
    if not node.nodes:
        return "it is any activity" if isinstance(node, AllOf) else "it is none at all"
    joined = (" and " if isinstance(node, AllOf) else " or ").join(clause(child, inside=True, within=within) for child in node.nodes)
    return f"({joined})" if inside and len(node.nodes) > 1 else joined


def _phrase(condition: Condition, within: str) -> str:
    """`the country is neither NO nor SE`."""
    name = f"{write_path(condition.path)}{within}" if condition.path else name_of(condition.field)
    name = "element itself" if condition.path == (ITSELF,) else name
    name = {"object": f"{name} that is acted on", "any": f"{name}, acting or acted on,"}.get(condition.role, name)
    if condition.operator == "isset":
        return f"the {name} is {'unknown' if condition.negated else 'known'}"
    if condition.field in _FLAGS and len(condition.values) == 1:
        phrase = _FLAGS[condition.field][condition.values[0] is condition.negated]
        return f"{phrase}, or that is unknown" if condition.negated else phrase
    values = [_text(condition, value) for value in condition.values]
    if condition.operator == "eq" and condition.negated and len(values) > 1:
        return f"the {name} is neither {_some(values, 'nor')}"
    positive, negative = _VERBS[condition.operator]
    if condition.path[-1:] == (EVERY,):
        where = "".join(f" below {write_path(condition.path[:-1])}" for _ in condition.path[1:2])
        return f"{'no' if condition.negated else 'some'} value{where}{within} {positive} {_some(values, 'or')}"
    return f"the {name} {negative if condition.negated else positive} {_some(values, 'or')}" + _AFTER.get(condition.operator, "")


_VERBS = {
    "eq": ("is", "is not"),
    "contains": ("has the word", "does not have the word"),
    "substring": ("contains", "does not contain"),
    "startswith": ("begins with", "does not begin with"),
    "endswith": ("ends with", "does not end with"),
    "matches": ("matches", "does not match"),
    "cidr": ("is in", "is not in"),
    "gt": ("is above", "is not above"),
    "gte": ("is at least", "is not at least"),
    "lt": ("is below", "is not below"),
    "lte": ("is at most", "is not at most"),
    "range": ("is from", "is not from"),
    "same_as": ("is the same as", "is not the same as"),
    "mentions": ("mentions", "does not mention"),
    "means": ("means", "does not mean"),
    "within_days": ("is of the last", "is not of the last"),
}
_AFTER = {"within_days": " days"}


_SPELT = {"ip_address": "IP address", "ip_category": "IP category", "ip_tags": "IP tags", "ip_port": "port", "isp": "ISP", "os": "system"}
_FLAGS = {
    "is_admin_operation": ("it is an administrative activity", "it is no administrative activity"),
    "is_external_user": ("the user is external", "the user is not external"),
    "is_impersonated": ("it is done as another user", "it is not done as another user"),
}


def name_of(field: str) -> str:
    """A field for people."""
    if field.startswith("raw."):
        return f"{field[4:]} in the record"
    return _SPELT.get(field, field.replace("_", " "))


def _some(values: list[str], word: str) -> str:
    """`NO or SE`; of many the first ones."""
    shown = values if len(values) <= MOST_VALUES + 1 else [*values[:MOST_VALUES], f"{len(values) - MOST_VALUES} more"]
    return f" {word} ".join(shown)
