"""Nothing that names a person is left, everything else is as it was; and all that is known is in the archive."""

import json
import re
import zipfile

import msgspec
import pytest
from builders import HOUR, MINUTE, NOON, Core, record, reject, settings
from builders import chunk as a_chunk

from casbd.activity_log import ActivityLog
from casbd.activity_log.people import people
from casbd.alerting import handling
from casbd.alerting.wishes import Wish
from casbd.errors import StoreError
from casbd.model.governance import GovernanceCommand
from casbd.personal_data import privacy
from casbd.personal_data.person import Person, person
from casbd.store.database import Store
from casbd.store.log import segment_damage, segments
from casbd.store.state import audit, file_versions, governance_log, held_back, outbox, personal, raised_alerts, refused, window_entries
from tests.personal_data.conftest import ANNA, everything, now

ID = "5f0c3b1e-7d1a-4c43-8a55-0000000000aa"
RULES = {
    "failed": {"severity": "high", "governance": [{"action": "suspend_user", "connector": "entra"}]},
    "burst": {"match": {"repeated": 2, "within": "1h"}},
}


@pytest.fixture
def core(tmp_path):
    """Anna and Joanna; what an administrator did to Anna; one day in segments, the latest in blocks; alerts, commands, a reject."""
    core = Core(tmp_path / "core", rules=RULES, settings=settings({"siem": ["alerts"], "lake": ["activities"]}))
    own = {"UserId": ANNA.title(), "UserKey": ID}
    core.feed_records(
        record(Id="own-1", at=-24 * HOUR, **own),
        record(Id="joanna", at=-23 * HOUR, UserId="jo" + ANNA),
        record(Id="of-her", Operation="Reset user password.", UserId="admin@contoso.com", ObjectId=ANNA, Target=[{"ID": ID, "Type": 2}]),
    )
    with core.store.transaction() as connection:
        connection.execute("DELETE FROM outbox WHERE kind = 'activities'")
    segments.compact(core.store, at_least=1)
    core.feed_records(
        record(Id="own-2", at=MINUTE, **own),
        record(Id="own-3", at=2 * MINUTE, **own),
        record(
            Id="her-site",
            Workload="OneDrive",
            Operation="FileAccessed",
            UserId="bert@contoso.com",
            ObjectId="https://contoso-my.sharepoint.com/personal/anna_berg_contoso_com/Documents/a.docx",
            SiteUrl="https://x?u=%2Fanna.berg%40contoso.com",
        ),
        record(Id="other", UserId="bert@contoso.com"),
    )
    core.feed(a_chunk([], rejects=[reject(raw=f'{{"user": "{ANNA}"'.encode())], start=10_000))
    yield core
    core.close()


def named(core):
    about = Person((ANNA, ID))
    return [text for text in everything(core) if about.without(text, "") is not text or ID in text]


@pytest.mark.parametrize("keep", [False, True])
def test_nothing_is_left(core, keep):
    before = {one.activity_id: one for one in core.activities()}
    assert len(named(core)) > 6
    done = privacy.forget(core.store, ANNA, keep=keep)
    assert named(core) == []
    for path in core.store.directory.rglob("*"):
        assert not path.is_file() or b"anna.berg" not in path.read_bytes().replace(b"joanna.berg", b"").lower()
    after = {one.activity_id: one for one in core.activities()}
    own = {"own-1", "own-2", "own-3"}
    assert after.keys() == (before.keys() if keep else before.keys() - own)
    assert [after[name] for name in ("joanna", "other")] == [before[name] for name in ("joanna", "other")]
    assert after["of-her"].object_id == done.pseudonym
    assert done.pseudonym in after["her-site"].raw
    assert json.loads(after["her-site"].raw)["Operation"] == "FileAccessed"
    assert (done.removed, done.renamed) == ((0, 5) if keep else (3, 2))
    assert [*segment_damage.verify(core.store)] == []
    found = [alert.user for alert in raised_alerts.find(core.store.connection) if alert.user and alert.user.startswith("person-")]
    assert found == [done.pseudonym] * len(found)
    assert bool(found) is keep
    assert privacy.forget(core.store, ANNA).rows == {}


