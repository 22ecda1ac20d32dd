"""The inline policies by which casbd denies things to IAM users and roles. Pure functions on documents, as boto3 has them.

Sources: AWS, "IAM JSON policy elements: Sid" (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_sid.html:
letters and digits), "Revoking IAM role temporary security credentials" (.../id_roles_use_revoke-sessions.html) and "AWS global condition
context keys" (.../reference_policies_condition-keys.html: aws:TokenIssueTime, aws:userid). A console log on has a temporary session, too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

SUSPENDED = "casbd-suspend"
"""The name of the policy that denies everything."""
OLDER_SESSIONS = "casbd-sign-in-again"
"""The name of the policy that denies everything to sessions that began before a moment."""

Document = Mapping[str, Any]
_DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}
_ACTIVE_BEFORE = "casbdActiveBefore"
_KEY = re.compile(r"[A-Z0-9]{16,128}")
_BEGAN = "aws:TokenIssueTime"
_WHO = "aws:userid"
_LONGEST_SESSION = 36 * 3_600_000
"""Of GetSessionToken and GetFederationToken; a role's is at most 12 hours."""


def everything(keys: Iterable[str]) -> Document:
    """Denies everything, and names the access keys that were active before.

    One request writes both. Were the keys written down elsewhere, a crash between could make the way back forget one.
    """
    return _policy([_DENY | {"Sid": _ACTIVE_BEFORE + "x".join(sorted(keys))}])


def active_before(document: Document | None) -> set[str]:
    """The access keys that such a policy names; none where there is no policy."""
    sids = (str(one.get("Sid", "")) for one in _statements(document))
    return {key for sid in sids if sid.startswith(_ACTIVE_BEFORE) for key in _KEY.findall(sid)}


def denies_everything(document: Document | None) -> bool:
    """Whether it is such a policy as it was written: somebody may have taken the sting out of it."""
    return document is not None and document == everything(active_before(document))


def older_sessions(document: Document | None, now: int, who: str | None = None) -> Document:
    """The policy with sessions before `now` (ms) denied, and without what is about sessions that have ended by themselves.

    who: `role id:session name`, to spare a role's other sessions; None: all, as those of an IAM user are one person's.
    """
    others = [_older(began, whose) for began, whose in _denied(document) if whose != who and now - began < _LONGEST_SESSION]
    return _policy([*others, _older(math.ceil(now / 1000) * 1000, who)])


def denied_since(document: Document | None, who: str | None = None) -> int | None:
    """The moment (ms) before which a session must have begun to be denied everything; None where none is."""
    return max((began for began, whose in _denied(document) if whose == who), default=None)


def _denied(document: Document | None) -> Iterator[tuple[int, str | None]]:
    """Of each statement that is as it was written: the moment, and whose sessions it is about."""
    for one in _statements(document):
        began, who = _condition(one, "DateLessThan", _BEGAN), _condition(one, "StringEquals", _WHO)
        try:
            moment = int(datetime.fromisoformat(began).timestamp() * 1000)
            intact = one == _older(moment, who)
        except (TypeError, ValueError, OverflowError):
            continue
        if intact:
            yield moment, who


def _older(moment: int, who: str | None) -> dict[str, Any]:
    written = datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return _DENY | {"Condition": {"DateLessThan": {_BEGAN: written}} | ({"StringEquals": {_WHO: who}} if who else {})}


def _policy(statements: list[dict[str, Any]]) -> Document:
    return {"Version": "2012-10-17", "Statement": statements}


def _statements(document: Document | None) -> Iterator[dict[str, Any]]:
    """AWS takes a single one in place of a list, too: somebody may have edited the policy."""
    found = (document or {}).get("Statement", [])
    return (one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict))


def _condition(statement: Mapping[str, Any], operator: str, key: str) -> Any:
    """None where there is no such condition, or it is anything but an object."""
    for name in ("Condition", operator):
        found = statement.get(name)
        statement = found if isinstance(found, dict) else {}
    return statement.get(key)
