"""Who is called so: the people that a name stands for, as windows, alerts and commands distinguish them (`model/identity.py`).

An address is one person in all apps, any other name one within its app and instance; whoever it is may be written in several ways.
"""

from __future__ import annotations

from collections import Counter

from msgspec import Struct

from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.filters.tree import Condition
from casbd.model.activity import Activity
from casbd.model.identity import Who, canonical, whose
from casbd.store.database import Store
from casbd.store.state import raised_alerts

_Seen = tuple[str, str | None, str | None]
"""A user's name with the app and the instance of it."""


Place = tuple[str | None, str | None]
"""An app and an instance of it; None for any."""
ANYWHERE: Place = (None, None)


class Known(Struct, frozen=True):
    """One person whom the log or an alert knows.

    names: as records write it, the most frequent first. app, app_instance: where a name that is no address is this person's.
    """

    who: Who
    names: tuple[str, ...]
    app: str | None = None
    app_instance: str | None = None

    @property
    def is_anywhere(self) -> bool:
        """Whether the name is this person's in all apps."""
        return isinstance(self.who, str)

    def is_named(self, user: str | None, app: str | None, instance: str | None) -> bool:
        """Whether it is this person whom an app and an instance call so."""
        return user is not None and whose(user, app, instance) == self.who

    def conditions(self) -> list[Condition]:
        """What this person's activities meet, and no others."""
        own = [Condition("user", "eq", self.names)]
        for field, value in () if self.is_anywhere else (("app", self.app), ("app_instance", self.app_instance)):
            own.append(Condition(field, "isset", (), negated=True) if value is None else Condition(field, "eq", (value,)))
        return own

    def wanted(self) -> Wanted:
        """The same as what is asked of the log."""
        return _wanted(*self.conditions())


def people(store: Store, user: str) -> list[Known]:
    """Those who are called so, the most active first."""
    name = canonical(user)
    seen = _seen(ActivityLog(store), name)
    seen.update((alert.user or "", alert.app, alert.app_instance) for alert in raised_alerts.find(store.connection, user=user))
    names_by_person: dict[Who, Counter[_Seen]] = {}
    for one, number in seen.items():
        if canonical(one[0]) == name:
            names_by_person.setdefault(whose(*one), Counter())[one] += number
    return [_known(who, written) for who, written in sorted(names_by_person.items(), key=lambda entry: -entry[1].total())]


def _seen(log: ActivityLog, name: str) -> Counter[_Seen]:
    """How often each name with this canonical form occurs; where it is an address, whatever the app."""
    written = {one: number for (one,), number in log.counts(_wanted(), ["user"]).items() if one is not None and canonical(one) == name}
    if all(isinstance(whose(one, None, None), str) for one in written):
        return Counter({(one, None, None): number for one, number in written.items()})
    return Counter(log.counts(_wanted(Condition("user", "eq", tuple(written))), ["user", "app", "app_instance"]))


def person_of(activity: Activity) -> Known:
    """Who did it; the activity names a user."""
    assert activity.user is not None
    who = whose(activity.user, activity.app, activity.app_instance)
    return _known(who, Counter([(activity.user, activity.app, activity.app_instance)]))


def _known(who: Who, written: Counter[_Seen]) -> Known:
    seen = [one for one, _ in written.most_common()]
    names = tuple(dict.fromkeys(name for name, _, _ in seen))
    return Known(who, names) if isinstance(who, str) else Known(who, names, *seen[0][1:])


def is_at(place: Place, app: str | None, instance: str | None) -> bool:
    """Whether an app and an instance are those that are asked for, without regard to case."""
    return all(one is None or one.casefold() == (value or "").casefold() for one, value in zip(place, (app, instance), strict=True))


def _wanted(*conditions: Condition) -> Wanted:
    return Wanted(conditions, lambda: 0)  # no such filter asks for the time