@pytest.mark.parametrize("keep", [False, True])
def test_what_was_counted_and_packed(make_core, monkeypatch, keep):
    """Anna's own window, and one of Bert's in which one of two values that were counted is she."""
    monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", 0)
    core = make_core(rules={"burst": {"match": {"repeated": 3, "within": "1h", "unique": "object_id"}}})
    core.feed_records(
        record(Id="own", UserId=ANNA, ObjectId="x"),
        record(Id="of-her", UserId="bert@contoso.com", ObjectId=ANNA),
        record(Id="other", UserId="bert@contoso.com", ObjectId="y"),
    )

    def counted(person=None):
        pages = [row for table, row in personal.rows_of(core.store, person) if table == "window_pages"]
        return sorted((page["subject"], [(entry[2], entry[3]) for entry in sorted(page["entries"])]) for page in pages)

    def said(pages):
        return [(who, [activity_id for activity_id, _ in entries]) for who, entries in pages]

    assert said(counted(Person((ANNA,)))) == [(ANNA, ["own"]), ("bert@contoso.com", ["of-her"])]
    other = privacy.forget(core.store, ANNA, keep=keep).pseudonym
    assert named(core) == []
    values = dict(next(entries for who, entries in counted() if who == "bert@contoso.com"))
    assert values == {"of-her": other, "other": "y"}
    assert (other in dict(counted())) is keep
    core.close()


def test_what_is_forgotten_does_not_come_back_with_the_same_export(core):
    privacy.forget(core.store, ANNA)
    core.reopen()
    core.feed_records(record(Id="own-1", at=-24 * HOUR, UserId=ANNA))
    assert named(core) == []


def test_what_waits_for_a_destination_is_sent_from_where_it_was(core):
    rows = core.store.connection.execute("SELECT block_id FROM outbox WHERE kind = 'activities'").fetchall()
    with core.store.transaction() as connection:
        connection.execute("UPDATE outbox SET sent = 3 WHERE kind = 'activities'")
    privacy.forget(core.store, ANNA)
    ((sent,),) = core.store.connection.execute("SELECT sent FROM outbox WHERE kind = 'activities'").fetchall()
    assert [one.activity_id for one in core.block(rows[0][0])][sent:] == ["other"]


def test_the_archive_has_all_that_is_known(core, tmp_path):
    counts = privacy.export(core.store, ANNA, tmp_path / "anna.zip", now)
    with zipfile.ZipFile(tmp_path / "anna.zip") as archive:
        index = json.loads(archive.read("index.json"))
        lines = {file["file"]: archive.read(file["file"]).splitlines() for file in index["files"]}
    assert index["names"] == [ANNA, ID]
    ids = [json.loads(line)["activity_id"] for line in lines["activities.ndjson"]]
    assert ids == ["own-1", "of-her", "own-2", "own-3", "her-site"]
    assert {"activities", "alerts", "governance", "rejects"} <= counts.keys()
    assert {name.removesuffix(".ndjson"): len(some) for name, some in lines.items()} == counts
    with pytest.raises(StoreError, match="there already"):
        privacy.export(core.store, ANNA, tmp_path / "anna.zip", now)


@pytest.mark.parametrize("text", ["anna.berg%2540contoso.com", "%61nna.berg%40contoso.com", r"C:\users %3Cscript%3E a&amp;b"])
def test_escapes_in_segments_and_blocks(core, text):
    def feed(name, at):
        core.feed_records(record(Id=name, at=at, UserId="bert@contoso.com", ObjectId=f"https://x/?u={text}", Workload="OneDrive"))

    feed("segment", 0)
    with core.store.transaction() as connection:
        connection.execute("DELETE FROM outbox WHERE kind = 'activities'")
    segments.compact(core.store, at_least=1)
    feed("block", MINUTE)
    privacy.forget(core.store, ANNA)
    found = [one.raw for one in core.activities() if one.activity_id in ("segment", "block")]
    assert [json.loads(raw)["ObjectId"] == f"https://x/?u={text}" for raw in found] == ["nna" not in text] * 2


