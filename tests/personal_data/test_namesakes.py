"""Of two people who are called the same, only the one that is meant is forgotten and exported."""

import json
import re
import zipfile

import pytest
from builders import MINUTE, record, settings

from casbd.errors import StoreError
from casbd.personal_data import privacy
from casbd.store.log import segments
from casbd.store.state import personal, raised_alerts
from tests.personal_data.conftest import everything, now


@pytest.fixture
def bobs(make_core):
    """Two tenants' `bob`: activities in segments and in blocks, alerts of three kinds, commands, what waits, and who names them."""
    rules = {
        "single": {"governance": [{"action": "suspend_user", "connector": "entra"}]},
        "burst": {"match": {"repeated": 2, "within": "1h"}},
        "both": {"match": {"repeated": 2, "within": "1h", "by": ["user", "ip_address"]}, "alert": {"suppress": "1h"}},
    }
    core = make_core(rules=rules, settings=settings({"siem": ["alerts"]}))

    def fed(*numbers):
        for tenant in ("one", "two"):
            own = {"OrganizationId": tenant, "UserId": "bob.smith", "UserKey": f"key-of-him-{tenant}"}
            core.feed_records(*(record(Id=f"{tenant}-{number}", at=number * MINUTE, **own) for number in numbers))
            core.feed_records(record(Id=f"{tenant}-names", OrganizationId=tenant, UserId=f"admin@{tenant}.com", ObjectId="BOB.SMITH"))

    fed(1, 2)
    segments.compact(core.store, at_least=1)
    fed(3)
    return core


def rows_of_one_and_the_other(core):
    """What tells of bob of the tenant `one`, and what tells of the other one."""
    texts = everything(core)
    return [[text for text in texts if f'"{tenant}"' in text or f"'{tenant}'" in text] for tenant in ("one", "two")]


@pytest.mark.parametrize("keep", [False, True])
def test_another_tenants_bob_is_not_forgotten(bobs, keep):
    before = rows_of_one_and_the_other(bobs)[1]
    done = privacy.forget(bobs.store, "Bob.Smith", place=("Microsoft Entra ID", "ONE"), keep=keep)
    assert done.removed == (0 if keep else 3)
    forgotten, other = rows_of_one_and_the_other(bobs)
    assert not [text for text in forgotten if re.search(r"\bbob.smith\b", text, re.IGNORECASE)]
    assert not [text for text in everything(bobs) if "key-of-him-one" in text]
    assert other == before
    assert {one.activity_id for one in bobs.activities()} >= {"two-1", "two-2", "two-3", "one-names", "two-names"}
    users = [alert.user for alert in raised_alerts.find(bobs.store.connection) if alert.app_instance == "two"]
    assert "bob.smith" in users
    assert [alert.user for alert in raised_alerts.find(bobs.store.connection, user="bob.smith") if alert.app_instance == "one"] == []


def test_of_several_nobody_is_meant(bobs, tmp_path):
    for place in ((None, None), ("Microsoft Entra ID", None)):
        with pytest.raises(privacy.SeveralPeople, match=r"bob.smith \(Microsoft Entra ID, one\), bob.smith \(Microsoft Entra ID, two\)"):
            privacy.forget(bobs.store, "bob.smith", place=place)
    assert privacy.forget(bobs.store, "bob.smith", place=("Okta", None)).removed == 0


def test_the_archive_of_one_bob_has_nothing_of_the_other(bobs, tmp_path):
    privacy.export(bobs.store, "bob.smith", tmp_path / "bob.zip", now, (None, "one"))
    with zipfile.ZipFile(tmp_path / "bob.zip") as archive:
        index = json.loads(archive.read("index.json"))
        lines = [line for file in index["files"] for line in archive.read(file["file"]).decode().splitlines()]
    assert (index["app_instance"], index["names"]) == ("one", ["bob.smith", "key-of-him-one"])
    assert [json.loads(line)["activity_id"] for line in lines if "activity_id" in json.loads(line) and "raw" in line][:1] == ["one-1"]
    assert not [line for line in lines if "two" in line]


def test_one_of_several_that_was_killed_is_done_to_its_end(bobs, monkeypatch):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(personal, "forget_in_blocks", killed)
        with pytest.raises(KeyboardInterrupt):
            privacy.forget(bobs.store, "bob.smith", place=(None, "one"))
    with pytest.raises(StoreError, match="broken off"):
        privacy.forget(bobs.store, "bob.smith", place=(None, "two"))
    privacy.forget(bobs.store, "bob.smith")
    assert {one.activity_id for one in bobs.activities()} == {"two-1", "two-2", "two-3", "one-names", "two-names"}


def test_of_what_was_counted_in_one_batch_each_has_the_own_part(make_core):
    """The journal has a row a batch, with what several people did."""
    core = make_core(rules={"burst": {"match": {"repeated": 3, "within": "1h"}}})
    core.feed_records(*(record(Id=f"of-{name}", UserId=f"{name}@contoso.com") for name in ("anna", "bob")))
    rows = dict(personal.rows_of(core.store, privacy.the_person(core.store, "anna@contoso.com")))
    assert [(subject, [entry[2] for entry in entries]) for _, subject, entries in rows["window_journal"]["entries"]] == [
        ("anna@contoso.com", ["of-anna"])
    ]
