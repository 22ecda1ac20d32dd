"""The section `governance`: how careful casbd is with accounts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from casbd.config.place import sections
from casbd.documents.duration_option import Duration
from casbd.plugins import Options, action_name

DAY = 86_400_000

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
    """How careful to be with accounts. protected_users, protected_groups: nothing is ever done to them. Lengths of time are milliseconds.

    administrators_groups: whose last member that is not suspended stays so. max_per_hour_by_action: ceilings beside the one of all.
    max_activity_age: nothing is done for an activity that is older, when it is decided and when it is done. approval_timeout: what
    nobody has approved by then is rejected. cool_down: the same is done to the same user once in it.
    """

    mode: Literal["dry_run", "approve", "enforce"] = "dry_run"
    protected_users: tuple[Annotated[str, AfterValidator(_user_or_pattern)], ...] = ()
    protected_groups: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    administrators_groups: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    max_per_hour: Annotated[int, Field(ge=0)] = 20
    max_per_hour_by_action: dict[Annotated[str, AfterValidator(action_name)], Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    max_activity_age: Duration = 3_600_000
    approval_timeout: Annotated[Duration, Field(le=30 * DAY)] = DAY
    cool_down: Annotated[Duration, Field(le=30 * DAY)] = DAY


def read(path: Path) -> Governance:
    """The section of a configuration file, whatever else is wrong in it. Mistakes where it cannot be read, or is wrong itself."""
    document, read_sections = sections(path)
    if read_sections.get("governance") is None:
        return Governance()
    checked: Governance = document.check(Governance, within=("governance",))
    return checked
