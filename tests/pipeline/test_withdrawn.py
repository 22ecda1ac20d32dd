"""What a commit makes of an anomaly that is none any more, that is one again, or that became a part of another one."""

import pytest
from builders import HOUR, NOON, chunk, record
from msgspec.structs import replace

from casbd.alerting import handling
from casbd.alerting.wishes import Wish
from casbd.counting.runs import Change
from casbd.habits.raised import Verdict
from casbd.pipeline.rises import Rises
from casbd.policies import kinds
from tests.habits.after_idle import AfterIdle

from .test_anomalies import DAY, feed, idle_alerts, opened, told


@pytest.fixture(autouse=True)
def known_kind(monkeypatch):
    of = kinds.of
    monkeypatch.setattr(kinds, "of", lambda match: AfterIdle if match.kind == "after_idle" else of(match))


@pytest.fixture
def core(tmp_path):
    core = opened(tmp_path)
    core.now += 40 * DAY
    yield core
    core.close()


def found(core, monkeypatch):
    """What two alerts, after eight and after sixteen days, are of."""
    habits, verdicts = core.pipeline._memory.habits, []
    of = habits.verdicts

    def noted(*_):
        verdicts.extend(of())
        yield from verdicts

    with monkeypatch.context() as patch:
        patch.setattr(habits, "verdicts", noted)
        feed(core, 0, 8 * 24, 16 * 24)
    return [verdict for _, _, verdict in verdicts]


def judge(core, monkeypatch, *verdicts):
    """A commit in which these are told."""
    habits, watched = core.pipeline._memory.habits, core.pipeline._memory.counted["idle"]
    with monkeypatch.context() as patch:
        patch.setattr(habits, "verdicts", lambda *_: ((watched, "a", verdict) for verdict in verdicts))
        feed(core, 20 * 24, start=int(core.now), user="other@contoso.com")
        core.now += 1


def grown(verdict, *joined, by=1):
    """The same finding, with so many activities more, or with all of other alerts."""
    one = replace(verdict.finding, count=verdict.finding.count + by)
    return Verdict(verdict.alert_id, Change(verdict.alert_id, False, joined, one.members, 1, one.first, one.last, one.count), one)


def statuses(core):
    return {one.alert_id: (one.status, one.merged_into) for one in core.alerts() if one.policy_id == "idle" and one.user == "a@contoso.com"}


def test_what_grew_and_is_withdrawn_in_one_commit_is_withdrawn_with_all_its_parts(core, monkeypatch):
    first, second = found(core, monkeypatch)
    judge(core, monkeypatch, grown(first, second.alert_id), Verdict(first.alert_id))
    assert statuses(core) == {first.alert_id: ("closed", None), second.alert_id: ("closed", None)}
    assert {one.activity_count for one in core.alerts() if one.policy_id == "idle"} == {1}


def test_what_is_withdrawn_counts_no_more_for_its_user(core, monkeypatch):
    first, _ = found(core, monkeypatch)
    judged = []
    monkeypatch.setattr(Rises, "judged", lambda self, alert_ids, *_: judged.extend(alert_ids) or ())
    judge(core, monkeypatch, Verdict(first.alert_id))
    assert first.alert_id in judged


def test_what_grows_after_it_became_a_part_grows_the_whole(core, monkeypatch):
    first, second = found(core, monkeypatch)
    judge(core, monkeypatch, grown(first, second.alert_id))
    assert statuses(core)[second.alert_id] == ("open", first.alert_id)
    judge(core, monkeypatch, grown(second, by=5))
    assert statuses(core)[second.alert_id] == ("open", first.alert_id)
    assert {one.activity_count for one in core.alerts() if one.alert_id == first.alert_id} == {6}
    judge(core, monkeypatch, Verdict(second.alert_id))
    assert statuses(core) == {first.alert_id: ("open", None), second.alert_id: ("open", first.alert_id)}


def test_what_people_have_closed_stays_as_they_closed_it(core, monkeypatch):
    first, _ = found(core, monkeypatch)
    with core.store.transaction() as connection:
        handling.handle(connection, [first.alert_id], handling.closing("benign", "seen", "eva", core.now), {"siem": Wish()}, core.now)
    before = len(told(core))
    judge(core, monkeypatch, Verdict(first.alert_id))
    (alert,) = [one for one in core.alerts() if one.alert_id == first.alert_id]
    assert (alert.resolution, alert.comment, alert.closed_by) == ("benign", "seen", "eva")
    assert [event for event, _, _ in told(core)[before:]] == []


def test_what_is_found_again_is_opened_again_and_told_so(core, monkeypatch):
    first, _ = found(core, monkeypatch)
    judge(core, monkeypatch, Verdict(first.alert_id))
    assert statuses(core)[first.alert_id] == ("closed", None)
    judge(core, monkeypatch, first)
    (alert,) = [one for one in core.alerts() if one.alert_id == first.alert_id]
    assert (alert.status, alert.closed_by, alert.comment) == ("open", None, None)
    assert told(core)[-1][:2] == ("reopened", "open")


def log_on(hour, address, name):
    return record(at=int(hour * HOUR), UserId="a@contoso.com", Id=name, ClientIP=address)


def test_an_alert_is_described_by_what_it_begins_with_now(core):
    core.feed(chunk([log_on(0, "203.0.113.1", "0"), log_on(192.9, "203.0.113.2", "late")]))
    core.feed(chunk([log_on(192.1, "203.0.113.3", "earlier")], start=1000))
    (alert,) = [one for one in core.alerts() if one.policy_id == "idle"]
    assert (alert.first_activity, alert.ip_address, alert.activity_count) == (NOON + int(192.1 * HOUR), "203.0.113.3", 2)


def test_what_grows_after_retention_has_removed_its_beginning_stays_as_it_is(core):
    core.feed(chunk([log_on(0, "203.0.113.1", "0"), log_on(192.1, "203.0.113.2", "begun")]))
    core.store.connection.execute("DELETE FROM blocks")
    core.feed(chunk([log_on(192.9, "203.0.113.3", "more")], start=1000))
    assert idle_alerts(core) == [192]
    assert [one.activity_count for one in core.alerts() if one.policy_id == "idle"] == [1]
