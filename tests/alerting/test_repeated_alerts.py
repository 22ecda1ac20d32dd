"""Alerts of repeated activity through the whole pipeline: late, out of order, over chunks and restarts, in bounded memory."""

import itertools

import pytest
from builders import HOUR, MINUTE, NOON, failures, load_rules, record, repeated, summary
from msgspec.structs import replace

from casbd.policies.loading import load
from casbd.store.state import window_entries, window_pages
from casbd.store.state.policy_counts import counts

SECOND = 1000


ALIASED = """title: The same folder, read and then shared
correlation:
  {type: temporal, rules: [read, shared], group-by: [what], timespan: 1h, aliases: {what: {read: ObjectId, shared: SourceRelativeUrl}}}
---
title: Read
name: read
logsource: {product: m365, service: audit}
detection: {s: {Operation|contains: Accessed}, condition: s}
---
title: Shared
name: shared
logsource: {product: m365, service: audit}
detection: {s: {Operation|contains: Shared}, condition: s}
"""


class TestAliases:
    def test_an_activity_of_two_rules_is_counted_for_two_subjects_in_any_order_of_arrival(self, make_core, tmp_path):
        (tmp_path / "aliased").mkdir()
        (tmp_path / "aliased" / "same.yml").write_text(ALIASED)
        both = record(Operation="FileAccessedAndShared", ObjectId="x", SourceRelativeUrl="y")
        records = [
            both,
            record(at=MINUTE, Operation="FileAccessed", ObjectId="y"),
            record(at=2 * MINUTE, Operation="Shared", SourceRelativeUrl="X"),
        ]
        records.append(record(at=3 * MINUTE, Operation="Shared", SourceRelativeUrl="z"))
        for number, order in enumerate(itertools.permutations(records)):
            core = make_core(f"state-{number}")
            core.use(load([tmp_path / "aliased"]))
            core.feed_records(*order[:2])
            core.reopen()
            core.use(load([tmp_path / "aliased"]))
            core.feed_records(*order[2:])
            assert summary(core) == [
                ("same", "", NOON, NOON + MINUTE, 2),
                ("same", "", NOON, NOON + 2 * MINUTE, 2),
            ]
            assert counts(core.store.connection) == {"same": (4, 2)}

    @pytest.mark.parametrize(("place", "user"), [("UserId", "a@contoso.com"), ("ObjectId", None)])
    def test_whose_alert_it_is_where_one_rule_looks_at_another_than_who_acts(self, make_core, tmp_path, place, user):
        """Governance acts on that user: the one who shared has nothing to do with it where the object is compared."""
        (tmp_path / "aliased").mkdir()
        text = ALIASED.replace("read: ObjectId", f"read: {place}").replace("shared: SourceRelativeUrl", "shared: UserId")
        (tmp_path / "aliased" / "same.yml").write_text(text)
        core = make_core("state")
        core.use(load([tmp_path / "aliased"]))
        core.feed_records(record(Operation="FileAccessed", ObjectId="a@contoso.com"), record(Operation="Shared"))
        assert [alert.user for alert in core.alerts()] == [user]


class TestSequence:
    RULES = {  # noqa: RUF012
        "guessed": {
            "filters": {"app": {"isset": True}},
            "match": {
                "sequence": [{"raw.Operation": {"eq": "UserLoginFailed"}, "repeated": 2}, {"activity_type": {"eq": "Log on"}}],
                "within": "1h",
            },
        }
    }

    def test_failures_and_a_success_are_one_alert_in_any_order_of_arrival(self, make_core):
        records = [*failures(0, MINUTE), record(at=2 * MINUTE, Operation="UserLoggedIn"), *failures(3 * MINUTE, 9 * HOUR)]
        told = set()
        for number, order in enumerate(itertools.permutations(records)):
            core = make_core(f"state-{number}", rules=self.RULES)
            core.feed_records(*order[:2])
            core.reopen()
            core.feed_records(*order[2:])
            told.add(tuple(summary(core)))
            assert {alert.policy_type for alert in core.alerts()} == {"sequence"}
        assert told == {(("guessed", "a@contoso.com", NOON, NOON + 3 * MINUTE, 4),)}

    def test_the_success_of_another_user_completes_nothing(self, make_core):
        core = make_core(rules=self.RULES)
        core.feed_records(*failures(0, MINUTE), record(at=2 * MINUTE, Operation="UserLoggedIn", UserId="b@contoso.com"))
        assert core.alerts() == []


