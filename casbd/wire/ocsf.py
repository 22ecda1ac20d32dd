"""Alerts, activities and outcomes of governance as events of the Open Cybersecurity Schema Framework (OCSF).

An alert is a Detection Finding, an activity what `ocsf_activity` says, what became of a command a Remediation Activity.
Source: https://schema.ocsf.io/1.5.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from casbd.model.activity import Activity
from casbd.model.alert import Alert, Severity
from casbd.model.governance import GovernanceCommand
from casbd.wire import ocsf_activity, text_line
from casbd.wire.moments import moment
from casbd.wire.ocsf_parts import Event, address, head, known, own_product, user_named

_SEVERITIES: dict[Severity, tuple[int, str]] = {
    "informational": (1, "Informational"),
    "low": (2, "Low"),
    "medium": (3, "Medium"),
    "high": (4, "High"),
}
_EVENTS = {"raised": 1, "updated": 2, "closed": 3, "reopened": 2}
_VERDICTS = {"false_positive": (1, "False Positive"), "true_positive": (2, "True Positive"), "benign": (5, "Benign")}
_NEW, _IN_PROGRESS, _SUPPRESSED, _RESOLVED = (1, "New"), (2, "In Progress"), (3, "Suppressed"), (4, "Resolved")
_RULE, _BEHAVIOR = 1, 2
"""Kinds of analytics."""

_RESTORE, _EVICT, _HARDEN, _DETECT, _OTHER = 3, 2, 4, 5, 99
_COUNTERMEASURES = {
    "suspend_user": _EVICT,
    "require_sign_in_again": _EVICT,
    "revoke_tokens": _EVICT,
    "confirm_user_compromised": _DETECT,
    "expire_password": _HARDEN,
    "revoke_admin_privileges": _HARDEN,
    "unsuspend_user": _RESTORE,
    "dismiss_user_risk": _RESTORE,
}
"""Of governance actions the tactics of MITRE D3FEND, by which the class tells its activities apart."""
_DONE = {"succeeded": (1, "Success"), "failed": (2, "Failure")}
_TECHNIQUE = re.compile(r"attack\.(t\d{4})(\.\d{3})?", re.IGNORECASE)


def event(item: Alert | Activity | GovernanceCommand, uid: str) -> Event:
    """An item as an event. uid: its `metadata.uid`, the same when it is sent again; that of an activity is what alerts name it by."""
    if isinstance(item, Activity):
        return ocsf_activity.event(item, uid)
    return _finding(item, uid) if isinstance(item, Alert) else _remediation(item, uid)


def _finding(alert: Alert, uid: str) -> Event:
    metadata = {"uid": uid, "product": own_product(), "profiles": ["incident"]}
    metadata |= known(tenant_uid=alert.app_instance, labels=alert.tags)
    found = head("detection_finding", _EVENTS[alert.event], alert.event, moment(alert), _SEVERITIES[alert.severity], metadata)
    status_id, status = _status(alert)
    return found | known(
        is_alert=alert.event != "closed",
        status_id=status_id,
        status=status,
        message=alert.evidence or text_line.alert(alert),
        comment=alert.comment,
        count=alert.activity_count,
        start_time=alert.first_activity,
        end_time=alert.last_activity,
        risk_score=alert.risk_score,
        finding_info=_about(alert),
        evidences=_evidences(alert),
        resources=[known(name=alert.app, namespace=alert.app_instance, type="Application")] if alert.app else None,
        assignee=user_named(alert.assigned_to),
        observables=_observables(alert),
        unmapped=known(
            policy_type=alert.policy_type, detection=alert.detection, unusual=alert.unusual, merged_into=alert.merged_into,
            incident_id=alert.incident_id, closed=alert.closed, closed_by=alert.closed_by, read=alert.read, named=alert.named,
            suppressed=alert.suppressed,
        ),
        **_verdict(alert),
    )  # fmt: skip


def _status(alert: Alert) -> tuple[int, str]:
    if alert.status == "closed":
        return _SUPPRESSED if alert.resolution in ("false_positive", "benign") else _RESOLVED
    return _IN_PROGRESS if alert.read or alert.assigned_to else _NEW


def _verdict(alert: Alert) -> Event:
    if alert.resolution is None:
        return {}
    number, name = _VERDICTS[alert.resolution]
    return {"verdict_id": number, "verdict": name}


def _about(alert: Alert) -> Event:
    analytic = {"uid": alert.policy_id, "name": alert.policy_name, "type_id": _BEHAVIOR if alert.policy_type == "anomaly" else _RULE}
    return known(
        uid=alert.alert_id,
        title=alert.title or alert.policy_name,
        desc=alert.description,
        types=[alert.category] if alert.category else None,
        analytic=known(**analytic, category=alert.policy_type) if alert.policy_id or alert.policy_name else None,
        created_time=alert.created,
        modified_time=alert.changed,
        first_seen_time=alert.first_activity,
        last_seen_time=alert.last_activity,
        data_sources=[alert.app] if alert.app else None,
        related_events=[{"uid": one} for one in alert.activity_ids],
        related_events_count=alert.activity_count,
        attacks=[*_attacks(alert.tags)],
    )


def _attacks(tags: Iterable[str]) -> Iterable[Event]:
    """Techniques of MITRE ATT&CK, which rules name in their tags: `attack.t1110.003`."""
    for tag in tags:
        if found := _TECHNIQUE.fullmatch(tag):
            technique = found[1].upper()
            yield {"technique": {"uid": technique}} | ({"sub_technique": {"uid": f"{technique}{found[2]}"}} if found[2] else {})


def _evidences(alert: Alert) -> list[Event]:
    place = known(country=alert.country)
    source = known(ip=address(alert.ip_address), location=place)
    found = known(user=user_named(alert.user), src_endpoint=source if "ip" in source else None)
    if source and "ip" not in source:
        found["data"] = source
    return [found] if found else []


def _observables(alert: Alert) -> list[Event]:
    values: list[tuple[str, int, str, Any]] = [
        ("evidences.user.name", 4, "User Name", alert.user),
        ("evidences.src_endpoint.ip", 2, "IP Address", address(alert.ip_address)),
    ]
    return [{"name": name, "type_id": number, "type": kind, "value": value} for name, number, kind, value in values if value]


def _remediation(command: GovernanceCommand, uid: str) -> Event:
    metadata = {"uid": uid, "product": own_product(), "profiles": ["host"]} | known(
        correlation_uid=command.alert_id, tenant_uid=command.app_instance
    )
    severity = _SEVERITIES["informational"]
    found = head("remediation_activity", _COUNTERMEASURES.get(command.action, _OTHER), command.action, moment(command), severity, metadata)
    status_id, status = _DONE.get(command.status, (_OTHER, command.status))
    target = user_named(command.target, command.user_id)
    return found | known(
        command_uid=command.command_id,
        status_id=status_id,
        status=status,
        status_detail=command.error or command.answer,
        message=text_line.command(command),
        remediation={"desc": command.reason or command.action},
        duration=command.duration,
        start_time=command.started,
        end_time=command.finished,
        actor={"user": user_named(command.who)} if command.who else None,
        observables=[{"name": "unmapped.target.name", "type_id": 4, "type": "User Name", "value": command.target}],
        unmapped=known(
            target=target, connector=command.connector, app=command.app, policy_id=command.policy_id, mode=command.mode,
            created=command.created, approved=command.approved, request=command.request, reverts=command.reverts,
            message=command.message, recipients=command.recipients, last_activity=command.last_activity,
            policy_digest=command.policy_digest, restore=command.restore,
        ),
    )  # fmt: skip
