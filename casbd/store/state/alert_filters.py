"""Which alerts are asked for, as a condition of SQL on the columns of `alerts`."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from casbd.model.identity import canonical
from casbd.store.state.spelt import may_be

State = Literal["open", "unread", "read", "closed", "all"]
"""`unread` and `read` are of those that are open. One that became a part of an earlier alert is of `all` alone."""
STATES: tuple[State, ...] = get_args(State)

_CONDITIONS = {
    "open": "status = 'open' AND merged_into IS NULL",
    "unread": "status = 'open' AND merged_into IS NULL AND NOT read",
    "read": "status = 'open' AND merged_into IS NULL AND read",
    "closed": "status = 'closed' AND merged_into IS NULL",
    "all": "1",
}
_NO_CASE = ("policy_id", "status", "severity", "category", "app", "assigned_to")


class AlertFilters(msgspec.Struct, frozen=True, kw_only=True):
    """All of these must hold; None: any. Without regard to case; a user is found however the name is written.

    name_part: a part of the user's name. assigned_to: "" is nobody. incident_id: its beginning is enough.
    since: the last activity is not before then; until: nor the first one after then (ms).
    """

    state: State = "all"
    policy_id: str | None = None
    status: str | None = None
    severity: str | None = None
    category: str | None = None
    app: str | None = None
    user: str | None = None
    name_part: str | None = None
    ip_address: str | None = None
    assigned_to: str | None = None
    incident_id: str | None = None
    held_back: bool = False
    since: int | None = None
    until: int | None = None

    def sql(self) -> tuple[str, list[str | int]]:
        """The condition, and its parameters. It needs the functions of `casbd/store/sql_functions.py`."""
        found = [(_CONDITIONS[self.state], list[str | int]())]
        found += [_no_case(name, value) for name in _NO_CASE if (value := getattr(self, name)) is not None]
        if self.ip_address is not None:
            found.append(("ip_address = ?", [_storable(self.ip_address)]))
        if self.incident_id is not None:  # of hexadecimal digits, which all stand before `g`
            found.append(("incident_id BETWEEN ? AND ?", [_storable(self.incident_id), _storable(self.incident_id) + "g"]))
        if self.user is not None:
            some, values = may_be("user", self.user)
            found.append((f"{some} AND canonical(user) = ?", [*values, _storable(canonical(self.user))]))
        if self.name_part is not None:
            found.append(("instr(canonical(user), ?)", [_storable(canonical(self.name_part))]))
        if self.held_back:
            found.append(("suppressed", []))
        if self.since is not None:
            found.append(("last_activity >= ?", [self.since]))
        if self.until is not None:
            found.append(("first_activity <= ?", [self.until]))
        return " AND ".join(condition for condition, _ in found), [value for _, values in found for value in values]


def _no_case(column: str, text: str) -> tuple[str, list[str | int]]:
    """SQLite knows the case of ASCII alone: of what is more, Python decides."""
    if not text:
        return f"{column} IS NULL", []
    folded = _storable(text.casefold())
    if not text.isascii():
        return f"folded({column}) = ?", [folded]
    may_be_it = f"({column} = ? COLLATE NOCASE OR length({column}) <> length(CAST({column} AS BLOB)))"
    return f"{may_be_it} AND folded({column}) = ?", [text, folded]


def _storable(text: str) -> str:
    """A lone surrogate, which no column can hold, as another character."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
