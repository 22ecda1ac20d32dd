"""Insights: what the log, the alerts and the governance log know of one user or one address, as Defender for Cloud Apps' pages show it.

Numbers and lists are of a span of event time; `first_seen`, `last_seen` and what is said of the user or the address itself (groups,
category, place ...) are of the whole log, the latter as the latest activity has it. Times are milliseconds since 1970, UTC. Lists have
the most frequent value first, and leave out what is unknown.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from casbd.activity_log.counting import most_first
from casbd.activity_log.observed import (
    DayFrequency,
    DeviceFrequency,
    Frequency,
    HourFrequency,
    Observed,
    OperationFrequency,
    Span,
    UserFrequency,
)
from casbd.activity_log.people import Known
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.wanted import Wanted
from casbd.filters.tree import Condition
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import Who, whose
from casbd.store.database import Store
from casbd.store.state import governance_log, raised_alerts

_OF_A_USER = ("user", "user_display_name", "user_domain", "user_type", "user_organization", "user_groups", "is_external_user")
_WHO = ("user", "app", "app_instance")
_OF_AN_ADDRESS = ("country", "city", "isp", "asn", "ip_category", "ip_tags")
_COUNTED_OF_A_USER = (
    *(("matched_policies",), ("country",), ("isp",), ("ip_address",), ("app",), ("device_type", "os", "browser")),
    *(("activity_type", "action_type"), ("user_type", "is_admin_operation")),
)
_COUNTED_OF_AN_ADDRESS = (("matched_policies",), _WHO, ("app",), ("activity_type", "action_type"), ("is_admin_operation",))
LOOKED_AT = frozenset({"timestamp", *_WHO, *itertools.chain(*_COUNTED_OF_A_USER, *_COUNTED_OF_AN_ADDRESS)})
"""What is counted of users and addresses, for `one_moment`; the rest is read of the latest activity alone."""


class AlertNumbers(NamedTuple):
    """How many alerts of a span are open, how many there are, and how many older ones are still open.

    An alert is of the span if its activities reach into it. One that turned out to be a part of an earlier one is no alert of its own.
    """

    open_alerts: int
    alerts: int
    older_open_alerts: int


class UserInsights(Struct, kw_only=True):
    """What is known of a user.

    matches: pairs of an activity and a policy whose filters it meets. is_admin: whether an activity of the span was an
    administrative one or an administrator's; None where it is unknown. governance: all commands ever, oldest first.
    app, app_instance: where a name that is no address is this person's; None for an address, which is one person everywhere.
    """

    user: str
    open_alerts: int
    alerts: int
    matches: int
    activities: int
    countries: list[Frequency]
    isps: list[Frequency]
    ip_addresses: list[Frequency]
    apps: list[Frequency]
    first_seen: int | None
    last_seen: int | None
    per_day: list[DayFrequency]
    hours: list[HourFrequency]
    devices: list[DeviceFrequency]
    operations: list[OperationFrequency]
    failed_log_ons: int
    groups: list[str]
    display_name: str | None
    domain: str | None
    user_type: str | None
    organization: str | None
    is_admin: bool | None
    is_external: bool | None
    older_open_alerts: int
    governance: list[GovernanceCommand]
    app: str | None = None
    app_instance: str | None = None


class AddressInsights(Struct, kw_only=True):
    """What is known of an address. admin_activities: those that are administrative; matches: as a user's."""

    ip_address: str
    open_alerts: int
    alerts: int
    activities: int
    admin_activities: int
    users: list[UserFrequency]
    country: str | None
    city: str | None
    isp: str | None
    asn: int | None
    ip_category: str | None
    ip_tags: list[str]
    per_day: list[DayFrequency]
    first_seen: int | None
    last_seen: int | None
    hours: list[HourFrequency]
    matches: int
    apps: list[Frequency]
    operations: list[OperationFrequency]
    failed_log_ons: int
    older_open_alerts: int