class TestByAPath:
    RULES = {"by": {"match": {"repeated": 2, "within": "1h", "by": "raw.Extra", "unique": "raw.Other"}}}  # noqa: RUF012

    @pytest.mark.parametrize("value", ["\ud800", "x\udfff" * 3, "a" * 5000, ["b", "\ud800"], {"k": "\ud83d"}, 5])
    def test_a_hostile_value_is_a_subject_like_any_other(self, make_core, value):
        core = make_core(rules=self.RULES)
        core.feed_records(record(Extra=value, Other="1"), record(Extra=value, Other=value), record(Extra="else", Other="2"))
        assert [alert.activity_count for alert in core.alerts()] == [2]
        core.reopen()
        core.feed_records(record(Extra=value, Other="3"))
        assert [alert.activity_count for alert in core.alerts()] == [3]


def test_a_run_that_was_simulated_alerts_when_it_is_no_longer(make_core, tmp_path):
    core = make_core(rules=repeated(2, "1h", mode="simulate"))
    core.feed_records(*failures(0, 1, 2))
    assert core.alerts() == []
    core.use(load_rules(tmp_path / "other", repeated(2, "1h")))
    core.feed_records(*failures(3, 4))
    assert [alert.activity_count for alert in core.alerts()] == [2]


class TestOneRun:
    def test_is_raised_when_the_count_is_reached_and_grows(self, make_core):
        core = make_core(rules=repeated())
        records = failures(*range(0, 5 * MINUTE, MINUTE))

        assert core.feed_records(*records[:2]) == 0
        assert core.feed_records(records[2]) == 1
        (opened,) = core.alerts()
        assert core.feed_records(*records[3:]) == 0

        (alert,) = core.alerts()
        assert alert.alert_id == opened.alert_id
        assert (alert.first_activity, alert.last_activity, alert.activity_count) == (NOON, NOON + 4 * MINUTE, 5)
        assert alert.activity_ids == tuple(a.activity_id for a in sorted(core.activities(), key=lambda a: a.timestamp))
        assert alert.policy_type == "repeated_activity"
        assert [row.alert().activity_count for row in core.waiting()] == [3], "it is sent once, as it was when it was raised"

    def test_the_next_run_is_a_new_alert(self, make_core):
        core = make_core(rules=repeated())

        core.feed_records(*failures(0, 1, 2), *failures(HOUR, HOUR + 1, HOUR + 2))

        assert [alert.first_activity for alert in core.alerts()] == [NOON, NOON + HOUR]

    def test_goes_on_after_a_restart(self, make_core):
        core = make_core(rules=repeated())
        for one in failures(*range(0, 6 * MINUTE, MINUTE)):
            core.feed_records(one)
            core.reopen()

        (alert,) = core.alerts()
        assert alert.activity_count == 6

    def test_two_runs_that_a_late_record_joins_become_one(self, make_core):
        core = make_core(rules=repeated())
        core.feed_records(*failures(0, MINUTE, 2 * MINUTE), *failures(8 * MINUTE, 9 * MINUTE, 10 * MINUTE))
        earlier, later = core.alerts()

        core.feed_records(*failures(5 * MINUTE))

        earlier_now, later_now = core.alerts()
        assert later_now == replace(later, merged_into=earlier.alert_id)
        assert (earlier_now.first_activity, earlier_now.last_activity) == (NOON, NOON + 10 * MINUTE)
        assert earlier_now.activity_count == 7
        assert len(set(earlier_now.activity_ids)) == 7

    def test_lists_a_thousand_activities_and_counts_all(self, make_core):
        core = make_core(rules=repeated())

        core.feed_records(*failures(*range(0, 1200 * SECOND, SECOND)))

        (alert,) = core.alerts()
        assert (alert.activity_count, len(alert.activity_ids)) == (1200, 1000)


