"""`format: auto`: each format knows its own records, and no other's."""

import json
from pathlib import Path

import pytest

from casbd import registry
from casbd.daemon.engine import detect

HERE = Path(__file__).parent


def records(path, key=None):
    text = path.read_text()
    found = json.loads(text)[key] if key else map(json.loads, text.splitlines())
    return [json.dumps(one).encode() for one in found]


SAMPLES = {
    "aws_cloudtrail": records(next((HERE / "aws_cloudtrail/invictus").glob("*_CloudTrail_*.json")), "Records"),
    "entra": records(HERE / "entra/otrf/AADAuditEvents.json"),
    "google_workspace": records(HERE / "google_workspace/invictus/login.json", "activities"),
    "m365": records(HERE / "m365/plaso/microsoft_audit_log.jsonl"),
    "okta": [
        b'{"uuid": "u", "published": "2026-01-01T00:00:00Z", "eventType": "user.session.start", "actor": {"id": "x"}, "target": null}'
    ],
    "github": [b'{"@timestamp": 1767268800123, "action": "repo.access", "actor": "octocat", "org": "contoso", "_document_id": "d"}'],
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_is_told_by_its_records(name):
    assert detect(SAMPLES[name]) == name
    claims = {other: cls.claims(SAMPLES[name]) for other, cls in registry.load_all("formats").items() if other != name}
    assert not any(claims.values()), claims


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_nobodys_is_not_claimed(name):
    cls = registry.load("formats", name)
    for sample in ([], [b"{}"], [b"[]"], [b"null"], [b"not json"], [b'"text"'], [b'{"a": 1}'], [b"\xff"], [b"[" * 5000]):
        assert cls.claims(sample) == 0
