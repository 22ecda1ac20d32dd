"""`format: auto`: each format knows its own records, and no other's."""

import json
from pathlib import Path

import pytest

from casbd.daemon.engine import detect
from casbd.plugins import registry

HERE = Path(__file__).parent


def records(path, key=None):
    text = path.read_text()
    found = json.loads(text)[key] if key else map(json.loads, text.splitlines())
    return [json.dumps(one).encode() for one in found]


def test_alerts_of_google_are_told_from_all_others():
    alerts = records(HERE / "google_workspace/cases/alert_center.json", "alerts")
    assert detect(alerts) == "google_workspace"
    assert not any(cls.claims(alerts) for name, cls in registry.load_all("formats").items() if name != "google_workspace")


SAMPLES = {
    "aws_cloudtrail": records(next((HERE / "aws_cloudtrail/invictus").glob("*_CloudTrail_*.json")), "Records"),
    "entra": records(HERE / "entra/otrf/AADAuditEvents.json"),
    "azure_activity": records(HERE / "azure_activity/plaso/azure_activity_log.jsonl"),
    "google_workspace": records(HERE / "google_workspace/invictus/login.json", "activities"),
    "m365": records(HERE / "m365/plaso/microsoft_audit_log.jsonl"),
    "okta": [
        b'{"uuid": "u", "published": "2026-01-01T00:00:00Z", "eventType": "user.session.start", "actor": {"id": "x"}, "target": null}'
    ],
    "slack": [
        b'{"id": "e", "date_create": 1767268800, "action": "user_login", "actor": {"type": "user", "user": {"id": "W1"}}, '
        b'"entity": {"type": "user", "user": {"id": "W1"}}, "context": {"ip_address": "203.0.113.7"}}'
    ],
    "box": [
        b'{"type": "event", "event_id": "e", "event_type": "LOGIN", "created_at": "2026-01-01T00:00:00-08:00", '
        b'"created_by": {"type": "user", "id": "1", "login": "anna@contoso.com"}, "source": null}'
    ],
    "dropbox": [
        b'{"timestamp": "2026-01-01T00:00:00Z", "event_category": {".tag": "logins"}, "event_type": {".tag": "login_success"}, '
        b'"actor": {".tag": "user", "user": {".tag": "team_member", "email": "anna@contoso.com"}}}'
    ],
    "gcp": [
        b'{"logName": "projects/contoso-prod/logs/cloudaudit.googleapis.com%2Factivity", "timestamp": "2026-01-01T00:00:00Z", '
        b'"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "serviceName": "iam.googleapis.com", '
        b'"methodName": "google.iam.admin.v1.CreateRole"}}'
    ],
    "salesforce": [
        b'{"EVENT_TYPE": "Login", "TIMESTAMP": "20260101120000.123", "REQUEST_ID": "r", "ORGANIZATION_ID": "00D000000000123", '
        b'"TIMESTAMP_DERIVED": "2026-01-01T12:00:00.123Z", "LOGIN_STATUS": "LOGIN_NO_ERROR"}'
    ],
    "mdca": [
        *(HERE.parent / "wire/mdca_docs/cef_samples.txt").read_bytes().splitlines(),
        b'{"Timestamp": "2026-01-31T12:00:00Z", "ActionType": "FileDownloaded", "ApplicationId": 20892, "ActivityType": "Basic"}',
    ],
    "windows_security": [
        b'{"@timestamp": "2026-01-31T12:00:00Z", "event": {"code": "4624"}, "winlog": {"event_id": "4624", "channel": "Security", '
        b'"computer_name": "DC01.contoso.com", "record_id": 1, "event_data": {"TargetUserName": "anna"}}}'
    ],
    "defender_for_identity": [
        b'{"time": "2026-01-31T12:00:05Z", "tenantId": "t", "category": "AdvancedHunting-IdentityLogonEvents", "properties": '
        b'{"Timestamp": "2026-01-31T12:00:00Z", "ActionType": "LogonSuccess", "AccountUpn": "anna@contoso.com", "ReportId": "r"}}'
    ],
    "cef": [b"<134>Jan 31 12:00:00 host CEF:0|Example|Firewall|1|42|Connection blocked|5|rt=1769860800000 src=203.0.113.7"],
    "github": [b'{"@timestamp": 1767268800123, "action": "repo.access", "actor": "octocat", "org": "contoso", "_document_id": "d"}'],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_is_told_by_its_records(name):
    assert detect(SAMPLES[name]) == name
    general = {"cef"} - {name}  # which reads anybody's, and is less sure than a sender's own format
    claims = {other: cls.claims(SAMPLES[name]) for other, cls in registry.load_all("formats").items() if other not in {name, *general}}
    assert not any(claims.values()), claims


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_nobodys_is_not_claimed(name):
    cls = registry.load("formats", name)
    for sample in ([], [b"{}"], [b"[]"], [b"null"], [b"not json"], [b'"text"'], [b'{"a": 1}'], [b"\xff"], [b"[" * 5000]):
        assert cls.claims(sample) == 0


def test_every_format_has_a_sample_here():
    assert {*SAMPLES} == {*registry.names("formats")} - {"json", "csv"}  # which claim nothing
