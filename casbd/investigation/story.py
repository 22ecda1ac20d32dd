"""The whole story of an alert: what happened, to whom, what was done about it, how the like of it was closed, and what is usual to do."""

from __future__ import annotations

import msgspec

from casbd.activity_log import ActivityLog
from casbd.activity_log.insights import LOOKED_AT, AddressInsights, UserInsights, of_address, of_user
from casbd.activity_log.observed import Span
from casbd.activity_log.people import Known, people
from casbd.activity_log.reading import one_moment
from casbd.investigation.advice import Advice, advice_for
from casbd.investigation.timeline import Timeline, timeline
from casbd.model.alert import Alert
from casbd.model.governance import GovernanceCommand
from casbd.store.database import Store
from casbd.store.state import alert_queue, governance_log, priority
from casbd.store.state.alert_filters import AlertFilters
from casbd.store.state.priority import Part

DAY = 86_400_000
DAYS = 30
"""Of the user's and the address's context, up to the alert's last activity."""
SIMILAR_DAYS = 90
_LATEST, _TOGETHER = 5, 20
"""Alerts that are listed, of those that are alike and of those of the incident."""


class Similar(msgspec.Struct):
    """Alerts of the 90 days before this one's last activity, and since: how many are open, and how many were closed as what.

    latest: the newest of them, those of the same user first.
    """

    same_policy_and_user: dict[str, int]
    same_policy: dict[str, int]
    latest: list[Alert]


class Story(msgspec.Struct):
    """user, address: of the 30 days up to the last activity; None where the alert names none, or nothing is known any more.

    governance: what it led to. incident: the other alerts of it. priority: what it is worth to that of its user; None: nothing.
    """

    alert: Alert
    timeline: Timeline
    user: UserInsights | None
    address: AddressInsights | None
    governance: list[GovernanceCommand]
    similar: Similar
    incident: list[Alert]
    advice: Advice
    priority: Part | None


def story_of(store: Store, alert: Alert) -> Story:
    """Read it all."""
    with one_moment(store, LOOKED_AT):
        return _story_of(store, alert)


def _story_of(store: Store, alert: Alert) -> Story:
    whom = _whom(store, alert)
    span = Span.before(alert.last_activity, DAYS)
    return Story(
        alert=alert,
        timeline=timeline(ActivityLog(store), alert, whom),
        user=of_user(store, whom, span) if whom is not None else None,
        address=of_address(store, alert.ip_address, span) if alert.ip_address is not None else None,
        governance=governance_log.of_alert(store.connection, alert.alert_id),
        similar=_similar(store, alert),
        incident=_together(store, alert),
        advice=advice_for(alert.policy_id, alert.category),
        priority=priority.part_of(store.connection, alert.alert_id),
    )


def _whom(store: Store, alert: Alert) -> Known | None:
    if alert.user is None:
        return None
    return next((one for one in people(store, alert.user) if one.is_named(alert.user, alert.app, alert.app_instance)), None)


def _similar(store: Store, alert: Alert) -> Similar:
    policy = AlertFilters(policy_id=alert.policy_id, since=alert.last_activity - SIMILAR_DAYS * DAY)
    both = msgspec.structs.replace(policy, user=alert.user)
    of_both = alert_queue.outcomes(store.connection, both, alert.alert_id) if alert.user is not None else {}
    found = [*alert_queue.listed(store.connection, both, limit=_LATEST + 1)] if alert.user is not None else []
    found += alert_queue.listed(store.connection, policy, limit=2 * _LATEST + 1)
    latest = {one.alert_id: one for one in found if one.alert_id != alert.alert_id and one.merged_into is None}
    return Similar(of_both, alert_queue.outcomes(store.connection, policy, alert.alert_id), [*latest.values()][:_LATEST])


def _together(store: Store, alert: Alert) -> list[Alert]:
    if alert.incident_id is None:
        return []
    filters = AlertFilters(incident_id=alert.incident_id)
    others = alert_queue.listed(store.connection, filters, "first_activity", _TOGETHER + 1)
    return [one for one in others if one.alert_id != alert.alert_id and one.merged_into is None]
