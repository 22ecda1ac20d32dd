"""Filters the slow and obvious way, read straight from the public interface: what the compiled ones must agree with."""

import ipaddress
import json
import re

from casbd.filters.tree import AllOf, AnyOf, Condition
from casbd.model.activity import FIELDS
from casbd.records.record_path import EVERY, ITSELF

NOW = 1_770_000_000_000


RECORD = object()
"""Where paths begin, outside of a list's element."""


def holds(node, activity, element=RECORD):
    if isinstance(node, Condition):
        return positive(node, activity, element) != node.negated
    answers = [holds(child, activity, element) for child in node.nodes]
    if isinstance(node, AllOf):
        return all(answers)
    return any(answers) if isinstance(node, AnyOf) else not any(answers)


def positive(condition, activity, element=RECORD):
    if condition.operator == "element":
        return any(holds(node, activity, one) for one in elements(condition, activity, element) for node in condition.values)
    if condition.operator == "means":
        return meaning(activity) in condition.values
    values = values_of(condition, activity, element)
    if condition.operator == "same_as":
        return any(
            as_text(value).casefold() == other.casefold() for value in values if value is not None for other in others(condition, activity)
        )
    if condition.operator == "mentions":
        phrases = [other for other in others(condition, activity) if words(other.casefold())]
        return any(fits("contains", as_text(value), other) for value in values if value is not None for other in phrases)
    if condition.operator == "isset":
        return any(value not in (None, "", [], {}, ()) for value in values)
    if condition.operator == "within_days":
        return any(activity.timestamp >= NOW - days * 86_400_000 for days in condition.values)
    return any(value is not None and fits(condition.operator, value, wanted) for value in values for wanted in condition.values)


def elements(condition, activity, element):
    found = [json.loads(leaf) if isinstance(leaf, str) and leaf[:1] == "[" else leaf for leaf in leaves_of(condition, activity, element)]
    return [part for part in flat(found) if part not in (None, "", {})]


def flat(value):
    return [part for one in value for part in flat(one)] if isinstance(value, list) else [value]


def others(condition, activity):
    for other in condition.values:
        if other.startswith("raw."):
            elsewhere = Condition("raw", "eq", (), path=tuple(other[4:].split(".")))
            yield from (text for text in values_of(elsewhere, activity) if text is not None)
        elif getattr(activity, other) is not None:
            yield getattr(activity, other)


def leaves_of(condition, activity, element):
    whole = (json.loads(activity.raw) if activity.raw else None) if element is RECORD else element
    return [whole] if condition.path == (ITSELF,) else walk(whole, list(condition.path))


def values_of(condition, activity, element=RECORD):
    if condition.path:
        leaves = leaves_of(condition, activity, element)
        if condition.operator == "isset":
            return leaves
        flat = [part for leaf in leaves for part in (leaf if isinstance(leaf, list) else [leaf])]
        return [as_text(part) for part in flat if part not in ({}, []) and not isinstance(part, list)]
    own = getattr(activity, condition.field)
    if FIELDS[condition.field].kind == "objects":
        if condition.operator == "isset":
            return [own]
        return [text for thing in own for text in (thing.id, thing.name, thing.type)]
    actor = list(own) if isinstance(own, tuple) else [own]
    users = [thing for thing in activity.objects if (thing.type or "").lower() == "user"]
    acted_on = {
        "user": [text for thing in users for text in (thing.name, thing.id)],
        "user_id": [thing.id for thing in users],
    }.get(condition.field, [])
    return {"actor": actor, "object": acted_on, "any": actor + acted_on}[condition.role]


def as_text(part):
    return part if part is None or isinstance(part, str) else json.dumps(part, ensure_ascii=False, separators=(",", ":"))


def walk(value, path):
    if not path:
        return [value]
    if path == [EVERY]:
        return every(value)
    if isinstance(value, dict):
        return [leaf for key, member in value.items() if key.casefold() == path[0].casefold() for leaf in walk(member, path[1:])]
    if isinstance(value, list):
        pairs = [pair for pair in value if isinstance(pair, dict) and "Name" in pair and "Value" in pair]
        named = [pair["Value"] for pair in pairs if pair["Name"].casefold() == path[0].casefold()]
        if named:
            return [leaf for own in named for leaf in walk(own, path[1:])]
        return [leaf for element in value for leaf in walk(element, path)]
    return []


def every(value):
    if isinstance(value, dict | list):
        return [leaf for one in (value.values() if isinstance(value, dict) else value) for leaf in every(one)]
    return [] if value is None else [value]


def meaning(activity):
    known = {"50126": "wrong password", "50034": "no such user", "0xc0000234": "locked out"}
    if activity.result_detail in known:
        return known[activity.result_detail]
    return "other" if activity.source == "m365" and activity.result_detail else "wrong password"


def fits(operator, value, wanted):
    if operator in ("gt", "gte", "lt", "lte", "range"):
        try:
            number = float(value)
        except ValueError:
            return False
        low, high = wanted if operator == "range" else (wanted, wanted)
        ordered = {"gt": number > low, "gte": number >= low, "lt": number < low, "lte": number <= low}
        return low <= number <= high if operator == "range" else ordered[operator]
    if not isinstance(value, str):
        return value == wanted
    one, other = value.casefold(), str(wanted).casefold()
    if operator == "contains":
        have, want = words(one), words(other)
        return any(have[start : start + len(want)] == want for start in range(len(have)))
    if operator == "cidr":
        try:
            return ipaddress.ip_address(value) in ipaddress.ip_network(wanted)
        except ValueError:
            return False
    return {
        "eq": one == other,
        "substring": other in one,
        "startswith": one.startswith(other),
        "endswith": one.endswith(other),
        "matches": operator == "matches" and re.search(wanted, value, re.IGNORECASE) is not None,
    }[operator]


def words(text):
    return [word for word in re.split(r"[,. _/\\@\-:]", text) if word]
