"""Which alerts are one incident."""

import json
from datetime import datetime

import pytest
from builders import HOUR, MINUTE, NOON, Core, record, repeated
from hypothesis import given, settings
from hypothesis import strategies as st

from casbd.alerting import incidents
from casbd.alerting.raising import system
from casbd.store.state import incident_spans, raised_alerts

DAY = 24 * HOUR
EACH = {"failed": {}}
OFFICE = {"failed": {}, "quiet": {"severity": "low", "filters": {"activity_type": {"eq": "Log on"}}}}


def groups(core):
    """The incidents, each as the ids of the activities that raised its alerts; merged alerts left out."""
    found = {}
    for alert in core.alerts():
        if alert.merged_into is None:
            found.setdefault(alert.incident_id, set()).update(alert.activity_ids)
    assert None not in found
    return sorted(map(sorted, found.values()))


def fed(make_core, *records, rules=EACH):
    """A core with one record after the other, each its own commit."""
    core = make_core(rules=rules)
    for one in records:
        core.feed_records(one)
    return core


class TestOfOneUser:
    def test_what_comes_within_a_day_is_one(self, make_core):
        core = fed(
            make_core,
            record(Id="1"),
            record(Id="2", at=DAY),
            record(Id="3", at=2 * DAY + 1),
            record(Id="4", UserId="b@contoso.com", ClientIP="::2"),
        )
        assert groups(core) == [["1", "2"], ["3"], ["4"]]

    def test_however_the_name_is_written_and_in_all_apps(self, make_core):
        core = fed(
            make_core,
            record(Id="1"),
            record(Id="2", UserId="A@Contoso.com", Workload="Exchange", ClientIP="::2"),
            rules={"any": {"filters": {"user": {"isset": True}}}},
        )
        assert groups(core) == [["1", "2"]]

    def test_a_name_that_is_no_address_is_one_in_its_instance_only(self, make_core):
        others = {"UserId": "bob", "ClientIP": None}
        core = fed(make_core, record(Id="1", **others), record(Id="2", **others), record(Id="3", OrganizationId="fabrikam", **others))
        assert groups(core) == [["1", "2"], ["3"]]

    def test_a_run_that_grows_while_its_incident_becomes_another_one_is_of_that(self, make_core):
        core = make_core(rules=repeated(1, "1h") | {"other": {"filters": {"activity_type": {"eq": "Log on"}}}})
        core.feed_records(record(Id="1"), record(Id="2", at=2 * DAY))
        core.feed_records(record(Id="on", at=DAY, Operation="UserLoggedIn"), record(Id="2+", at=2 * DAY + MINUTE))
        assert groups(core) == [["1", "2", "2+", "on"]]

    def test_a_late_alert_joins_two_and_the_earlier_id_stays(self, make_core):
        core = fed(make_core, record(Id="2", at=2 * DAY), record(Id="1"))
        earlier = next(alert.incident_id for alert in core.alerts() if alert.activity_ids == ("1",))
        core.feed_records(record(Id="between", at=DAY))
        assert {alert.incident_id for alert in core.alerts()} == {earlier}

    def test_of_low_severity_what_comes_within_half_a_day(self, make_core):
        times = {"1": 0, "2": 12 * HOUR, "3": 24 * HOUR + 1, "weighty": 42 * HOUR + 1}
        low = {"low": {"severity": "low", "filters": {"activity_type": {"eq": "Log on"}}}} | EACH
        log_ons = [record(Id=name, at=at, Operation="UserLoggedIn") for name, at in times.items() if name != "weighty"]
        assert groups(fed(make_core, *log_ons, rules=low)) == [["1", "2"], ["3"]]
        core = make_core("mixed", rules=low)
        core.feed_records(*log_ons, record(Id="weighty", at=times["weighty"]))
        assert groups(core) == [["1", "2"], ["3", "weighty"]]

    def test_how_long_a_run_goes_on_does_not_matter(self, make_core):
        rules = repeated(1, "2d") | {"other": {"filters": {"activity_type": {"eq": "Log on"}}}}
        log_on = {"Operation": "UserLoggedIn"}
        core = fed(
            make_core,
            *(record(Id=f"{day}", at=day * DAY) for day in range(10)),
            record(Id="near", at=DAY, **log_on),
            record(Id="far", at=9 * DAY, **log_on),
            rules=rules,
        )
        assert groups(core) == [[*(f"{day}" for day in range(10)), "near"], ["far"]]

    def test_runs_that_a_late_record_joins_are_one_alert_of_one_incident(self, make_core):
        core = fed(make_core, record(Id="1"), record(Id="2", at=2 * HOUR), record(Id="between", at=HOUR), rules=repeated(1, "1h"))
        assert groups(core) == [["1", "2", "between"]]
        assert len({alert.incident_id for alert in core.alerts()}) == 1