@pytest.mark.parametrize("name", ["anna", "open", "siem", "m365", "user", "failed", "admin", "lake", "a", "suspend_user", "high"])
def test_what_is_called_like_a_person_is_not_touched(core, name):
    core.feed_records(record(Id="named", UserId=name), record(Id="anna-l", UserId="anna.larsen@contoso.com", UserType=2))
    with core.store.transaction() as connection:
        connection.execute("INSERT INTO queries VALUES (?, ?)", (name, b'{"filters": ["user eq x"]}'))

    def others():
        tables = ("inputs", "positions", "destinations", "policies", "meta", "queries")
        found = {table: core.store.connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}
        found["alerts"] = [alert for alert in raised_alerts.find(core.store.connection) if alert.user != name]
        found["governance"] = [command for command in governance_log.every(core.store.connection) if command.target != name]
        queued = core.store.connection.execute("SELECT seq, destination, kind, block_id, sent, size, stored, body FROM outbox").fetchall()
        found["outbox"] = [row for row in queued if name.encode() not in row[-1] or name in ("open", "failed", "user", "high", "a")]
        return found, [one for one in core.activities() if one.user != name]

    before = others()
    done = privacy.forget(core.store, name)
    after = others()
    assert done.removed == 1
    assert [one.activity_id for one in after[1]] == [one.activity_id for one in before[1]]
    for table, rows in before[0].items():
        if table != "outbox":
            assert after[0][table] == rows, table


def test_what_a_connector_said_of_a_person_is_forgotten_too(core):
    said = {
        "request": f"PATCH /users/{ANNA}",
        "answer": f"{ANNA} is suspended",
        "restore": {"roles": [f"of {ANNA}"], "manager": {"mail": ANNA}},
    }
    of_bert = {"command_id": "b", "action": "suspend_user", "connector": "entra", "target": "bert@contoso.com", "status": "succeeded"}
    with core.store.transaction() as connection:
        governance_log.save(connection, GovernanceCommand(**of_bert, **said))
    privacy.forget(core.store, ANNA)
    command = governance_log.get(core.store.connection, "b")
    assert command.target == "bert@contoso.com"
    assert ANNA not in f"{command.request} {command.answer} {command.restore}"
    assert [*command.restore] == ["roles", "manager"]


def test_what_was_killed_is_done_to_its_end(core, monkeypatch):
    """After the own activities are gone, nobody could tell the person's id any more."""

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(personal, "forget_in_blocks", killed)
        with pytest.raises(KeyboardInterrupt):
            privacy.forget(core.store, ANNA)
    with pytest.raises(StoreError, match="broken off"):
        privacy.forget(core.store, "bert@contoso.com")
    assert "person-" in privacy.forget(core.store, ANNA.upper()).pseudonym
    assert named(core) == []
    assert len({word for text in everything(core) for word in re.findall("person-[0-9a-f]{12}", text)}) == 1


def test_while_somebody_reads_there_may_be_traces_left(core):
    with Store(core.store.directory, readonly=True) as reader:
        reader.connection.execute("BEGIN")
        assert reader.connection.execute("SELECT count(*) FROM rejects").fetchone() == (1,)
        core.store.connection.execute("PRAGMA busy_timeout = 10")
        with pytest.raises(StoreError, match="still reads"):
            privacy.forget(core.store, ANNA)
    privacy.forget(core.store, ANNA)
    assert named(core) == []


