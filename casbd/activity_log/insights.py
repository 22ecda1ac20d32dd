"""Insights: what the log, the alerts and the governance log know of one user or one address, as Defender for Cloud Apps' pages tell it.

Numbers and lists are of a span of event time; `first_seen`, `last_seen` and what is said of the user or the address itself (groups,
category, place ...) are of the whole log, the latter as the latest activity has it. Times are milliseconds since 1970, UTC. Lists have
the most frequent value first, and leave out what is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import Struct

from casbd.activity_log.observed import (
    DayFrequency,
    DeviceFrequency,
    Frequency,
    HourFrequency,
    Observed,
    OperationFrequency,
    Span,
    most_first,
)
from casbd.activity_log.reading import ActivityLog
from casbd.activity_log.tally import folded
from casbd.activity_log.wanted import Wanted
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.model.identity import canonical, is_address, person
from casbd.policies.tree import Condition
from casbd.store import alerts as stored_alerts
from casbd.store import governance as stored_governance
from casbd.store.database import Store

_OF_A_USER = ("user", "user_display_name", "user_domain", "user_type", "user_organization", "user_groups", "is_external_user")
_OF_AN_ADDRESS = ("country", "city", "isp", "asn", "ip_category", "ip_tags")


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
    administrative one or an administrator's; None where none tells. governance: all that was ever asked for, oldest first.
    app, app_instance: where this is somebody, of several who have the name; None where one person has it.
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
    users: list[Frequency]
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


class Place(NamedTuple):
    """An app and an instance of it: two tenants' `bob` are two people."""

    app: str | None
    instance: str | None

    def has(self, user: str, app: str | None, instance: str | None) -> bool:
        """Whether this user of that app and instance is the one of this place."""
        return person(user, app, instance) == person(user, *self)

    def conditions(self) -> list[Condition]:
        """What its activities meet."""
        fields = (("app", self.app), ("app_instance", self.instance))
        unset = (Condition(field, "isset", (), negated=True) for field, value in fields if value is None)
        return [*unset, *(Condition(field, "eq", (value,)) for field, value in fields if value is not None)]


def places_of(store: Store, user: str) -> list[Place]:
    """Where a name is somebody, the most active first; none where it is one person, or nobody."""
    if is_address(canonical(user)):
        return []
    seen = [*ActivityLog(store).counts(_equal("user", user), ["app", "app_instance"])]
    seen += [(alert.app, alert.app_instance) for alert in stored_alerts.find(store.connection, user=user)]
    found: dict[str, Place] = {}
    for app, instance in seen:
        found.setdefault(person(user, app, instance), Place(app, instance))
    return [*found.values()] if len(found) > 1 else []


def of_user(store: Store, user: str, span: Span, place: Place | None = None) -> UserInsights | None:
    """The insights of a user, by name without regard to case; None where neither the log nor an alert has it.

    place: of several with this name.
    """
    kinds = (
        *(("matched_policies",), ("country",), ("isp",), ("ip_address",), ("app",), ("device_type", "os", "browser")),
        *(("activity_type", "action_type"), ("user_type", "is_admin_operation")),
    )
    found = Observed(_OF_A_USER, kinds)
    found.read(ActivityLog(store), _equal("user", user, place.conditions() if place else ()), span)
    alerts = [alert for alert in stored_alerts.find(store.connection, user=user) if alert.merged_into is None]
    alerts = [alert for alert in alerts if place is None or place.has(user, alert.app, alert.app_instance)]
    commands = stored_governance.of_target(store.connection, user)
    if not found.latest and not alerts:
        return None
    latest = found.latest or dict.fromkeys(_OF_A_USER)
    return UserInsights(
        **_numbers(alerts, span)._asdict(),
        user=latest["user"] or alerts[-1].user or user,
        matches=found.kinds["matched_policies",].total(),
        activities=found.activities,
        countries=found.frequencies("country"),
        isps=found.frequencies("isp"),
        ip_addresses=found.frequencies("ip_address"),
        apps=found.frequencies("app"),
        first_seen=found.first_seen,
        last_seen=found.last_seen,
        per_day=found.per_day(span),
        hours=found.per_hour(),
        devices=found.devices(),
        operations=found.operations(),
        failed_log_ons=found.failed_log_ons(),
        groups=latest["user_groups"] or [],
        display_name=latest["user_display_name"],
        domain=latest["user_domain"],
        user_type=latest["user_type"],
        organization=latest["user_organization"],
        is_admin=_is_admin(found.kinds["user_type", "is_admin_operation"]),
        is_external=latest["is_external_user"],
        governance=[one for one in commands if place is None or place.has(user, one.app, one.app_instance)],
        app=place.app if place else None,
        app_instance=place.instance if place else None,
    )


def of_address(store: Store, ip: str, span: Span) -> AddressInsights | None:
    """The insights of an address, canonical; None where neither the log nor an alert has it."""
    kinds = (("matched_policies",), ("user",), ("app",), ("activity_type", "action_type"), ("is_admin_operation",))
    found = Observed(_OF_AN_ADDRESS, kinds)
    found.read(ActivityLog(store), _equal("ip_address", ip), span)
    alerts = [alert for alert in stored_alerts.find(store.connection, ip_address=ip) if alert.merged_into is None]
    if not found.latest and not alerts:
        return None
    latest = found.latest or dict.fromkeys(_OF_AN_ADDRESS)
    return AddressInsights(
        **_numbers(alerts, span)._asdict(),
        **{**latest, "ip_tags": latest["ip_tags"] or []},
        ip_address=ip,
        activities=found.activities,
        admin_activities=found.kinds["is_admin_operation",][True,],
        users=[Frequency(name, n) for name, n in most_first(folded((u, n) for (u,), n in found.kinds["user",].items() if u is not None))],
        per_day=found.per_day(span),
        first_seen=found.first_seen,
        last_seen=found.last_seen,
        hours=found.per_hour(),
        matches=found.kinds["matched_policies",].total(),
        apps=found.frequencies("app"),
        operations=found.operations(),
        failed_log_ons=found.failed_log_ons(),
    )


def _equal(field: str, value: str, others: Sequence[Condition] = ()) -> Wanted:
    return Wanted([Condition(field, "eq", (value,)), *others], lambda: 0)  # no such filter asks for the time


def _numbers(alerts: Sequence[Alert], span: Span) -> AlertNumbers:
    inside = [alert for alert in alerts if span.meets(alert.first_activity, alert.last_activity)]
    older = sum(alert.status == "open" and alert.last_activity < span.since for alert in alerts)
    return AlertNumbers(sum(alert.status == "open" for alert in inside), len(inside), older)


def _is_admin(kinds: Iterable[tuple[str | None, bool | None]]) -> bool | None:
    known = [(user_type, flag) for user_type, flag in kinds if user_type is not None or flag is not None]
    return any(user_type == "Admin" or flag for user_type, flag in known) if known else None
