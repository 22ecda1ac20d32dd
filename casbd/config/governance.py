"""The section `governance`: how careful casbd is with accounts."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from casbd.documents.duration_option import Duration
from casbd.plugins import Options

_ADDRESS = re.compile(r"(?![.@])[^\s@,;:<>()\[\]{}\"|?^\\]+@([\w*-]+\.)*[\w*-]+")
_NO_ACCOUNT = re.compile(r"[\x00-\x1f\x7f,;:<>{}|^?\"]")
"""In a name without `@`: what stands in lists and regular expressions and in no account's name. An object's id is compared with the
id that the record has of the user."""
_ALLOWED = "write a user as `casbd users list` shows it, or a pattern with `*`, such as admin*@contoso.com"


def _user_or_pattern(text: str) -> str:
    """A name that some user may have, without blanks around it. ValueError where none can have it."""
    name = text.strip()
    if re.fullmatch(r"@[\w*.-]+", name):
        raise ValueError(f"`{name}` can never be a user; for everybody there write *{name}")
    if not (_is_address(name) if "@" in name else _is_account(name)):
        raise ValueError(f"`{name}` can never be a user that is acted on; {_ALLOWED}")
    return name


def _is_address(name: str) -> bool:
    domain = name.rpartition("@")[2]
    return _ADDRESS.fullmatch(name) is not None and ("." in domain or "*" in domain)


def _is_account(name: str) -> bool:
    """A full name is none: it has blanks, which of the names of accounts only Windows' have."""
    return bool(name) and not _NO_ACCOUNT.search(name) and ("\\" in name or not re.search(r"\s", name))


class Governance(Options):
    """How careful to be with accounts. protected_users, protected_groups: nothing is ever done to them.

    max_activity_age: nothing is done for an activity that is older, in milliseconds, when it is decided and when it is done.
    """

    mode: Literal["dry_run", "approve", "enforce"] = "dry_run"
    protected_users: tuple[Annotated[str, AfterValidator(_user_or_pattern)], ...] = ()
    protected_groups: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    max_per_hour: Annotated[int, Field(ge=0)] = 20
    max_activity_age: Duration = 3_600_000
