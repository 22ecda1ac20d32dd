"""The words of an alert's evidence: how many of what, by whom, how long it took, and where it came from."""

from __future__ import annotations

from casbd.model.facts import MOST_VALUES, Different, Part

ACTIVITY, FAILURE, PEOPLE = "activity", "failure", "people"
"""What facts have besides fields: the type of an activity (the vendor's name where there is no other), why it failed, and the names of
all who do it or are acted on."""
FAILED = "failed"
"""Stands for a reason that is not known."""
ALWAYS = (ACTIVITY, FAILURE, PEOPLE, "app", "user", "ip_address", "country", "object_name")
"""What facts have of every activity."""
QUOTE = '"'
_NAMED = 3
"""So many different values are named."""
_LOG_ONS = {"Log on": "log on", "Failed log on": "failed log on", "Log out": "log out"}
"""Nouns; other types say what is done to something."""
_PLURALS = {"country": "countries"}
_UNITS = ((86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"))


def done(part: Part, *, named: bool, on: str = "", users: int = 0) -> str:
    """`11 failed log ons by 3 users (a, b, c) to Microsoft Entra ID`. named: whose they are is said. on: what they were done to.

    users: so many there are at least, if fewer are known by name.
    """
    log_ons = part[ACTIVITY].first.keys() <= _LOG_ONS.keys()
    by = f" by {several(part, 'user', 'user', least=users)}" if named and len(part["user"]) else ""
    apps = several(part, "app", "app")
    return _many(part) + (on or ("" if log_ons else _on(part))) + by + (f" {'to' if log_ons else 'in'} {apps}" if apps else "")


def log_ons_after_failed(part: Part, before: Part) -> str:
    """`a successful one`; empty where these are no log ons behind failed ones."""
    if [*part[ACTIVITY].first] != ["Log on"] or [*before[ACTIVITY].first] != ["Failed log on"]:
        return ""
    return "a successful one" if part.number == 1 else f"{part.number:,} successful ones"


def place(part: Part) -> str:
    """` from 3 addresses in 2 countries (NO and SE)`; empty where neither is known."""
    addresses, countries = part["ip_address"], part["country"]
    if len(addresses) == 1 and len(countries) < 2:
        country = f" ({listed(countries)})" if len(countries) else ""
        return f" from {listed(addresses)}{country}{_perhaps(part)}"
    where = several(part, "country", "country")
    if not len(addresses):
        return f" from {where}" if where else ""
    return f" from {how_many(part, 'ip_address')} address{'' if len(addresses) == 1 else 'es'}" + (f" in {where}" if where else "")


def _perhaps(part: Part) -> str:
    return " and perhaps others" if part.partly else ""


def times(part: Part, span: int) -> str:
    """`3 times in 2 s from 203.0.113.7 (NO)`: of what is said already."""
    return f"{part.number:,} times{lasting(span)}{place(part)}"


def why(part: Part) -> str:
    """`, which failed (AccessDenied)`; empty where it did not fail."""
    reasons = [reason for reason in part[FAILURE].earliest() if reason != FAILED]
    failed = ", which failed" if len(part[FAILURE]) and "Failed log on" not in part[ACTIVITY].first else ""
    return failed + (f" ({', '.join(reasons)})" if reasons else "")


def lasting(span: int) -> str:
    """` in 4 min 12 s`: of a length of time (ms) its two largest units."""
    said = length(span)
    return f" in {said}" if said else " within a second"


def length(span: int) -> str:
    """`4 min 12 s`: the same by itself; nothing of less than a second."""
    parts: list[str] = []
    for size, unit in _UNITS:
        if span >= size and len(parts) < 2:
            parts.append(f"{span // size} {unit}")
        elif parts:
            break
        span %= size
    return " ".join(parts)


def several(part: Part, field: str, name: str, mark: str = "", least: int = 0) -> str:
    """`a@contoso.com`, or `5 users (a, b, c and 2 more)`. name: of one. mark: stands around each. least: so many at least there are."""
    different = part[field]
    if part.partly and least > max(len(different), 1):
        some = ", ".join([f"{mark}{value}{mark}" for value in different.earliest()][:_NAMED])
        return f"at least {least:,} {_PLURALS.get(name, f'{name}s')} ({some} and others)"
    if len(different) < 2:
        return listed(different, mark) + (_perhaps(part) if len(different) else "")
    return f"{how_many(part, field)} {_PLURALS.get(name, f'{name}s')} ({listed(different, mark)})"


def listed(different: Different, mark: str = "") -> str:
    """`a, b, c and 9 more`. mark: stands around each."""
    values = [f"{mark}{value}{mark}" for value in different.earliest()]
    if different.more:
        return f"{', '.join(values[:_NAMED])} and others"
    if len(values) > _NAMED:
        return f"{', '.join(values[:_NAMED])} and {len(values) - _NAMED} more"
    return " and ".join(filter(None, (", ".join(values[:-1]), *values[-1:])))


def how_many(part: Part, field: str) -> str:
    """How many different values: `3`, `more than 50`, `at least 3` where not all are known."""
    different = part[field]
    if different.more:
        return f"more than {MOST_VALUES}"
    return f"at least {len(different)}" if part.partly else f"{len(different)}"


def _many(part: Part) -> str:
    types = part[ACTIVITY].earliest()
    if len(types) != 1:
        return f"{part.number:,} {'activity' if part.number == 1 else 'activities'}" + (f" ({listed(part[ACTIVITY])})" if types else "")
    noun = _LOG_ONS.get(types[0])
    if part.number == 1:
        return f"a {noun}" if noun else types[0]
    return f"{part.number:,} {noun}s" if noun else f"{types[0]} {part.number:,} times"


def _on(part: Part) -> str:
    """What it was done to. Within quotes, as such names are made of words, and anybody's."""
    if not len(part["object_name"]):
        return ""
    return f"{' ' if part.number == 1 else ' on '}{several(part, 'object_name', 'object', QUOTE)}"