class TestSubjects:
    def test_users_are_counted_apart_without_regard_to_case(self, make_core):
        core = make_core(rules=repeated())

        core.feed_records(
            *failures(0, 1, UserId="A@contoso.com"), *failures(2, UserId="a@CONTOSO.com"), *failures(3, 4, UserId="b@contoso.com")
        )

        assert summary(core) == [("burst", "a@contoso.com", NOON, NOON + 2, 3)]

    def test_an_address_is_nobodys_alone(self, make_core):
        core = make_core(rules=repeated(by=["ip_address"]))

        core.feed_records(*(record(at=n, UserId=f"{n}@contoso.com", ClientIP=f"203.0.113.7:{n + 1}") for n in range(3)))

        (alert,) = core.alerts()
        assert (alert.user, alert.ip_address, alert.activity_count) == (None, "203.0.113.7", 3)

    def test_several_fields(self, make_core):
        core = make_core(rules=repeated(2, by=["user", "ip_address"]))

        core.feed_records(*failures(0, 1, ClientIP="203.0.113.1"), *failures(2, ClientIP="203.0.113.2"))

        assert [alert.activity_count for alert in core.alerts()] == [2]

    def test_without_a_subject_nothing_is_counted(self, make_core):
        core = make_core(rules=repeated(2, by=["ip_address"]))

        assert core.feed_records(*failures(0, 1, 2, ClientIP="Not Available")) == 0

    def test_different_values(self, make_core):
        rule = repeated(3, unique="object_id", filters={"action_type": {"eq": "FileDownloaded"}})
        core = make_core(rules=rule)

        def download(at, file):
            return record(at=at, Operation="FileDownloaded", Workload="SharePoint", ObjectId=file)

        core.feed_records(*(download(n, "/same") for n in range(5)), download(6, "/SAME"), download(7, "/other"))
        assert core.alerts() == []

        core.feed_records(download(8, "/third"))
        assert [alert.activity_count for alert in core.alerts()] == [8]

    def test_apps_apart(self, make_core):
        rule = repeated(2, single_app=True, filters={"user": {"isset": True}})
        core = make_core(rules=rule)

        core.feed_records(record(at=0), record(at=1, Workload="Exchange"), record(at=2))

        (alert,) = core.alerts()
        assert (alert.app, alert.activity_count) == ("Microsoft Entra ID", 2)


class TestPolicies:
    def test_simulated_ones_count_and_store_nothing(self, make_core):
        core = make_core(rules=repeated(mode="simulate"))

        assert core.feed_records(*failures(0, 1, 2, 3)) == 1
        assert core.feed_records(*failures(4)) == 0

        assert core.alerts() == core.waiting() == []

    def test_the_daily_limit(self, make_core):
        core = make_core(rules=repeated(alert={"daily_limit": 1}))

        core.feed_records(*failures(0, 1, 2), *failures(HOUR, HOUR + 1, HOUR + 2))

        assert [alert.suppressed for alert in core.alerts()] == [False, True]
        assert len(core.waiting()) == 1

    def test_a_changed_meaning_starts_afresh_and_a_changed_name_goes_on(self, make_core, tmp_path):
        core = make_core(rules=repeated())
        core.feed_records(*failures(0, 1))

        core.use(load_rules(tmp_path / "renamed", repeated(name="Another name")))
        core.feed_records(*failures(2))
        (alert,) = core.alerts()
        assert (alert.policy_name, alert.activity_count) == ("Another name", 3)

        core.use(load_rules(tmp_path / "changed", repeated(4)))
        core.feed_records(*failures(3, 4, 5))
        assert len(core.alerts()) == 1
        core.feed_records(*failures(6))
        assert [alert.activity_count for alert in core.alerts()] == [3, 4]

    def test_counts_of_policies_no_longer_loaded_are_forgotten(self, make_core, monkeypatch):
        monkeypatch.setattr(window_entries, "MOST_IN_JOURNAL", 0)
        core = make_core(rules=repeated())
        core.feed_records(*failures(0, 1))

        with core.store.transaction() as connection:
            assert window_pages.prune(connection, NOON - 1, [p.window_key for p in core.policies]) == 0
            assert window_pages.prune(connection, NOON - 1, ["other"]) == 1