class TestOfOneAddress:
    def test_several_users_within_an_hour_are_one(self, make_core):
        people = [record(Id=f"{n}", UserId=f"{n}@contoso.com", at=minute * MINUTE) for n, minute in enumerate([0, 60, 121])]
        assert groups(fed(make_core, *people)) == [["0", "1"], ["2"]]

    def test_a_spray_takes_in_whoever_has_an_alert_from_there_on_that_day(self, make_core):
        rules = {
            "spray": {"match": {"repeated": 3, "within": "5m", "by": "ip_address", "unique": "user"}},
            "log-on": {"filters": {"activity_type": {"eq": "Log on"}}},
        }
        core = fed(
            make_core,
            *(record(Id=f"{n}", UserId=f"{n}@contoso.com", at=n) for n in range(3)),
            record(Id="in", UserId="1@contoso.com", at=10 * HOUR, Operation="UserLoggedIn"),
            record(Id="elsewhere", UserId="2@contoso.com", ClientIP="203.0.113.9", at=HOUR, Operation="UserLoggedIn"),
            rules=rules,
        )
        assert groups(core) == [["0", "1", "2", "in"], ["elsewhere"]]

    def test_alerts_of_low_severity_and_addresses_of_nowhere_say_nothing_about_whose_they_are(self, make_core):
        office = [record(Id=f"{n}", UserId=f"{n}@contoso.com", Operation="UserLoggedIn") for n in range(3)]
        assert groups(fed(make_core, *office, rules=OFFICE)) == [["0"], ["1"], ["2"]]
        core = make_core("other", rules=EACH)
        core.feed_records(*(record(Id=f"{n}", UserId=f"{n}@contoso.com", ClientIP="127.0.0.1") for n in range(3)))
        assert groups(core) == [["0"], ["1"], ["2"]]

    @pytest.mark.parametrize("category", ["Corporate", "VPN", "Administrative"])
    def test_nor_do_the_organizations_own(self, make_core, category):
        core = make_core(rules=EACH)
        scan = core.scanner.scan
        core.scanner.scan = lambda chunk: _from(scan(chunk), category)
        core.feed_records(*(record(Id=f"{n}", UserId=f"{n}@contoso.com") for n in range(3)))
        assert groups(core) == [["0"], ["1"], ["2"]]


def _from(batch, category):
    for _, activity, *_ in batch.matches:
        activity.ip_category = category
    return batch


class TestOfNobody:
    def test_an_alert_without_user_and_address_is_one_of_its_own(self, make_core):
        core = fed(make_core, *(record(Id=f"{n}", UserId=None, ClientIP=None, at=n) for n in range(2)))
        assert groups(core) == [["0"], ["1"]]

    def test_one_that_grows_stays_in_it(self, make_core):
        nobody = {"UserId": None, "ClientIP": None}
        core = make_core(rules={"failed": {"alert": {"each": "1h"}}})
        core.feed_records(record(**nobody))
        before = core.alerts()[0].incident_id
        core.feed_records(record(at=MINUTE, **nobody))
        assert [(alert.activity_count, alert.incident_id) for alert in core.alerts()] == [(2, before)]

    def test_alerts_about_casbd_itself_are_in_none(self, make_core):
        core = make_core()
        core.pipeline.raise_system(system("x", "x", "x", subject="x", moment=NOON, now=NOON))
        assert [alert.incident_id for alert in core.alerts()] == [None]