def of_user(store: Store, whom: Known, span: Span) -> UserInsights:
    """The insights of a user."""
    observed = Observed(_OF_A_USER, _COUNTED_OF_A_USER)
    observed.read(ActivityLog(store), whom.wanted(), span)
    alerts = [alert for alert in raised_alerts.find(store.connection, user=whom.names[0]) if alert.merged_into is None]
    alerts = [alert for alert in alerts if whom.is_named(alert.user, alert.app, alert.app_instance)]
    commands = governance_log.of_target(store.connection, whom.names[0])
    latest = observed.latest or dict.fromkeys(_OF_A_USER)
    return UserInsights(
        **_numbers(alerts, span)._asdict(),
        user=latest["user"] or whom.names[0],
        matches=observed.kinds["matched_policies",].total(),
        activities=observed.activities,
        countries=observed.frequencies("country"),
        isps=observed.frequencies("isp"),
        ip_addresses=observed.frequencies("ip_address"),
        apps=observed.frequencies("app"),
        first_seen=observed.first_seen,
        last_seen=observed.last_seen,
        per_day=observed.per_day(span),
        hours=observed.per_hour(),
        devices=observed.devices(),
        operations=observed.operations(),
        failed_log_ons=observed.failed_log_ons(),
        groups=latest["user_groups"] or [],
        display_name=latest["user_display_name"],
        domain=latest["user_domain"],
        user_type=latest["user_type"],
        organization=latest["user_organization"],
        is_admin=_is_admin(observed.kinds["user_type", "is_admin_operation"]),
        is_external=latest["is_external_user"],
        governance=[one for one in commands if whom.is_named(one.target, one.app, one.app_instance)],
        app=whom.app,
        app_instance=whom.app_instance,
    )


def of_address(store: Store, ip: str, span: Span) -> AddressInsights | None:
    """The insights of an address, canonical; None where neither the log nor an alert has it."""
    observed = Observed(_OF_AN_ADDRESS, _COUNTED_OF_AN_ADDRESS)
    observed.read(ActivityLog(store), Wanted([Condition("ip_address", "eq", (ip,))], lambda: 0), span)  # no such filter asks for the time
    alerts = [alert for alert in raised_alerts.find(store.connection, ip_address=ip) if alert.merged_into is None]
    if not observed.latest and not alerts:
        return None
    latest = observed.latest or dict.fromkeys(_OF_AN_ADDRESS)
    return AddressInsights(
        **_numbers(alerts, span)._asdict(),
        **{**latest, "ip_tags": latest["ip_tags"] or []},
        ip_address=ip,
        activities=observed.activities,
        admin_activities=observed.kinds["is_admin_operation",][True,],
        users=_users(observed.kinds[_WHO]),
        per_day=observed.per_day(span),
        first_seen=observed.first_seen,
        last_seen=observed.last_seen,
        hours=observed.per_hour(),
        matches=observed.kinds["matched_policies",].total(),
        apps=observed.frequencies("app"),
        operations=observed.operations(),
        failed_log_ons=observed.failed_log_ons(),
    )


def _users(kinds: Counter[tuple[Any, ...]]) -> list[UserFrequency]:
    """How often each person occurs, as they are written most often."""
    people: dict[Who, Counter[tuple[str, str | None, str | None]]] = {}
    for (user, app, instance), number in kinds.items():
        if user is not None:
            people.setdefault(whose(user, app, instance), Counter())[user, app, instance] += number
    frequencies = []
    for who, written in people.items():
        name, *place = most_first(written)[0][0]
        frequencies.append(UserFrequency(name, written.total(), *(() if isinstance(who, str) else place)))
    return sorted(frequencies, key=lambda one: (-one.activities, one.value, one.app or "", one.app_instance or ""))


def _numbers(alerts: Sequence[Alert], span: Span) -> AlertNumbers:
    inside = [alert for alert in alerts if span.meets(alert.first_activity, alert.last_activity)]
    older = sum(alert.status == "open" and alert.last_activity < span.since for alert in alerts)
    return AlertNumbers(sum(alert.status == "open" for alert in inside), len(inside), older)


def _is_admin(kinds: Iterable[tuple[str | None, bool | None]]) -> bool | None:
    signs = [(user_type, flag) for user_type, flag in kinds if user_type is not None or flag is not None]
    return any(user_type == "Admin" or flag for user_type, flag in signs) if signs else None
