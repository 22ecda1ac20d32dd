"""A value that a subject did not have before, nor so many others of the organization."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, ClassVar

from casbd.counting.subjects import different
from casbd.habits.anomaly import HOUR, LATE, Finding, PlainAnomaly, Sensitivity
from casbd.habits.first_days import FirstDay, first_days
from casbd.habits.first_users import MOST_FIRST, FirstUsers
from casbd.habits.had_by import CARRIED_DEVICES, SETTLED, device_mark, plain, text_of, unversioned
from casbd.habits.session_ids import session_ids
from casbd.habits.values_seen import ValuesSeen
from casbd.habits.ways import PlacesSeen, WaysShared, mark_of, says_where, with_way
from casbd.model.activity import Activity
from casbd.records.record_path import RawReader
from casbd.remembered import Remembered

FEWEST_DAYS = 2
"""On so many days at least a subject must have been active, else nobody knows what is usual."""
MOST_COMMON = MOST_FIRST - 1
"""`unless_common` asks for no more others."""
_PLACES = frozenset({"country", "city", "latitude", "longitude", "isp", "asn"})
"""Of these it is no news what the organization's own addresses have; but who uses them is there."""
_OWN = frozenset({"Corporate", "Administrative"})


class NewValue(PlainAnomaly, frozen=True, kw_only=True):
    """A value of a field that is new.

    history, learning: ms. unless_common: so many others that had it before explain it; None: nobody does. familiar: a field: who moves
    takes its values along, see `FirstDay.brought_anything_new`. sessions: fields that say of which session a log on is, see
    `FirstDay.began`.
    new: where there are several fields, the first that is known.
    first_use: what a subject without any history has is news, too, once others have one (at once where `learning` is less than an hour).
    domains_only: of all addresses in these fields the domains count; the user's own is no news, but may make it none of others. A field of
    `by` is the same for all that a subject does, so that the news is that it does so at all.
    """

    kind: ClassVar[str] = "new"

    new: tuple[str, ...]
    history: int
    learning: int
    unless_common: int | None = None
    familiar: str | None = None
    sessions: tuple[str, ...] = ()
    first_use: bool = False
    domains_only: bool = False
    sensitivity: Sensitivity = "medium"
    by: tuple[str, ...] = ("user",)
    single_app: bool = False

    @property
    def looks_at(self) -> tuple[str, ...]:
        """See Match."""
        return (*self.new, self.familiar, "device_type", *self.sessions) if self.familiar else self.new

    @property
    def helped_by(self) -> tuple[str, ...]:
        """Fields that it takes where they are there."""
        return ("activity_type", "app", "asn", "device_tags", "ip_category") if self.familiar or self.new[0] in _PLACES else ()

    @property
    def counts(self) -> str:
        """See Match."""
        return self.new[0]

    @property
    def learns(self) -> tuple[Any, ...]:
        """See Anomaly."""
        return self.new, self.familiar, self.familiar and "told", self.domains_only and "own", self._of_places

    @property
    def at_all(self) -> bool:
        """Whether it is news of whom there was none of these activities at all."""
        return set(self.new) <= set(self.by)

    @property
    def _of_places(self) -> bool:
        """Whether it matters by which way a value is had."""
        return self.familiar == "user_agent" and self.new == ("country",)

    def value(self, activity: Activity, reader: RawReader, met: Sequence[int]) -> str | None:  # noqa: ARG002  it has no steps
        """See Match. The value, and of what it was had by a hash and whether it is carried about."""
        if self._of_places:  # as of nearly every activity
            if activity.country is None:
                return None
            log_on_to = activity.app if activity.activity_type == "Log on" else None
            asked = self.sessions and log_on_to and not activity.device_tags and activity.device_type not in CARRIED_DEVICES
            session = session_ids(self.sessions)(activity, reader) if asked else None
            kind = activity.device_type, activity.ip_category, activity.asn, activity.device_tags, log_on_to, session
            return _places[activity.country, activity.user_agent, activity.ip_address, *kind]
        known = (one for field in self.new if (one := different(field, activity, reader)) is not None)
        if self.at_all:
            value: str | None = ""  # the same for all subjects, so that it is known who else does so
        elif self.domains_only:
            return _domain(" ".join(known), activity.user or "")
        else:
            value = next(known, None)
        own = self.new[0] in _PLACES and activity.ip_category in _OWN
        if value is None or (self.familiar is None and not own):
            return value and plain(value)
        if self.familiar is None:
            return text_of(value, None, SETTLED)
        by = different(self.familiar, activity, reader)
        if by is not None and self.familiar == "user_agent":
            by = unversioned[by]
        return text_of(value, by, SETTLED if own else device_mark(activity.device_type, activity.device_tags))

    def memory(self, packed: Any = None) -> ValuesSeen:
        """See Anomaly."""
        return PlacesSeen(packed) if self._of_places else ValuesSeen(packed)

    def organization(self, packed: Any = None) -> FirstUsers:
        """See Anomaly."""
        return (WaysShared if self._of_places else FirstUsers)(packed, by_app=self.single_app)

    def findings(self, memory: ValuesSeen, organization: FirstUsers, who: str) -> Sequence[Finding]:
        """See Anomaly."""
        if not memory.news or not (self._may_be_first or memory.newest + HOUR - memory.begun >= self.learning):
            return ()
        return [found for day in first_days(memory, self.history // HOUR) if (found := self._finding(day, organization, who))]

    def _finding(self, day: FirstDay, organization: FirstUsers, who: str) -> Finding | None:
        others = organization.others(day.value, who, day.first, self.learning)
        if not self._has_learned(day, organization, others.colleagues, who):
            return None
        away = self.familiar is not None and self.sensitivity != "high" and not day.brought_anything_new()
        is_sure = partial(says_where, organization=organization, who=who, managed=bool(day.managed))
        elsewhere = day.elsewhere(is_sure) if away else None
        if away and elsewhere is None and (others.colleagues or not day.began):
            return None
        if self.unless_common and day.of_who_moves() and not day.strange and others.known:
            return None
        enough = 1 if self.sensitivity == "low" else self.unless_common
        # Of places it is asked who stayed there, but for who comes together with others, each with the own computer.
        common = others.known if self.familiar is None else others.stayed if day.strange else others.colleagues
        if enough is not None and common >= enough:
            return None
        return day.finding(elsewhere or 0, others)

    @property
    def _may_be_first(self) -> bool:
        """Whether anything may be news of a subject of which it is not known yet what is usual."""
        return self.first_use or self.sensitivity == "high"

    def _has_learned(self, day: FirstDay, organization: FirstUsers, others: int, who: str) -> bool:
        """Whether it is known what is usual of a subject; of a joiner at high sensitivity what is usual of others is enough."""
        usual = day.first - day.memory.begun >= self.learning and day.memory.days_before(day.hour) >= FEWEST_DAYS
        if usual and day.has_history():
            return True
        anyway = self._may_be_first and (self.first_use or not others)
        return anyway and (self.learning < HOUR or day.first - organization.began(day.first, who) >= max(self.learning, LATE))


def _domain(text: str, user: str) -> str | None:
    """What is remembered of the domain of an address in a text that is neither the user's own nor related to it.

    Where there is none but the own it is that: no news, and what three colleagues have is none in the organization's other domains.
    """
    own = user.rpartition("@")[2].casefold()
    domains = sorted({found.casefold() for found in _DOMAIN.findall(text)})
    foreign = (one for one in domains if not own or not (f".{one}".endswith(f".{own}") or f".{own}".endswith(f".{one}")))
    if (value := next(foreign, None)) is not None:
        return plain(value)
    return text_of(domains[0], None, SETTLED) if domains else None


_DOMAIN = re.compile(r"[\w.+%-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")


def _place(key: tuple[Any, ...]) -> str:
    country, agent, address, device, category, asn, tags, log_on_to, session = key
    mark = SETTLED if category in _OWN else mark_of(device, tags, asn)
    text = text_of(country.casefold(), unversioned[agent.casefold()] if agent else None, mark)
    return with_way(text, address, None if device in CARRIED_DEVICES else log_on_to, session, managed=bool(tags))


_places = Remembered[tuple[Any, ...], str](_place, 20_000)