def test_damaged_segments_may_name_anybody(core):
    (first, *_) = segments.listed(core.store)
    segment_damage.set_aside(core.store, segment_damage.Damage(first.segment_id, first.path, "broken"))
    with pytest.raises(StoreError, match="damaged"):
        privacy.forget(core.store, ANNA)


def test_an_id_that_others_have_too_is_nobodys(core):
    core.feed_records(
        record(Id="shared-1", UserId=ANNA, UserKey="shared-key-1"), record(Id="shared-2", UserId="x@y.zz", UserKey="shared-key-1")
    )
    assert person(ActivityLog(core.store), *people(core.store, ANNA)).names == (ANNA, ID)


@pytest.mark.parametrize("user", ["bob", "b\u00f8b", "guest_fabrikam.com#EXT#@contoso.onmicrosoft.com"])
@pytest.mark.parametrize("by", ["user", ["user", "ip_address"]])
@pytest.mark.parametrize("saved", [False, True])
def test_who_is_counted_within_an_app_and_an_instance_is_forgotten_too(make_core, user, by, saved):
    rules = {
        "burst": {"match": {"repeated": 3, "within": "1h", "by": by}, "alert": {"suppress": "1h"}},
        "single": {"alert": {"suppress": "1h"}},
    }
    core = make_core(rules=rules, settings=settings({}))
    core.feed_records(record(UserId=user), record(UserId="rob"))
    if saved:
        core.feed_records(*(record(UserId="rob", at=n) for n in range(2000)))

    privacy.forget(core.store, user)

    left = [text for text in everything(core) if "bob" in text or "b\u00f8b" in text or "b\\u00f8b" in text or "fabrikam" in text]
    assert left == []
    assert any("rob" in text for text in everything(core))


@pytest.mark.parametrize("keep", [False, True])
def test_what_an_older_casbd_stored_does_not_say_where_it_is(core, keep):
    """So it may be of any place, and is not passed over."""
    table = {"alerts": "alert_id", "governance": "command_id"}
    with core.store.transaction() as connection:
        for name, key in table.items():
            for number, body in connection.execute(f"SELECT {key}, body FROM {name}").fetchall():
                inside = msgspec.msgpack.decode(body)
                del inside["app_instance"]
                connection.execute(f"UPDATE {name} SET body = ? WHERE {key} = ?", (msgspec.msgpack.encode(inside), number))
    privacy.forget(core.store, ANNA, keep=keep)
    assert named(core) == []


@pytest.mark.parametrize("keep", [False, True])
def test_rows_that_differ_in_the_names_case_alone(core, keep):
    """They become one under the other name, as there may be only one."""
    with core.store.transaction() as connection:
        for subject in (ANNA, ANNA.upper(), "bert@contoso.com"):
            held_back.put(connection, held_back.HeldBack("failed", "suppress", subject, 0, 1))
    done = privacy.forget(core.store, ANNA, keep=keep)
    assert named(core) == []
    assert sorted(one.subject for one in held_back.every(core.store.connection)) == ["bert@contoso.com", *([done.pseudonym] * keep)]
    assert done.rows["held_back"] == 2


@pytest.mark.parametrize("name", [ANNA, "anna", "M365"])
def test_whose_data_were_exported_is_forgotten_too(core, name):
    """There a plain word is a person's name; elsewhere it may be an input's or a policy's, and stays."""
    core.feed_records(record(Id="named", UserId=name))
    with core.store.transaction() as connection:
        audit.add(connection, NOON, "privacy export", name.upper(), {})
        audit.add(connection, NOON, "privacy export", "bert@contoso.com", {})
        audit.add(connection, NOON, "input forget", "m365", {})
    done = privacy.forget(core.store, name)
    targets = [target for (target,) in core.store.connection.execute("SELECT target FROM audit ORDER BY seq")]
    assert targets[:3] == [done.pseudonym, "bert@contoso.com", "m365"]
    assert done.rows["audit"] == 1


