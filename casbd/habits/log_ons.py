"""By what it shows that somebody logs on as always: with a device that the organization manages, or in a session that goes on.

A session is what begins with somebody's password and factors; all tokens that follow from these have its id. Who stole a password begins
one. See https://learn.microsoft.com/entra/identity/authentication/how-to-authentication-track-linkable-identifiers
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from typing import NamedTuple

import msgspec

from casbd.habits.had_by import MANAGED

LONG_AGO = -(2**53)
"""Before all days; see that of `values_seen.py`."""
_MANAGED_DAYS, _SELDOM = 3, 10
"""Who logged on with a managed device on so many days always does, but for so many of them a day without one."""
_AGAIN = 4
"""Who logged on in a session of an earlier day on so many days for each on which one began does nearly always."""
_MOST_APPS, _MOST_SESSIONS = 4, 8
_HASH = 6


class LogOn(NamedTuple):
    """app, session: hashes. session: empty where it is not known, or the device is managed, which says more."""

    app: str
    session: str
    managed: bool


class LogOns(msgspec.Struct, array_like=True):
    """To an app: on how many days with a managed device, and since then without, and the last of each; on how many without one in a session
    of an earlier day, and in one that began, and the last of each."""

    managed: int = 0
    last_managed: int = LONG_AGO
    others: int = 0
    last_other: int = LONG_AGO
    continued: int = 0
    last_continued: int = LONG_AGO
    begun: int = 0
    last_begun: int = LONG_AGO

    def always_managed(self) -> bool:
        """Whether the subject always logs on with a managed device."""
        return self.managed >= max(_MANAGED_DAYS, _SELDOM * self.others)

    def nearly_always_continued(self) -> bool:
        """Whether it nearly always logs on in a session that goes on."""
        return self.continued >= _AGAIN * self.begun > 0

    def _add(self, day: int, log_ons: Collection[LogOn], old: Collection[str]) -> None:
        if any(one.managed for one in log_ons):
            self.managed += day > self.last_managed
            self.last_managed = day
        elif not self.managed and not any(one.session for one in log_ons):
            return
        if self.managed and not all(one.managed for one in log_ons):
            self.others += day > self.last_other
            self.last_other = day
        if any(one.session in old for one in log_ons):
            self.continued += day > self.last_continued
            self.last_continued = day
        if any(one.session and one.session not in old for one in log_ons):
            self.begun += day > self.last_begun
            self.last_begun = day


def written(app: str, session: str | None, *, managed: bool) -> str:
    """A log on, as it is remembered."""
    return hashed(app) + (MANAGED if managed else hashed(session) if session else "")


def read(text: str) -> LogOn:
    """What `written` has written."""
    app, rest = text[:_HASH], text[_HASH:]
    return LogOn(app, "", managed=True) if rest == MANAGED else LogOn(app, rest, managed=False)


def hashed(text: str) -> str:
    """A short hash."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH // 2).hexdigest()


def learn(apps: dict[str, LogOns], sessions: dict[str, tuple[int, int]], day: int, log_ons: Iterable[LogOn]) -> None:
    """What an hour of a day had becomes habit, hour by hour in order. apps: by app; sessions: the first and the last day of each."""
    by_app: dict[str, list[LogOn]] = {}
    for one in log_ons:
        by_app.setdefault(one.app, []).append(one)
    old = {session for session, (first, _) in sessions.items() if first < day}
    for app, several in sorted(by_app.items()):
        known = apps.get(app) or LogOns()
        known._add(day, several, old)
        if known != LogOns():
            apps[app] = known
    for session in sorted({one.session for several in by_app.values() for one in several if one.session}):
        first, last = sessions.get(session, (day, day))
        sessions[session] = first, max(last, day)
    while len(apps) > _MOST_APPS:
        del apps[min(apps, key=lambda app: (_days(apps[app]) > 1, _last(apps[app]), app))]
    while len(sessions) > _MOST_SESSIONS:
        del sessions[min(sessions, key=lambda session: (sessions[session][1], session))]


def _days(known: LogOns) -> int:
    return max(known.managed, known.continued)


def _last(known: LogOns) -> int:
    return max(known.last_managed, known.last_continued, known.last_begun)