class TestAnyOrder:
    @settings(max_examples=20)
    @given(
        st.lists(st.tuples(st.integers(0, 12), st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=14),
        st.randoms(use_true_random=False),
        st.data(),
    )
    def test_the_same_alerts_are_the_same_incidents_in_any_order_and_cuts(self, tmp_path_factory, made, chance, data):
        records = [
            record(Id=f"{number}", at=time * 8 * HOUR + number, UserId=f"{user}@contoso.com", ClientIP=f"203.0.113.{address}")
            for number, (time, user, address) in enumerate(made)
        ]
        cores = [Core(tmp_path_factory.mktemp("order"), rules=EACH) for _ in range(2)]
        cores[0].feed_records(*records)
        shuffled = chance.sample(records, len(records))
        while shuffled:
            cut = data.draw(st.integers(1, len(shuffled)))
            cores[1].feed_records(*shuffled[:cut])
            cores[1].reopen()
            shuffled = shuffled[cut:]
        assert groups(cores[0]) == groups(cores[1])
        assert groups(cores[0]) == _by_definition(records)
        for core in cores:
            core.close()

    @settings(max_examples=15)
    @given(
        st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=30),
        st.data(),
    )
    def test_killed_anywhere_the_ids_are_those_of_a_run_without_interruption(self, tmp_path_factory, made, data):
        """Runs that grow and join, in the same order of records, cut otherwise."""
        records = [
            record(at=time * 4 * HOUR + number, UserId=f"{user}@contoso.com", ClientIP=f"203.0.113.{address}")
            for number, (time, user, address) in enumerate(made)
        ]
        cores = [Core(tmp_path_factory.mktemp("kills"), rules=repeated(2, "5h") | EACH) for _ in range(2)]
        for one in records:
            cores[0].feed_records(one)
        while records:
            cut = data.draw(st.integers(1, len(records)))
            cores[1].feed_records(*records[:cut])
            cores[1].reopen()
            records = records[cut:]
        assert [(a.alert_id, a.incident_id) for a in cores[0].alerts()] == [(a.alert_id, a.incident_id) for a in cores[1].alerts()]
        for core in cores:
            core.close()


def _by_definition(records):
    """Each alert joined to each other that is near enough, without spans."""
    alerts = [(one["Id"], one["CreationTime"], one["UserId"], one["ClientIP"]) for one in map(json.loads, records)]
    found = [{alert} for alert in alerts]
    for one in alerts:
        near = [group for group in found if any(_near(one, other) for other in group)]
        found = [group for group in found if group not in near] + [set().union(*near)]
    return sorted(sorted(name for name, *_ in group) for group in found)


def _near(one, other):
    apart = abs(datetime.fromisoformat(one[1]) - datetime.fromisoformat(other[1])).total_seconds() * 1000
    return (one[2] == other[2] and apart <= DAY) or (one[3] == other[3] and apart <= HOUR)


class TestMany:
    def test_of_a_large_incident_the_id_stays_so_that_nothing_is_renamed_again_and_again(self, make_core, monkeypatch):
        monkeypatch.setattr(incidents, "LARGE", 3)
        core = make_core(rules=EACH)
        core.feed_records(*(record(at=10 * DAY + n, Id=f"{n}") for n in range(5)))
        large = core.alerts()[0].incident_id
        for day in range(9, -1, -1):
            core.feed_records(record(at=day * DAY))
        assert {alert.incident_id for alert in core.alerts()} == {large}
        core.feed_records(record(at=-3 * DAY))
        core.feed_records(record(at=-DAY), record(at=-2 * DAY))
        assert {alert.incident_id for alert in core.alerts()} == {large}

    def test_a_storm_of_one_user_is_one_span(self, make_core):
        core = make_core(rules=EACH)
        core.feed_records(*(record(at=n * MINUTE, ClientIP=None) for n in range(300)))
        spans = core.store.connection.execute("SELECT * FROM incident_spans").fetchall()
        assert [(subject, last - first) for subject, first, last, _ in spans] == [("a@contoso.com", 299 * MINUTE + DAY)]


class TestRetention:
    def test_spans_go_with_the_last_alert_of_their_incident(self, make_core):
        core = fed(make_core, record(), record(at=5 * DAY, UserId="b@contoso.com", ClientIP="::2"))
        before = NOON + 3 * DAY
        with core.store.transaction() as connection:
            assert incident_spans.prune(connection, before) == 0
            connection.execute("UPDATE alerts SET created = first_activity")
            assert raised_alerts.prune(connection, before) == 1
            assert incident_spans.prune(connection, before, 1) == 1
            assert incident_spans.prune(connection, before) == 1
        subjects = {subject for (subject,) in core.store.connection.execute("SELECT subject FROM incident_spans")}
        assert subjects == {"b@contoso.com"}
