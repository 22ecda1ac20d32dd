"""Whoever is named in the evidence of others' alerts is found there, forgotten and exported."""

import json
import zipfile

import pytest
from builders import MINUTE, record, repeated

from casbd.personal_data import privacy
from tests.personal_data.conftest import ANNA, everything, now


@pytest.fixture
def core(make_core):
    """A spray from one address: an alert of nobody's that names anna, and somebody whose name is no address."""
    core = make_core(rules=repeated(2, "1h", by="ip_address"))
    for minute, user in enumerate((ANNA, "bert.holm", "carl@contoso.com")):
        core.feed_records(record(at=minute * MINUTE, UserId=user))
    return core


def test_others_keep_their_alert_without_the_name(core):
    assert core.alerts()[0].named == ("bert.holm",)
    for user in (ANNA, "bert.holm"):
        privacy.forget(core.store, user, keep=False)
    assert not [text for text in everything(core) if ANNA in text or "bert.holm" in text]
    (alert,) = core.alerts()
    assert alert.evidence.startswith("3 failed log ons by 3 users (person-")
    assert len(alert.named) == 1
    core.reopen()
    core.feed_records(record(at=9 * MINUTE, UserId="dora@contoso.com"))
    assert "by 4 users (" in core.alerts()[0].evidence
    assert not [text for text in everything(core) if ANNA in text or "bert.holm" in text]


def test_what_is_exported_has_it(core, tmp_path):
    privacy.export(core.store, ANNA, tmp_path / "anna.zip", now)
    with zipfile.ZipFile(tmp_path / "anna.zip") as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert ANNA in json.loads(texts["alerts.ndjson"])["body"]["evidence"]
    assert ANNA in texts["alert_facts.ndjson"]
