"""Whose activities are counted together, and what is counted of each."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from casbd.counting.match import Match, Windowed, by_role
from casbd.model.activity import Activity
from casbd.model.counted import Entry
from casbd.model.identity import Who, person, text_of, whose, whose_id
from casbd.records.long_texts import shortened
from casbd.records.record_path import RawReader, parse_path, texts
from casbd.remembered import Remembered

MOST_REMEMBERED = 20_000
"""Subjects, of all policies that tell them apart by the same fields."""
_NAMED_BY_A_PROGRAM = re.compile(
    r"((?<![0-9])[0-9]{10,}|(?<![^/])i-[0-9a-f]{8,17}|(?<![0-9a-f])[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z"
)
"""How names of sessions end that nobody chose: a time (`botocore-session-1789012345`; nanoseconds in Go), a UUID, the id of an instance
of EC2 or of a task of ECS. Source: AWS, "CloudTrail userIdentity element" (roleSessionName), and its SDKs."""
_HAS_ROLES = "AWS"
LONGEST_VALUE = 512
"""Characters of a value; of a longer one its beginning and a hash are kept for each activity that is counted."""


def subject(match: Match, activity: Activity, reader: RawReader, by: Sequence[str] = ()) -> str | None:
    """Whose activities are counted together: the `by` fields, and the app with `single_app`, as one casefolded text.

    None where a `by` field is null: such an activity has no subject and is not counted, unless the match says so (`nobodys`).
    An unknown app is an app of its own. A user is the person: two tenants' `bob` are two. With `by_role` a session that a program named is
    its role.
    by: other fields than the match's own.
    """
    by = by or match.by
    parts = [_who(activity, field, reader, roles=by_role(match)) for field in by]
    if None in parts:
        return _nobodys(activity) if match.nobodys else None
    if len(parts) == 1 and parts[0] is not None and not match.single_app:
        return text_of(parts[0])
    if match.single_app:
        parts.append(folded(activity.app))
    return json.dumps(parts)  # as JSON, since a hostile value may hold any separator, and half a surrogate pair too


def subjects(match: Match, reader: RawReader) -> Callable[[Activity], str | None]:
    """`subject` of a match as a function that remembers, where it is fields alone that say whose an activity is."""
    if any(field.startswith("raw.") for field in match.by):
        return lambda activity: subject(match, activity, reader)
    fields = tuple(dict.fromkeys((*match.by, "app", "app_instance", *(("ip_address",) if match.nobodys else ()))))
    read = attrgetter(*fields)
    known = Remembered[tuple[Any, ...], str | None](
        lambda values: subject(match, Activity(**dict(zip(fields, values, strict=True))), reader), MOST_REMEMBERED
    )
    return lambda activity: known[read(activity)]


def _nobodys(activity: Activity) -> str:
    """The subject of an activity of which nobody knows whose it is."""
    return activity.ip_address or person("", activity.app, activity.app_instance)


def different(unique: str | None, activity: Activity, reader: RawReader) -> str | None:
    """The casefolded value of the field whose different values are counted; None where it is null, or activities are counted."""
    who = _who(activity, unique, reader) if unique else None
    return None if who is None else text_of(who)


def _who(activity: Activity, field: str, reader: RawReader, *, roles: bool = False) -> Who | None:
    """A field's value; of a user whose it is. roles: or which role's."""
    if field == "user" and activity.user:
        user = _role(activity.user) if roles and activity.app == _HAS_ROLES else activity.user
        return whose(user, activity.app, activity.app_instance)
    if field == "user_id" and activity.user_id:
        return whose_id(activity.user_id, activity.app, activity.app_instance)
    return _value(activity, field, reader)


def _role(user: str) -> str:
    """`deploy/*` of `deploy/botocore-session-1789012345`; all others as they are."""
    role, slash, session = user.rpartition("/")
    return f"{role}/*" if slash and _NAMED_BY_A_PROGRAM.search(session.casefold()) else user


def _value(activity: Activity, field: str, reader: RawReader) -> str | None:
    """A field's value, or what stands in the record at a path, as `folded` gives it."""
    if not field.startswith("raw."):
        value = folded(getattr(activity, field))
        return value if value is None or len(value) <= LONGEST_VALUE else _storable(value)
    values = tuple(texts(reader.find(activity.raw, parse_path(field[4:]))))
    value = folded(values[0] or None if len(values) == 1 else values)
    return None if value is None else _storable(value)


def _storable(value: str) -> str:
    """A value of a record as text that every store takes and that stays small: no half of a surrogate pair, no megabytes."""
    return shortened(value.encode("utf-8", "backslashreplace").decode(), LONGEST_VALUE)


def entry(match: Windowed, activity: Activity, key: int, value: str | None) -> Entry:
    """What is counted of an activity. value: what the matcher says to count of it."""
    return match.placed(Entry(activity.timestamp, key, activity.activity_id, value))


def folded(value: Any) -> str | None:
    """A field's value as one casefolded text, for subjects and for the values of `unique`; None where it is null."""
    if isinstance(value, str):
        return value.casefold()
    if value is None or value == ():
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return json.dumps(sorted(element.casefold() for element in value))
    return str(value)