@pytest.mark.parametrize("keep", [False, True])
def test_a_list_that_others_are_counted_by_stays(core, keep):
    bert = ["bert@contoso.com", "Okta", "one"]
    subjects = [json.dumps(one) for one in ([bert[0], "203.0.113.7"], bert, [bert, "203.0.113.7"], [ANNA, "203.0.113.7"])]
    with core.store.transaction() as connection:
        for subject in subjects:
            held_back.put(connection, held_back.HeldBack("failed", "suppress", subject, 0, 1))
    other = privacy.forget(core.store, ANNA, keep=keep).pseudonym
    left = {one.subject for one in held_back.every(core.store.connection)}
    assert left == {*subjects[:3], *([subjects[3].replace(ANNA, other)] * keep)}


def test_whom_a_rule_names_is_not_named_in_its_kept_versions(core):
    text = f"filters: {{user: {{eq: {ANNA}}}}}\nname: others\n"
    with core.store.transaction() as connection:
        file_versions.add(connection, file_versions.Version(NOON, "policy", "anna", "first", False, "root", NOON, b"", text))
    done = privacy.forget(core.store, ANNA)
    (kept,) = file_versions.latest(core.store.connection, "policy")
    assert kept.text == text.replace(ANNA, done.pseudonym)
    assert kept.name == "anna"  # a policy's id


@pytest.mark.parametrize("keep", [False, True])
def test_by_what_incidents_are_found_names_nobody_who_is_forgotten(core, keep):
    def spans():
        return {subject for (subject,) in core.store.connection.execute("SELECT subject FROM incident_spans")}

    assert ANNA in spans()
    assert [row["subject"] for table, row in personal.rows_of(core.store, Person((ANNA,))) if table == "incident_spans"] == [ANNA] * 2
    before = {alert.incident_id for alert in core.alerts() if alert.user == ANNA}
    other = privacy.forget(core.store, ANNA, keep=keep).pseudonym
    assert ANNA not in spans()
    assert {alert.incident_id for alert in core.alerts() if alert.user == other} == (before if keep else set())
    assert (other in spans()) is keep


def test_alerts_that_somebody_was_to_look_after_are_nobodys_who_is_forgotten(core):
    (one, *_) = [alert for alert in core.alerts() if alert.user != ANNA]
    with core.store.transaction() as connection:
        handling.handle(connection, [one.alert_id], handling.assigning(ANNA), {"siem": Wish()}, core.now)
        handling.handle(connection, [one.alert_id], handling.closing("benign", None, ANNA, core.now), {"siem": Wish()}, core.now)
    other = privacy.forget(core.store, ANNA).pseudonym
    alert = raised_alerts.get(core.store.connection, one.alert_id)
    assert (alert.assigned_to, alert.closed_by) == (other, other)
    assert [found.alert_id for found in raised_alerts.find(core.store.connection, assigned_to=other)] == [one.alert_id]
    assert {row.alert().closed_by for row in core.waiting()} == {None, other}


def test_activities_that_an_output_refused_are_forgotten_and_can_still_be_sent(core):
    rows = [row for row in core.waiting("lake") if row.block_id]
    hers = next(one for row in rows for one in core.block(row.block_id) if one.user == ANNA)
    with core.store.transaction() as connection:
        outbox.refuse(connection, "lake", rows[0], outbox.activity_body(hers), "odd", NOON)
        connection.execute(
            "INSERT INTO refused (destination, kind, body, reason, stored) VALUES ('lake', 'activities', ?, 'odd', ?)",
            (hers.raw.encode(), NOON),
        )
    other = privacy.forget(core.store, ANNA).pseudonym
    sent, kept = refused.listed(core.store.connection, "lake")
    assert (sent.item().activity_id, sent.item().user) == (hers.activity_id, other)
    assert other in sent.item().raw
    assert other.encode() in kept.body
    assert all(ANNA.encode() not in one.body.lower() for one in (sent, kept))
