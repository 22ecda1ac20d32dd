"""Exceptions that false alerts have in common, proven on the stored log."""

import pytest
from builders import MINUTE, load_rules, record
from msgspec.structs import replace

from casbd.activity_log import ActivityLog
from casbd.backtest.stored_log import would_have_raised
from casbd.backtest.tuning import propose

BURST = {"match": {"repeated": 3, "within": "5m"}}


@pytest.fixture
def tried(make_core, tmp_path):
    """The proposal for a policy, of alerts of the log that are closed as `false` and `true` say by user, address or first activity."""

    def tried(records, false, true=(), rule=None, gone=()):
        core = make_core()
        core.feed_records(*records)
        (policy,) = load_rules(tmp_path / "rules", {"one": rule or {}})
        log = ActivityLog(core.store)
        alerts = would_have_raised(policy, log, None, None)
        of_false = [one for one in alerts if {one.user, one.ip_address, one.activity_ids[0]} & {*false}]
        of_true = [one for one in alerts if {one.user, one.ip_address, one.activity_ids[0]} & {*true}]
        of_true += [replace(alerts[0], alert_id=name, activity_ids=(name,)) for name in gone]
        return propose(policy, log, of_false, of_true)

    return tried


def failed(number, user="a@contoso.com", ip="192.0.2.1", **more):
    return record(at=number * MINUTE, Id=f"f{number}", UserId=user, ClientIP=ip, **more)


def filters(proposal):
    return [one.filters() for one in proposal.exceptions]


def test_the_value_that_false_alerts_share_and_no_real_one_has(tried):
    records = [
        *(failed(n, "scanner@contoso.com", f"192.0.2.{n}") for n in range(4)),
        failed(9, "b@contoso.com", "192.0.2.1"),
        failed(6, "c@contoso.com"),
    ]
    proposal = tried(records, ["scanner@contoso.com"], ["b@contoso.com"])
    assert filters(proposal) == [{"user": {"eq": "scanner@contoso.com"}}]
    assert (proposal.removed, proposal.false, proposal.true, proposal.lost, proposal.proven) == (4, 4, 1, (), True)
    assert (proposal.others, proposal.others_removed) == (1, 0)


def test_what_came_after_all_judged_alerts_is_told(tried):
    judged = [*(failed(n) for n in range(3)), failed(5, ip="198.51.100.9")]
    proposal = tried([*judged, failed(30, "b@contoso.com")], ["f0", "f1", "f2"], ["f5"])
    assert filters(proposal) == [{"ip_address": {"eq": "192.0.2.1"}}]
    assert (proposal.others, proposal.others_removed) == (1, 1)


def test_two_values_where_one_would_cost_a_real_alert(tried):
    records = [failed(1, ip="192.0.2.1"), failed(2, ip="192.0.2.1"), failed(3, ip="198.51.100.9"), failed(4, "b@contoso.com", "192.0.2.1")]
    proposal = tried(records, ["f1", "f2"], ["f3", "f4"])
    assert filters(proposal) == [{"user": {"eq": "a@contoso.com"}, "ip_address": {"eq": "192.0.2.1"}}]
    assert proposal.proven
    assert proposal.removed == 2


def test_several_exceptions(tried):
    records = [
        *(failed(n, "a@contoso.com") for n in range(3)),
        *(failed(n, "b@contoso.com") for n in range(5, 7)),
        failed(9, "c@contoso.com"),
    ]
    proposal = tried(records, ["a@contoso.com", "b@contoso.com"], ["c@contoso.com"])
    assert filters(proposal) == [{"user": {"eq": "a@contoso.com"}}, {"user": {"eq": "b@contoso.com"}}]
    assert proposal.removed == 5


def test_an_alert_of_several_activities_is_spared_where_all_have_the_value(tried):
    records = [failed(n, ip="192.0.2.7") for n in range(3)] + [failed(30 + n, "b@contoso.com", ip="192.0.2.7") for n in range(3)]
    records += [failed(60 + n, "c@contoso.com", ip=f"192.0.2.{7 + n}") for n in range(3)]
    proposal = tried(records, ["a@contoso.com", "b@contoso.com"], ["c@contoso.com"], BURST)
    assert filters(proposal) == [{"ip_address": {"eq": "192.0.2.7"}}]
    # With the first of its three activities exempt the real alert does not come any more.
    assert len(proposal.lost) == 1
    assert not proposal.proven


def test_one_alert_alone_is_chance(tried):
    proposal = tried([failed(1), failed(2, "b@contoso.com", "198.51.100.1")], ["a@contoso.com"], ["b@contoso.com"])
    assert (proposal.exceptions, proposal.proven) == ((), False)


def test_what_all_have_in_common_is_no_exception(tried):
    """An app, an operation or a country that all alerts have would be the end of the policy."""
    proposal = tried([failed(n, f"u{n}@contoso.com", f"192.0.2.{n}") for n in range(4)], [f"u{n}@contoso.com" for n in range(4)])
    assert proposal.exceptions == ()


def test_what_the_log_does_not_give_any_more_proves_nothing(tried):
    records = [*(failed(n, "scanner@contoso.com") for n in range(3)), failed(9, "b@contoso.com", "198.51.100.1")]
    proposal = tried(records, ["scanner@contoso.com"], ["b@contoso.com"], gone=["gone"])
    assert filters(proposal) == [{"user": {"eq": "scanner@contoso.com"}}]
    assert (proposal.unproven, proposal.proven) == (("gone",), False)


def test_of_nothing_nothing_is_proposed(tried):
    assert not tried([failed(1)], []).proven
